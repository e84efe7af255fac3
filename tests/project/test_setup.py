"""`make` on fresh machines: an archive in an empty folder, PATH=/usr/bin:/bin, an empty home."""
import ast
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import get_uv
import pytest
import run_tests
import setup_env
import shell
from conftest import on_real_caffe
from setup_env import PORTABLE, REFERENCE
from shell import Stop

from lstm_lib import caffe

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:9"  # where nothing listens
ONCE = "needs no real Caffe: the portable world tries it"
OF_PIP = {name: value for name, value in os.environ.items()
          if re.match("PIP_|SSL_|HTTPS?_PROXY|https?_proxy", name) and name != "PIP_FIND_LINKS"}

# --- a fresh machine --------------------------------------------------------------------


class Machine:
    """The project as a downloaded archive, in a folder with blanks, beside an empty home."""

    def __init__(self, folder, home="home"):
        self.project, self.folder = folder / "ein Übungs ordner", folder
        (folder / "home").mkdir()
        for path in archived():
            (self.project / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, self.project / path)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(folder / home), **OF_PIP}

    def start(self, *command, **env):
        return subprocess.Popen(command, cwd=self.project, env={**self.env, **env}, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, start_new_session=True)

    def run(self, *command, **env):
        """(exit status, all that was printed)."""
        process = self.start(*command, **env)
        said, _ = process.communicate(timeout=1200)
        return process.returncode, said


def archived():
    """The files of the project, as an archive holds them."""
    try:
        asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout
        return [name for name in names.split("\0") if name and (ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        ours = ["*", "lstm_lib/**/*", "portable_caffe/**/*", "tools/*", "notebooks/**/*"]
        return [path.relative_to(ROOT) for glob in ours for path in ROOT.glob(glob)
                if path.is_file()]


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """Skips where packages cannot be had at all, or there is no Python to begin with."""
    if not shutil.which("python3", path="/usr/bin:/bin"):
        pytest.skip("no /usr/bin/python3 here")
    asked = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "six", "-d"]
    if subprocess.run([*asked, tmp_path_factory.mktemp("six")], capture_output=True).returncode:
        pytest.skip("no package index can be reached from here")


@pytest.fixture(scope="module")
def python_39(tmp_path_factory):
    """Where uv finds an archive of a CPython 3.9: the one that runs this, packed."""
    folder = tmp_path_factory.mktemp("pythons")
    base, archive = Path(sys.base_prefix), folder / "cpython.tar.gz"
    parts = ["bin/python3.9", "include/python3.9", "lib/python3.9",
             *(path.relative_to(base) for path in base.glob("lib/libpython3*.so*"))]

    def without_tests(member):
        return None if re.search(r"/(test|__pycache__|site-packages)$", member.name) else member

    with tarfile.open(archive, "w:gz", compresslevel=1) as packed:
        for part in parts:
            packed.add(base / part, f"python/{part}", filter=without_tests)
    arch = dict(family="x86_64", variant=None)
    build = dict(name="cpython", arch=arch, os="linux", libc="gnu", major=3, minor=9,
                 patch=sys.version_info[2], prerelease="", url=archive.as_uri(), sha256=None,
                 variant=None, build="1")
    listed = folder / "downloads.json"
    listed.write_text(json.dumps({f"cpython-3.9.{build['patch']}-linux-x86_64-gnu": build}))
    return listed.as_uri()


def set_up_lines(said):
    return [line for line in said.splitlines() if line.startswith("set-up: ")]


@on_real_caffe
def test_python_39_is_fetched_and_notebook_00_runs_on_real_caffe(tmp_path, registry, python_39):
    machine = Machine(tmp_path)
    status, said = machine.run("make", "run", "ARGS=00", UV_PYTHON_DOWNLOADS_JSON_URL=python_39)
    assert status == 0, said
    assert "on real Caffe 1.0.0 (CPU), Python 3.9" in said and "1 of 1 notebooks" in said
    python = machine.project / ".venv/bin/python"
    assert (machine.project / ".tools/pythons").resolve() in python.resolve().parents
    status, said = machine.run("make", "run", "ARGS=00")  # now no Python could be fetched
    assert status == 0 and set_up_lines(said) == []
    assert "pip" in machine.run(str(python), "-m", "pip", "--version")[1].split()


@pytest.fixture(scope="module")
def portable_machine(tmp_path_factory, registry):
    """A machine without a Python 3.9, whose home cannot be written to; two `make` at once."""
    if caffe.engine == "real":
        pytest.skip(ONCE)
    if shutil.which("python3.9", path="/usr/bin:/bin"):
        pytest.skip("the system's own Python is a 3.9")
    machine = Machine(tmp_path_factory.mktemp("machine"), home="home/file/none")
    (machine.folder / "home/file").write_text("")
    machine.env["UV_PYTHON_INSTALL_MIRROR"] = NOWHERE
    both = [machine.start("make", "run", "ARGS=00") for _ in range(2)]
    machine.said = [one.communicate(timeout=1200)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], machine.said
    return machine


def test_where_no_39_can_be_fetched_the_portable_world_runs_and_one_line_says_why(
        portable_machine):
    for said in portable_machine.said:
        why = [line for line in set_up_lines(said) if "real Caffe cannot be had here" in line]
        assert len(why) == 1 and "127.0.0.1:9 cannot be reached" in why[0]
        assert "Going on with portable_caffe" in why[0]
        assert "on portable_caffe" in said and "1 of 1 notebooks" in said


def test_of_two_makes_at_once_one_waits_for_the_other(portable_machine):
    assert sum("another `make` is setting up; waiting" in s for s in portable_machine.said) == 1
    assert sum("installing the packages" in said for said in portable_machine.said) == 1


def test_what_could_not_be_fetched_is_said_again_and_not_tried_again(portable_machine):
    status, said = portable_machine.run("python3", "tools/setup_env.py", "any", "-c", "print(6*7)")
    lines = set_up_lines(said)
    assert status == 0 and said.splitlines()[-1] == "42" and len(lines) == 1, said
    assert "127.0.0.1:9 cannot be reached" in lines[0]
    log = (portable_machine.project / ".tools/setup.log").read_text()
    assert " venv " not in log and NOWHERE not in log


def test_an_environment_of_another_machine_is_made_anew(portable_machine):
    python = portable_machine.project / ".venv-portable/bin/python"
    python.unlink()
    python.symlink_to("/opt/of/another/machine/python3.11")
    status, said = portable_machine.run("make", "run", "WORLD=portable", "ARGS=00")
    assert status == 0 and "installing the packages" in said, said


def test_after_ctrl_c_at_any_command_the_next_make_does_it_all(portable_machine):
    shutil.rmtree(portable_machine.project / ".venv-portable")
    log, stopped = portable_machine.project / ".tools/setup.log", 0
    for commands in range(2, 7):
        log.write_text("")
        process = portable_machine.start("make", "run", "WORLD=portable", "ARGS=00")
        while process.poll() is None and log.read_text().count("\n[") < commands:
            time.sleep(0.001)
        with contextlib.suppress(ProcessLookupError):  # it has ended just now
            os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=1200)
        assert "Traceback" not in said, said
        stopped += "set-up: interrupted; the next try begins anew" in said
    assert stopped  # a slow machine may see to the signal when all is done
    status, said = portable_machine.run("make", "run", "WORLD=portable", "ARGS=00")
    assert status == 0 and "1 of 1 notebooks" in said


def test_where_nothing_can_be_reached_one_line_says_what_and_what_to_do(tmp_path):
    machine = Machine(tmp_path)
    status, said = machine.run("make", "run", PIP_INDEX_URL=NOWHERE + "/simple")
    why = [line for line in said.splitlines() if "fetching" not in line and "make" not in line]
    assert status != 0 and len(why) == 1 and why[0].startswith("set-up: ")
    assert "real Caffe and portable_caffe cannot be had here" in why[0]
    for part in ("127.0.0.1:9 cannot be reached", "HTTPS_PROXY", "PIP_INDEX_URL", "setup.log"):
        assert part in why[0]


def test_without_make_the_same_words_do_it(portable_machine):
    status, said = portable_machine.run("python3", "tools/setup_env.py", "portable",
                                        "tools/run_notebooks.py", "00")
    assert status == 0 and "1 of 1 notebooks" in said


@pytest.mark.parametrize("with_browser", [True, False])
def test_jupyterlab_opens_in_the_browser_or_says_its_address(portable_machine, with_browser):
    browser, opened = portable_machine.folder / "browser", portable_machine.folder / "opened"
    browser.write_text(f"#!/bin/sh\necho \"$1\" > '{opened}.part'\nmv '{opened}.part' '{opened}'\n")
    browser.chmod(0o755)
    process = portable_machine.start("make", "lab", "WORLD=portable",
                                     BROWSER=str(browser) if with_browser else "none-here")
    said = address = ""
    while not re.search(r"http://[\w.]+:\d+/lab/tree/notebooks/00\S+token=", said):
        line = process.stdout.readline()
        assert line, said  # it ended before
        said += line
    while with_browser and not address:
        address = opened.read_text() if opened.exists() else ""
        assert process.poll() is None, said
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)  # asked politely too early, Jupyter does not hear it
    process.communicate(timeout=600)
    assert ("/lab/tree/notebooks/00_start_here.ipynb" in address) == with_browser


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        of_debian = any("python-wheels" in path for path in sys.path)
        if name in ("ensurepip", "venv") or name == "pip" and not of_debian:
            raise ModuleNotFoundError("No module named " + name)
sys.meta_path.insert(0, Blocked())
"""


def test_a_python_without_pip_and_venv_takes_pip_out_of_debian_s_package(tmp_path, registry):
    if not shutil.which("apt-get") or not list(Path("/var/lib/apt/lists").glob("*Packages*")):
        pytest.skip("apt knows no packages here")
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked" / "sitecustomize.py").write_text(BLOCKED)
    machine = Machine(tmp_path)
    status, said = machine.run("python3", "tools/get_uv.py", PYTHONPATH=str(tmp_path / "blocked"))
    assert status == 0 and said.splitlines()[-1].endswith(".tools/bin/uv"), said
    assert (machine.project / ".tools/pip/usr/share/python-wheels").exists()


@pytest.mark.skipif(caffe.engine == "real", reason=ONCE)
def test_plain_pip_installs_the_project_and_notebook_00_runs(registry):
    version = "%d.%d" % sys.version_info[:2]
    done = subprocess.run([sys.executable, "tools/try_pythons.py", version], cwd=ROOT, text=True,
                          capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{version} +ok +ok +(real Caffe|portable_caffe)", done.stdout, re.M)


# --- the Python that runs make ----------------------------------------------------------


def test_a_shim_that_does_not_answer_is_passed_over(tmp_path):
    shim = tmp_path / "python3"
    shim.write_text("#!/bin/sh\necho 'pyenv: python3: command not found' >&2\nexit 127\n")
    shim.chmod(0o755)
    said = subprocess.run(["make", "-n", "run"], cwd=ROOT, text=True, capture_output=True,
                          env={"PATH": f"{tmp_path}:/usr/bin:/bin"}).stdout
    assert re.match(r"(python|/usr/bin/python3|/usr/local/bin/python3) tools/setup_env.py any ", said)


@pytest.mark.parametrize("name", ["get_uv", "setup_env", "shell"])
def test_the_setup_reads_as_python_36(name):
    ast.parse((ROOT / "tools" / f"{name}.py").read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("system, machine, libc", [
    ("Darwin", "arm64", ""), ("Windows", "AMD64", ""), ("Linux", "aarch64", "glibc"),
    ("Linux", "x86_64", "")])
def test_another_platform_is_told_in_one_line_where_real_caffe_runs(system, machine, libc):
    with pytest.raises(Stop) as stop:
        setup_env.check_platform(system, machine, libc)
    said = str(stop.value)
    assert system in said and "\n" not in said
    assert all(way in said for way in ("Binder", "container", "WSL"))


def test_linux_on_x86_64_with_glibc_is_the_platform():
    setup_env.check_platform("Linux", "x86_64", "glibc")


# --- what the commands say --------------------------------------------------------------


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setattr(shell, "LOG", str(tmp_path / "setup.log"))


@pytest.mark.parametrize("said, meaning", [
    ("Caused by: dns error\nCaused by: failed to lookup address information", "the network cannot"),
    ("Failed to fetch: `https://mirror.example/simple/six/`\ndns error", "mirror.example cannot"),
    ("HTTPConnectionPool(host='10.0.0.1', port=9): NewConnectionError", "10.0.0.1 cannot be reach"),
    ("`https://mirror.example/x`: invalid peer certificate: UnknownIssuer", "PIP_CERT"),
    ("because ensurepip is not available. On Debian\nFailing command: x", "python3-venv"),
    ("OSError: [Errno 28] No space left on device", "disk is full"),
    ("first\nERROR: something else\n", "ERROR: something else")])
def test_what_a_failed_command_printed_becomes_its_cause(said, meaning):
    assert meaning in shell.cause(said)


def test_a_command_that_is_not_there_or_never_ends_is_a_failure_with_words(log):
    assert shell.run(["no-such-program-here"])[0] == 127
    status, said = shell.run([sys.executable, "-c", "import time; time.sleep(600)"], seconds=1)
    assert status == 124 and "no answer in 1 seconds" in said


def test_uv_gets_what_pip_is_configured_with_and_looks_at_pyenv_s_pythons(log, tmp_path,
                                                                          monkeypatch):
    for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "versions/3.9.1/bin").mkdir(parents=True)
    for name, value in dict(PIP_INDEX_URL="https://mirror.example/simple", PIP_CERT="/ca.pem",
                            PIP_FIND_LINKS="/wheels", PYENV_ROOT=str(tmp_path)).items():
        monkeypatch.setenv(name, value)
    env = get_uv.environment()
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["SSL_CERT_FILE"] == "/ca.pem" and env["UV_FIND_LINKS"] == "/wheels"
    assert env["PATH"].endswith(str(tmp_path / "versions/3.9.1/bin"))


def test_what_failed_once_is_remembered_with_its_reason_until_asked_again(tmp_path):
    def fail():
        calls.append(1)
        raise Stop("no such build")
    calls, path = [], str(tmp_path / "tried")
    assert [setup_env.tried(path, fail) for _ in range(2)] == 2 * ["no such build"]
    assert len(calls) == 1
    assert setup_env.tried(path, lambda: None, again=True) is None
    assert setup_env.tried(path, fail) is None


# --- when an environment is made anew ---------------------------------------------------


@pytest.fixture
def environment(tmp_path, monkeypatch, log):
    """A project whose reference world is made, as far as its stamp says."""
    for name in (REFERENCE.requirements, PORTABLE.requirements, setup_env.ORACLES,
                 "pyproject.toml"):
        (tmp_path / name).write_text(f"# {name}\n")
    monkeypatch.setattr(shell, "ROOT", str(tmp_path))
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    Path(setup_env.stamp_of(REFERENCE)).write_text(setup_env.fingerprint(REFERENCE))
    assert setup_env.is_ready(REFERENCE)
    return tmp_path


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_makes_it_anew(environment, changed):
    (environment / changed).write_text("# changed\n")
    assert not setup_env.is_ready(REFERENCE)


def test_a_clone_that_was_moved_makes_it_anew(environment, monkeypatch):
    monkeypatch.setattr(shell, "ROOT", str(environment / "../moved"))
    environment.rename(environment.parent / "moved")
    assert not setup_env.is_ready(REFERENCE)


def test_other_versions_of_pytorch_or_keras_make_the_portable_world_anew():
    assert setup_env.ORACLES in setup_env.files_of(PORTABLE)
    assert setup_env.ORACLES not in setup_env.files_of(REFERENCE)


# --- make -------------------------------------------------------------------------------


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "-s", "-C", str(ROOT)], cwd="/", text=True,
                            env={**os.environ, "MAKEFLAGS": ""}, capture_output=True).stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert re.findall(r"^make (\w+) ", listed, re.M) == targets


def test_ci_runs_what_a_person_runs_and_nothing_cleverer():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -eu", 'cd "$(dirname "$0")/.."', "make test",
                        "exec make test-site"]


# --- which world runs what --------------------------------------------------------------


@pytest.fixture
def run_worlds(tmp_path, monkeypatch, capsys):
    """run_tests with a world for each line of test code that is given."""
    def run_with(*bodies):
        runs = []
        for number, body in enumerate(bodies):
            path = tmp_path / f"test_world_{number}.py"
            path.write_text(body)
            options = ["-p", "no:cacheprovider", "-o", "addopts=", str(path)]
            runs.append((f"world {number}", REFERENCE, options, {}))
        monkeypatch.setattr(run_tests, "runs", lambda options: runs)
        monkeypatch.setattr(setup_env, "python_of", lambda world: sys.executable)
        return run_tests.main([]), capsys.readouterr().out
    return run_with


PASSES, FAILS, NONE = "def test_a(): pass", "def test_a(): assert 0, 'wörld'", ""


def test_each_world_s_words_are_shown_whole_and_summed_up_at_the_end(run_worlds):
    status, said = run_worlds(PASSES, FAILS, PASSES)
    assert status == 1 and said.index("== world 0") < said.index("wörld") < said.index("== world 2")
    assert re.findall(r"^world (\d) +(.*) in ", said.split("== which world ran what")[1], re.M) == [
        ("0", "1 passed"), ("1", "1 failed"), ("2", "1 passed")]


def test_tests_pass_when_each_world_passes_or_had_none_to_run(run_worlds):
    assert run_worlds(PASSES, NONE)[0] == 0 and run_worlds(NONE, NONE)[0] == 1

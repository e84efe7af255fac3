"""`make` and tools/setup_env.py: from nothing, again, interrupted, and where it cannot work."""
import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import pythons
import run_tests
import setup_env
import shell
from setup_env import PORTABLE, REFERENCE
from shell import Stop

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """An empty project for setup_env to work on."""
    for name in ("requirements.txt", "requirements-portable.txt", setup_env.ORACLES,
                 "pyproject.toml"):
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / ".tools").mkdir()
    for name, path in dict(ROOT="", TOOLS=".tools", LOG=".tools/setup.log").items():
        monkeypatch.setattr(shell, name, str(tmp_path / path))
    return tmp_path


@pytest.fixture
def empty_machine(clone, monkeypatch):
    """Nothing on PATH, nothing in the home, no pip but the one a test gives."""
    (clone / "bin").mkdir()
    monkeypatch.setattr(pythons, "uv_by_venv", lambda python: None)
    monkeypatch.setattr(pythons, "uv_by_apt", lambda python: None)
    monkeypatch.setenv("PATH", str(clone / "bin"))
    monkeypatch.setenv("HOME", str(clone))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    return clone


def program(path, *lines):
    """A shell script in the place of a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", "PATH=/usr/bin:/bin", *lines, ""]))
    path.chmod(0o755)
    return str(path)


VERSION = "%d.%d" % sys.version_info[:2]  # of the Python that answers below


def this_python(path):
    """A program that answers as this Python does."""
    return program(path, f'exec {sys.executable} "$@"')


# --- another platform -------------------------------------------------------------------


@pytest.mark.parametrize("system, machine, libc", [
    ("Darwin", "arm64", ""), ("Darwin", "x86_64", ""), ("Windows", "AMD64", ""),
    ("Linux", "aarch64", "glibc"), ("Linux", "x86_64", "")])
def test_another_platform_is_told_in_one_line_which_way_works(system, machine, libc):
    with pytest.raises(Stop) as stop:
        setup_env.check_platform(system, machine, libc)
    said = str(stop.value)
    assert system in said and "\n" not in said
    assert all(way in said for way in ("portable_caffe", "Binder", "container", "WSL"))


def test_linux_on_x86_64_with_glibc_is_the_platform():
    setup_env.check_platform("Linux", "x86_64", "glibc")


# --- which worlds -----------------------------------------------------------------------


@pytest.fixture
def worlds(clone, monkeypatch):
    """Where `cannot` holds the worlds that cannot be made; `made` lists those that were."""
    def make_world(world):
        if world in cannot:
            raise Stop(cannot[world])
        made.append(world)

    cannot, made = {}, []
    monkeypatch.setattr(setup_env, "make_world", make_world)
    monkeypatch.setattr(setup_env, "see_to_oracles", lambda: made.append("oracles"))
    monkeypatch.setattr(setup_env, "see_to_browser", lambda: made.append("browser"))
    return cannot, made


def test_real_caffe_is_taken_where_it_can_be_had(worlds):
    assert setup_env.make_worlds("") == [REFERENCE] and PORTABLE not in worlds[1]


def test_where_real_caffe_cannot_be_had_the_portable_world_is_made_and_it_is_said(worlds, capsys):
    worlds[0][REFERENCE] = "this is Darwin arm64"
    assert setup_env.make_worlds("") == [PORTABLE]
    assert "no reference world: this is Darwin arm64" in capsys.readouterr().out


def test_a_missing_network_is_not_answered_with_the_other_world(worlds):
    worlds[0][REFERENCE] = "uv could not be fetched: no network, or one that ..."
    with pytest.raises(Stop, match="no network"):
        setup_env.make_worlds("")


def test_a_world_that_is_asked_for_by_name_is_made_or_nothing(worlds):
    worlds[0][REFERENCE] = "not here"
    with pytest.raises(Stop, match="not here"):
        setup_env.make_worlds("reference")
    assert setup_env.make_worlds("portable") == [PORTABLE]
    with pytest.raises(Stop, match="'portabel' is no world"):
        setup_env.make_worlds("portabel")


def test_tests_get_both_worlds_with_pytorch_and_a_browser(worlds):
    assert setup_env.make_worlds("tests") == [REFERENCE, PORTABLE]
    assert worlds[1] == [REFERENCE, PORTABLE, "oracles", "browser"]


def test_no_pytorch_to_be_had_is_said_each_time_and_tried_once(clone, monkeypatch, capsys):
    tried = []
    (clone / ".venv-portable").mkdir()
    monkeypatch.setattr(setup_env, "install_oracles", lambda: tried.append(1) or "no such build")
    for _ in range(2):
        setup_env.see_to_oracles()
    assert tried == [1] and capsys.readouterr().out.count("(no such build)") == 2


# --- Python -----------------------------------------------------------------------------


def test_a_python_on_path_is_found(empty_machine):
    this_python(empty_machine / "bin" / f"python{VERSION}")
    assert pythons.find_python(VERSION) == sys.executable


def test_a_pyenv_shim_that_does_not_answer_is_passed_over(empty_machine):
    program(empty_machine / "bin" / f"python{VERSION}", "echo 'pyenv: version not set' >&2; exit 127")
    this_python(empty_machine / f".pyenv/versions/{VERSION}.18/bin/python{VERSION}")
    assert pythons.find_python(VERSION) == sys.executable


def test_a_python_is_found_where_pyenv_root_points(empty_machine, monkeypatch):
    this_python(empty_machine / f"elsewhere/versions/{VERSION}.1/bin/python{VERSION}")
    monkeypatch.setenv("PYENV_ROOT", str(empty_machine / "elsewhere"))
    assert pythons.find_python(VERSION) == sys.executable


def test_a_python_of_another_version_is_not_taken(empty_machine):
    this_python(empty_machine / "bin" / "python3.99")
    this_python(empty_machine / "bin" / "python3")
    assert pythons.find_python("3.99") is None


def test_a_python_that_uv_knows_is_taken(empty_machine):
    uv = program(empty_machine / "bin" / "uv", 'echo "/uv/has/python3.9"')
    assert pythons.uv_python(uv, None, "3.9") == "/uv/has/python3.9"


def test_no_python_to_be_had_is_one_line_with_a_way_out(empty_machine):
    uv = program(empty_machine / "bin" / "uv", "echo 'error: dns error' >&2; exit 2")
    with pytest.raises(Stop, match="no Python 3.99 here.*no network.*pyenv install 3.99") as stop:
        pythons.uv_python(uv, None, "3.99")
    assert "\n" not in str(stop.value)


# --- uv ---------------------------------------------------------------------------------

BROKEN_PIP = 'echo "pip 1"; [ "$3" = install ] && echo "{}" && exit 1; exit 0'


@pytest.mark.parametrize("where", ["bin/uv", ".local/bin/uv", ".tools/bin/uv"])
def test_uv_is_found_on_path_in_the_home_and_in_tools(empty_machine, where):
    path = program(empty_machine / where, "echo uv 1.0")
    assert pythons.get_uv(None, needed=True) == path


def test_uv_is_fetched_with_the_pip_that_is_there_in_the_pinned_version(empty_machine):
    folder = empty_machine / ".tools/bin"
    pip = program(empty_machine / "python",
                  '[ "$3" = install ] || exit 0',
                  f'echo "$@" > {empty_machine}/asked; mkdir -p {folder}',
                  f'printf "#!/bin/sh\\n" > {folder}/uv; chmod +x {folder}/uv')
    assert pythons.get_uv(pip, needed=True) == str(folder / "uv")
    assert (empty_machine / "asked").read_text().split()[-1] == pythons.UV


def test_no_network_is_one_line_that_says_so(empty_machine):
    pip = program(empty_machine / "python",
                  BROKEN_PIP.format("NewConnectionError: Temporary failure in name resolution"))
    with pytest.raises(Stop, match="no network") as stop:
        pythons.get_uv(pip, needed=False)
    assert "\n" not in str(stop.value)


def test_where_the_index_has_no_uv_plain_pip_does_the_work(empty_machine):
    pip = program(empty_machine / "python", BROKEN_PIP.format("No matching distribution"))
    assert pythons.get_uv(pip, needed=False) is None


def test_uv_gets_what_pip_is_configured_with(empty_machine, monkeypatch):
    for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    pip = program(empty_machine / "python",
                  "echo \"global.index-url='https://mirror.example/simple'\"",
                  "echo \"global.extra-index-url='https://other.example'\"",
                  "echo \":env:.cert='/ca.pem'\"", "echo \":env:.find-links='/wheels'\"")
    env = pythons.uv_environment(pip)
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["SSL_CERT_FILE"] == "/ca.pem" and env["UV_FIND_LINKS"] == "/wheels"


@pytest.mark.parametrize("said, meaning", [
    ("Caused by: dns error\nCaused by: failed to lookup address information", "no network"),
    ("Caused by: invalid peer certificate: UnknownIssuer", "PIP_CERT"),
    ("because ensurepip is not available. On Debian\nFailing command: x", "python3-pip"),
    ("OSError: [Errno 28] No space left on device", "disk is full"),
    ("first\nERROR: something else\n", "ERROR: something else")])
def test_what_a_failed_command_printed_becomes_its_cause(said, meaning):
    assert meaning in shell.cause(said)


# --- the environment, made, kept, interrupted -------------------------------------------


@pytest.fixture
def making(clone, monkeypatch):
    """make_environment with commands that only leave a working .venv/bin/python."""
    def must(command, env=None):
        asked.append(command)
        if "venv" in command:
            this_python(clone / ".venv/bin/python")
        if failing and failing[0] in command:
            raise KeyboardInterrupt

    asked, failing = [], []
    monkeypatch.setattr(setup_env, "must", must)
    monkeypatch.setattr(pythons, "find_python", lambda version: sys.executable)
    monkeypatch.setattr(pythons, "get_uv", lambda python, needed: "uv")
    monkeypatch.setattr(setup_env, "install_dot", lambda: None)
    return clone, asked, failing


def test_an_environment_once_made_is_ready(making):
    setup_env.make_environment(REFERENCE)
    assert setup_env.is_ready(REFERENCE)


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_makes_it_anew(making, changed):
    setup_env.make_environment(REFERENCE)
    (making[0] / changed).write_text("# changed\n")
    assert not setup_env.is_ready(REFERENCE)


def test_other_versions_of_pytorch_or_keras_make_the_portable_world_anew(making):
    assert setup_env.ORACLES in setup_env.files_of(PORTABLE)
    assert setup_env.ORACLES not in setup_env.files_of(REFERENCE)


def test_a_python_that_is_gone_makes_it_anew(making):
    setup_env.make_environment(REFERENCE)
    (making[0] / ".venv/bin/python").unlink()
    assert not setup_env.is_ready(REFERENCE)


def test_a_clone_that_was_moved_makes_it_anew(making, monkeypatch):
    setup_env.make_environment(REFERENCE)
    moved = shutil.copytree(making[0], making[0] / "moved", symlinks=True)
    monkeypatch.setattr(shell, "ROOT", str(moved))
    assert not setup_env.is_ready(REFERENCE)


@pytest.mark.parametrize("step", ["venv", "requirements.txt", "-e"])
def test_an_interrupted_making_is_not_ready_and_the_next_one_clears_it_away(making, step):
    clone, _, failing = making
    failing.append(step)
    with pytest.raises(KeyboardInterrupt):
        setup_env.make_environment(REFERENCE)
    assert not setup_env.is_ready(REFERENCE)
    (clone / ".venv" / "half").write_text("")
    failing.clear()
    setup_env.make_environment(REFERENCE)
    assert setup_env.is_ready(REFERENCE) and not (clone / ".venv" / "half").exists()


def test_the_second_make_waits_for_the_first(clone):
    code = ("import setup_env, shell, time\n"
            f"shell.TOOLS = {shell.TOOLS!r}\n"
            "with setup_env.one_at_a_time(): print('in', flush=True); time.sleep(0.3)\n"
            "print('out', flush=True)")
    both = [subprocess.Popen([sys.executable, "-c", code], text=True, cwd=ROOT / "tools",
                             stdout=subprocess.PIPE) for _ in range(2)]
    said = [one.communicate(timeout=30)[0] for one in both]
    assert sum("waiting" in words for words in said) == 1
    assert all("in\nout" in words for words in said)


# --- Graphviz ---------------------------------------------------------------------------


def test_without_dot_the_command_to_get_it_is_printed_and_nothing_stops(empty_machine, capsys,
                                                                        monkeypatch):
    monkeypatch.setattr(setup_env, "python_of", lambda world: sys.executable)
    setup_env.tell_about_dot(REFERENCE)
    assert "no `dot` here" in capsys.readouterr().out


def test_a_user_without_root_rights_gets_no_apt_get(empty_machine, monkeypatch):
    program(empty_machine / "bin" / "apt-get", f"touch {empty_machine}/called")
    monkeypatch.setattr(shell.os, "geteuid", lambda: 1000)
    setup_env.install_dot()
    assert not (empty_machine / "called").exists()


def test_an_apt_get_that_fails_stops_nothing(empty_machine, monkeypatch, capsys):
    program(empty_machine / "bin" / "apt-get", "echo 'Could not resolve' ; exit 100")
    monkeypatch.setattr(shell.os, "geteuid", lambda: 0)
    setup_env.install_dot()
    assert "installing it" in capsys.readouterr().out


# --- make -------------------------------------------------------------------------------


def test_make_alone_lists_every_target():
    listed = subprocess.run(["make", "-s", "-C", str(ROOT)], cwd="/", text=True,
                            env={**os.environ, "MAKEFLAGS": ""}, capture_output=True).stdout
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M)
    assert re.findall(r"^make (\w+) ", listed, re.M) == targets


def test_ci_runs_make_test_and_nothing_cleverer():
    lines = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands == ["set -eu", 'cd "$(dirname "$0")/.."', "exec make test"]


@pytest.mark.parametrize("name", ["setup_env", "pythons", "shell", "run_tests"])
def test_the_setup_reads_as_python_36(name):
    ast.parse((ROOT / "tools" / f"{name}.py").read_text(), feature_version=(3, 6))


# --- which world runs what --------------------------------------------------------------


@pytest.fixture
def ran(monkeypatch):
    """run_tests with worlds whose pytest only answers with the given exit status."""
    def run_with(*statuses):
        answers = iter(statuses)
        monkeypatch.setattr(run_tests, "runs", lambda: [
            (f"world {n}", REFERENCE, [], {}) for n, _ in enumerate(statuses)])
        monkeypatch.setattr(run_tests, "run_pytest", lambda *args: (next(answers), "words"))
        return run_tests.main([])
    return run_with


def test_tests_pass_when_each_world_passes_or_had_none_to_run(ran, capsys):
    assert ran(0, 0) == 0 and ran(0, run_tests.NO_TESTS) == 0
    assert re.search(r"world 1 +words", capsys.readouterr().out)


def test_tests_fail_when_one_world_fails_or_none_ran_any(ran):
    assert ran(0, 1) == 1 and ran(run_tests.NO_TESTS, run_tests.NO_TESTS) == 1


def test_what_pytest_prints_is_passed_on_with_its_closing_words_kept(monkeypatch, capsys):
    monkeypatch.setattr(run_tests.setup_env, "python_of", lambda world: sys.executable)
    status, words = run_tests.run_pytest("title", REFERENCE, ["--version"], {})
    assert status == 0 and words.startswith("pytest ") and words in capsys.readouterr().out

"""`make` and tools/setup_env.py: from nothing, again, interrupted, and where it cannot work."""
import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import setup_env
from setup_env import Stop

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """An empty project for setup_env to work on."""
    for name in ("requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text(f"# {name}\n")
    (tmp_path / ".tools").mkdir()
    for name, path in dict(ROOT="", VENV=".venv", VENV_PYTHON=".venv/bin/python",
                           STAMP=".venv/made-from", TOOLS=".tools",
                           LOG=".tools/setup.log").items():
        monkeypatch.setattr(setup_env, name, str(tmp_path / path))
    monkeypatch.setattr(setup_env, "FETCHED", str(tmp_path / ".tools/python/cpython-3.9*"))
    return tmp_path


@pytest.fixture
def empty_machine(clone, monkeypatch):
    """Nothing on PATH, nothing in the home, no pip but the one a test gives."""
    (clone / "bin").mkdir()
    monkeypatch.setattr(setup_env, "uv_by_venv", lambda python: None)
    monkeypatch.setattr(setup_env, "uv_by_apt", lambda python: None)
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


def python39(path):
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
    assert all(way in said for way in ("Binder", "container", "WSL"))


def test_linux_on_x86_64_with_glibc_is_the_platform():
    setup_env.check_platform("Linux", "x86_64", "glibc")


# --- Python 3.9 -------------------------------------------------------------------------


def test_python39_on_path_is_found(empty_machine):
    python39(empty_machine / "bin" / "python3.9")
    assert setup_env.find_python39() == sys.executable


def test_a_pyenv_shim_that_does_not_answer_is_passed_over(empty_machine):
    program(empty_machine / "bin" / "python3.9", "echo 'pyenv: version not set' >&2; exit 127")
    python39(empty_machine / ".pyenv/versions/3.9.18/bin/python3.9")
    assert setup_env.find_python39() == sys.executable


def test_python39_is_found_where_pyenv_root_points(empty_machine, monkeypatch):
    python39(empty_machine / "elsewhere/versions/3.9.1/bin/python3.9")
    monkeypatch.setenv("PYENV_ROOT", str(empty_machine / "elsewhere"))
    assert setup_env.find_python39() == sys.executable


def test_a_python_of_another_version_is_not_taken_for_39(empty_machine):
    program(empty_machine / "bin" / "python3.9", "exit 1")
    assert setup_env.find_python39() is None


def test_a_python39_that_uv_knows_is_taken(empty_machine):
    uv = program(empty_machine / "bin" / "uv", 'echo "/uv/has/python3.9"')
    assert setup_env.uv_python39(uv, None) == "/uv/has/python3.9"


def test_no_python39_to_be_had_is_one_line_with_a_way_out(empty_machine):
    uv = program(empty_machine / "bin" / "uv", "echo 'error: dns error' >&2; exit 2")
    with pytest.raises(Stop, match="no Python 3.9 here.*no network.*pyenv install 3.9") as stop:
        setup_env.uv_python39(uv, None)
    assert "\n" not in str(stop.value)


# --- uv ---------------------------------------------------------------------------------

BROKEN_PIP = 'echo "pip 1"; [ "$3" = install ] && echo "{}" && exit 1; exit 0'


@pytest.mark.parametrize("where", ["bin/uv", ".local/bin/uv", ".tools/bin/uv"])
def test_uv_is_found_on_path_in_the_home_and_in_tools(empty_machine, where):
    path = program(empty_machine / where, "echo uv 1.0")
    assert setup_env.get_uv(None, needed=True) == path


def test_uv_is_fetched_with_the_pip_that_is_there_in_the_pinned_version(empty_machine):
    folder = empty_machine / ".tools/bin"
    pip = program(empty_machine / "python",
                  '[ "$3" = install ] || exit 0',
                  f'echo "$@" > {empty_machine}/asked; mkdir -p {folder}',
                  f'printf "#!/bin/sh\\n" > {folder}/uv; chmod +x {folder}/uv')
    assert setup_env.get_uv(pip, needed=True) == str(folder / "uv")
    assert (empty_machine / "asked").read_text().split()[-1] == setup_env.UV


def test_no_network_is_one_line_that_says_so(empty_machine):
    pip = program(empty_machine / "python",
                  BROKEN_PIP.format("NewConnectionError: Temporary failure in name resolution"))
    with pytest.raises(Stop, match="no network") as stop:
        setup_env.get_uv(pip, needed=False)
    assert "\n" not in str(stop.value)


def test_where_the_index_has_no_uv_plain_pip_of_python39_does_the_work(empty_machine):
    pip = program(empty_machine / "python", BROKEN_PIP.format("No matching distribution"))
    assert setup_env.get_uv(pip, needed=False) is None


def test_uv_gets_the_index_and_the_certificate_that_pip_is_configured_with(empty_machine):
    for name in ("UV_DEFAULT_INDEX", "SSL_CERT_FILE"):
        os.environ.pop(name, None)
    pip = program(empty_machine / "python",
                  "echo \"global.index-url='https://mirror.example/simple'\"",
                  "echo \"global.extra-index-url='https://other.example'\"",
                  "echo \":env:.cert='/ca.pem'\"")
    env = setup_env.uv_environment(pip)
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    assert env["SSL_CERT_FILE"] == "/ca.pem"


@pytest.mark.parametrize("said, meaning", [
    ("Caused by: dns error\nCaused by: failed to lookup address information", "no network"),
    ("Caused by: invalid peer certificate: UnknownIssuer", "PIP_CERT"),
    ("because ensurepip is not available. On Debian\nFailing command: x", "python3-pip"),
    ("OSError: [Errno 28] No space left on device", "disk is full"),
    ("first\nERROR: something else\n", "ERROR: something else")])
def test_what_a_failed_command_printed_becomes_its_cause(said, meaning):
    assert meaning in setup_env.cause(said)


# --- the environment, made, kept, interrupted -------------------------------------------


@pytest.fixture
def making(clone, monkeypatch):
    """make_environment with commands that only leave a working .venv/bin/python."""
    def must(command, env=None):
        asked.append(command)
        if "venv" in command:
            python39(clone / ".venv/bin/python")
        if failing and failing[0] in command:
            raise KeyboardInterrupt

    asked, failing = [], []
    monkeypatch.setattr(setup_env, "must", must)
    monkeypatch.setattr(setup_env, "find_python39", lambda: sys.executable)
    monkeypatch.setattr(setup_env, "get_uv", lambda python, needed: "uv")
    monkeypatch.setattr(setup_env, "install_dot", lambda: None)
    return clone, asked, failing


def test_an_environment_once_made_is_ready(making):
    setup_env.make_environment()
    assert setup_env.is_ready()


@pytest.mark.parametrize("changed", ["requirements.txt", "pyproject.toml"])
def test_a_changed_file_makes_it_anew(making, changed):
    setup_env.make_environment()
    (making[0] / changed).write_text("# changed\n")
    assert not setup_env.is_ready()


def test_a_python_that_is_gone_makes_it_anew(making):
    setup_env.make_environment()
    (making[0] / ".venv/bin/python").unlink()
    assert not setup_env.is_ready()


def test_a_clone_that_was_moved_makes_it_anew(making, monkeypatch):
    setup_env.make_environment()
    moved = shutil.copytree(making[0], making[0] / "moved", symlinks=True)
    monkeypatch.setattr(setup_env, "ROOT", str(moved))
    assert not setup_env.is_ready()


@pytest.mark.parametrize("step", ["venv", "requirements.txt", "-e"])
def test_an_interrupted_making_is_not_ready_and_the_next_one_clears_it_away(making, step):
    clone, _, failing = making
    failing.append(step)
    with pytest.raises(KeyboardInterrupt):
        setup_env.make_environment()
    assert not setup_env.is_ready()
    (clone / ".venv" / "half").write_text("")
    failing.clear()
    setup_env.make_environment()
    assert setup_env.is_ready() and not (clone / ".venv" / "half").exists()


def test_the_second_make_waits_for_the_first(clone):
    code = ("import setup_env, time\n"
            f"setup_env.TOOLS = {setup_env.TOOLS!r}\n"
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
    monkeypatch.setattr(setup_env, "VENV_PYTHON", sys.executable)
    setup_env.tell_about_dot()
    assert "no `dot` here" in capsys.readouterr().out


def test_a_user_without_root_rights_gets_no_apt_get(empty_machine, monkeypatch):
    program(empty_machine / "bin" / "apt-get", f"touch {empty_machine}/called")
    monkeypatch.setattr(setup_env.os, "geteuid", lambda: 1000)
    setup_env.install_dot()
    assert not (empty_machine / "called").exists()


def test_an_apt_get_that_fails_stops_nothing(empty_machine, monkeypatch, capsys):
    program(empty_machine / "bin" / "apt-get", "echo 'Could not resolve' ; exit 100")
    monkeypatch.setattr(setup_env.os, "geteuid", lambda: 0)
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


def test_the_setup_reads_as_python_36():
    ast.parse((ROOT / "tools" / "setup_env.py").read_text(), feature_version=(3, 6))

"""The files that describe the environment say one and the same thing."""
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import get_uv
import pytest
import shell
import yaml
from conftest import on_real_caffe
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from lstm_lib import caffe

ROOT = Path(__file__).resolve().parents[2]


def requirements(name):
    """Package -> requirement, of a requirements file."""
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    found = [Requirement(line) for line in lines if line]
    return {canonicalize_name(requirement.name): requirement for requirement in found
            if requirement.marker is None or requirement.marker.evaluate()}


def project():
    return (ROOT / "pyproject.toml").read_text()


def tracked_files():
    try:
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                               capture_output=True, text=True).stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


HERE = "requirements" if caffe.engine == "real" else "requirements-portable"
PINNED = requirements(HERE + ".txt")  # of the world that runs these tests
ALL = ["requirements", "requirements-portable", "requirements-oracles"]


@pytest.mark.parametrize("name", ALL)
def test_every_package_in_the_resolved_files_has_one_exact_version(name):
    for requirement in requirements(name + ".txt").values():
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement


@pytest.mark.parametrize("name", requirements(HERE + ".in"))
def test_the_resolved_file_satisfies_what_was_chosen(name):
    asked = requirements(HERE + ".in")[name]
    version = str(PINNED[name].specifier).lstrip("=")
    assert asked.specifier.contains(version), f"{asked} is not satisfied by {version}"


def test_the_resolved_file_satisfies_what_the_project_itself_depends_on():
    for text in metadata.requires("lstm-lib"):
        asked = Requirement(text)
        if asked.marker is None or asked.marker.evaluate({"extra": ""}):
            version = str(PINNED[canonicalize_name(asked.name)].specifier).lstrip("=")
            assert asked.specifier.contains(version), f"{asked} is not satisfied by {version}"


@pytest.mark.parametrize("system", [
    "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin",
    "aarch64-apple-darwin", "x86_64-pc-windows-msvc"])
def test_every_package_of_the_portable_world_is_built_for(system, tmp_path):
    uv, env = get_uv.places()[0], get_uv.environment()
    for python in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        oldest = "14.0" if python == "3.14" else "13.0"  # macOS
        done = subprocess.run(
            [uv, "pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:", "-r",
             ROOT / "requirements-portable.txt", "--target", tmp_path, "--python-version", python,
             "--python-platform", system], env={**env, "MACOSX_DEPLOYMENT_TARGET": oldest},
            text=True, capture_output=True)
        if "cannot be reached" in shell.cause(done.stderr):
            pytest.skip("no package index can be reached from here")
        assert done.returncode == 0, f"Python {python}: {done.stderr}"


def test_importing_lstm_lib_leaves_matplotlib_to_those_who_draw_with_it():
    code = "import sys, lstm_lib; print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], text=True,
                          capture_output=True).stdout == "False\n"


def test_this_environment_holds_the_pinned_versions():
    differing = {name: metadata.version(name) for name, requirement in PINNED.items()
                 if not requirement.specifier.contains(metadata.version(name))}
    assert not differing


@on_real_caffe
def test_real_caffe_is_the_wheel_that_the_project_names():
    assert str(PINNED["kendryte-caffe"].specifier) == "==1.0.0.20210829"
    assert "kendryte-caffe==1.0.0.20210829" in project()


def test_environment_yml_is_python_39_graphviz_requirements_txt_and_the_project():
    described = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert described["name"] == "lstm_lib"
    assert described["dependencies"] == [
        "python=3.9", "graphviz", "pip", {"pip": ["-r requirements.txt", "-e ."]}]


def test_pyproject_takes_real_caffe_where_environment_yml_has_its_python():
    caffe = next(line for line in project().splitlines() if "kendryte-caffe" in line)
    where = "sys_platform == 'linux' and platform_machine == 'x86_64' and python_version < '3.10'"
    assert where in caffe
    assert "python=3.9" in (ROOT / "environment.yml").read_text()


@pytest.mark.parametrize("name", ALL)
def test_the_header_of_a_resolved_file_names_the_make_target_that_writes_it(name):
    header = (ROOT / f"{name}.txt").read_text().splitlines()[:2]
    assert header[1].split("#")[1].strip() == "make requirements"


HOSTS = re.compile(r"(?:files\.)?python" r"hosted\.org|py" r"pi\.org|registry\.npm" r"js|"
                   r"deb\.deb" r"ian\.org|archive\.ub" r"untu\.com|anaconda\." r"org")
MACHINE = re.compile(r"(?:file://)?/(?:home|Users|root|tmp|work|opt)/[\w.-]+")


def test_no_tracked_file_names_a_package_registry_host():
    found = [f"{path.name}: {line.strip()[:80]}" for path, line in text_lines()
             if HOSTS.search(line)]
    assert not found


def test_no_file_of_the_setup_names_a_path_of_some_machine():
    names = {"Makefile", "requirements.txt", "requirements.in", "environment.yml",
             "pyproject.toml", "setup_env.py", "get_uv.py", "lab.py", "try_pythons.py", "shell.py", "run_tests.py",
             "run_notebooks.py", "run", ".gitignore", *(f"{name}.txt" for name in ALL)}
    found = [f"{path.name}: {line.strip()[:80]}" for path, line in text_lines()
             if path.name in names and MACHINE.search(line)]
    assert not found


def text_lines():
    for path in tracked_files():
        try:
            for line in path.read_text(encoding="utf-8").splitlines():
                yield path, line
        except UnicodeDecodeError:  # a picture or data
            continue

"""Find or fetch a Python of one version, and uv, which installs the packages."""
import glob
import os
import re
import shutil
import sys

import shell
from shell import Stop, run, say

UV = "uv==0.13.9"

PROBE = """if True:
    import platform, sys
    right = "%d.%d" % sys.version_info[:2] == sys.argv[1]
    right = right and platform.python_implementation() == "CPython"
    sys.exit(0 if right and print(sys.executable) is None else 1)"""


def find_python(version):
    """The first Python of this version, like "3.9", that answers, or None.

    Candidates are really run: a pyenv shim called python3.9 may lie on PATH and say no.
    """
    name = "python" + version
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    on_path = [os.path.join(folder, program) for program in (name, "python3", "python")
               for folder in os.get_exec_path()]
    elsewhere = [path for folder in (os.path.join(pyenv, "versions", version + ".*"),
                                     fetched(version))
                 for path in sorted(glob.glob(os.path.join(folder, "bin", name)))[::-1]]
    for candidate in on_path + elsewhere:
        if os.access(candidate, os.X_OK):
            code, said = run([candidate, "-c", PROBE, version], timeout=20)
            if code == 0:
                return said.strip()
    return None


def fetched(version):
    """Where uv puts a Python that it fetches for us."""
    return os.path.join(shell.TOOLS, "python", "cpython-{}*".format(version))


def uv_python(uv, env, version):
    """A Python of this version that uv knows of, or that it fetches into .tools now."""
    code, said = run([uv, "python", "find", "--no-project", version], env=env)
    if code == 0:
        return said.strip()
    say("no Python {} here; fetching one with uv".format(version))
    code, said = run([uv, "python", "install", "--no-bin", "--install-dir",
                      os.path.dirname(fetched(version)), version], env=env)
    python = find_python(version)
    if python is None:
        raise Stop("there is no Python {0} here and none could be fetched ({1}). Install it, "
                   "for example with `pyenv install {0}`, and run make again. {2}"
                   .format(version, shell.cause(said), shell.details()))
    return python


def get_uv(python, needed):
    """Path of an uv that answers; None if there is none to be had and none is `needed`."""
    found = find_uv()
    if not found:
        say("fetching {}".format(UV))
        said = ""
        for way in (uv_by_pip, uv_by_venv, uv_by_apt):
            said = way(python) or said
            found = find_uv()
            if found:
                break
        if not found and (needed or shell.no_network(said)):
            raise Stop("uv, which installs the packages, could not be fetched: {}. {}".format(
                shell.cause(said or "ensurepip is not available"), shell.details()))
    return found


def find_uv():
    """uv on PATH, where its own installer puts it, or where we put it."""
    for candidate in (shutil.which("uv"), os.path.expanduser("~/.local/bin/uv"),
                      os.path.join(shell.TOOLS, "bin", "uv")):
        if candidate and run([candidate, "--version"], timeout=20)[0] == 0:
            return candidate
    return None


def uv_by_pip(python):
    """Put uv into .tools with a pip that is there; return what pip said if it failed."""
    pip = find_pip(python)
    return pip and pip_install_uv(pip)


def uv_by_venv(_):
    """The same with the pip of a throw-away environment."""
    folder = os.path.join(shell.TOOLS, "pip")
    if find_pip(None) or run([sys.executable, "-m", "venv", "--clear", folder])[0] != 0:
        return None
    return pip_install_uv([os.path.join(folder, "bin", "python"), "-m", "pip"])


def uv_by_apt(python):
    """The same after fetching pip, where we may."""
    if find_pip(None) or not shell.may_apt():
        return None
    return shell.apt_install("python3-pip") or uv_by_pip(python)


def find_pip(python):
    """A pip that answers, as a command, or None."""
    for interpreter in filter(None, (python, sys.executable)):
        if run([interpreter, "-m", "pip", "--version"])[0] == 0:
            return [interpreter, "-m", "pip"]
    return None


def pip_install_uv(pip):
    """Install uv into .tools; return what pip said if it failed."""
    code, said = run(pip + ["install", "--retries", "1", "--target", shell.TOOLS, "--upgrade", UV])
    return said if code else None


def uv_environment(python):
    """uv does not read pip's settings: hand over index, certificate and local wheels."""
    env = dict(os.environ, UV_SYSTEM_CERTS="1")
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE",
             "find-links": "UV_FIND_LINKS"}
    pip = find_pip(python)
    said = run(pip + ["config", "list"])[1] if pip else ""
    for key, value in re.findall(r"^[^=]*\.(index-url|cert|find-links)='(.*)'$", said, re.M):
        env.setdefault(names[key], value)
    return env

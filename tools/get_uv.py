"""Find or fetch uv, which finds or fetches the Pythons and installs the packages.

    python3 tools/get_uv.py     # says where it is
"""
import functools
import glob
import os
import re
import shutil
import sys

import shell
from shell import Stop, run, say

VERSION = "0.13.9"
# uv is a program: what it needs of Python to run is nothing, whatever its package asks for
INSTALL = ["install", "--no-deps", "--only-binary=:all:", "--ignore-requires-python",
           "--retries", "1", "--upgrade", "--target"]


def get_uv():
    """Path of an uv: one that is new enough, or fetched into .tools, or any that answers."""
    found, reason = found_or_fetched()
    if not found:
        raise Stop(f"uv, which installs the packages, could not be fetched ({reason})")
    return found


@functools.lru_cache(maxsize=None)  # one try is enough
def found_or_fetched():
    """(path or None, in a line why it could not be fetched)."""
    found = {path: version_of(path) for path in places()}
    found = {path: version for path, version in found.items() if version}
    new_enough = [path for path in found if found[path] >= numbers(VERSION)]
    if new_enough:
        return new_enough[0], None
    say(f"fetching uv {VERSION}")
    for pip, said in ways_to_pip():
        if pip:
            code, said = run([*pip, *INSTALL, shell.TOOLS, f"uv=={VERSION}"])
            if code == 0 and version_of(places()[0]):
                return places()[0], None
    return next(iter(found), None), shell.cause(said)


def places():
    """Where we put uv, where PATH has one, where its own installer puts it."""
    found = [os.path.join(shell.TOOLS, "bin", "uv"), shutil.which("uv"),
             os.path.expanduser("~/.local/bin/uv")]
    return [path for path in found if path]


def version_of(uv):
    """The version of an uv that answers, as numbers, else None."""
    code, said = run([uv, "--version"], seconds=60)
    return numbers(said.split()[1]) if code == 0 and said.startswith("uv ") else None


def numbers(version):
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def ways_to_pip():
    """(a command that may be a pip, what was said): each tried when the one before did not do.

    This Python's own; a new one in a throw-away environment, for an old Python; and the one
    in Debian's package, taken out of it without being installed.
    """
    own = [sys.executable, "-m", "pip"]
    yield own, ""
    folder = os.path.join(shell.TOOLS, "pip")
    if run([sys.executable, "-m", "venv", "--clear", folder])[0] == 0:
        pip = [os.path.join(folder, "bin", "python"), "-m", "pip"]
        run([*pip, "install", "--retries", "1", "--upgrade", "pip"])
        yield pip, ""
    elif shutil.which("apt-get") and run([*own, "--version"])[0] != 0:
        yield pip_from_debian(folder)


def pip_from_debian(folder):
    """The wheel of pip in Debian's and Ubuntu's package, or None, and what was said."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if shell.may_apt():
        shell.apt("update")
    _, said = shell.apt("download", "python3-pip-whl", cwd=folder)
    for package in os.listdir(folder):
        run(["dpkg-deb", "-x", package, "."], cwd=folder)
    wheels = os.path.join(glob.escape(folder), "usr", "share", "python-wheels", "pip-*.whl")
    found = [[sys.executable, os.path.join(wheel, "pip")] for wheel in glob.glob(wheels)]
    return found[0] if found else None, said


def environment():
    """The environment for uv: it does not read pip's settings, nor look into pyenv's folder.

    What it fetches goes into .tools.
    """
    env = dict(os.environ, UV_SYSTEM_CERTS="1",
               UV_PYTHON_INSTALL_DIR=os.path.join(shell.TOOLS, "pythons"))
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    env["PATH"] = os.pathsep.join([env.get("PATH", os.defpath), *sorted(
        glob.glob(os.path.join(pyenv, "versions", "*", "bin")))])
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE",
             "find-links": "UV_FIND_LINKS"}
    _, said = run([sys.executable, "-m", "pip", "config", "list"])
    found = re.findall(r"^(:env:)?[^=]*\.(index-url|cert|find-links)='(.*)'$", said, re.M)
    settings = {names[key]: value for _, key, value in sorted(found)}  # :env: is the last word
    return {**settings, **env}


if __name__ == "__main__":
    os.makedirs(shell.TOOLS, exist_ok=True)
    try:
        print(get_uv())
    except Stop as stop:
        sys.exit(str(stop))

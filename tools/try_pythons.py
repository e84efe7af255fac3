"""Install the project with plain pip on every Python that is here, and run notebook 00 there.

    python tools/try_pythons.py [VERSION ...]     # like 3.9 3.14; without: all that are here

Each CPython from 3.9 on gets a bare environment in build/pythons; the last table says what came
of it.
"""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import get_uv
import shell

ROOT = Path(shell.ROOT)
BUILD = ROOT / "build" / "pythons"
OLDEST = (3, 9)
DESCRIBE = "from lstm_lib import describe; print(describe())"
LEFT_OUT = (".*", "build", "*.egg-info", "__pycache__")


def main(asked):
    """A line for each Python; exit status 1 if one failed, or none is here."""
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(ROOT, BUILD / "project", ignore=shutil.ignore_patterns(*LEFT_OUT))
    rows = []
    for version, python in sorted(pythons().items()):
        if not asked or version_text(version) in asked:
            print(f"trying Python {version_text(version)}: {python}", flush=True)
            rows.append((version_text(version), *tried(python, BUILD / version_text(version))))
    print(f"\n{'Python':<8}{'pip install .[notebooks]':<28}{'notebook 00':<14}runs on")
    for version, installed, ran, engine in rows:
        print(f"{version:<8}{installed:<28}{ran:<14}{engine}")
    return 0 if rows and all(row[1:3] == ("ok", "ok") for row in rows) else 1


def pythons():
    """(3, 9) -> path: the newest CPython of each minor version that is on this machine."""
    done = subprocess.run(
        [get_uv.get_uv(), "python", "list", "--only-installed", "--output-format", "json"],
        env=get_uv.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found = {}
    for one in reversed(json.loads(done.stdout)):  # the newest come first
        parts = one["version_parts"]
        version = (parts["major"], parts["minor"])
        if one["implementation"] == "cpython" and one["variant"] == "default" and version >= OLDEST:
            found[version] = one["path"]
    return found


def version_text(version):
    return ".".join(map(str, version))


def tried(python, folder):
    """(pip, notebook 00, which Caffe): "ok" or why not."""
    own = str(folder / "bin" / "python")
    installed = outcome(get_uv.get_uv(), "venv", "-q", "--seed", "--python", python, folder)
    if installed == "ok":
        installed = outcome(own, "-m", "pip", "install", "-q", f"{BUILD / 'project'}[notebooks]")
    if installed != "ok":
        return installed, "-", "-"
    ran = outcome(own, "-m", "nbconvert", "--to", "notebook", "--execute", "--output-dir", folder,
                  BUILD / "project/notebooks/00_start_here.ipynb")
    done = subprocess.run([own, "-c", DESCRIBE], cwd=BUILD, text=True, stdout=subprocess.PIPE)
    return installed, ran, done.stdout.strip()


def outcome(*command):
    """"ok", or in a line why a command failed."""
    env = dict(get_uv.environment(), JUPYTER_PREFER_ENV_PATH="1")
    code, said = shell.run([str(word) for word in command], env=env)
    return "ok" if code == 0 else shell.cause(said)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

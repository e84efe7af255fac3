"""Run a program in an environment with the pinned packages, which is made when it is not there.

    python3 tools/setup_env.py any tools/run_notebooks.py     # what `make run` does
    python3 tools/setup_env.py any tools/lab.py               # what `make lab` does

The first word says in which world: `reference`, real Caffe on Python 3.9 in .venv; `portable`,
portable_caffe on any Python from 3.9 to 3.14 in .venv-portable; `any`, the first of the two
that can be had; `tests`, in the first of all that can be had; `site`, with what builds the
site, in .venv-site; or `hub`, a JupyterHub for a class, in .venv-hub. This file needs no more than
a python3 of 3.6 or newer: uv finds or fetches the Python of a world and installs into it.
"""
import collections
import hashlib
import os
import platform
import shutil
import sys
import time

import get_uv
import shell
from shell import Stop, must, run, say

World = collections.namedtuple("World", "name title folder oldest newest requirements size")
REFERENCE = World("reference", "real Caffe", ".venv", (3, 9), (3, 9), "requirements.txt", 600)
PORTABLE = World("portable", "portable_caffe", ".venv-portable", (3, 9), (3, 14),
                 "requirements-portable.txt", 600)
SITE = World("site", "the site", ".venv-site", (3, 11), (3, 14), "requirements-site.txt", 400)
HUB = World("hub", "the hub", ".venv-hub", (3, 11), (3, 14), "requirements-hub.txt", 350)
WORLDS = {"any": [REFERENCE, PORTABLE], "tests": [REFERENCE, PORTABLE],
          "reference": [REFERENCE], "portable": [PORTABLE], "site": [SITE], "hub": [HUB]}
ADVICE = ("Where something cannot be reached: connect, set HTTPS_PROXY, or name a mirror, of the "
          "packages in PIP_INDEX_URL, of the Pythons in UV_PYTHON_INSTALL_MIRROR")
ORACLES = "requirements-oracles.txt"  # PyTorch and Keras, beside the portable world
TORCH = "torch==2.13.0"
TRITON = "triton==3.7.1"  # runs the GPU's kernels on the CPU; for Linux only
OLD_TORCH = "torch==1.12.1"  # beside real Caffe: the last for Python 3.9 in one wheel, 780 MB


def main(arguments):
    """Make the world that is asked for, then become the program."""
    asked, *program = arguments or ["any"]
    try:
        see_to_folders()
        with shell.one_at_a_time(os.path.join(shell.TOOLS, "lock"), "another `make` is setting up"):
            open(shell.LOG, "w").close()
            worlds = make_worlds(asked)
            see_to_programs("dot", *(["chromedriver"] if asked == "tests" else []))
            if asked == "tests":
                see_to_oracles(worlds)
        python = python_of(worlds[0])
        if program:
            os.execv(python, [python, *program])
        say(f"ready: {os.path.relpath(python)}")
    except (Stop, OSError) as stop:
        sys.exit(f"set-up: {stop} (all that was said: {os.path.relpath(shell.LOG)})")
    except KeyboardInterrupt:
        sys.exit("set-up: interrupted; the next try begins anew")


def see_to_folders():
    """A folder for us, and a home that can be written to: uv, Jupyter and others keep things."""
    os.makedirs(shell.TOOLS, exist_ok=True)
    home = os.path.expanduser("~")
    if not (os.path.isdir(home) and os.access(home, os.W_OK)):
        os.environ["HOME"] = os.path.join(shell.TOOLS, "home")
        os.makedirs(os.environ["HOME"], exist_ok=True)


# --- which worlds -----------------------------------------------------------------------


def make_worlds(asked):
    """Make the worlds that are asked for; return those that are there."""
    if asked not in WORLDS:
        raise Stop(f"{asked!r} is no world: say {', '.join(WORLDS)}")
    made, missing = [], {}  # why -> what is missing for that
    for world in WORLDS[asked]:
        reason = None if is_ready(world) else why_not(world, asked)
        if reason:
            missing.setdefault(reason, []).append(world.title)
        else:
            made.append(world)
        if made and asked == "any":
            break
    said = "; ".join(f"{' and '.join(titles)} cannot be had here: {reason}"
                     for reason, titles in missing.items())
    if not made:
        raise Stop(f"{said}. {ADVICE}")
    if said:
        say(f"{said}. Going on with {made[0].title}, which computes the same numbers")
    return made


def why_not(world, asked):
    """Make a world; why it cannot be had, or None. Not tried at each `make` where another is."""
    again = asked == world.name or not is_ready(PORTABLE)
    return tried(os.path.join(shell.TOOLS, "no-" + world.name),
                 lambda: make_environment(world), again)


def tried(path, work, again=False):
    """Why `work` could not be done, in a line, or None; a file remembers that it was tried."""
    if again or not os.path.exists(path):
        reason = ""
        try:
            work()
        except Stop as stop:
            reason = str(stop)
        with open(path, "w", encoding="utf-8") as file:
            file.write(reason)
    with open(path, encoding="utf-8") as file:
        return file.read() or None


def check_platform(system, machine, libc):
    """Real Caffe is built for one platform; elsewhere portable_caffe computes the same."""
    if system != "Linux" or machine not in ("x86_64", "AMD64") or libc != "glibc":
        without = " without glibc" if system == "Linux" and libc != "glibc" else ""
        raise Stop(f"it runs on Linux x86-64 with glibc, and this is {system} {machine}{without}; "
                   "Binder, a linux/amd64 container, or WSL 2 on Windows have it")


# --- one world --------------------------------------------------------------------------


def folder_of(world):
    """Where the environment lies."""
    return os.path.join(shell.ROOT, world.folder)


def python_of(world):
    """The environment's interpreter."""
    place = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(folder_of(world), *place)


def stamp_of(world):
    """A file that is written last: without it, the environment is half-made."""
    return os.path.join(folder_of(world), "made-from")


def is_ready(world):
    """Is it whole, in working order, and made from the files that lie here now?"""
    if not os.path.exists(stamp_of(world)):
        return False
    with open(stamp_of(world), encoding="utf-8") as stamp:
        return stamp.read() == fingerprint(world)


def fingerprint(world):
    """What it depends on: place, Python, packages, project."""
    digest = hashlib.sha256()
    for name in files_of(world):
        with open(os.path.join(shell.ROOT, name), "rb") as file:
            digest.update(file.read())
    _, version = run([python_of(world), "--version"])
    return f"{shell.ROOT!a}\n{version.strip()}\n{digest.hexdigest()}\n"


def files_of(world):
    """The files that say what is installed."""
    return [world.requirements, "pyproject.toml"] + ([ORACLES] if world is PORTABLE else [])


def make_environment(world):
    """Build it from nothing; whatever an interrupted try left is thrown away."""
    if world is REFERENCE:
        check_platform(platform.system(), platform.machine(), platform.libc_ver()[0])
    start = time.time()
    uv, env = get_uv.get_uv(), get_uv.environment()
    make_venv(world, uv, env)
    say(f"installing the packages of {world.requirements} into {world.folder} "
        f"({world.size} MB on disk)")
    install = [uv, "pip", "install", "--python", python_of(world), "--no-deps"]
    must([*install, "-r", world.requirements], env)
    must([*install, "--no-build-isolation", "-e", "."], env)
    with open(stamp_of(world), "w", encoding="utf-8") as stamp:
        stamp.write(fingerprint(world))
    say(f"done in {time.time() - start:.0f} s")


def make_venv(world, uv, env):
    """An empty environment, on the Python that runs this where it will do."""
    pythons = [f"cpython>={dotted(world.oldest)},<{dotted(next_of(world.newest))}"]
    if world is not REFERENCE and fits(world):
        pythons.insert(0, sys.executable)
    for python in pythons:
        shutil.rmtree(folder_of(world), ignore_errors=True)
        code, said = run([uv, "venv", "--no-project", "--python", python, folder_of(world)], env)
        if code == 0:
            return
    raise Stop(f"it needs Python {pythons_of(world)}, which is not on this machine and could not be "
               f"fetched ({shell.cause(said)})")


def pythons_of(world):
    """The Pythons that a world is resolved for, for a person."""
    return " to ".join(dict.fromkeys(map(dotted, (world.oldest, world.newest))))


def dotted(version):
    """(3, 9) -> 3.9"""
    return ".".join(map(str, version))


def next_of(version):
    """(3, 9) -> (3, 10)"""
    return version[0], version[1] + 1


def fits(world):
    """Is this Python one of those that a world is resolved for?"""
    return (platform.python_implementation() == "CPython"
            and world.oldest <= sys.version_info[:2] <= world.newest
            and getattr(sys, "_is_gil_enabled", lambda: True)())


# --- what lies beside it ----------------------------------------------------------------

PROGRAMS = {"dot": (["graphviz"], "pictures by Graphviz"),
            "chromedriver": (["chromium", "chromium-driver"], "tests in a browser")}


def see_to_programs(*names):
    """Install a program that is missing where we may; else say what is left out, and go on."""
    for name in names:
        packages, left_out = PROGRAMS[name]
        if not shutil.which(name) and shell.may_apt():
            say(f"{name} is missing; installing it with apt-get")
            shell.apt("update")
            shell.apt("install", "-y", "--no-install-recommends", *packages)
        if not shutil.which(name):
            say(f"no {name} here, so {left_out} are left out; on Debian and Ubuntu: "
                f"sudo apt-get install {' '.join(packages)}")


def see_to_oracles(worlds):
    """PyTorch for the CPU, Keras and Triton; tests can do without."""
    if PORTABLE in worlds:
        see_to("PyTorch for the CPU", os.path.join(folder_of(PORTABLE), "oracles"),
               install_oracles)
    if REFERENCE in worlds:
        see_to("PyTorch for Python 3.9", os.path.join(folder_of(REFERENCE), "oracles"),
               install_old_torch)


def see_to(what, path, install):
    """Install what tests can do without; where it cannot be had, say so and go on."""
    missing = tried(path, install)
    if missing:
        say(f"no {what} to be had ({missing}), so tests with it are left out; "
            "`make clean` to try again")


def install_oracles():
    """A build for the CPU from local wheels, or else from where uv knows such builds to be.

    The usual one for Linux brings gigabytes of CUDA.
    """
    say(f"installing PyTorch for the CPU and Keras into {PORTABLE.folder}")
    uv, env = get_uv.get_uv(), get_uv.environment()
    install = [uv, "pip", "install", "--python", python_of(PORTABLE), "--no-deps"]
    if run([*install, TORCH + "+cpu"], env)[0] != 0:
        must([*install, "--torch-backend", "cpu", TORCH], env)
    must([*install, "-r", ORACLES], env)
    run([*install, TRITON], env)


def old_torch():
    """The folder of the PyTorch that trains on several processes with real Caffe.

    It is no part of the environment: only those tests put it on their path.
    """
    return os.path.join(folder_of(REFERENCE), "torch")


def install_old_torch():
    say(f"installing PyTorch for Python 3.9 into {REFERENCE.folder}/torch (1.6 GB on disk)")
    shutil.rmtree(old_torch(), ignore_errors=True)
    must([get_uv.get_uv(), "pip", "install", "--python", python_of(REFERENCE), "--no-deps",
          "--target", old_torch(), OLD_TORCH], get_uv.environment())


if __name__ == "__main__":
    main(sys.argv[1:])

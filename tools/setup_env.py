"""Make the environments with the pinned packages and this project; quick when they are there.

    python3 tools/setup_env.py [reference | portable | tests | requirements]

There are two worlds: `reference`, real Caffe on Python 3.9 in .venv, and `portable`,
portable_caffe on a newer Python in .venv-portable. Without a word it is the reference world
where that can be had. `make` calls this before every target, so it needs no more than a
python3 of 3.6 or newer. The interpreter of the world goes into .tools/python.
"""
import collections
import contextlib
import hashlib
import os
import platform
import shutil
import sys
import time

import pythons
import shell
from shell import Stop, must, run, say

World = collections.namedtuple("World", "name folder python requirements")
REFERENCE = World("reference", ".venv", "3.9", "requirements.txt")
PORTABLE = World("portable", ".venv-portable", "3.11", "requirements-portable.txt")
ORACLES = "requirements-oracles.txt"  # PyTorch and Keras, beside the portable world
TORCH = "torch==2.13.0"
TRITON = "triton==3.7.1"  # runs the GPU's kernels on the CPU; for Linux only


def main(arguments):
    """Make what is asked for, or with `requirements` the lists of exact versions."""
    asked = arguments[0] if arguments else ""
    try:
        with one_at_a_time():
            if asked == "requirements":
                resolve_requirements(arguments[1:])
                return
            worlds = make_worlds(asked)
        with open(os.path.join(shell.TOOLS, "python"), "w") as file:
            file.write(os.path.join(worlds[0].folder, "bin", "python"))
        tell_about_dot(worlds[0])
    except Stop as stop:
        sys.exit("set-up: {}".format(stop))
    except KeyboardInterrupt:
        sys.exit("set-up: interrupted; the next `make` begins anew")


@contextlib.contextmanager
def one_at_a_time():
    """Two `make` at once: the second one waits for the first."""
    try:
        import fcntl
    except ImportError:
        raise Stop("make works on Linux and macOS; on Windows use it in WSL 2, or go on with "
                   'plain pip: pip install ".[notebooks]" and jupyter lab') from None
    os.makedirs(shell.TOOLS, exist_ok=True)
    with open(os.path.join(shell.TOOLS, "lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another `make` is setting up; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# --- which worlds -----------------------------------------------------------------------


def make_worlds(asked):
    """Make the worlds that are asked for; return those that are there, the first one first."""
    if asked == "tests":
        made = [world for world in (REFERENCE, PORTABLE) if make_or_tell(world)]
        if not made:
            raise Stop("neither world could be made. {}".format(shell.details()))
        if PORTABLE in made:
            see_to_oracles()
        see_to_browser()
        return made
    named = {world.name: world for world in (REFERENCE, PORTABLE)}
    if asked and asked not in named:
        raise Stop("{!r} is no world: say reference, portable or nothing".format(asked))
    if not asked and make_or_tell(REFERENCE):
        return [REFERENCE]
    world = named.get(asked, PORTABLE)
    make_world(world)
    return [world]


def make_or_tell(world):
    """Make a world, or say why it cannot be had here; return whether it is there.

    Without a network neither can be had, and that stops.
    """
    try:
        make_world(world)
        return True
    except Stop as stop:
        if "no network" in str(stop):
            raise
        say("no {} world: {}".format(world.name, stop))
        return False


def make_world(world):
    """Make a world's environment if it is not there already."""
    if world is REFERENCE:
        check_platform(platform.system(), platform.machine(), platform.libc_ver()[0])
    if not is_ready(world):
        make_environment(world)


def check_platform(system, machine, libc):
    """Real Caffe is built for one platform; elsewhere portable_caffe computes the same."""
    if system != "Linux" or machine not in ("x86_64", "AMD64") or libc != "glibc":
        raise Stop("real Caffe runs on Linux x86-64 with glibc, and this is {} {}{}; there "
                   "portable_caffe computes the same numbers. For real Caffe use Binder, a "
                   "linux/amd64 container, or WSL 2 on Windows".format(
                       system, machine,
                       " without glibc" if system == "Linux" and libc != "glibc" else ""))


# --- one world --------------------------------------------------------------------------


def folder_of(world):
    """Where the environment lies."""
    return os.path.join(shell.ROOT, world.folder)


def python_of(world):
    """The environment's interpreter."""
    return os.path.join(folder_of(world), "bin", "python")


def stamp_of(world):
    """A file that is written last: without it, the environment is half-made."""
    return os.path.join(folder_of(world), "made-from")


def is_ready(world):
    """Is it whole, in working order, and made from the files that lie here now?"""
    if not os.path.exists(stamp_of(world)):
        return False
    with open(stamp_of(world)) as stamp:
        return stamp.read() == fingerprint(world)


def fingerprint(world):
    """What it depends on: place, Python, packages, project."""
    digest = hashlib.sha256()
    for name in files_of(world):
        with open(os.path.join(shell.ROOT, name), "rb") as file:
            digest.update(file.read())
    _, version = run([python_of(world), "--version"])
    return "{}\n{}\n{}\n".format(shell.ROOT, version.strip(), digest.hexdigest())


def files_of(world):
    """The files that say what is installed."""
    return [world.requirements, "pyproject.toml"] + ([ORACLES] if world is PORTABLE else [])


def make_environment(world):
    """Build it from nothing; whatever an interrupted try left is thrown away."""
    start = time.time()
    if os.path.exists(shell.LOG):
        os.remove(shell.LOG)
    python = pythons.find_python(world.python)
    uv = pythons.get_uv(python, needed=python is None)
    env = pythons.uv_environment(python) if uv else None
    python = python or pythons.uv_python(uv, env, world.python)
    say("Python {}: {}".format(world.python, python))
    shutil.rmtree(folder_of(world), ignore_errors=True)
    say("installing the packages of {} into {} (600 MB on disk)".format(
        world.requirements, world.folder))
    if uv:
        must([uv, "venv", "--python", python, folder_of(world)], env=env)
    else:  # exact versions need no search, so plain pip will do
        must([python, "-m", "venv", folder_of(world)])
    install = install_command(world, uv)
    must(install + ["--no-deps", "-r", world.requirements], env=env)
    must(install + ["--no-deps", "--no-build-isolation", "-e", "."], env=env)
    install_dot()
    with open(stamp_of(world), "w") as stamp:
        stamp.write(fingerprint(world))
    say("done in {:.0f} s".format(time.time() - start))


def install_command(world, uv):
    """What installs packages into a world."""
    if uv:
        return [uv, "pip", "install", "--python", python_of(world)]
    return [python_of(world), "-m", "pip", "install"]


# --- programs beside it: PyTorch, a browser, Graphviz -----------------------------------


def see_to_oracles():
    """PyTorch for the CPU, Keras and Triton into the portable world; tests can do without."""
    outcome = os.path.join(folder_of(PORTABLE), "oracles")
    if not os.path.exists(outcome):
        say("installing PyTorch for the CPU and Keras into {}".format(PORTABLE.folder))
        said = install_oracles()
        with open(outcome, "w") as file:
            file.write("" if said is None else shell.cause(said))
    with open(outcome) as file:
        missing = file.read()
    if missing:
        say("no PyTorch for the CPU to be had ({}), so tests with it are left out; `make clean` "
            "to try again".format(missing))


def install_oracles():
    """Install them; return what was said if that failed.

    A build for the CPU from local wheels, or else from where uv knows such builds to be: the
    usual one for Linux brings gigabytes of CUDA.
    """
    uv = pythons.get_uv(python_of(PORTABLE), needed=False)
    env = pythons.uv_environment(python_of(PORTABLE))
    if uv is None:
        return "uv could not be fetched"
    install = install_command(PORTABLE, uv) + ["--no-deps"]
    for torch in ([TORCH + "+cpu"], ["--torch-backend", "cpu", TORCH]):
        code, said = run(install + torch, env)
        if code == 0:
            break
    if code == 0:
        code, said = run(install + ["-r", ORACLES], env)
        run(install + [TRITON], env)
    return said if code else None


def see_to_browser():
    """Chromium for the tests of the interactive page, where we may install it."""
    if not shutil.which("chromedriver") and shell.may_apt():
        say("chromedriver is missing; installing Chromium with apt-get for the tests")
        shell.apt_install("chromium", "chromium-driver")
    if not shutil.which("chromedriver"):
        say("no chromedriver here, so the tests in a browser are left out; on Debian: "
            "sudo apt-get install chromium chromium-driver")


def install_dot():
    """Install Graphviz where that needs no password; its absence stops nothing."""
    if not shutil.which("dot") and shell.may_apt():
        say("Graphviz is missing; installing it with apt-get")
        shell.apt_install("graphviz")


def tell_about_dot(world):
    """Without `dot` everything but the pictures works: say how to get it, and go on."""
    if not shutil.which("dot"):
        code = "from lstm_lib.doctor import dot_command; print(dot_command())"
        _, command = run([python_of(world), "-c", code])
        say("no `dot` here, so pictures by Graphviz are left out; to get it: {}".format(
            command.strip().split("\n")[-1]))


# --- exact versions ---------------------------------------------------------------------

# file -> for which Python and which systems it is resolved
RESOLVED = {
    REFERENCE.requirements: ["--python-version", "3.9",
                             "--python-platform", "x86_64-manylinux_2_28"],
    PORTABLE.requirements: ["--python-version", "3.11", "--universal"],
    # as on Windows, where PyTorch brings no CUDA along
    ORACLES: ["--python-version", "3.11", "--python-platform", "windows",
              "--constraint", PORTABLE.requirements],
}


def resolve_requirements(options):
    """Rewrite the lists of exact versions from the .in files."""
    python = pythons.find_python(REFERENCE.python)
    uv = pythons.get_uv(python, needed=True)
    env = pythons.uv_environment(python)
    env.pop("UV_FIND_LINKS", None)  # what lies on this machine is for this machine
    for name, how in RESOLVED.items():
        must([uv, "pip", "compile", "--custom-compile-command", "make requirements",
              name.replace(".txt", ".in"), "--output-file", name] + how + options, env=env)
    say("{} are written; the next `make` installs them".format(", ".join(RESOLVED)))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Make `.venv` with Python 3.9, the pinned packages and this project; quick when it is there.

`make` calls this before every target, so it needs no more than a python3 of 3.6 or newer.
What the commands in here print goes to `.tools/setup.log`; a person sees one line a step.
"""
import contextlib
import glob
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "made-from")  # written last: without it, .venv is half-made
TOOLS = os.path.join(ROOT, ".tools")
LOG = os.path.join(TOOLS, "setup.log")
FETCHED = os.path.join(TOOLS, "python", "cpython-3.9*")
UV = "uv==0.13.9"

PROBE = """if True:
    import platform, sys
    right = sys.version_info[:2] == (3, 9) and platform.python_implementation() == "CPython"
    sys.exit(0 if right and print(sys.executable) is None else 1)"""

ELSEWHERE = ("On macOS and on ARM use the Binder link of the README or a linux/amd64 container; "
             "on Windows use WSL 2.")

# (what a failed command printed, what it means)
CAUSES = [
    (r"certificate|UnknownIssuer|CERTIFICATE_VERIFY_FAILED",
     "the certificate of the package index is not trusted here; name your CA file in PIP_CERT"),
    (r"name resolution|Name or service|dns error|lookup|unreachable|No route to host|"
     r"Connection refused|timed out|Could not (resolve|connect)|NewConnectionError",
     "no network, or one that does not let this through: connect, or set HTTPS_PROXY"),
    (r"ensurepip is not available|No module named '?(ensurepip|venv)",
     "there is no pip here; get it with `sudo apt-get install python3-pip`"),
    (r"No space left", "the disk is full"),
]


class Stop(Exception):
    """The environment cannot be made; the message is one line for a person."""


def main(arguments):
    """Make the environment, or with `requirements` the list of exact versions."""
    try:
        check_platform(platform.system(), platform.machine(), platform.libc_ver()[0])
        with one_at_a_time():
            if arguments[:1] == ["requirements"]:
                resolve_requirements(arguments[1:])
                return
            if not is_ready():
                make_environment()
        tell_about_dot()
    except Stop as stop:
        sys.exit("set-up: {}".format(stop))
    except KeyboardInterrupt:
        sys.exit("set-up: interrupted; the next `make` begins anew")


def check_platform(system, machine, libc):
    """Real Caffe is built for one platform; say which way works on the others."""
    if system != "Linux" or machine not in ("x86_64", "AMD64") or libc != "glibc":
        raise Stop("real Caffe runs on Linux x86-64 with glibc, and this is {} {}{}. {}".format(
            system, machine, " without glibc" if system == "Linux" and libc != "glibc" else "",
            ELSEWHERE))


@contextlib.contextmanager
def one_at_a_time():
    """Two `make` at once: the second one waits for the first."""
    import fcntl  # not on Windows, where check_platform has stopped us

    os.makedirs(TOOLS, exist_ok=True)
    with open(os.path.join(TOOLS, "lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("another `make` is setting up; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def is_ready():
    """Is .venv whole, in working order, and made from the files that lie here now?"""
    if not os.path.exists(STAMP):
        return False
    with open(STAMP) as stamp:
        return stamp.read() == fingerprint()


def fingerprint():
    """What .venv depends on: place, Python, packages, project."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        with open(os.path.join(ROOT, name), "rb") as file:
            digest.update(file.read())
    _, version = run([VENV_PYTHON, "--version"])
    return "{}\n{}\n{}\n".format(ROOT, version.strip(), digest.hexdigest())


def make_environment():
    """Build .venv from nothing; whatever an interrupted try left is thrown away."""
    start = time.time()
    if os.path.exists(LOG):
        os.remove(LOG)
    python = find_python39()
    uv = get_uv(python, needed=python is None)
    env = uv_environment(python) if uv else None
    python = python or uv_python39(uv, env)
    say("Python 3.9: {}".format(python))
    shutil.rmtree(VENV, ignore_errors=True)
    say("installing the packages of requirements.txt into .venv (600 MB on disk)")
    if uv:
        must([uv, "venv", "--python", python, VENV], env=env)
        install = [uv, "pip", "install", "--python", VENV_PYTHON]
    else:  # exact versions need no search, so plain pip will do
        must([python, "-m", "venv", VENV])
        install = [VENV_PYTHON, "-m", "pip", "install"]
    must(install + ["--no-deps", "-r", "requirements.txt"], env=env)
    must(install + ["--no-deps", "--no-build-isolation", "-e", "."], env=env)
    install_dot()
    with open(STAMP, "w") as stamp:
        stamp.write(fingerprint())
    say("done in {:.0f} s".format(time.time() - start))


# --- Python 3.9 -------------------------------------------------------------------------


def find_python39():
    """The first Python 3.9 that answers, or None.

    Candidates are really run: a pyenv shim called python3.9 may lie on PATH and say no.
    """
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    on_path = [os.path.join(folder, name) for name in ("python3.9", "python3", "python")
               for folder in os.get_exec_path()]
    elsewhere = [path for folder in (os.path.join(pyenv, "versions", "3.9*"), FETCHED)
                 for path in sorted(glob.glob(os.path.join(folder, "bin", "python3.9")))[::-1]]
    for candidate in on_path + elsewhere:
        if os.access(candidate, os.X_OK):
            code, said = run([candidate, "-c", PROBE], timeout=20)
            if code == 0:
                return said.strip()
    return None


def uv_python39(uv, env):
    """A Python 3.9 that uv knows of, or that it fetches into .tools now."""
    code, said = run([uv, "python", "find", "--no-project", "3.9"], env=env)
    if code == 0:
        return said.strip()
    say("no Python 3.9 here; fetching one with uv")
    code, said = run([uv, "python", "install", "--no-bin", "--install-dir",
                      os.path.dirname(FETCHED), "3.9"], env=env)
    python = find_python39()
    if python is None:
        raise Stop("there is no Python 3.9 here and none could be fetched ({}). Install it, "
                   "for example with `pyenv install 3.9`, and run make again. {}"
                   .format(cause(said), details()))
    return python


# --- uv ---------------------------------------------------------------------------------


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
        if not found and (needed or no_network(said)):
            raise Stop("uv, which installs the packages, could not be fetched: {}. {}".format(
                cause(said or "ensurepip is not available"), details()))
    return found


def find_uv():
    """uv on PATH, where its own installer puts it, or where we put it."""
    for candidate in (shutil.which("uv"), os.path.expanduser("~/.local/bin/uv"),
                      os.path.join(TOOLS, "bin", "uv")):
        if candidate and run([candidate, "--version"], timeout=20)[0] == 0:
            return candidate
    return None


def uv_by_pip(python):
    """Put uv into .tools with a pip that is there; return what pip said if it failed."""
    pip = find_pip(python)
    return pip and pip_install_uv(pip)


def uv_by_venv(_):
    """The same with the pip of a throw-away environment."""
    folder = os.path.join(TOOLS, "pip")
    if find_pip(None) or run([sys.executable, "-m", "venv", "--clear", folder])[0] != 0:
        return None
    return pip_install_uv([os.path.join(folder, "bin", "python"), "-m", "pip"])


def uv_by_apt(python):
    """The same after fetching pip, where we may."""
    if find_pip(None) or not may_apt():
        return None
    return apt_install("python3-pip") or uv_by_pip(python)


def find_pip(python):
    """A pip that answers, as a command, or None."""
    for interpreter in filter(None, (python, sys.executable)):
        if run([interpreter, "-m", "pip", "--version"])[0] == 0:
            return [interpreter, "-m", "pip"]
    return None


def pip_install_uv(pip):
    code, said = run(pip + ["install", "--retries", "1", "--target", TOOLS, "--upgrade", UV])
    return said if code else None


def uv_environment(python):
    """uv does not read pip's settings: hand over the index and the certificate."""
    env = dict(os.environ, UV_SYSTEM_CERTS="1")
    names = {"index-url": "UV_DEFAULT_INDEX", "cert": "SSL_CERT_FILE"}
    pip = find_pip(python)
    said = run(pip + ["config", "list"])[1] if pip else ""
    for key, value in re.findall(r"^[^=]*\.(index-url|cert)='(.*)'$", said, re.M):
        env.setdefault(names[key], value)
    return env


def resolve_requirements(options):
    """Rewrite requirements.txt from requirements.in, for the one platform of Caffe's wheel."""
    python = find_python39()
    uv = get_uv(python, needed=True)
    must([uv, "pip", "compile", "--python-version", "3.9",
          "--python-platform", "x86_64-manylinux_2_28",
          "--custom-compile-command", "make requirements",
          "requirements.in", "--output-file", "requirements.txt"] + options,
         env=uv_environment(python))
    say("requirements.txt is written; the next `make` installs it")


# --- Graphviz ---------------------------------------------------------------------------


def install_dot():
    """Install Graphviz where that needs no password; its absence stops nothing."""
    if not shutil.which("dot") and may_apt():
        say("Graphviz is missing; installing it with apt-get")
        apt_install("graphviz")


def tell_about_dot():
    """Without `dot` everything but the pictures works: say how to get it, and go on."""
    if not shutil.which("dot"):
        code = "from lstm_lib.doctor import dot_command; print(dot_command())"
        _, command = run([VENV_PYTHON, "-c", code])
        say("no `dot` here, so pictures are left out; to get it: {}".format(command.strip()))


def may_apt():
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(package):
    """Install a Debian package; return what apt-get said if it failed."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
        code, said = run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60"] + step, env, 300)
        if code != 0:
            return said
    return None


# --- commands and words -----------------------------------------------------------------


def run(command, env=None, timeout=None):
    """Run a command in the project's folder; return its exit code and all that it printed."""
    try:
        done = subprocess.run(command, cwd=ROOT, env=env, timeout=timeout,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
        code, said = done.returncode, done.stdout
    except (OSError, subprocess.TimeoutExpired) as error:
        code, said = 127, str(error)
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("$ {}\n{}[{}]\n".format(" ".join(command), said, code))
    return code, said


def must(command, env=None):
    """Run a command that has to succeed."""
    code, said = run(command, env)
    if code != 0:
        raise Stop("{}. {}".format(cause(said), details()))


def cause(said):
    """What a failed command's words mean, or its last words."""
    for pattern, meaning in CAUSES:
        if re.search(pattern, said):
            return meaning
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "a command failed without a word"


def no_network(said):
    return cause(said) == CAUSES[1][1]


def details():
    return "(All that was said: {})".format(os.path.relpath(LOG, ROOT))


def say(words):
    print("set-up: {}".format(words), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])

"""Run the commands of the set-up; what they print goes to a log, a person sees one line."""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(ROOT, ".tools")
LOG = os.path.join(TOOLS, "setup.log")

# (what a failed command printed, what it means; {} is the host it names)
CAUSES = [
    (r"certificate|UnknownIssuer|CERTIFICATE_VERIFY_FAILED",
     "the certificate of {} is not trusted here; name your CA file in PIP_CERT"),
    (r"name resolution|Name or service|Temporary failure|dns error|lookup|unreachable|No route to host|"
     r"Connection refused|timed out|Could not (resolve|connect)|NewConnectionError|"
     r"error sending request|HTTP status (client|server) error",
     "{} cannot be reached from here"),
    (r"No (interpreter|download) found for|No Python at", "there is none, and none to fetch"),
    (r"has no wheels with a matching|no wheels with a matching platform",
     "a package is not built for this system"),
    (r"No module named '?(pip|ensurepip|venv)|ensurepip is not available|"
     r"Unable to locate package|No packages found",
     "this Python has no pip; on Debian and Ubuntu: sudo apt-get install python3-venv"),
    (r"No space left", "the disk is full"),
]
HOST = re.compile(r"https?://([\w.-]+(?::\d+)?)/|host='([\w.-]+)'")


class Stop(Exception):
    """The environment cannot be made; the message is one line for a person."""


def run(command, env=None, seconds=None, cwd=None):
    """Run a command in the project's folder; return its exit code and all that it printed."""
    try:
        process = subprocess.Popen(command, cwd=cwd or ROOT, env=env, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        code, said = wait_for(process, seconds)
    except OSError as error:
        code, said = 127, str(error)
    with open(LOG, "a", encoding="utf-8", errors="backslashreplace") as log:
        log.write(f"$ {' '.join(command)}\n{said}[{code}]\n")
    return code, said


def wait_for(process, seconds):
    """(exit code, words) of a process; on a terminal the seconds count, for downloads are slow."""
    start, shown = time.time(), False
    try:
        while True:
            try:
                said, _ = process.communicate(timeout=1)
                return process.returncode, said.decode("utf-8", "replace")
            except subprocess.TimeoutExpired:
                if seconds and time.time() - start > seconds:
                    return 124, f"no answer in {seconds} seconds\n"
                if sys.stderr.isatty():
                    shown = True
                    sys.stderr.write(f"\r{time.time() - start:5.0f} s ")
                    sys.stderr.flush()
    finally:  # after Ctrl-C too
        process.kill()
        process.wait()
        if shown:
            sys.stderr.write("\r        \r")


def must(command, env=None):
    """Run a command that has to succeed."""
    code, said = run(command, env)
    if code != 0:
        raise Stop(cause(said))


def cause(said):
    """What a failed command's words mean, or its last words."""
    for pattern, meaning in CAUSES:
        if re.search(pattern, said):
            named = HOST.search(said)
            host = (named.group(1) or named.group(2)) if named else "the network"
            return meaning.replace("{}", host)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "a command failed without a word"


@contextlib.contextmanager
def one_at_a_time(path, others):
    """Two at once: the second one waits for the first, where the system has such locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{others}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:  # a disk without locks
            pass
        yield


def say(words):
    """One line for a person, beside what the program that follows prints."""
    print(f"set-up: {words}", file=sys.stderr, flush=True)


def may_apt():
    """May this user install Debian packages without a password?"""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt(*words, cwd=None):
    """Run apt-get; (exit code, what it said). Root's programs may be missing on PATH."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive", PATH=path)
    limits = ["-o", "DPkg::Lock::Timeout=60", "-o", "Acquire::http::Timeout=20"]
    return run(["apt-get", "-qq"] + limits + list(words), env, 600, cwd)

"""Run the commands of the set-up; what they print goes to a log, a person sees one line."""
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(ROOT, ".tools")
LOG = os.path.join(TOOLS, "setup.log")

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
    """Do these words mean that nothing can be fetched?"""
    return cause(said) == CAUSES[1][1]


def details():
    """Where all that was said stands."""
    return "(All that was said: {})".format(os.path.relpath(LOG, ROOT))


def say(words):
    """One line for a person."""
    print("set-up: {}".format(words), flush=True)


def may_apt():
    """May this user install Debian packages without a password?"""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def apt_install(*packages):
    """Install Debian packages; return what apt-get said if it failed."""
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for step in (["update"], ["install", "-y", "--no-install-recommends"] + list(packages)):
        code, said = run(["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=60"] + step, env, 600)
        if code != 0:
            return said
    return None

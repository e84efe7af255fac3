"""Run something in a child process first, because Caffe aborts where Python raises.

A failed `CHECK` in Caffe's C++ code ends the process (glog calls `abort`). So whatever
may fail is tried in a forked child: it starts in milliseconds, has all that the parent
has, and takes nothing with it when it dies.
"""
import faulthandler
import fcntl
import json
import os
import re
import resource
import select
import signal

from portable_caffe.arrays import free_host_bytes as free_memory

LOOK_SECONDS = 0.02  # how long the parent waits before it looks at the child again
STILL_SECONDS = 300  # a child may compute for hours; one that stands still so long is stuck
END = b"\n"  # of the answer; a third process may hold the pipe open, so no waiting for its end


class Died(Exception):
    """The child process ended without an answer; `args[0]` is Caffe's own sentence."""


class Stuck(Died):
    """The child process stood still without an answer, and was ended."""


def in_child(work):
    """Return what `work()` returns (as JSON carries it), computed in a child process.

    Raises
    ------
    Died : Caffe aborted in there; the message is the reason it printed.
    Stuck : it computes nothing any more, as when it waits for a lock that nobody holds.
    RuntimeError : `work` raised a Python exception there; the message is its text.
    """
    answer_read, answer_write = os.pipe()
    log = os.memfd_create("caffe-log")
    try:
        child = os.fork()
        if child == 0:
            _be_the_child(work, answer_write, log)
        answer, status = b"", 0
        try:
            answer = _read_answer(answer_read, child)
        finally:  # after Ctrl-C too
            status = _end(child)
        said = os.pread(log, os.fstat(log).st_size, 0).decode(errors="replace")
    finally:
        for fd in (answer_read, answer_write, log):
            os.close(fd)
    if not answer:
        raise Died(_reason(said, status))
    kind, value = json.loads(answer)
    if kind == "error":
        raise RuntimeError(value)
    return value


def _be_the_child(work, answer, log):
    """Work, answer, leave at once: no clean-up of the parent's things may run here."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends this child
        faulthandler.disable()  # Jupyter and pytest would print the child's death
        answer = fcntl.fcntl(answer, fcntl.F_DUPFD, 3)  # not where the log goes
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            _limit_memory()
            said = ["value", work()]
        except BaseException as error:  # handed to the parent, whatever it is
            said = ["error", f"{type(error).__name__}: {error}"]
        _write_all(answer, json.dumps(said).encode() + END)
    finally:
        os._exit(0)


def _limit_memory():
    """Let an allocation that cannot succeed fail here, not in the kernel's OOM killer."""
    with open("/proc/self/statm", "rb") as file:  # text would need a lock a thread may hold
        limit = int(file.read().split()[0]) * resource.getpagesize() + free_memory()
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = limit if most == resource.RLIM_INFINITY else min(limit, most)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def _read_answer(fd, child):
    """All that the child writes, or nothing when it dies; `Stuck` when it stands still."""
    answer, used, still = b"", 0, 0  # looks are counted, for a paused machine's clock may jump
    while not answer.endswith(END):
        dead = _is_dead(child)  # asked first: what a dead child wrote is in the pipe by now
        if select.select([fd], [], [], LOOK_SECONDS)[0]:
            answer += os.read(fd, 1 << 16)
        elif dead:
            return b""
        elif _processor_time(child) != used:
            used, still = _processor_time(child), 0
        elif still * LOOK_SECONDS < STILL_SECONDS:
            still += 1
        else:
            raise Stuck(f"the process that tries this out first computed nothing for "
                        f"{STILL_SECONDS} seconds and gave no answer, so it was ended")
    return answer


def _processor_time(child):
    """Clock ticks that the child has computed for, in its own code and in the system's."""
    try:
        with open(f"/proc/{child}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # its name may hold anything
    except OSError:  # it has ended and is reaped already
        return None
    return int(fields[11]) + int(fields[12])


def _is_dead(child):
    """Whether the child has ended; it stays to be reaped by `_end`."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody ignores SIGCHLD, so it is reaped already
        return True


def _end(child):
    """Reap the child, killing one that still runs, as nothing is left to do; its exit status."""
    try:
        done, status = os.waitpid(child, os.WNOHANG)
        if not done:
            os.kill(child, signal.SIGKILL)
            status = os.waitpid(child, 0)[1]
        return status
    except (ChildProcessError, ProcessLookupError):  # reaped already
        return 0


def _reason(said, status):
    """Caffe's sentence out of its log: the line that glog marks with F."""
    fatal = re.search(r"^F\d+ [^\]]*\] (.*?)(?=^\*\*\* |\Z)", said, re.M | re.S)
    if fatal:
        return " ".join(fatal.group(1).split())
    if "bad_alloc" in said:
        return "host allocation failed (std::bad_alloc)"
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGSEGV, signal.SIGFPE):
        return "a memory fault or a division by zero in Caffe's own code"
    last = [line for line in said.splitlines() if line.strip()][-1:]
    return last[0] if last else f"the process ended with status {status}"

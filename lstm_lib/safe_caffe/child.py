"""Run something in a child process first, because Caffe aborts where Python raises.

A failed `CHECK` in Caffe's C++ code ends the process (glog calls `abort`). So whatever
may fail is tried in a forked child: it starts in milliseconds, has all that the parent
has, and takes nothing with it when it dies.
"""
import ctypes
import faulthandler
import fcntl
import json
import os
import re
import resource
import select
import signal
from contextlib import ExitStack

from portable_caffe.free_memory import free_host_bytes as free_memory
from portable_caffe.interrupts import HeldBack

from .resources import lacking
from ..errors import NetError

LOOK_SECONDS = 0.02  # how long the parent waits before it looks at the child again
STILL_SECONDS = 300  # a child may compute for hours; one that stands still so long is stuck
START_SECONDS = 1  # one that does not even begin is started again
STARTS = 10
BEGUN = b"+"
END = b"\n"  # of the answer; the pipe does not end while a third process holds it open
SPARE = 8  # files that a trial may have to open
PRCTL = ctypes.PyDLL(None).prctl  # found here, for the child should load nothing
PR_SET_PDEATHSIG = 1  # linux/prctl.h


class Died(Exception):
    """The work was not done: Caffe aborted in there, or Python raised; `args[0]` says of what."""


class NotBegun(NetError):
    """The child waits for a lock that some thread held when it was forked, and nobody holds there.

    In Python 3.9 that is its list of threads, while a thread of C++ enters Python, as those of
    PyTorch's gloo do; nothing was done, and the next fork comes at another moment.
    """


def in_child(work):
    """Return what `work()` returns (as JSON carries it), computed in a child process.

    Raises
    ------
    Died : Caffe aborted in there, and this is the reason it printed; or Python raised.
    NetError : `work` raised it; or no layer is to blame: the child computes nothing any more,
        as when it waits for a lock that nobody holds, or the machine has no process, memory or
        open file left for it.
    """
    try:
        answer, said, status = _begun(work)
    except OSError as error:
        raise NetError(lacking(error)) from None
    if not answer:
        raise Died(_reason(said, status))
    kind, value = json.loads(answer)
    if kind != "value":
        raise {"wrong": NetError, "error": Died}[kind](value)
    return value


def _begun(work):
    """The outcome of the first child that begins; the last has the longest time to."""
    for _ in range(STARTS - 1):
        try:
            return _outcome(work, START_SECONDS)
        except NotBegun:
            pass
    return _outcome(work, STILL_SECONDS)


def _outcome(work, patience):
    """The child's answer, what it printed, and its exit status; after Ctrl-C it is ended too."""
    with HeldBack() as held, ExitStack() as files:
        reads, writes = [files.enter_context(open(fd, mode, 0))
                         for fd, mode in zip(os.pipe(), ("rb", "wb"))]
        log = files.enter_context(open(os.memfd_create("caffe-log"), "rb", 0))
        child = _fork(work, writes.fileno(), log.fileno())
        try:
            writes.close()  # so that the pipe ends when the child does
            with held.let_in():
                answer = _read_answer(reads.fileno(), child, patience)
        finally:
            status = _end(child)
        if not answer.startswith(b'["value"'):
            _check_spare(log.fileno())
        log.seek(0)
        return answer, log.read().decode(errors="replace"), status


def _fork(work, answer, log):
    """Start the child, which Ctrl-C does not reach: the parent ends it."""
    parent, mask = os.getpid(), signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        child = os.fork()
        if child == 0:
            _be_the_child(parent, work, answer, log)
        return child
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _be_the_child(parent, work, answer, log):
    """Work, answer, leave at once: no clean-up of the parent's things may run here."""
    try:
        PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL)  # a killed parent leaves no orphan
        if os.getppid() != parent:
            return
        faulthandler.disable()  # Jupyter and pytest would print the child's death
        os.write(answer, BEGUN)
        answer = fcntl.fcntl(answer, fcntl.F_DUPFD, 3)  # not where the log goes
        os.dup2(log, 1)
        os.dup2(log, 2)
        try:
            _limit_memory()
            said = ["value", work()]
        except NetError as error:
            said = ["wrong", str(error)]
        except BaseException as error:  # handed to the parent, whatever it is
            said = ["error", f"{type(error).__name__}: {error}"]
        _write_all(answer, json.dumps(said).encode() + END)
    finally:
        os._exit(0)


def _limit_memory():
    """Let an allocation that cannot succeed fail here, not in the parent or the OOM killer."""
    with open("/proc/self/statm", "rb") as file:  # text would need a lock a thread may hold
        limit = int(file.read().split()[0]) * resource.getpagesize() + free_memory()
    own, most = resource.getrlimit(resource.RLIMIT_AS)
    limit = min(one for one in (limit, own, most) if one != resource.RLIM_INFINITY)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _check_spare(fd):
    """Raise OSError where the child may have failed because no file could be opened."""
    with ExitStack() as spare:
        for _ in range(SPARE):
            spare.callback(os.close, os.dup(fd))


def _write_all(fd, data):
    while data:
        data = data[os.write(fd, data):]


def _read_answer(fd, child, patience):
    """All that the child writes after it has begun, or nothing when it dies; NetError when it
    stands still, for so many seconds before it begins."""
    answer, used, still = b"", 0, 0  # looks are counted, for a paused machine's clock may jump
    while not answer.endswith(END):
        now = _processor_time(child)  # asked first: what a dead child wrote is in the pipe by now
        if select.select([fd], [], [], LOOK_SECONDS)[0]:
            part = os.read(fd, 1 << 16)
            if not part:
                return b""
            answer, patience = answer + part, STILL_SECONDS
        elif now is None:
            return b""
        elif now != used:
            used, still = now, 0
        elif still * LOOK_SECONDS < patience:
            still += 1
        else:
            raise (NetError if answer else NotBegun)(
                f"the process that tries this out first computed nothing for {patience} seconds "
                "and gave no answer, so it was ended")
    return answer[len(BEGUN):]


def _processor_time(child):
    """Clock ticks that it has computed for, in its own code and in the system's; None: dead."""
    try:
        with open(f"/proc/{child}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()  # its name may hold anything
    except (FileNotFoundError, ProcessLookupError):  # somebody ignores SIGCHLD, so it is reaped
        return None
    return None if fields[0] in b"ZX" else int(fields[11]) + int(fields[12])


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
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (
            signal.SIGSEGV, signal.SIGFPE, signal.SIGBUS):
        return "a memory fault or a division by zero in Caffe's own code"
    last = [line for line in said.splitlines() if line.strip()][-1:]
    return last[0] if last else f"the process ended with status {status}"

"""What a trial takes from the machine, and what to say where there is none of it."""
import errno
import os
from contextlib import contextmanager

from portable_caffe.free_memory import free_host_bytes as free_memory
from portable_caffe.interrupts import HeldBack

from ..errors import NetError

LACKING = {errno.EMFILE: "this process may open no more files; close some, or raise `ulimit -n`",
           errno.ENFILE: "this machine may open no more files; end other programs",
           errno.EAGAIN: "no more processes may run; end some, or raise `ulimit -u`",
           errno.ENOMEM: "there is no memory for another process; end other programs"}
SPARE = 1 << 20  # bytes; where they do not fit the disk is full


def lacking(error):
    """What an OSError says is lacking, as a sentence."""
    return f"Caffe cannot be asked: {LACKING.get(error.errno, error.strerror)}."


def room():
    """Bytes that this process may still take, of the machine's and of what limits it.

    0 where no file may be opened, so that nobody knows.
    """
    import resource  # Unix alone has it, and only real Caffe asks here
    try:
        with open("/proc/self/statm", "rb") as file:
            pages = file.read().split()
    except OSError:
        return 0
    return min([free_memory() or 0] + [
        resource.getrlimit(limit)[0] - int(pages[place]) * resource.getpagesize()
        for place, limit in ((0, resource.RLIMIT_AS), (5, resource.RLIMIT_DATA))
        if resource.getrlimit(limit)[0] != resource.RLIM_INFINITY])


@contextmanager
def disk_asked(path):
    """Where Caffe could not write `path`, and the disk is full, an OSError that says so.

    Caffe says "Check failed" only. What it wrote is still there, and goes afterwards.
    """
    try:
        yield
    except NetError:
        with open(path, "ab") as file:
            file.write(bytes(SPARE))
        raise


@contextmanager
def file_with(text):
    """The path of a file in memory that holds the text; a child process may read it too.

    Caffe only reads files, and one on a disk stays there when this process is killed.
    """
    try:
        with HeldBack():  # a file that nobody holds closes itself, and a descriptor does not
            file = open(os.memfd_create("prototxt"), "w", encoding="utf-8",
                        errors="surrogateescape")  # a path may hold any bytes
    except OSError as error:
        raise NetError(lacking(error)) from None
    with file:
        file.write(text)
        file.flush()
        yield f"/proc/self/fd/{file.fileno()}"

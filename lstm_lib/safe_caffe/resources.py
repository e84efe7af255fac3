"""What a trial takes from the machine, and what to say where there is none of it."""
import errno
import os
from contextlib import contextmanager

from portable_caffe.interrupts import HeldBack

from ..errors import NetError

LACKING = {errno.EMFILE: "this process may open no more files; close some, or raise `ulimit -n`",
           errno.ENFILE: "this machine may open no more files; end other programs",
           errno.EAGAIN: "no more processes may run; end some, or raise `ulimit -u`",
           errno.ENOMEM: "there is no memory for another process; end other programs"}


def lacking(error):
    """What an OSError says is lacking, as a sentence."""
    return f"Caffe cannot be asked: {LACKING.get(error.errno, error.strerror)}."


@contextmanager
def file_with(text):
    """The path of a file in memory that holds the text; a child process may read it too.

    Caffe only reads files, and one on a disk stays there when this process is killed.
    """
    with HeldBack() as held:
        try:
            handle = os.memfd_create("prototxt")
        except OSError as error:
            raise NetError(lacking(error)) from None
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            with held.let_in():
                yield f"/proc/self/fd/{handle}"

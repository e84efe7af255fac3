"""Prototxt and binary files, the same as real Caffe's."""
import errno
import os
import shutil
import tempfile
import warnings
from contextlib import ExitStack, contextmanager, suppress
from math import prod

import numpy as np
from google.protobuf.message import DecodeError

from .errors import NetError
from .interrupts import HeldBack
from .prototxt import parse

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows; and in the browser there is one writer, and nobody to wait for
    flock = None

LOCK = ".unfinished"  # in the folder of a file that is being written
FULL = "; remove files there, or give a path on another disk"
NOT_YOURS = "; give a path in a folder of your own, or copy the notebook into one and go on there"
ADVICE = {errno.ENOSPC: FULL, errno.EDQUOT: FULL,
          errno.EACCES: NOT_YOURS, errno.EPERM: NOT_YOURS, errno.EROFS: NOT_YOURS}


def _read(path, mode):
    as_text = {"encoding": "utf-8", "errors": "replace"}  # comments may be in any encoding
    try:
        with open(path, mode, **({} if "b" in mode else as_text)) as file:
            return file.read()
    except OSError as error:
        raise NetError(f"Could not open file {os.fspath(path)}: {error}.") from None


def read_text(path, message):
    """Fill a message from a text file (prototxt)."""
    text = _read(path, "r")
    if "\0" in text:
        raise NetError(f"Could not open file {os.fspath(path)}: it is no text.")
    return parse(text, message, str(path))


def read_words(path):
    """The words of a text file, such as the paths that it lists."""
    return _read(path, "r").split()


def read_binary(path, message):
    """Fill a message from a binary file (.caffemodel, .solverstate)."""
    data = _read(path, "rb")
    if not parse_bytes(data, message):
        raise NetError(f"{path} ({len(data)} bytes) is not a whole "
                       f"{message.DESCRIPTOR.name} file.")
    return message


def parse_bytes(data, message):
    """Fill a message from its bytes; False where they are not a whole one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # some versions only warn
            message.ParseFromString(data)
    except (DecodeError, RuntimeWarning, SystemError):  # the last for some texts
        return False
    return True


def write_binary(path, message):
    """Write a message as a binary file, the whole file or nothing."""
    write_whole(path, lambda beside: write_bytes(beside, message))


def write_bytes(path, message):
    """Write a message into a file as it is, for one that is moved to its place later."""
    with open(path, "wb") as file:
        file.write(message.SerializeToString())


def path_of(path):
    """The path of a file as a string; NetError if it is none."""
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fspath(path):
        raise NetError(f"expected the path of a file, like 'net.prototxt', got {path!r}.")
    return os.fspath(path)


def write_whole(path, write):
    """`write(beside)` a file next to `path`, then move it there: the whole file or nothing."""
    return write_together([path], write)[0]


def write_together(paths, write):
    """`write(*besides)` a file next to each path, then move them there, in this order.

    At any moment there is the old or the new whole file under each name, and of two writers the
    files of one. What a killed process left goes when the same file is written again.
    """
    paths = [_writable(path) for path in paths]
    try:
        with HeldBack() as held, ExitStack() as places:
            besides = [places.enter_context(_place_beside(path)) for path in paths]
            with held.let_in():
                write(*besides)
            with _alone_in(os.path.dirname(paths[0])):
                for beside, path in zip(besides, paths):
                    os.replace(beside, path)
    except OSError as error:
        if error.errno in ADVICE:  # h5py's own words for it are many
            reason = os.strerror(error.errno) + ADVICE[error.errno]
        else:
            reason = error.strerror or error
        raise NetError(f"cannot write {paths[0]!r}: {reason}.") from None
    return paths


@contextmanager
def _alone_in(folder):
    """Another one who moves files into the folder waits, where the file system has locks."""
    with ExitStack() as held:
        if flock:
            with suppress(OSError):
                lock = os.open(folder, os.O_RDONLY)
                held.callback(os.close, lock)
                flock(lock, LOCK_EX)
        yield


def _writable(path):
    path = os.path.realpath(path_of(path))  # a link stays one
    if os.path.exists(path) and not os.path.isfile(path):
        raise NetError(f"cannot write {path!r}: it is no file.")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NetError(f"cannot write {path!r}: there is no folder {folder!r}; make it first.")
    return path


@contextmanager
def _place_beside(path):
    """A path of the same name in a folder of its own, which is locked while this writer lives."""
    folder, name = os.path.split(path)
    mark = f".{name[:50]}.unfinished-"  # a name has 255 bytes at most
    _clear(folder, mark)
    own, lock = _locked_folder(folder, mark)
    try:
        yield os.path.join(own, name)
    finally:
        os.close(lock)  # first, for Windows removes no file that is open
        shutil.rmtree(own, ignore_errors=True)


def _locked_folder(folder, mark):
    while True:
        own = tempfile.mkdtemp(prefix=mark, dir=folder)
        path = os.path.join(own, LOCK)
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_CREAT | os.O_RDWR)
            if flock:
                with suppress(OSError):  # a file system without locks, where nobody clears
                    flock(lock, LOCK_EX)
            if os.path.exists(path):
                return own, lock
            os.close(lock)
        # another writer took it for one that was left


def _clear(folder, mark):
    """Remove the folders of writers that were killed."""
    with suppress(OSError):  # one may write into a folder and not list it
        for name in os.listdir(folder):
            if name.startswith(mark):
                _clear_if_left(os.path.join(folder, name))


def _clear_if_left(own):
    path = os.path.join(own, LOCK)
    with suppress(OSError):  # its writer lives, or another one clears it
        if not flock:
            os.remove(path)  # which Windows does only if nobody has it open
            shutil.rmtree(own)
            return
        with open(path, "ab") as lock:
            flock(lock, LOCK_EX | LOCK_NB)
            shutil.rmtree(own)


def to_message(array, message, field="data"):
    """Put an array into a BlobProto."""
    if field == "data" and array.shape:  # a single number has none, as in Caffe
        message.shape.dim.extend(array.shape)
    getattr(message, field).extend(array.ravel().tolist())
    return message


def from_message(message):
    """The array of a BlobProto, also of the old kind with four sizes."""
    data = np.array(message.data or message.double_data, dtype=np.float32)
    shape = tuple(message.shape.dim)
    if of_four_axes(message):
        shape = message.num, message.channels, message.height, message.width
    if min(shape, default=0) < 0 or prod(shape) != data.size:
        raise NetError(f"a blob of shape {shape} has {data.size} numbers in the file, which was "
                       "damaged or cut short.")
    return data.reshape(shape)


def of_four_axes(message):
    """Whether a BlobProto is of the old kind. Source: blob.cpp, FromProto and ShapeEquals"""
    return any(map(message.HasField, ("num", "channels", "height", "width")))

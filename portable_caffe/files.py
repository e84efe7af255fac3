"""Prototxt and binary files, the same as real Caffe's."""
import os
import tempfile
import warnings

import numpy as np
from google.protobuf.message import DecodeError

from .errors import NetError
from .prototxt import parse


def _read(path, mode):
    try:
        with open(path, mode, **({} if "b" in mode else {"encoding": "utf-8"})) as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise NetError(f"Could not open file {os.fspath(path)}: {error}.") from None


def read_text(path, message):
    """Fill a message from a text file (prototxt)."""
    return parse(_read(path, "r"), message, str(path))


def read_binary(path, message):
    """Fill a message from a binary file (.caffemodel, .solverstate)."""
    data = _read(path, "rb")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # some versions only warn
            message.ParseFromString(data)
    except (DecodeError, RuntimeWarning, SystemError):  # the last for some texts
        raise NetError(f"{path} ({len(data)} bytes) is not a whole "
                       f"{message.DESCRIPTOR.name} file.") from None
    return message


def write_binary(path, message):
    """Write a message as a binary file, the whole file or nothing."""
    write_whole(path, lambda beside: _write_bytes(beside, message.SerializeToString()))


def _write_bytes(path, data):
    with open(path, "wb") as file:
        file.write(data)


def path_of(path):
    """The path of a file as a string; NetError if it is none."""
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fspath(path):
        raise NetError(f"expected the path of a file, like 'net.prototxt', got {path!r}.")
    return os.fspath(path)


def write_whole(path, write):
    """`write(beside)` a file next to `path`, then move it there: the whole file or nothing."""
    path = os.path.realpath(path_of(path))  # a link stays one
    if os.path.exists(path) and not os.path.isfile(path):
        raise NetError(f"cannot write {path!r}: it is no file.")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NetError(f"cannot write {path!r}: there is no folder {folder!r}; make it first.")
    try:
        handle, beside = tempfile.mkstemp(suffix=os.path.splitext(path)[1], dir=folder)
        os.close(handle)
    except OSError as error:
        raise NetError(f"cannot write into {folder!r}: {error.strerror}.") from None
    try:
        write(beside)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except OSError as error:
        raise NetError(f"cannot write {path!r}: {error.strerror}.") from None
    finally:
        if os.path.exists(beside):  # it was not moved
            os.remove(beside)
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def to_message(array, message, field="data"):
    """Put an array into a BlobProto."""
    if field == "data":
        message.shape.dim.extend(array.shape)
    getattr(message, field).extend(array.ravel().tolist())
    return message


def from_message(message):
    """The array of a BlobProto, also of the old kind with four sizes."""
    data = np.array(message.data or message.double_data, dtype=np.float32)
    if message.HasField("shape"):
        return data.reshape(tuple(message.shape.dim))
    sizes = (message.num, message.channels, message.height, message.width)
    return data.reshape(sizes) if message.HasField("num") else data

"""Prototxt and binary files, the same as real Caffe's."""
import os
import re
import tempfile
import warnings

import numpy as np
from google.protobuf import text_format
from google.protobuf.message import DecodeError

from .errors import NetError, did_you_mean


def _read(path, mode):
    try:
        with open(path, mode, **({} if "b" in mode else {"encoding": "utf-8"})) as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise NetError(f"Could not open file {os.fspath(path)}: {error}.") from None


def read_text(path, message):
    """Fill a message from a text file (prototxt)."""
    text = _read(path, "r")
    if not text.strip():
        raise NetError(f"{path} is empty; expected a prototxt.")
    try:
        return text_format.Parse(text, message)
    except text_format.ParseError as error:
        number = error.GetLine() or 1
        line = text.splitlines()[number - 1].strip()[:200]
        raise NetError(f"{path}, line {number}: {error}\n    {line}"
                       + _near_word(str(error), message.DESCRIPTOR.file)) from None


def _near_word(said, file):
    """For 'Message type "M" has no field named "x"', and for enums: what M knows."""
    found = re.search(r'ype "\w+\.(\w+)(?:\.(\w+))?" has no (?:field|value) named "?(\w+)', said)
    if not found:
        return ""
    message = file.message_types_by_name[found[1]]
    known = list(message.enum_types_by_name[found[2]].values_by_name if found[2]
                 else message.fields_by_name)
    return f"\nKnown here: {', '.join(known)}.{did_you_mean(found[3], known)}"


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
    """Write a message beside the file and move it into place: whole file or nothing."""
    path, beside = os.path.abspath(os.fspath(path)), ""
    try:
        handle, beside = tempfile.mkstemp(dir=os.path.dirname(path))
        with os.fdopen(handle, "wb") as file:
            file.write(message.SerializeToString())
        os.replace(beside, path)
    except OSError as error:
        raise NetError(f"cannot write {path}: {error.strerror}.") from None
    finally:
        if os.path.exists(beside):  # it was not moved
            os.remove(beside)


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

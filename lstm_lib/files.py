"""How is a file read or written, so that a mistake raises and no half file stays?"""
import os

from portable_caffe.files import path_of, write_whole

from .errors import NetError

__all__ = ["read_bytes", "read_text", "readable", "without_mark", "write_whole"]


def read_text(path):
    """The text of a file, or a NetError that says why not.

    A comment may stand in any encoding, as for Caffe: what is not UTF-8 becomes a question mark.
    """
    text = _read(path, encoding="utf-8-sig", errors="replace")  # Notepad begins with a mark
    if "\0" in text:
        raise NetError(f"{path} is no text; expected a prototxt file.")
    return text


def read_bytes(path):
    """The bytes of a file, or a NetError that says why not."""
    return _read(path, mode="rb")


def _read(path, size=-1, **how):
    path = readable(path)
    try:
        with open(path, **how) as file:
            return file.read(size)
    except OSError as error:
        raise NetError(f"{path!r} cannot be read: {error.strerror}.") from None


def without_mark(path):
    """The path, of a file that Caffe itself will read; it stumbles over a byte order mark."""
    if _read(path, 3, mode="rb") == b"\xef\xbb\xbf":
        raise NetError(f"{path!r} begins with a byte order mark, as Notepad writes it, which "
                       "Caffe does not read: save it as plain UTF-8, or use load_net(path).")
    return path_of(path)


def readable(path):
    """The path as a string, or a NetError that says why it cannot be read."""
    path = path_of(path)
    if not os.path.exists(path):
        where = os.path.dirname(os.path.abspath(path))
        raise NetError(f"there is no file {path!r} (looked in {where}).")
    if os.path.isdir(path):
        raise NetError(f"{path!r} is a folder; expected a file.")
    if not os.path.isfile(path):
        raise NetError(f"{path!r} is a device, not a file.")
    if not os.access(path, os.R_OK):
        raise NetError(f"{path!r} may not be read by this user; see its permissions.")
    return path

"""How is a file read or written, so that a mistake raises and no half file stays?"""
import os
import tempfile

from .errors import NetError


def read_text(path):
    """The text of a file, or a NetError that says why not."""
    try:
        with open(readable(path), encoding="utf-8-sig") as file:  # Notepad begins with a mark
            return file.read()
    except UnicodeDecodeError:
        raise NetError(f"{path} is no text; expected a prototxt file.") from None


def without_mark(path):
    """The path, of a file that Caffe itself will read; it stumbles over a byte order mark."""
    path = readable(path)
    with open(path, "rb") as file:
        if file.read(3) == b"\xef\xbb\xbf":
            raise NetError(f"{path!r} begins with a byte order mark, as Notepad writes it, which "
                           "Caffe does not read: save it as plain UTF-8, or use load_net(path).")
    return path


def readable(path):
    """The path as a string, or a NetError that says why it cannot be read."""
    path = _as_path(path)
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


def _as_path(path):
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fspath(path):
        raise NetError(f"expected the path of a file, like 'net.prototxt', got {path!r}.")
    return os.fspath(path)


def in_place_of(path, write):
    """`write(beside)` a file next to `path`, then move it there: whole file or nothing."""
    path = os.path.realpath(_as_path(path))  # a link stays one
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
        if os.path.exists(beside):
            os.remove(beside)
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask

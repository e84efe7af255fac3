"""What stands in a solver's file, and which of its lines an error is about."""
import glob
import os
import re

from portable_caffe.files import parse_bytes
from portable_caffe.prototxt import parse
from portable_caffe.snapshots import name_snapshots

from ..errors import NetError
from ..files import read_bytes, read_text, readable

LINE = re.compile(r"""\s*(\w+)\s*:\s*(?:(["'])(.*?)\2|\S+)""")  # field: value, or field: "text"


class SolverFile:
    """A solver's file: `options`, its SolverParameter, and errors that name its lines."""

    def __init__(self, caffe, path):
        self._text, self.name = read_text(path), os.path.basename(path)
        try:
            self.options = parse(self._text, caffe.proto.caffe_pb2.SolverParameter(), self.name)
        except NetError as error:
            raise NetError(f"Caffe makes no solver of {path!r}: {error}") from None
        name_snapshots(self.options, os.path.splitext(path)[0])

    def placed(self, error):
        """The error with the lines whose field, or whose text, it speaks of."""
        said, places = str(error), []
        for number, line in enumerate(self._text.splitlines(), 1):
            found = LINE.match(line)
            if found and (_speaks_of(said, found[1]) or _speaks_of(said, found[3] or "")):
                places.append(f"line {number}, {found[0].strip()}")
        return NetError(f"{said}\nIn {self.name}: {'; '.join(places)}." if places else said)


def _speaks_of(said, word):
    return len(word) > 2 and re.search(rf"(?<!\w){re.escape(word)}(?![\w/])", said, re.I)


def state_path(path):
    """The path of a solver state, or a NetError that says which ones are in that folder."""
    try:
        return readable(path)
    except NetError as error:
        there = _states_beside(path)
        if not there:
            raise
        raise NetError(f"{error}{there}") from None


def check_is_state(caffe, path, error):
    """Raise this error, with what would be right where the file holds weights."""
    weights = caffe.proto.caffe_pb2.NetParameter()
    if ".caffemodel" in os.path.basename(path) or parse_bytes(read_bytes(path), weights) and any(
            layer.blobs for layer in [*weights.layer, *weights.layers]):
        raise NetError(f"{path!r} holds the weights of a net; a .solverstate is wanted, as "
                       "solver.snapshot() writes it. To take the weights alone: "
                       f"solver.net.copy_from({path!r}).{_states_beside(path)}") from None
    raise NetError(f"{path!r} does not fit this solver: {error}") from None


def _states_beside(path):
    folder = glob.escape(os.path.dirname(path)) if isinstance(path, (str, os.PathLike)) else ""
    found = sorted(map(os.path.basename, glob.glob(os.path.join(folder, "*.solverstate*"))))
    return f" There: {', '.join(found[-6:])}." if found else ""

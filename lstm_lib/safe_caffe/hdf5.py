"""The files that an HDF5Data layer reads, each looked at once, before the first is used."""
import os

from .base import net_of_one
from .child import Died, in_child
from .pycaffe import real
from .resources import file_with
from ..errors import NetError

MOST = 1 << 30  # bytes that are read beforehand; what a list names beyond them is not


def check_rows(layer, asked):
    """Raise where rows differ in length from file to file; Caffe copies them all the same.

    `asked` is the layer's source: a file that lists files. They exist.
    """
    with open(asked, encoding="utf-8", errors="surrogateescape") as file:
        paths, size, first = file.read().split(), 0, None
    for path in dict.fromkeys(paths):
        size += os.path.getsize(path)
        if len(paths) == 1 or size > MOST:
            return
        rows = _rows(layer, path)
        first = first or rows
        if rows and rows != first:
            raise NetError(f"layer {layer.name!r} (HDF5Data): a row has the shapes {first} in "
                           f"{paths[0]!r}, and {rows} in {path!r}; all files of {asked!r} need "
                           "rows of one length.")


def _rows(layer, path):
    """Top -> shape of a row in this file; None where Caffe cannot read it, as it will say."""
    spec = net_of_one(real, layer)
    with file_with(path) as listed:
        spec.layer[0].hdf5_data_param.source = listed
        with file_with(str(spec)) as net:
            try:
                return in_child(lambda: {name: list(blob.shape)[1:] for name, blob in
                                         real.Net(net, real.TEST).blobs.items()})
            except (Died, RuntimeError):
                return None

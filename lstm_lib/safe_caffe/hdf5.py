"""The files that an HDF5Data layer reads, each looked at before the first is used."""
from portable_caffe import hdf5

from ..errors import NetError


def check_rows(layer, paths):
    """Raise where rows differ in length from file to file; Caffe copies them all the same."""
    first = None
    for path in dict.fromkeys(paths):
        rows = _rows(layer, path)
        first = first or rows
        if rows and rows != first:
            raise NetError(f"layer {layer.name!r} (HDF5Data): a row has the shapes {first} in "
                           f"{paths[0]!r}, and {rows} in {path!r}; all files of "
                           f"{layer.hdf5_data_param.source!r} need rows of one length.")


def _rows(layer, path):
    """Top -> shape of a row in this file; None where it cannot be read, as Caffe will say."""
    try:
        return hdf5.read(path, lambda file: {top: list(getattr(file[top], "shape", ())[1:])
                                             for top in layer.top})
    except NetError:
        return None

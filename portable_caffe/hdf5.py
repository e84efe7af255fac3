"""HDF5 files: the weights of a net, and the numbers that data layers read and write.

They need h5py, which is looked for when the first such file is opened.
"""
import os

import numpy as np

from . import files
from .caffemodel import OTHER_NET
from .errors import NetError
from .interrupts import HeldBack

SIGNATURE = b"\x89HDF\r\n\x1a\n"  # how such a file begins


def _h5py():
    try:
        import h5py
    except ImportError as error:
        raise NetError(f"HDF5 files are read and written by h5py, which is not here ({error}): "
                       "pip install h5py") from None
    return h5py


def is_hdf5(path):
    """Does the file begin as HDF5 does?"""
    try:
        with open(files.path_of(path), "rb") as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def read(path, take):
    """`take(file)` of an HDF5 file; NetError where there is none, or what it holds is no use."""
    path = files.path_of(path)
    try:
        return _with_file(path, "r", take)
    except NetError:
        raise
    except (OSError, RuntimeError, LookupError, TypeError, ValueError, AttributeError) as error:
        # what h5py makes of HDF5's errors, and of a dataset where a group should be
        raise NetError(f"Could not read the HDF5 file {path}: {error}.") from None


def write(path, fill):
    """`fill(file)` a new HDF5 file, which replaces `path`: the whole file or nothing."""
    _h5py()
    files.write_whole(path, lambda beside: make(beside, fill))


def make(path, fill):
    """`fill(file)` a new HDF5 file as it is, for one that is moved to its place later."""
    try:
        _with_file(path, "w", fill)
    except (ValueError, RuntimeError) as error:  # a name twice, for instance
        raise NetError(f"cannot write {os.path.basename(path)!r}: {error}.") from None


def change(path, work):
    """`work(file)` in an HDF5 file that is there."""
    _with_file(path, "r+", work)


def _with_file(path, mode, work):
    """Ctrl-C waits: where h5py's objects go, functions of Python's run, which swallow it."""
    h5py = _h5py()
    with HeldBack():
        return _work_in(h5py, path, mode, work)


def _work_in(h5py, path, mode, work):
    """A function of its own, for `file` is one of these objects and goes at its end."""
    with h5py.File(path, mode) as file:
        return work(file)


def numbers(group, name):
    """A dataset as a float32 array. Source: hdf5.cpp, hdf5_load_nd_dataset"""
    data = group[name]
    if not hasattr(data, "dtype") or data.dtype.kind not in "fiu":
        raise NetError(f"{name!r} in {group.file.filename} holds no numbers.")
    return np.asarray(data[()], np.float32)


def weights_of(net, write_diff=False):
    """What fills a file: each weight once, as data/LAYER/0, 1, ... of its owner, in float32.

    With `write_diff` also all gradients, as diff/LAYER/0, 1, ... Source: net.cpp, ToHDF5
    """
    for name in net._layer_names:
        if "/" in name:
            raise NetError(f"HDF5 takes '/' in a name for a folder, and layer {name!r} has one. "
                           "Use save(path) instead.")
    owned = {id(weight.blob) for weight in net._graph.weights}

    def fill(file):
        for side in ("data", "diff")[:1 + write_diff]:
            for node in net._nodes:
                group = file.create_group(f"{side}/{node.spec.name}")
                for index, blob in enumerate(node.layer.blobs):
                    if side == "diff" or id(blob) in owned:
                        group[str(index)] = getattr(blob, side)

    return fill


def load(net, path):
    """Give the layers of a net the weights of those with the same names in an HDF5 file.

    Layers that the file lacks keep theirs; if one does not fit, all do.
    Source: net.cpp, CopyTrainedLayersFromHDF5
    """
    owned = {id(weight.blob) for weight in net._graph.weights}

    def find(file):
        if "data" not in file:
            raise NetError(f"Error reading weights from {path}: it has no group 'data'.")
        return [pair for name, group in file["data"].items() if name in net.layer_dict
                for pair in _fitting(name, group, net.layer_dict[name].blobs, owned)]

    for blob, array in read(path, find):
        blob.data[...] = array


def _fitting(name, group, blobs, owned):
    """Each blob of a layer and the array for it; NetError where one has another shape."""
    if len(group) > len(blobs):
        raise NetError(f"Incompatible number of blobs for layer {name}: {len(group)} in the file, "
                       f"{len(blobs)} here. {OTHER_NET}")
    for index, blob in enumerate(blobs):
        if str(index) in group:
            array = numbers(group, str(index))
            if array.shape != blob.shape:
                raise NetError(f"Cannot copy param {index} weights from layer {name!r}; shape "
                               f"mismatch. {OTHER_NET}\nGiven: {array.shape} in the file, "
                               f"{blob.shape} here.")
            yield blob, array
        elif id(blob) in owned:  # else it is that of another layer
            raise NetError(f"Incompatible number of blobs for layer {name}: the file has no "
                           f"{index}. {OTHER_NET}")

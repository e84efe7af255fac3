"""What layers read from files while a net runs, read once before it is built.

The threads of Data, ImageData and WindowData layers read ahead, and end the process at a
record that is of no use; HDF5Data does so when its turn comes.
"""
import mmap
import os
from math import gcd, prod

from google.protobuf.message import DecodeError

from .child import Died, in_child
from .hdf5 import check_rows
from .listed import listed_files
from .lmdb import records
from .pycaffe import real
from .resources import file_with
from .sources import check_sources
from .windows import Windows
from ..errors import NetError

MOST = 1 << 27  # bytes that are read; what comes behind them is not
Datum, Data = real.proto.caffe_pb2.Datum, real.proto.caffe_pb2.DataParameter


def check_files(net):
    """Raise where a layer of a NetParameter will read what ends the process, or any memory."""
    check_sources(net)
    for layer in net.layer:
        if layer.type in CHECKS:
            CHECKS[layer.type][1](layer)


def _check_hdf5(layer):
    check_rows(layer, listed_files(layer))


def _check_images(layer):
    options, paths = layer.image_data_param, listed_files(layer)
    first = _first(paths)
    _check_batches(layer, options.batch_size, _shapes(layer, first), whole=first == paths,
                   mixed=options.shuffle or options.rand_skip)


def _check_windows(layer):
    windows, one = Windows(layer), type(layer)(name=layer.name, type="ImageData")
    paths = _first(listed_files(layer))
    with file_with("".join(f"{path} 0\n" for path in windows.pictures)) as source:
        one.top.extend(("data", "label"))
        one.image_data_param.source = source
        one.image_data_param.root_folder = layer.window_data_param.root_folder
        windows.check([shape[1:] for shape in _shapes(one, paths, layer.type)])


def _check_database(layer):
    if layer.data_param.backend != Data.LMDB:
        return
    keys, shapes, encoded, whole = _asked(layer, lambda: _datums(layer))
    if encoded or any(shape != shapes[0] for shape in shapes):
        shapes = _shapes(layer, keys)
    _check_batches(layer, layer.data_param.batch_size, shapes, whole, layer.data_param.rand_skip)


def _datums(layer):
    """Keys and shapes of records; is one a picture, still to be decoded; are these all records."""
    keys, shapes, size, encoded = [], [], 0, False
    for key, value in records(layer.data_param.source):
        size += len(value)
        if size > MOST:
            return keys, shapes, encoded, False
        keys.append("record " + repr(key)[1:])
        try:
            datum = Datum.FromString(value)
        except DecodeError:
            raise _wrong(layer, f"{keys[-1]} is no whole Datum") from None
        shape = [datum.channels, datum.height, datum.width]
        held = len(datum.data) or len(datum.float_data)
        if not datum.encoded and not 0 < prod(shape) <= held:
            raise _wrong(layer, f"{keys[-1]} has the shape {tuple(shape)} and holds {held} "
                                "numbers")
        shapes.append(shape)
        encoded |= datum.encoded
    return keys, shapes, encoded, True


def _first(paths):
    """As many files as are read beforehand."""
    size = 0
    for place, path in enumerate(paths):
        size += os.path.getsize(path)
        if size > MOST:
            return paths[:place]
    return paths


def _shapes(layer, records, kind=None):
    """Shapes of the records, as the layer gives them one by one to a net in a child process."""
    spec, now = real.proto.caffe_pb2.NetParameter(layer=[layer]), mmap.mmap(-1, 8)
    one = spec.layer[0]
    del one.include[:], one.exclude[:]
    options = getattr(one, CHECKS[layer.type][0])
    options.batch_size, options.rand_skip, one.data_param.prefetch = 1, 0, 1  # none is read ahead
    if layer.type == "ImageData":
        options.shuffle = False

    def read():
        net, shapes = real.Net(path, real.TEST), []
        for place in range(len(records)):
            now[:] = place.to_bytes(8, "little")
            net._forward(0, 0)
            shapes.append(list(net._blobs[0].shape)[1:])
        return shapes

    with file_with(str(spec)) as path:
        return _asked(layer, read, lambda: f"{records[int.from_bytes(now[:], 'little')]}: ", kind)


def _asked(layer, work, where=str, kind=None):
    """What `work()` returns in a child process; NetError that names the layer where it dies."""
    try:
        return in_child(work)
    except Died as died:
        raise _wrong(layer, f"{where()}{died}", kind) from None


def _wrong(layer, what, kind=None):
    return NetError(f"layer {layer.name!r} ({kind or layer.type}) cannot read its source: {what}.")


def _check_batches(layer, batch, shapes, whole, mixed):
    """Raise where records of two shapes come into one batch, which takes the first's.

    After the last record comes the first, if these are the `whole` source.
    """
    other = next((shape for shape in shapes if shape != shapes[0]), None)
    if batch < 2 or other is None:
        return
    count = len(shapes)
    begins = range(0, count, gcd(count, batch)) if whole else range(0, count - batch + 1, batch)
    for first in begins:
        rows = [shapes[(first + place) % count] for place in range(batch)]
        other = next((row for row in rows if row != rows[0]), None if not mixed else other)
        if other:
            raise NetError(f"layer {layer.name!r} ({layer.type}): records of the shapes "
                           f"{tuple(rows[0])} and {tuple(other)} come into one batch, of "
                           f"{batch}; give them one size, or batch_size: 1.")


CHECKS = {"HDF5Data": ("hdf5_data_param", _check_hdf5),
          "ImageData": ("image_data_param", _check_images),
          "WindowData": ("window_data_param", _check_windows),
          "Data": ("data_param", _check_database)}

"""Arrays that Python keeps of a blob's numbers: never freed, and never written into in vain.

pycaffe's `blob.data` points into memory that Caffe frees when the blob grows, or when its
layer lets it use another blob's. Here each array holds that memory by a blob of its own,
and one that is the net's no longer is made read-only.
"""
from portable_caffe.references import remember

from .child import Died, in_child
from .pycaffe import real
from .resources import file_with, room
from ..errors import NetError

FORWARD_SHARES = {"Split", "Flatten", "Permute", "Parameter"}  # let tops use other memory
EXPOSES = {"LSTM", "RNN"}  # do so with the states that they expose, which are further tops
BACKWARD_SHARES = {"Flatten", "Permute"}  # let a bottom's gradient use the memory of the top's
LENDS = {"MemoryData", "Data", "ImageData", "WindowData"}  # tops point to what these read
SPARE = 1 << 23  # bytes; with less left it is tried whether they are free
RESHAPE = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }
             layer { name: "y" type: "Reshape" bottom: "x" top: "y"
                     reshape_param { shape { dim: -1 } } }"""

_theirs = {side: getattr(real._caffe.Blob, side).fget for side in ("data", "diff")}
_add_blob, _append = real._caffe.BlobVec.add_blob, real._caffe.RawBlobVec.append
_kept = set()  # references to arrays, about (blob, side); `keep` and `release` write here


def _sharing_layer():
    """A layer whose `reshape` lets one blob use the memory of another: there is no other way."""
    with file_with(RESHAPE) as path:
        return real.Net(path, real.TEST)


_net = _sharing_layer()
_share = _net.layers[1].reshape


def keep(blob, side):
    """The blob's numbers or gradients as an array that lives as long as it is held."""
    _check_free(blob, side)
    if side == "data" and "lent" in vars(blob):  # by a layer that takes it back
        return _read_only(_theirs[side](blob).copy())
    blobs = real._caffe.BlobVec()
    _add_blob(blobs, 1)
    _share(vector([blob]), vector([blobs[0]]))
    array = _theirs[side](blobs[0]).reshape(tuple(blob.shape))
    if "of_layer" not in vars(blob):  # what a Python layer is given does not outlive its net
        remember(array, _kept, (blob, side))
    return array


def vector(blobs):
    """Blobs as a layer's `reshape` takes them."""
    found = real._caffe.RawBlobVec()
    for blob in blobs:
        _append(found, blob)
    return found


def _read_only(array):
    array.flags.writeable = False
    return array


def _check_free(blob, side):
    """Raise where memory is too little for numbers that have none yet; Caffe would die of it."""
    size, held = 4 * max(blob.count, getattr(blob, "most", 0)), vars(blob).setdefault("held", {})
    if size <= held.get(side, 0):
        return
    if size + SPARE > room():
        try:
            in_child(lambda: bool(_theirs[side](blob).size))
        except Died:
            raise NetError(f"this blob of the shape {tuple(blob.shape)} needs {size / 1e9:.2g} GB, "
                           f"and they are not free.") from None
    held[side] = size


def raw_array(blob, side):
    """The blob's memory itself, for a moment; it may be freed at the next call of Caffe."""
    return _theirs[side](blob)


def address(array):
    """Where in memory the array begins."""
    return array.__array_interface__["data"][0]


def release():
    """Arrays that are a net's no longer, after a call that may have moved blobs, are read-only."""
    for reference in list(_kept):
        array, (blob, side) = reference(), reference.about
        if array is not None and not (  # a larger blob may have moved, and have no memory yet
                0 < blob.count <= array.size
                and address(raw_array(blob, side)) == address(array)):
            _read_only(array)
            _kept.discard(reference)


def settle(net):
    """Let blobs move now that move at a net's first pass, so that arrays stay the net's.

    What these layers compute here, the pass computes again.
    """
    net._silent, kinds = True, [layer.type for layer in net.layers]
    for place, kind in enumerate(kinds):
        tops, bottoms = real.Net._top_ids(net, place), real.Net._bottom_ids(net, place)
        if (kind in FORWARD_SHARES or kind in EXPOSES and len(tops) > 1) and all(
                net.blobs[net._blob_names[number]].count for number in [*tops, *bottoms]):
            real.Net._forward(net, place, place)
    for place, kind in reversed(list(enumerate(kinds))):
        if kind in BACKWARD_SHARES:
            real.Net._backward(net, place, place)
    net._silent = False


def mark_lent(net):
    """Note the blobs whose numbers lie in memory that a layer takes back at the next batch."""
    lent = {address(raw_array(blob, "data")) for blob in _tops(net, LENDS) if blob.count}
    for blob in net.blobs.values() if lent else ():
        if blob.count and address(raw_array(blob, "data")) in lent:
            blob.lent = True


def blank(net, kinds):
    """Write zeros, which are labels too, into the tops of layers of these types."""
    for blob in _tops(net, kinds):
        if blob.count:
            raw_array(blob, "data")[...] = 0


def _tops(net, kinds):
    names = net._blob_names
    return [net.blobs[names[top]] for place, layer in enumerate(net.layers)
            if layer.type in kinds for top in real.Net._top_ids(net, place)]

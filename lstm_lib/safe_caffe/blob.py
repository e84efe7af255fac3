"""Blobs that refuse a shape Caffe would die of, and that are known to have a new one."""
from math import prod

import numpy as np

from portable_caffe.blob_shape import LEGACY, checked_shape, legacy_size

from .memory import keep, release
from ..errors import NetError

changes = 0  # how often Python gave a blob a shape, only then nets need a look; set here alone


def make_blobs_safe(caffe):
    """Put a check in front of `Blob.reshape` and what changes the blobs of a layer."""
    blob, vector = caffe._caffe.Blob, caffe._caffe.BlobVec
    blob.reshape = _checked(blob.reshape)
    vector.add_blob = _checked(vector.add_blob)
    vector.__delitem__ = _refused
    for name in ("__setitem__", "append", "extend"):
        setattr(vector, name, _not_replaced)
    for of_net in (caffe._caffe.LayerVec, caffe._caffe.RawBlobVec):
        for name in ("__setitem__", "__delitem__", "append", "extend"):
            setattr(of_net, name, _not_changed)
    _mark_items(caffe._caffe.RawBlobVec)
    for side in ("data", "diff"):
        setattr(blob, side, _side(side, getattr(blob, side).__doc__))
    for axis, name in enumerate(LEGACY):  # Caffe dies where there are more than four
        setattr(blob, name, legacy_size(axis, name))


def _checked(set_shape):
    def checked(blob, *dims):
        """Give the blob a shape; `NetError` for one that Caffe would die of."""
        global changes
        dims = checked_shape(dims)
        if tuple(getattr(blob, "shape", ())) != dims:
            changes += 1
            blob.most = max(prod(dims), getattr(blob, "count", 0), getattr(blob, "most", 0))
            # for Caffe never gives room back
        set_shape(blob, *dims)
        release()

    return checked


def _side(side, doc):
    """The property `data` or `diff`; Caffe dies where a blob has never had memory."""
    def read(blob):
        if not blob.count and len(blob.shape):
            return np.zeros(tuple(blob.shape), np.float32)
        if not blob.count:
            raise NetError(f"this blob has the shape {tuple(blob.shape)} and holds no number; give "
                           "its layer a shape, like input_param { shape { dim: 3 dim: 2 } }, or "
                           "reshape it.")
        return keep(blob, side)

    def write(blob, array):
        raise NetError(f"write numbers *into* a blob: blob.{side}[...] = array.")

    return property(read, write, doc=doc)


def _mark_items(vector):
    """The blobs that a Python layer is given are known as such: they do not outlive its net."""
    item = vector.__getitem__

    def marked(blobs, place):
        blob = item(blobs, place)
        if not isinstance(place, slice):
            blob.of_layer = True
        return blob

    vector.__getitem__ = marked
    vector.__iter__ = lambda blobs: (blobs[place] for place in range(len(blobs)))


def _not_changed(vector, *given):
    """The layers of a net, and the blobs of a layer, are what the net was built from."""
    raise NetError("the layers of a net and their blobs cannot be changed; build another net.")


def _not_replaced(blobs, *array):
    """Another blob in the place of a weight would have another size than its layer works with."""
    raise NetError("a weight cannot be put in the place of another; write its numbers, "
                   "net.params[layer][0].data[...] = array, or share weights by param { name } or "
                   "net.share_with(other).")


def _refused(blobs, place):
    """A layer cannot do without its blobs."""
    raise NetError("the blobs of a layer cannot be taken away; build a net without the layer.")

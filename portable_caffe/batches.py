"""Many batches, one after the other."""
from itertools import zip_longest

import numpy as np

from .errors import NetError, did_you_mean


class Batches:
    """The part of a net that runs more than its batch."""

    def forward_all(self, blobs=None, **inputs):
        """`caffe.Net.forward_all`: many batches, one after the other."""
        check_batches(self, self.inputs, inputs)
        found = Gathered(self, inputs)
        for batch in batches(self, inputs):
            found.add(self.forward(blobs, **batch))
        return found.joined()

    def forward_backward_all(self, blobs=None, diffs=None, **arrays):
        """`caffe.Net.forward_backward_all`: many batches, forward and backward."""
        check_batches(self, [*self.inputs, *self.outputs], arrays)
        found, gradients = Gathered(self, arrays), Gathered(self, arrays)
        ways = [batches(self, {name: arrays[name] for name in names if name in arrays})
                for names in (self.inputs, self.outputs)]
        for forward, backward in zip_longest(*ways, fillvalue={}):
            found.add(self.forward(blobs, **forward))
            gradients.add(self.backward(diffs, **backward))
        return found.joined(), gradients.joined()


def batches(net, arrays):
    """Name -> array of a batch, for one batch after the other; the last is filled up with 0."""
    count = len(next(iter(arrays.values()), ()))
    size = next(iter(net.blobs.values())).shape[0]
    for first in range(0, count, size):
        parts = {name: np.asarray(array[first:first + size]) for name, array in arrays.items()}
        yield {name: np.concatenate([part, np.zeros((size - len(part), *part.shape[1:]))])
               for name, part in parts.items()}


def check_batches(net, known, arrays):
    """Raise unless arrays are given by name, each a number of whole batches or parts."""
    if not arrays:
        raise NetError(f"give arrays by name, for {', '.join(known) or 'no blobs'}.")
    leading = next(iter(net.blobs))
    if not net.blobs[leading].count or not len(net.blobs[leading].shape):
        raise NetError(f"batches are cut along the first axis, and {leading!r} has the shape "
                       f"{tuple(net.blobs[leading].shape)}.")
    for name, array in arrays.items():
        if name not in known:
            raise NetError(f"{name!r} is none of {', '.join(known)}." + did_you_mean(name, known))
        first = next(iter(arrays.values()))
        if np.shape(array)[:1] != np.shape(first)[:1]:
            raise NetError(f"all arrays need one length, got {shape_or_type(first)} and "
                           f"{shape_or_type(array)} for {name!r}.")
        if tuple(net.blobs[name].shape)[:1] != tuple(net.blobs[leading].shape)[:1]:
            raise NetError(f"batches are cut along the first axis, and that of {name!r} is another "
                           f"than that of {leading!r}; use forward() for each batch.")
        fits = tuple(net.blobs[name].shape)[1:]
        if np.shape(array)[1:] != fits or not np.ndim(array):
            raise NetError(f"the blob {name!r} takes batches of shape (any, *{fits}), "
                           f"got {shape_or_type(array)}.")


class Gathered:
    """What many batches gave, one after the other, without what filled up the last one.

    pycaffe cuts every blob by the length of whichever comes first, also those whose first axis
    is no batch.
    """

    def __init__(self, net, arrays):
        name, array = next(iter(arrays.items()))
        self._size, self._given, self._parts = net.blobs[name].shape[0], len(array), {}

    def add(self, found):
        """Keep the arrays of a batch; of a single number, one for each batch."""
        for name, array in found.items():
            self._parts.setdefault(name, []).append(np.array(array, ndmin=1))

    def joined(self):
        """Name -> array."""
        return {name: np.concatenate(parts)[:self._given if len(parts[0]) == self._size else None]
                for name, parts in self._parts.items()}


def shape_or_type(array):
    """What was given instead, in few words."""
    return f"shape {np.shape(array)}" if isinstance(array, np.ndarray) else repr(array)[:60]

"""Arrays that are given to a net by name."""
from collections import OrderedDict

import numpy as np

from ..errors import NetError, did_you_mean


def write_into(net, known, what, arrays):
    """Write arrays, given by name, into the data or diff of inputs or outputs."""
    for name, array in arrays.items():
        if name not in known:
            raise NetError(f"{name!r} is none of {', '.join(known) or 'no blobs'}."
                           + did_you_mean(name, known))
        try:
            getattr(net.blobs[name], what)[...] = array
        except (TypeError, ValueError):
            shape = tuple(net.blobs[name].shape)
            raise NetError(f"the blob {name!r} takes numbers of shape {shape}, "
                           f"got {_shape_or_type(array)}.") from None


def check_batches(net, known, arrays):
    """Raise unless arrays are given by name, each a number of whole batches or parts."""
    if not arrays:
        raise NetError(f"give arrays by name, for {', '.join(known) or 'no blobs'}.")
    for name, array in arrays.items():
        if name not in known:
            raise NetError(f"{name!r} is none of {', '.join(known)}." + did_you_mean(name, known))
        first = next(iter(arrays.values()))
        if np.shape(array)[:1] != np.shape(first)[:1]:
            raise NetError(f"all arrays need one length, got {len(first)} and "
                           f"{_shape_or_type(array)} for {name!r}.")
        leading = next(iter(net.blobs))
        if tuple(net.blobs[name].shape)[:1] != tuple(net.blobs[leading].shape)[:1]:
            raise NetError(f"batches are cut along the first axis, and that of {name!r} is another "
                           f"than that of {leading!r}; use forward() for each batch.")
        fits = tuple(net.blobs[name].shape)[1:]
        if np.shape(array)[1:] != fits or not np.ndim(array):
            raise NetError(f"the blob {name!r} takes batches of shape (any, *{fits}), "
                           f"got {_shape_or_type(array)}.")


class Fixed(OrderedDict):
    """The blobs or weights of a net by name: `net.blobs[name] = array` would write nothing."""

    def __init__(self, items, how):
        super().__init__()
        for name, value in items:
            super().__setitem__(name, value)
        self._how = how

    def copy(self):
        """An ordinary dict of the same."""
        return OrderedDict(self)

    __copy__ = copy

    def __or__(self, other):
        return {**self, **other}

    def __setitem__(self, name, value):
        raise NetError(f"write numbers *into* a blob: {self._how.format(name)}.data[...] = array.")


def fixed(net):
    """`Fixed` blobs and weights of a net."""
    return (Fixed(net.blobs.items(), "net.blobs[{0!r}]"),
            Fixed(net.params.items(), "net.params[{0!r}][0]"))


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


def _shape_or_type(array):
    return f"shape {np.shape(array)}" if isinstance(array, np.ndarray) else repr(array)[:60]

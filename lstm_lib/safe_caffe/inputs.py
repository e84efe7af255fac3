"""Arrays that are given to a net by name."""
from collections import OrderedDict

import numpy as np

from portable_caffe.errors import NoSuchName
from portable_caffe.prepare import names_left_out

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
                           f"got {shape_or_type(array)}.") from None


def listed(names):
    """Names of blobs as a list, which pycaffe wants."""
    if not isinstance(names, (list, tuple, type(None))) or not all(
            isinstance(name, str) for name in names or ()):
        raise NetError(f"the blobs to return are a list of names, got {names!r}.")
    return list(names or ())


class Fixed(OrderedDict):
    """The blobs or weights of a net by name: `net.blobs[name] = array` would write nothing."""

    def __init__(self, items, how, elsewhere=()):
        super().__init__()
        self._elsewhere = elsewhere  # name -> where it is, if not in this net
        for name, value in items:
            super().__setitem__(name, value)
        self._how = how

    def copy(self):
        """An ordinary dict of the same."""
        return OrderedDict(self)

    __copy__ = copy

    def __or__(self, other):
        return {**self, **other}

    def __missing__(self, name):
        if name in self._elsewhere:
            raise NoSuchName(f"this net has no {self._how.format(name)}. {self._elsewhere[name]}",
                             name)
        raise NoSuchName(f"this net has no {self._how.format(name)}; it has "
                         f"{', '.join(map(repr, list(self)[:9])) or 'none'}.", name, self)

    def __setitem__(self, name, value):
        raise NetError(f"write numbers *into* a blob: {self._how.format(name)}.data[...] = array.")


def fixed(net):
    """`Fixed` blobs and weights of a net."""
    blobs, layers = names_left_out(net.spec, net.state)
    return (Fixed(net.blobs.items(), "net.blobs[{0!r}]", blobs),
            Fixed(net.params.items(), "net.params[{0!r}][0]", layers))


def shape_or_type(array):
    """What was given instead, in few words."""
    return f"shape {np.shape(array)}" if isinstance(array, np.ndarray) else repr(array)[:60]

"""Arrays that are given to a net by name."""
from collections import OrderedDict
from functools import cached_property

from portable_caffe.batches import shape_or_type
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


class Named(OrderedDict):
    """What a net has by name; a wrong name is answered with the nearest one."""

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

    def __repr__(self):
        return repr(OrderedDict(self))

    def __reduce__(self):
        return OrderedDict, (list(self.items()),)

    def __or__(self, other):
        return {**self, **other}

    def _refused(self, *args, **kwargs):
        """Caffe has its blobs all the same, and would not find them by name any more."""
        raise NetError("the blobs and weights of a net cannot be taken out of it, or change "
                       "places; dict(net.blobs) can.")

    __delitem__ = pop = popitem = clear = move_to_end = _refused

    def __missing__(self, name):
        if name in self._elsewhere:
            raise NoSuchName(f"this net has no {self._how.format(name)}. {self._elsewhere[name]}",
                             name)
        raise NoSuchName(f"this net has no {self._how.format(name)}; it has "
                         f"{', '.join(map(repr, list(self)[:9])) or 'none'}.", name, self)


class Fixed(Named):
    """The blobs or weights of a net by name: `net.blobs[name] = array` would write nothing."""

    def __setitem__(self, name, value):
        raise NetError(f"write numbers *into* a blob: {self._how.format(name)}.data[...] = array.")


class Results(dict):
    """What a pass gives, by name; of a blob that it does not give it says how to get it."""

    def __missing__(self, name):
        raise NoSuchName(f"this pass gave {', '.join(map(repr, list(self)[:9])) or 'nothing'}, not "
                         f"{name!r}; ask for it, like net.forward([{name!r}]), or look into "
                         f"net.blobs.", name, self)


class NamesOfLayers:
    """The part of a safe net that knows what belongs to each layer and blob, by name."""

    @cached_property
    def top_names(self):
        """Layer -> the names of its tops."""
        return Named(super().top_names.items(), "layer {!r}")

    @cached_property
    def bottom_names(self):
        """Layer -> the names of its bottoms."""
        return Named(super().bottom_names.items(), "layer {!r}")

    @cached_property
    def layer_dict(self):
        """Name -> layer."""
        return Named(super().layer_dict.items(), "layer {!r}")

    @cached_property
    def blob_loss_weights(self):
        """Blob -> how much it counts in the loss; 0 for most."""
        return Named(super().blob_loss_weights.items(), "blob {!r}")


def fixed(net):
    """`Fixed` blobs and weights of a net."""
    blobs, layers = names_left_out(net.spec, net.state)
    return (Fixed(net.blobs.items(), "net.blobs[{0!r}]", blobs),
            Fixed(net.params.items(), "net.params[{0!r}][0]", layers))

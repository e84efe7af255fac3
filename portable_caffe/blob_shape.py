"""The shapes that a blob may have, and the names of old for the sizes of four axes."""
from math import prod

from .errors import NetError, NoSuchName

LEGACY = "num", "channels", "height", "width"
MOST = 2 ** 31  # numbers in a blob, less one


def checked_shape(dims):
    """The shape as a tuple of ints; NetError where Caffe has no such shape."""
    if not _is_shape(dims):
        raise NetError("a blob has at most 32 axes, none negative and each a whole number, and "
                       "fewer than 2^31 numbers; got the shape ("
                       f"{', '.join(map(_in_words, dims[:40]))}).")
    return tuple(map(int, dims))


def _is_shape(dims):
    return len(dims) <= 32 and all(
        hasattr(dim, "__index__") and 0 <= dim < MOST for dim in dims) and (
        prod(map(int, dims)) < MOST)


def _in_words(dim):
    return "a huge number" if isinstance(dim, int) and abs(dim) > 2 ** 99 else repr(dim)[:40]


def legacy_size(axis, name):
    """The property `name` of a blob: the size of an axis, 1 where there is none."""
    def size(blob):
        shape = tuple(blob.shape)
        if len(shape) > 4:
            raise NoSuchName(f"a blob of {len(shape)} axes has no {name!r}; "
                             f"use blob.shape[{axis}].", name)
        return (shape + (1, 1, 1, 1))[axis]

    return property(size, doc=f"The size of axis {axis} of four, 1 where there is none.")

"""What blobs had a name for when they all had four axes."""
from .errors import NoSuchName

LEGACY = "num", "channels", "height", "width"


def legacy_size(axis, name):
    """The property `name` of a blob: the size of an axis, 1 where there is none."""
    def size(blob):
        shape = tuple(blob.shape)
        if len(shape) > 4:
            raise NoSuchName(f"a blob of {len(shape)} axes has no {name!r}; "
                             f"use blob.shape[{axis}].", name)
        return (shape + (1, 1, 1, 1))[axis]

    return property(size, doc=f"The size of axis {axis} of four, 1 where there is none.")

"""Blobs: numbers and their gradients, seen by Python as NumPy arrays that can be written."""
from math import prod

from .blob_shape import LEGACY, checked_shape, legacy_size
from .memory import Memory


class Blob:
    """Numbers `data` and gradients `diff` of one shape, as pycaffe's `Blob`."""

    __slots__ = ("shape", "data_memory", "diff_memory", "_borrowed")  # a long net has many
    # How often Python reshaped any blob; only `reshape` counts. Nets look at their shapes anew
    # where it has grown: a blob does not know its nets, so it cannot tell them.
    reshapes = 0

    def __init__(self, shape=(), gradient=Memory):
        self.shape, self._borrowed = tuple(shape), ()
        self.data_memory, self.diff_memory = Memory(self.shape), gradient(self.shape)

    @property
    def data(self):
        """The numbers: a NumPy array (float32) to read and to write."""
        return self.data_memory.open(self.shape)

    @property
    def diff(self):
        """The gradients: a NumPy array (float32) to read and to write."""
        return self.diff_memory.open(self.shape)

    @property
    def count(self):
        """How many numbers."""
        return prod(self.shape)

    @property
    def num_axes(self):
        """How many axes."""
        return len(self.shape)

    def reshape(self, *shape):
        """Another shape: the same numbers if there are as many, else zeros."""
        shape = checked_shape(shape)
        Blob.reshapes += shape != self.shape
        self.resize(shape)

    def borrow(self, owner, sides):
        """Use memories of another blob, whose shape they keep."""
        self._borrowed = sides
        for side in sides:
            setattr(self, side, getattr(owner, side))

    def resize(self, shape):
        """`reshape` as a net does it itself."""
        self.shape = shape
        for side in ("data_memory", "diff_memory"):
            if side not in self._borrowed:
                getattr(self, side).reshape(shape)

    def share(self, owner, gradients=True):
        """Use the memory of another blob with as many numbers."""
        for side in ("data_memory", "diff_memory")[:1 + gradients]:
            if getattr(self, side) is not getattr(owner, side):
                getattr(self, side).let_go()
                setattr(self, side, getattr(owner, side))

    num, channels, height, width = map(legacy_size, range(4), LEGACY)

"""The memory of blobs: numbers that layers compute with, and that Python reads and writes.

Layers compute with arrays of the chosen library (`arrays.current`). A copy between the two
sides is made only when the other side is newer, as in Caffe's syncedmem.cpp.
"""
from math import prod

import numpy as np

from . import arrays
from .errors import NetError
from .references import remember

ROWS = 384  # so many make a product large on a CPU; more only take memory
GPU_ROWS = 8192  # the same on a GPU
HOST, ARRAY = "host", "array"  # the side that is newer
watcher = None  # told of all reads and writes, of any memory; only `gpu.replay.Watch` sets it


class Memory:
    """The numbers of a blob: `host`, once Python asked for them, and `array`, for layers.

    Both None means: all zero. Where the library's arrays lie in host memory, `array` is a
    view of `host`, so that a NumPy array kept from `blob.data` always shows the numbers.
    Elsewhere an `owned` array, one that is no part of another blob's, keeps its place when
    Python writes, so that a recorded run finds the new numbers where it looks for them.
    """

    __slots__ = ("shape", "host", "array", "arrays", "newer", "owned", "_kept")

    def __init__(self, shape):
        self.shape, self._kept = shape, None
        self.drop()

    def drop(self):
        """Forget the numbers: all zero."""
        self.let_go()
        self.host = self.array = self.arrays = self.newer = None
        self.owned = False

    def read(self):
        """The numbers as an array to compute with; not to be written into."""
        if self.arrays is not arrays.current or self.newer is HOST:
            self._bring_array()
        if watcher:
            watcher.saw_read(self)
        return self.array

    def read_unseen(self):
        """`read`, but no array that Python may write into: the reader may keep parts of it."""
        array = self.read()
        if self.host is not None:
            return arrays.current.xp.asarray(array, copy=True)
        if not arrays.current.is_host:
            self.owned = False  # what Python writes later comes in a new array
        return array

    def _bring_array(self):
        now = arrays.current
        if self.host is None and self.array is None:
            self.array, self.newer = now.zeros(self.shape), ARRAY
        elif self.arrays is now and self.owned:  # and the host is newer
            now.copy_from_host(self.array, self.host)
            self.newer = None
        else:
            self._bring_host()
            self.array, self.newer = now.from_host(self.host), None
        self.arrays, self.owned = now, True

    def write(self, array, owned=False):
        """Take the numbers of an array just computed; `owned` if no other blob has it."""
        now = arrays.current
        if not self.shape:  # NumPy 1 makes float64 of a single number
            array = now.xp.asarray(array, dtype=now.xp.float32)
        elif array.shape != self.shape:  # it is that of another blob, which shares this memory
            array = array.reshape(self.shape)
        if self.host is not None and now.is_host:
            np.copyto(self.host, now.to_host(array))
            if self.arrays is not now:
                self.array = now.from_host(self.host)
            self.owned, self.newer = True, None
        else:
            if self.host is not None and not owned:  # a recorded run looks for what Python writes
                array, owned = now.xp.asarray(array, copy=True), True
            self.array, self.owned, self.newer = array, owned, ARRAY
        self.arrays = now
        if watcher:
            watcher.saw_write(self)

    def make_room(self):
        """Give up the numbers, which are about to be computed anew, unless Python has them."""
        if self.host is None:
            self.drop()

    def overwrite(self, array, owned=True):
        """`write`, but an array that is not in host memory stays in its place."""
        now = arrays.current
        if now.is_host or self.arrays is not now or not self.owned:
            self.write(array, owned)
        else:
            self.array[...] = array
            self._is_computed()

    def _is_computed(self):
        """The array has the newest numbers; Python may have to fetch them."""
        self.newer = None if arrays.current.is_host and self.host is not None else ARRAY
        if watcher:
            watcher.saw_write(self)

    def open(self, shape=None):
        """The numbers as a NumPy array to write into at any time, of another shape if given."""
        if shape is not None and prod(shape) != prod(self.shape):  # another blob's, reshaped
            raise NetError(f"a blob of the shape {shape} shares the memory of one that has got the "
                           f"shape {self.shape}: run forward() first.")
        self._bring_host()
        if arrays.current.is_host:
            self.array, self.arrays = arrays.current.from_host(self.host), arrays.current
            self.newer, self.owned = None, True
        else:
            self.newer = HOST
        return self._keep(self.host.reshape(self.shape if shape is None else shape))

    def _keep(self, array):
        """Remember an array that Python is given, for as long as it is held."""
        if self._kept is None:
            self._kept = set()
        return remember(array, self._kept)

    def let_go(self):
        """What is written into arrays that Python holds would be lost from now on: forbid it."""
        for reference in list(self._kept or ()):
            array = reference()
            if array is not None:
                array.flags.writeable = False
        self._kept = None

    def _bring_host(self):
        """Make `host` current, in an array of its own that stays in its place."""
        if self.host is None:
            try:
                self.host = np.zeros(self.shape, np.float32)
            except MemoryError:
                raise NetError(f"a blob of the shape {self.shape} needs "
                               f"{4e-9 * prod(self.shape):.1f} GB, which are not free.") from None
            self.newer = ARRAY if self.array is not None else HOST
        if self.newer is ARRAY:
            np.copyto(self.host, self.arrays.to_host(self.array))
            self.newer = None

    def reshape(self, shape):
        """Another shape: the same numbers if there are as many, else zeros."""
        if shape == self.shape:
            return
        if prod(shape) != prod(self.shape):
            self.drop()
        for side in (HOST, ARRAY):
            if getattr(self, side) is not None:
                setattr(self, side, getattr(self, side).reshape(shape))
        self.shape = shape


def read_all(memories):
    """What `read` gives for each. (These three spare a long net many calls.)"""
    now = arrays.current
    return [memory.array if memory.arrays is now and memory.newer is not HOST and not watcher
            else memory.read() for memory in memories]


def read_unseen(memories):
    """What `read_unseen` gives for each."""
    now = arrays.current
    return [memory.array if now.is_host and memory.arrays is now and memory.host is None
            else memory.read_unseen() for memory in memories]


def write_all(memories, results, owned):
    """`write` each result into its memory; None for either means nothing to write."""
    now = arrays.current
    for memory, array in zip(memories, results):
        if memory is None or array is None:
            continue
        if memory.host is None and array.shape == memory.shape != () and not watcher:
            memory.array, memory.owned, memory.newer, memory.arrays = array, owned, ARRAY, now
        else:
            memory.write(array, owned)


class GradientMemory(Memory):
    """The gradient of a weight: a sum over all layers that share it, `sharers` in number.

    Products a^T b, which most gradients are, wait until the end of a backward pass; then
    those of all layers are one large product, which is much faster than many small ones.
    `turned` is the transpose of the weight, kept during a backward pass if many share it.
    """

    __slots__ = ("sharers", "products", "turned")

    def __init__(self, shape):
        super().__init__(shape)
        self.sharers = 1
        self.begin_pass()

    def begin_pass(self):
        """No products wait, also none of a pass that failed; no weight is turned."""
        self.products, self.turned = [], None

    def clear(self):
        """All zero; an array that Python or a recorded run holds becomes zero too."""
        now = arrays.current
        if now.is_host and self.host is not None:
            self.host[...] = 0
        elif not now.is_host and self.arrays is now and self.owned:
            self.array[...] = 0
            self._is_computed()
        else:
            self.drop()

    def add(self, gradient):
        """Add a new array of this shape."""
        if arrays.current.is_host and self.array is None and self.host is None:
            self.write(gradient, owned=True)
            return
        array = self.read()
        if self.owned:
            array += gradient
            self._is_computed()
        else:  # an update that a solver has left here
            self.write(array + gradient, owned=True)

    def add_products(self):
        """Add sum of a^T b over the products that wait: a (n, rows), b (n, columns).

        The first layer's comes first, as in a layer that does all time steps itself: added
        up in the same order, numbers are the same to the last bit.
        """
        products = self.products[::-1]
        self.begin_pass()
        most = ROWS if arrays.current.is_host else GPU_ROWS
        while products:
            size = products[0][0].shape[1]  # the same for all, unless sharing is PERMISSIVE
            count, rows = 0, 0
            while count < len(products) and rows < most and products[count][0].shape[1] == size:
                rows += products[count][0].shape[0]
                count += 1
            left, right = zip(*products[:count])
            del products[:count]
            self.add(arrays.current.product(_stacked(left).T, _stacked(right)).reshape(self.shape))


def _stacked(parts):
    return parts[0] if len(parts) == 1 else arrays.current.xp.concat(parts)

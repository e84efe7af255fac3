"""What every layer type is.

A layer type is a class named like the type. It says how many `bottoms` and `tops` it has
(a number, or least and most), where its options stand (`options`), and
  setup(*shapes)                 makes the weights from the shapes of the bottoms, once;
  shapes(*shapes)                gives the shape of the top (a list where there may be several);
  forward(*bottoms)              gives the array of the top (a list where there may be several);
  backward(dtops, bottoms, tops) gives the gradient of the bottom (a list, None where there is
                                 none, where there may be several) and adds to the weights'.
A layer that shares data with its top has no `forward`, one that shares gradients no `backward`.
In `backward` the only bottom, or the only top, stands for itself, not in a list.
"""
from .. import arrays
from ..blob import Blob
from ..errors import check, check_numbers
from ..memory import GradientMemory

ANY = 10 ** 6  # as many bottoms or tops as one likes
TRAIN, TEST = 0, 1
FEW = 256 if arrays.is_one_thread() else 0  # rows; with more threads it is no faster
MANY = 10  # products with a weight: enough to make up for a copy of it


class Layer:
    """A layer of one top and one bottom of the same shape, without weights."""

    bottoms, tops = 1, 1
    options = None  # such as "slice_param"
    is_loss = False  # its first top counts as a loss without being told
    aliases = False  # may return (parts of) arrays it was given
    shares = ()  # "data_memory", "diff_memory": its tops use those of its bottom, as in Caffe
    reads = ("bottoms", "tops")  # what `backward` wants to see; None is given for the others
    indices = {}  # bottom -> (n, label): it holds whole numbers below n, or that label
    shapes_itself = False  # the shapes of its tops are worked out at each run
    keeps = False  # its backward uses what its last forward has left in the layer itself
    repeats = True  # each run does the same with its arrays, so that one can be replayed
    not_backward = ()  # bottoms that force_backward leaves out
    always_backward = ()  # bottoms whose gradient is written even if nobody needs it
    seems_to_learn = False  # Caffe runs it backward as if it had a weight that learns
    kept = None  # a copy of the bottom, where the top has overwritten it
    fillers = learns = ()  # per weight: what it holds at first; is a gradient wanted?
    needs = ()  # per bottom: is a gradient wanted?
    bottom_blobs = top_blobs = ()

    def __init__(self, spec, phase):
        self.spec, self.phase = spec, phase
        self.blobs = []  # the weights
        self.p = getattr(spec, self.options) if self.options else None

    @property
    def type(self):
        """The name of the layer type."""
        return self.spec.type

    @property
    def xp(self):
        """The array API namespace that computes now."""
        return arrays.current.xp

    def setup(self, *shapes):
        """Make the weights."""

    def shapes(self, x):
        """The shapes of the tops; here the bottom's."""
        return x

    def lender(self):
        """The blob whose memories its tops use, if it `shares`."""
        return self.bottom_blobs[0]

    def for_user(self):
        """What `net.layers` shows."""
        return self

    def keep(self, x):
        """In place, keep the bottom, which the top is about to overwrite, for `backward`."""
        if self.spec.bottom[0] == self.spec.top[0]:
            self.kept = self.xp.asarray(x, copy=True)

    def input(self, x):
        """What the bottom held in `forward`; x is what it holds in `backward`."""
        return x if self.kept is None else self.kept

    def add_weight(self, shape, filler):
        """A new weight; the net fills it by the FillerParameter, if no other layer owns it."""
        self.blobs.append(Blob(shape, GradientMemory))
        self.fillers += (filler,)

    def weight(self, index):
        """The array of a weight."""
        blob = self.blobs[index]
        array = blob.data_memory.read()
        return array if array.shape == blob.shape else array.reshape(blob.shape)

    def through_weight(self, dy, index, times=1):
        """dy W: the gradient of x from that of y = x W^T, for the rows dy of a step.

        `times` is how often this layer does that. With few rows BLAS can be faster with a
        transposed W; where it pays, a copy is made, one for all layers that share W.
        """
        gradient, W = self.blobs[index].diff_memory, self.weight(index)
        if not are_few(dy) or gradient.sharers * times < MANY:
            return arrays.current.product(dy, W)
        turned = gradient.turned
        if turned is None or turned.shape != W.T.shape:  # PERMISSIVE sharing: other shapes
            gradient.turned = turned = arrays.current.empty(W.T.shape)
            turned[...] = W.T
        return times_rows(turned, dy)

    def add_gradient(self, index, gradient):
        """Add a new array to the gradient of a weight, if it learns."""
        if self.learns[index]:
            self.blobs[index].diff_memory.add(gradient)

    def add_product(self, index, a, b):
        """Add a^T b to the gradient of a weight, if it learns: a (n, rows), b (n, columns)."""
        if self.learns[index]:
            self.blobs[index].diff_memory.products.append((a, b))


def times_rows(W, x):
    """W times each row of x: the rows of x W^T."""
    product = arrays.current.product
    return product(W, x.T).T if are_few(x) else product(x, W.T)


def are_few(rows):
    """Is BLAS faster with these rows as columns?"""
    return 1 < rows.shape[0] < FEW and arrays.current.is_host


def axis_of(shape, axis, name="axis"):
    """The axis counted from 0; negative axes count from the end."""
    check(-len(shape) <= axis < len(shape),
          f"{name} {axis} is out of range for a blob of {len(shape)} axes.")
    return axis % len(shape)


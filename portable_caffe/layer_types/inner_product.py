"""Layers whose weights are multiplied with the bottom: InnerProduct, Embed, Scale, Bias."""
from math import prod

from .. import arrays
from ..proto import caffe_pb2
from .base import Layer, axis_of, check, check_numbers, times_rows


class InnerProduct(Layer):
    """y = x W^T + b        dx = dy W,   dW += dy^T x,   db += sum dy

    Bottom x: (..., K), all axes from `axis` on taken as one, K. Top y: (..., N).
    Weights W: (N, K), or (K, N) with `transpose`; b: (N). N = num_output.
    Source: inner_product_layer.cpp
    """

    options, reads = "inner_product_param", ("bottoms",)

    def setup(self, x):
        check(self.p.num_output > 0, "give num_output, the number of outputs.")
        self.N, self.K = self.p.num_output, prod(x[axis_of(x, self.p.axis):])
        shape = (self.K, self.N) if self.p.transpose else (self.N, self.K)
        self.add_weight(shape, self.p.weight_filler)
        if self.p.bias_term:
            check_numbers(*x)
            self.add_weight((self.N,), self.p.bias_filler)

    def shapes(self, x):
        axis = axis_of(x, self.p.axis)
        check(prod(x[axis:]) == self.K, f"the number of inputs is fixed when the net is built: "
                                        f"{self.K}, not {prod(x[axis:])}.")
        self.top_shape = x[:axis] + (self.N,)
        return self.top_shape

    def forward(self, x):
        W = self.weight(0).T if self.p.transpose else self.weight(0)
        y = times_rows(W, x.reshape((-1, self.K)))
        if self.p.bias_term:
            y += self.weight(1)
        return y.reshape(self.top_shape)

    def backward(self, dy, x, y):
        dy, rows = dy.reshape((-1, self.N)), x.reshape((-1, self.K))
        self.add_product(0, *((rows, dy) if self.p.transpose else (dy, rows)))
        if self.p.bias_term:
            self.add_gradient(1, self.xp.sum(dy, axis=0))
        if not self.needs[0]:
            return None
        dx = times_rows(self.weight(0), dy) if self.p.transpose else self.through_weight(dy, 0)
        return dx.reshape(x.shape)


class Embed(Layer):
    """y = W[x] + b         dW[x] += dy,   db += sum dy;   none for x

    Bottom x: (...) whole numbers below K = input_dim. Top y: (..., N).
    Weights W: (K, N); b: (N). Source: embed_layer.cpp
    """

    options = "embed_param"

    def setup(self, x):
        check(self.p.num_output > 0 and self.p.input_dim > 0,
              "give num_output and input_dim, the number of words.")
        self.indices = {0: (self.p.input_dim, None)}
        self.add_weight((self.p.input_dim, self.p.num_output), self.p.weight_filler)
        if self.p.bias_term:
            check_numbers(*x)
            self.add_weight((self.p.num_output,), self.p.bias_filler)

    def shapes(self, x):
        return x + (self.p.num_output,)

    def forward(self, x):
        xp = self.xp
        words = xp.astype(x, xp.int64).reshape((-1,))
        y = xp.take(self.weight(0), words, axis=0)
        if self.p.bias_term:
            y = y + self.weight(1)
        return y.reshape(x.shape + (self.p.num_output,))

    def backward(self, dy, x, y):
        check(not self.needs[0], "Embed has no gradient for its bottom; leave force_backward "
                                 "out, or give it propagate_down: false.")
        xp = self.xp
        dy, words = dy.reshape((-1, self.p.num_output)), x.reshape((-1, 1))
        known = arrays.current.count_to(self.p.input_dim)
        one_hot = xp.astype(xp.astype(words, xp.int64) == known, xp.float32)  # (words, K)
        self.add_product(0, one_hot, dy)
        if self.p.bias_term:
            self.add_gradient(1, xp.sum(dy, axis=0))


class _Broadcast(Layer):
    """A layer whose second bottom, or weight, spans the axes of x from `axis` on.

    Its shape is (1, ..., s, ..., 1) beside x, so that the array library repeats it.
    """

    bottoms = (1, 2)

    def setup(self, *shapes):
        if len(shapes) == 1:
            self.add_weight(self._span(shapes[0]), self._filler())

    def check_repeated(self, x, *second):
        """Raise where what is added is repeated along no places."""
        s = second[0] if second else self.blobs[0].shape
        check_numbers(*x[(axis_of(x, self.p.axis) if x else 0) + len(s):])

    def _span(self, x):
        """The shape of the weight."""
        axis, n = axis_of(x, self.p.axis), self.p.num_axes
        check(n == -1 or axis + n <= len(x), f"axis {axis} and num_axes {n} reach past the "
                                             f"{len(x)} axes of the bottom.")
        return x[axis:] if n == -1 else x[axis:axis + n]

    def shapes(self, x, *second):
        s = second[0] if second else self.blobs[0].shape
        axis = 0 if not s and not second else axis_of(x, self.p.axis)
        check(x[axis:axis + len(s)] == s,
              f"the shape {s} must be that of the bottom {x} from axis {axis} on.")
        self.beside = (1,) * axis + s + (1,) * (len(x) - axis - len(s))
        return x

    def _other(self, bottoms):
        """The second bottom or the weight, in a shape that repeats over x."""
        other = bottoms[1] if len(bottoms) == 2 else self.weight(0)
        return other.reshape(self.beside)

    def _sum(self, gradient):
        """Sum a gradient like x over the axes that were repeated: a new array."""
        xp = self.xp
        axes = tuple(i for i, size in enumerate(self.beside) if size != gradient.shape[i])
        return xp.sum(gradient, axis=axes) if axes else xp.asarray(gradient, copy=True)

    def _give(self, gradient, bottoms):
        """The gradients besides dx: returned for a second bottom, added for a weight."""
        if len(bottoms) == 2:
            return [gradient.reshape(bottoms[1].shape)]
        self.add_gradient(0, gradient.reshape(self.blobs[0].shape))
        return []


class Bias(_Broadcast):
    """y = x + b            dx = dy,   db = sum dy over the axes b is repeated along

    b is the second bottom or else a weight. Source: bias_layer.cpp
    """

    options, aliases = "bias_param", True

    def setup(self, *shapes):
        super().setup(*shapes)
        self.check_repeated(*shapes)

    def _filler(self):
        return self.p.filler

    def forward(self, *bottoms):
        return bottoms[0] + self._other(bottoms)

    def backward(self, dy, bottoms, y):
        return [dy, *self._give(self._sum(dy), bottoms)]


class Scale(_Broadcast):
    """y = x s [+ b]        dx = dy s,   ds = sum dy x,   db = sum dy

    s is the second bottom or else a weight, 1 at first; b (with `bias_term`) is the last
    weight. Works in place, for it keeps x. Source: scale_layer.cpp
    """

    keeps = True
    options = "scale_param"

    def setup(self, *shapes):
        super().setup(*shapes)
        if self.p.bias_term:
            self.check_repeated(*shapes)
            shape = self.blobs[0].shape if len(shapes) == 1 else shapes[1]
            self.add_weight(shape, self.p.bias_filler)

    def _filler(self):
        if self.p.HasField("filler"):
            return self.p.filler
        return caffe_pb2.FillerParameter(type="constant", value=1)

    def forward(self, *bottoms):
        self.keep(bottoms[0])
        y = bottoms[0] * self._other(bottoms)
        return y + self.weight(-1).reshape(self.beside) if self.p.bias_term else y

    def backward(self, dy, bottoms, y):
        x = self.input(bottoms[0])
        if self.p.bias_term:
            last = len(self.blobs) - 1
            self.add_gradient(last, self._sum(dy).reshape(self.blobs[last].shape))
        return [dy * self._other(bottoms), *self._give(self._sum(dy * x), bottoms)]

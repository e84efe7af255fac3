"""Activations: layers that bend each number for itself.

x is the bottom, y the top, dx and dy their gradients.
"""
from .. import arrays
from ..proto import caffe_pb2
from .base import Layer, check, check_numbers


def sigmoid(x):
    """1 / (1 + exp(-x)); 0 where exp(-x) is infinite."""
    y = arrays.current.xp.exp(-x)
    y += 1
    return 1 / y


class Sigmoid(Layer):
    """y = 1 / (1 + exp(-x))          dx = dy y (1 - y)

    Source: sigmoid_layer.cpp
    """

    def forward(self, x):
        return sigmoid(x)

    def backward(self, dy, x, y):
        return dy * y * (1 - y)


class TanH(Layer):
    """y = tanh(x)                    dx = dy (1 - y^2)

    Source: tanh_layer.cpp
    """

    def forward(self, x):
        return self.xp.tanh(x)

    def backward(self, dy, x, y):
        return dy * (1 - y * y)


class ReLU(Layer):
    """y = x if x > 0 else s x        dx = dy if x > 0 else s dy,    s = negative_slope

    Source: relu_layer.cpp
    """

    options = "relu_param"

    def forward(self, x):
        return self.xp.where(x > 0, x, x * self.p.negative_slope)

    def backward(self, dy, x, y):
        return self.xp.where(x > 0, dy, dy * self.p.negative_slope)


class ELU(Layer):
    """y = x if x > 0 else a (exp(x) - 1)        dx = dy if x > 0 else dy (y + a),   a = alpha

    Source: elu_layer.cpp
    """

    options = "elu_param"

    def forward(self, x):
        xp = self.xp
        negative = xp.where(x > 0, xp.zeros_like(x), x)  # exp would overflow on the others
        return xp.where(x > 0, x, (xp.exp(negative) - 1) * self.p.alpha)

    def backward(self, dy, x, y):
        return self.xp.where(x > 0, dy, dy * (y + self.p.alpha))


class BNLL(Layer):
    """y = log(1 + exp(x))            dx = dy / (1 + exp(-x))

    In place it keeps x, as real Caffe does not: there the gradient is wrong.
    Source: bnll_layer.cpp
    """

    keeps = True
    reads = ("bottoms",)

    def forward(self, x):
        self.keep(x)
        xp = self.xp
        return xp.where(x > 0, x, xp.zeros_like(x)) + xp.log1p(xp.exp(-abs(x)))

    def backward(self, dy, x, y):
        return dy * sigmoid(self.input(x))


class Swish(Layer):
    """y = x s,   s = 1 / (1 + exp(-b x))        dx = dy (b y + s (1 - b y)),   b = beta

    Source: swish_layer.cpp
    """

    keeps = True
    options, reads = "swish_param", ("tops",)

    def forward(self, x):
        self.s = sigmoid(x * self.p.beta)
        return x * self.s

    def backward(self, dy, x, y):
        by = y * self.p.beta
        return dy * (by + self.s * (1 - by))


class PReLU(Layer):
    """y = x if x > 0 else s x        dx = dy if x > 0 else s dy,   ds = sum dy x where x <= 0

    Bottom x: (B, C, ...). Weight s: (C), 0.25 at first; one number with `channel_shared`.
    Source: prelu_layer.cpp
    """

    keeps = True
    options, reads = "prelu_param", ("bottoms",)

    def setup(self, x):
        check(len(x) >= 2, "Number of axes of bottom blob must be >=2: (B, C, ...).")
        check_numbers(*x[1:])
        given = self.p.HasField("filler")
        self.add_weight(() if self.p.channel_shared else x[1:2], self.p.filler if given else
                        caffe_pb2.FillerParameter(type="constant", value=0.25))

    def shapes(self, x):
        s = self.blobs[0].shape
        check(len(x) >= 2, "Number of axes of bottom blob must be >=2: (B, C, ...).")
        check(self.p.channel_shared or s == x[1:2], f"the slopes are made for {s} channels.")
        self.beside = (1, *(s or (1,)), *[1] * (len(x) - 2))
        return x

    def _slopes(self):
        return self.weight(0).reshape(self.beside)

    def forward(self, x):
        self.keep(x)
        return self.xp.where(x > 0, x, x * self._slopes())

    def backward(self, dy, x, y):
        x, xp = self.input(x), self.xp
        negative = dy * x * xp.astype(x <= 0, x.dtype)  # nan in dy stays, as in Caffe
        axes = None if self.p.channel_shared else (0, *range(2, x.ndim))
        self.add_gradient(0, xp.sum(negative, axis=axes).reshape(self.blobs[0].shape))
        return xp.where(x > 0, dy, dy * self._slopes())

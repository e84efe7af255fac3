"""Softmax and the losses.

A loss is one number; dy is its gradient, 1 or the layer's loss_weight.
"""
from math import prod

from .. import arrays
from .base import Layer, axis_of, check, check_numbers
from .activations import sigmoid

SMALLEST = 1.17549435e-38  # FLT_MIN: log(0) is never taken


def softmax(x, axis):
    """exp(x) / sum exp(x) along an axis, without overflow."""
    xp = arrays.current.xp
    e = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


class Softmax(Layer):
    """y = exp(x) / sum exp(x)        dx = y (dy - sum dy y)        sums along `axis`

    Source: softmax_layer.cpp
    """

    options = "softmax_param"

    def setup(self, x):
        check_numbers(x[axis_of(x, self.p.axis)])

    def shapes(self, x):
        self.axis = axis_of(x, self.p.axis)
        return x

    def forward(self, x):
        return softmax(x, self.axis)

    def backward(self, dy, x, y):
        return y * (dy - self.xp.sum(dy * y, axis=self.axis, keepdims=True))


class _Loss(Layer):
    """What the losses share: two bottoms, one number, no gradient for the labels."""

    bottoms, is_loss, not_backward = 2, True, (1,)
    options, reads = "loss_param", ("bottoms",)

    def default_mode(self):
        """The normalization of a layer that names none."""
        if self.p.HasField("normalize"):
            return self.p.VALID if self.p.normalize else self.p.BATCH_SIZE
        return self.p.VALID

    def normalizer(self, outer, inner, valid):
        """By what the sum is divided: FULL, VALID (not ignored), BATCH_SIZE or NONE."""
        mode = self.p.normalization if self.p.HasField("normalization") else self.default_mode()
        if mode == self.p.VALID:
            count = valid.sum()
            return count + (count == 0)  # nothing counts: divide by 1
        return max(1, {self.p.FULL: outer * inner, self.p.BATCH_SIZE: outer,
                       self.p.NONE: 1}[mode])

    def ignored(self):
        """The label to ignore, or None."""
        return self.p.ignore_label if self.p.HasField("ignore_label") else None

    def valid(self, labels):
        """1 where a label counts, 0 where it is the one to ignore."""
        xp = self.xp
        whole = xp.astype(labels, xp.int64)
        if not self.p.HasField("ignore_label"):
            return xp.ones_like(labels)
        return xp.astype(whole != self.p.ignore_label, xp.float32)


def check_first(x, labels):
    """What Caffe asks of the bottoms of each loss."""
    check(x[:1] == labels[:1], "The data and label should have the same first dimension.")


class SoftmaxWithLoss(_Loss):
    """loss = - sum log p[label] / n, p = softmax(x)      dx = dy (p - one_hot(label)) / n

    Bottoms x: (outer..., C along `axis`, inner...); labels: outer * inner whole numbers.
    Tops loss: (); p: like x, if asked for. Source: softmax_loss_layer.cpp
    """

    keeps = True
    tops = (1, 2)

    def setup(self, x, labels):
        check_numbers(*x)

    def shapes(self, x, labels):
        self.axis = axis_of(x, self.spec.softmax_param.axis)
        self.outer, self.inner = prod(x[:self.axis]), prod(x[self.axis + 1:])
        check_first(x, labels)
        check(self.outer * self.inner == prod(labels),
              f"there must be {self.outer * self.inner} labels, one for each prediction.")
        self.indices = {1: (x[self.axis], self.ignored())}
        return [(), x][:len(self.spec.top) or 1]

    def forward(self, x, labels):
        xp = self.xp
        self.p_x = softmax(x, self.axis)
        p = self.p_x.reshape((self.outer, -1, self.inner))
        valid = self.valid(labels).reshape((self.outer, self.inner))
        self.n = self.normalizer(self.outer, self.inner, valid)
        self.hot = one_hot(labels, p) * valid[:, None, :]
        logs = xp.log(xp.maximum(p, xp.full_like(p, SMALLEST))) * self.hot
        return [-xp.sum(logs) / self.n, self.p_x][:len(self.spec.top) or 1]

    def backward(self, dys, bottoms, tops):
        p = self.p_x.reshape(self.hot.shape)
        valid = self.xp.sum(self.hot, axis=1, keepdims=True)
        dx = (p * valid - self.hot) * (dys[0] / self.n)
        return [dx.reshape(bottoms[0].shape), None]


def one_hot(labels, p):
    """1 at each label, else 0: (outer, C, inner), like p."""
    xp = arrays.current.xp
    classes = arrays.current.count_to(p.shape[1])
    whole = xp.astype(labels, xp.int64).reshape((p.shape[0], 1, p.shape[2]))
    return xp.astype(whole == classes[:, None], xp.float32)


class SigmoidCrossEntropyLoss(_Loss):
    """loss = - sum (t log s(x) + (1 - t) log(1 - s(x))) / n      dx = dy (s(x) - t) / n

    s is the sigmoid. Bottoms x, t: one shape. Source: sigmoid_cross_entropy_loss_layer.cpp
    """

    keeps = True

    def default_mode(self):
        return super().default_mode() if self.p.HasField("normalize") else self.p.BATCH_SIZE

    def setup(self, x, t):
        check_numbers(*(x if self.spec.loss_weight else ()))

    def shapes(self, x, t):
        check(x and prod(x) == prod(t), "there must be as many targets as predictions.")
        check_first(x, t)
        return ()

    def forward(self, x, t):
        xp = self.xp
        t = t.reshape(x.shape)
        self.counts = self.valid(t)
        self.n = self.normalizer(x.shape[0], prod(x.shape[1:]), self.counts)
        positive = xp.astype(x >= 0, xp.float32)  # never exp of a large number
        terms = x * (t - positive) - xp.log(1 + xp.exp(-abs(x)))
        return -xp.sum(terms * self.counts) / self.n

    def backward(self, dy, bottoms, y):
        x, t = bottoms
        return [(sigmoid(x) - t.reshape(x.shape)) * self.counts * (dy / self.n), None]


class EuclideanLoss(_Loss):
    """loss = sum (a - b)^2 / (2 B)        da = dy (a - b) / B,   db = -da

    B is the size of the first axis. Source: euclidean_loss_layer.cpp
    """

    not_backward = ()

    def shapes(self, a, b):
        check(a and a[:1] == b[:1] and prod(a) == prod(b),
              "both bottoms must have as many numbers, in batches of one size.")
        return ()

    def forward(self, a, b):
        difference = (a - b.reshape(a.shape)).reshape((-1,))
        return difference @ difference / (2 * a.shape[0])

    def backward(self, dy, bottoms, y):
        a, b = bottoms
        da = a - b.reshape(a.shape)
        da *= dy / a.shape[0]
        return [da, -da.reshape(b.shape) if self.needs[1] else None]

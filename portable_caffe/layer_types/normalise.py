"""Layers that bring numbers to one size: LRN, BatchNorm, MVN.

x is the bottom, y the top, dx and dy their gradients.
"""
from math import prod

from .. import arrays
from ..proto import caffe_pb2
from .base import TEST, Layer, check, check_numbers


class LRN(Layer):
    """y = x s^-b,   s = k + a / n sum x^2 over the n numbers around each
    dx = dy s^-b - 2 a b / n x sum dy y / s                        a = alpha, b = beta

    ACROSS_CHANNELS: n = local_size channels around. WITHIN_CHANNEL: n = local_size^2 pixels
    around, and k is 1, whatever is given. Beyond the edge all is 0. Bottom x: (B, C, height,
    width). Source: lrn_layer.cpp
    """

    keeps = True
    options = "lrn_param"

    def setup(self, x):
        check(self.p.local_size % 2 == 1, "LRN only supports odd values for local_size.")
        check(len(x) == 4, "Input must have 4 axes, corresponding to (B, C, height, width).")

    def shapes(self, x):
        check(len(x) == 4, "Input must have 4 axes, corresponding to (B, C, height, width).")
        across = self.p.norm_region == self.p.ACROSS_CHANNELS
        self.axes, self.k = ((1,), self.p.k) if across else ((2, 3), 1)
        self.share = self.p.alpha / self.p.local_size ** len(self.axes)
        return x

    def _around(self, x):
        """The sum of the numbers around each; it is also its own gradient."""
        size = self.p.local_size
        for axis in self.axes:
            shape, before = list(x.shape), (slice(None),) * axis
            shape[axis] += size - 1
            padded = arrays.current.zeros(tuple(shape))
            padded[(*before, slice(size // 2, size // 2 + x.shape[axis]))] = x
            x = sum(padded[(*before, slice(i, i + x.shape[axis]))] for i in range(size))
        return x

    def forward(self, x):
        self.s = self._around(x * x) * self.share + self.k
        return x * self.s ** -self.p.beta

    def backward(self, dy, x, y):
        through = x * self._around(dy * y / self.s)
        return dy * self.s ** -self.p.beta - 2 * self.share * self.p.beta * through


class BatchNorm(Layer):
    """y = (x - m) / sqrt(v + eps)      dx = (dy - mean dy - y mean(dy y)) / sqrt(v + eps)

    m, v: mean and variance of each channel, of this batch. Weights, 0 at first: their sums M
    (C) and V (C) over the batches so far, and F (1), how many those count for. A batch of n
    numbers a channel adds to them, with f = moving_average_fraction:
      M = f M + m,   V = f V + v n / (n - 1),   F = f F + 1
    With use_global_stats, as in TEST, m = M / F, v = V / F, and dx = dy / sqrt(v + eps).
    Bottom x: (B, C, ...). No solver changes the weights. Source: batch_norm_layer.cpp
    """

    keeps = True
    options, reads, always_backward = "batch_norm_param", (), (0,)

    def setup(self, x):
        check(len(x) >= 2, "axis 1 out of range: the bottom must be (B, C, ...).")
        check_numbers(*x)
        given = self.spec.param
        check(not any(param.lr_mult for param in given),
              "Cannot configure batch normalization statistics as layer parameters: each param "
              "needs lr_mult: 0, or leave them out.")
        self.seems_to_learn = len(given) < 3
        given.extend([caffe_pb2.ParamSpec(lr_mult=0)] * (3 - len(given)))
        for shape in (x[1:2], x[1:2], (1,)):
            self.add_weight(shape, caffe_pb2.FillerParameter())
        has_said = self.p.HasField("use_global_stats")
        self.stored = self.p.use_global_stats if has_said else self.phase == TEST

    def shapes(self, x):
        check(len(x) >= 2 and x[1:2] == self.blobs[0].shape,
              f"the statistics are made for (B, C, ...) with {self.blobs[0].shape[0]} channels.")
        self.axes, self.beside = (0, *range(2, len(x))), (1, x[1]) + (1,) * (len(x) - 2)
        return x

    def _mean(self, x):
        return self.xp.mean(x, axis=self.axes)

    def _of_weights(self):
        """m and v, as stored; 0 where nothing is."""
        F = self.weight(2)
        share = self.xp.where(F == 0, F, 1 / F)
        return self.weight(0) * share, self.weight(1) * share

    def _add(self, m, v, n):
        """Count a batch in."""
        v = v * (n / (n - 1)) if n > 1 else v
        for blob, new in zip(self.blobs, (m, v, self.xp.ones_like(self.weight(2)))):
            old = blob.data_memory.read()
            blob.data_memory.overwrite(old * self.p.moving_average_fraction + new)

    def forward(self, x):
        m, v = self._of_weights() if self.stored else (self._mean(x), None)
        x = x - m.reshape(self.beside)
        if v is None:
            v = self._mean(x * x)
            self._add(m, v, prod(x.shape) // x.shape[1])
        self.root = self.xp.sqrt(v + self.p.eps).reshape(self.beside)
        self.y = x / self.root
        return self.y

    def backward(self, dy, x, y):
        if self.stored:
            return dy / self.root
        mean, along = (self._mean(a).reshape(self.beside) for a in (dy, dy * self.y))
        return (dy - mean - self.y * along) / self.root


class MVN(Layer):
    """y = (x - m) / (d + eps)          dx = (dy - mean dy - y mean(dy y)) / (d + eps)
    y = x - m                        dx = dy - mean dy       if not normalize_variance

    m, d: mean and standard deviation of each channel of each picture, or with
    `across_channels` of each picture. Bottom x: (B, C, height, width), or fewer axes; the top
    has all four. Source: mvn_layer.cpp
    """

    keeps = True
    options, reads = "mvn_param", ("tops",)

    def setup(self, x):
        check_numbers(*x[1 if self.p.across_channels else 2:])

    def shapes(self, x):
        check(len(x) <= 4, "MVN takes (B, C, height, width), or fewer axes.")
        x = x + (1,) * (4 - len(x))
        n = 1 if self.p.across_channels else 2
        self.rows = (prod(x[:n]), prod(x[n:]))
        self.top_shape = x
        return x

    def _centred(self, x):
        return x - self.xp.mean(x, axis=1, keepdims=True)

    def forward(self, x):
        x = self._centred(x.reshape(self.rows))
        if self.p.normalize_variance:
            self.d = self.xp.sqrt(self.xp.mean(x * x, axis=1, keepdims=True)) + self.p.eps
            x = x / self.d
        return x.reshape(self.top_shape)

    def backward(self, dy, x, y):
        dy, y = dy.reshape(self.rows), y.reshape(self.rows)
        dx = self._centred(dy)
        if self.p.normalize_variance:
            dx = (dx - y * self.xp.mean(dy * y, axis=1, keepdims=True)) / self.d
        return dx.reshape(self.top_shape)

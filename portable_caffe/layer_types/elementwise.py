"""Layers that compute number by number, without being activations: Exp, Power, Eltwise, Dropout.

x is the bottom, y the top, dx and dy their gradients.
"""
from math import log

from .. import arrays
from .base import ANY, TRAIN, Layer, check


class AbsVal(Layer):
    """y = |x|                        dx = dy sign(x)

    Source: absval_layer.cpp
    """

    reads = ("bottoms",)

    def shapes(self, x):
        check(self.spec.bottom[0] != self.spec.top[0],
              "AbsVal Layer does not allow in-place computation; give its top another name.")
        return x

    def forward(self, x):
        return abs(x)

    def backward(self, dy, x, y):
        return self.xp.where(x < 0, -dy, dy * self.xp.astype(x > 0, self.xp.float32))


class Threshold(Layer):
    """y = 1 if x > t else 0          no gradient;   t = threshold

    Source: threshold_layer.cpp
    """

    options = "threshold_param"

    def forward(self, x):
        return self.xp.astype(x > self.p.threshold, self.xp.float32)

    def backward(self, dy, x, y):
        check(not any(self.needs), "Threshold has no gradient; leave it out of a net with "
                                   "force_backward, or give it propagate_down: false.")


class Clip(Layer):
    """y = min(max(x, a), b)          dx = dy if a <= x <= b else 0;   a = min, b = max

    In place it keeps x, as real Caffe does not: there every gradient passes.
    Source: clip_layer.cpp
    """

    keeps = True
    options, reads = "clip_param", ("bottoms",)

    def shapes(self, x):
        check(self.p.HasField("min") and self.p.HasField("max"),
              "give both: clip_param { min: 0 max: 1 }.")
        return x

    def forward(self, x):
        self.keep(x)
        xp = self.xp
        y = xp.where(x > self.p.max, xp.full_like(x, self.p.max), x)
        return xp.where(y > self.p.min, y, xp.full_like(x, self.p.min))

    def backward(self, dy, x, y):
        x = self.input(x)
        inside = (x >= self.p.min) & (x <= self.p.max)
        return dy * self.xp.astype(inside, self.xp.float32)


class Exp(Layer):
    """y = b^(shift + scale x)        dx = dy y scale log b;   b = base, e if it is -1

    Source: exp_layer.cpp
    """

    options, reads = "exp_param", ("tops",)

    def setup(self, x):
        check(self.p.base == -1 or self.p.base > 0, "base must be strictly positive.")
        self.log_b = 1 if self.p.base == -1 else log(self.p.base)

    def forward(self, x):
        return self.xp.exp((x * self.p.scale + self.p.shift) * self.log_b)

    def backward(self, dy, x, y):
        return dy * y * (self.log_b * self.p.scale)


class Log(Layer):
    """y = log_b(shift + scale x)     dx = dy scale / ((shift + scale x) log b);   b as in Exp

    In place it keeps x, as real Caffe does not: there the gradient is wrong.
    Source: log_layer.cpp
    """

    keeps = True
    options, reads = "log_param", ("bottoms",)

    def setup(self, x):
        check(self.p.base == -1 or self.p.base > 0, "base must be strictly positive.")
        check(self.p.base != 1, "inf result: 1 / log(base), as base is 1.")
        self.log_b = 1 if self.p.base == -1 else log(self.p.base)

    def forward(self, x):
        self.keep(x)
        return self.xp.log(x * self.p.scale + self.p.shift) / self.log_b

    def backward(self, dy, x, y):
        return dy * (self.p.scale / self.log_b) / (self.input(x) * self.p.scale + self.p.shift)


class Power(Layer):
    """y = (shift + scale x)^power    dx = dy power scale (shift + scale x)^(power - 1)

    In place only with power 1. There real Caffe's gradient is scale^2, whatever dy; here dx.
    Source: power_layer.cpp
    """

    options = "power_param"

    def forward(self, x):
        if self.p.power * self.p.scale == 0:  # a constant, whatever x holds
            value = 1 if self.p.power == 0 else self.p.shift ** self.p.power
            return self.xp.full_like(x, value)
        base = x * self.p.scale + self.p.shift
        return base if self.p.power == 1 else base ** self.p.power

    def backward(self, dy, x, y):
        slope = self.p.power * self.p.scale
        if slope == 0:
            return self.xp.zeros_like(x)
        if self.p.power == 1:
            return dy * slope
        return dy * slope * (x * self.p.scale + self.p.shift) ** (self.p.power - 1)


class Dropout(Layer):
    """TRAIN: y = x m / (1 - r), m = 0 with probability r, else 1      dx = dy m / (1 - r)
    TEST: y = x                                                        dx = dy

    Source: dropout_layer.cpp
    """

    keeps = True
    options, aliases = "dropout_param", True

    def setup(self, x):
        self.repeats = self.phase != TRAIN

    def shapes(self, x):
        check(0 < self.p.dropout_ratio < 1, "dropout_ratio must lie between 0 and 1.")
        return x

    def forward(self, x):
        if self.phase != TRAIN:
            return x
        keep = 1 - self.p.dropout_ratio
        kept = arrays.current.uniform(x.shape) < keep
        self.mask = self.xp.astype(kept, self.xp.float32) * (1 / keep)
        return x * self.mask

    def backward(self, dy, x, y):
        return dy * self.mask if self.phase == TRAIN else dy


class Eltwise(Layer):
    """PROD: y = x1 x2 ...            dx_i = dy times all the other x
    SUM:  y = c1 x1 + c2 x2 ...       dx_i = c_i dy                        (c_i = 1 if not given)
    MAX:  y = max(x1, x2, ...)        dx_i = dy where x_i is the largest, else 0

    Source: eltwise_layer.cpp
    """

    bottoms, tops = (2, ANY), 1
    options, aliases = "eltwise_param", True

    def shapes(self, *shapes):
        for index, shape in enumerate(shapes):
            check(shape == shapes[0], f"all bottoms must have one shape; bottom {index} has "
                                      f"{shape}, bottom 0 has {shapes[0]}.")
        check(len(self.p.coeff) in (0, len(shapes)), "give one coeff per bottom, or none.")
        check(self.p.operation == self.p.SUM or not self.p.coeff, "only SUM takes coeff.")
        self.count, self.coeff = len(shapes), list(self.p.coeff)
        name = {self.p.PROD: "_product", self.p.SUM: "_sum", self.p.MAX: "_maximum"}[
            self.p.operation]
        self._operation, self._gradients = getattr(self, name), getattr(self, name + "_gradients")
        self.reads = () if self.p.operation == self.p.SUM else ("bottoms",)
        return shapes[0]

    def forward(self, *xs):
        return self._operation(xs)

    def backward(self, dy, xs, y):
        return self._gradients(dy, xs)

    def _product(self, xs):
        y = xs[0]
        for x in xs[1:]:
            y = y * x
        return y

    def _product_gradients(self, dy, xs):
        return [dy * self._product([x for j, x in enumerate(xs) if j != i])
                for i in range(len(xs))]

    def _sum(self, xs):
        terms = [x * c for c, x in zip(self.coeff, xs)] if self.coeff else xs
        y = terms[0] + terms[1]
        for term in terms[2:]:
            y = y + term
        return y

    def _sum_gradients(self, dy, xs):
        return [dy * c for c in self.coeff] or [dy] * self.count

    def _maximum(self, xs):
        y = xs[0]
        for x in xs[1:]:
            y = self.xp.maximum(y, x)
        return y

    def _maximum_gradients(self, dy, xs):
        """Of equal numbers, the second of the first two wins, else the earlier."""
        xp, order = self.xp, [1, 0, *range(2, len(xs))]
        y, free, gradients = self._maximum(xs), xp.ones_like(dy), [None] * len(xs)
        for i in order:
            wins = xp.where(xs[i] == y, free, xp.zeros_like(dy))
            gradients[i], free = dy * wins, free - wins
        return gradients

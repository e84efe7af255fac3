"""Layers that look for the largest predictions; they have no gradient."""
from math import prod

from .base import Layer, axis_of, check, check_numbers
from .losses import one_hot


class Accuracy(Layer):
    """y = the part of labels that are among the top_k largest predictions.

    Bottoms x: (outer..., C along `axis`, inner...); labels: outer * inner whole numbers.
    Tops y: (); the same for each class (C), if asked for. No gradient.
    Source: accuracy_layer.cpp
    """

    bottoms, tops, options = 2, (1, 2), "accuracy_param"

    def setup(self, x, labels):
        check_numbers(*labels)

    def shapes(self, x, labels):
        axis = axis_of(x, self.p.axis)
        self.size = (prod(x[:axis]), x[axis], prod(x[axis + 1:]))
        check(self.p.top_k <= x[axis], f"top_k {self.p.top_k} is more than {x[axis]} classes.")
        check(self.size[0] * self.size[2] == prod(labels),
              f"there must be {self.size[0] * self.size[2]} labels, one for each prediction.")
        ignored = self.p.ignore_label if self.p.HasField("ignore_label") else None
        self.indices = {1: (x[axis], ignored)}
        return [(), (x[axis],)][:len(self.spec.top)]

    def forward(self, x, labels):
        xp = self.xp
        x = x.reshape(self.size)
        mine = one_hot(labels, x)
        if self.p.HasField("ignore_label"):
            whole = xp.astype(labels, xp.int64).reshape((self.size[0], 1, self.size[2]))
            mine = mine * xp.astype(whole != self.p.ignore_label, xp.float32)
        truth = xp.sum(x * mine, axis=1, keepdims=True)
        better = xp.sum(xp.astype(x >= truth, xp.float32), axis=1, keepdims=True) - 1
        right = mine * xp.astype(better < self.p.top_k, xp.float32)
        right, all_ = xp.sum(right, axis=(0, 2)), xp.sum(mine, axis=(0, 2))  # per class
        total = xp.sum(all_)
        tops = [xp.sum(right) / (total + (total == 0)), right / (all_ + (all_ == 0))]
        return tops[:len(self.spec.top)]

    def backward(self, dys, bottoms, tops):
        check(not any(self.needs), "Accuracy has no gradient; leave it out of a net with "
                                   "force_backward, or give it propagate_down: false.")
        return [None, None]


class ArgMax(Layer):
    """y = the places of the top_k largest x, largest first; with out_max_val the values.

    Along `axis`: top (..., top_k, ...). Without it over all axes but the first: top
    (B, 1, top_k), or (B, 2, top_k) with places and values. No gradient.
    Source: argmax_layer.cpp
    """

    options = "argmax_param"

    def shapes(self, x):
        check(x and self.p.top_k >= 1, "the bottom needs an axis, and top_k must be 1 or more.")
        if self.p.HasField("axis"):
            self.axis = axis_of(x, self.p.axis)
            largest, shape = x[self.axis], x[:self.axis] + (self.p.top_k,) + x[self.axis + 1:]
        else:
            largest, shape = prod(x[1:]), (x[0], 1 + self.p.out_max_val, self.p.top_k)
            shape += (1,) * (len(x) - 3)
        check(self.p.top_k <= largest, f"top_k {self.p.top_k} is more than {largest} places.")
        return shape

    def forward(self, x):
        xp = self.xp
        if self.p.HasField("axis"):
            places, values = self._largest(x, self.axis)
            return values if self.p.out_max_val else places
        places, values = self._largest(x.reshape((x.shape[0], -1)), 1)
        both = [places, values] if self.p.out_max_val else [places]
        y = xp.stack(both, axis=1)
        return y.reshape(y.shape + (1,) * (x.ndim - 3))

    def _largest(self, x, axis):
        """Places and values of the top_k largest; of equal ones the last comes first."""
        xp = self.xp
        order = xp.flip(xp.argsort(x, axis=axis, stable=True), axis=axis)
        order = order[(slice(None),) * axis + (slice(self.p.top_k),)]
        return xp.astype(order, xp.float32), xp.take_along_axis(x, order, axis=axis)

    def backward(self, dy, x, y):
        check(not any(self.needs), "ArgMax has no gradient; leave it out of a net with "
                                   "force_backward, or give it propagate_down: false.")

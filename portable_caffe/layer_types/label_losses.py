"""Losses of scores or distances in which a label says what is right.

A loss is one number; dy is its gradient, 1 or the layer's loss_weight. N is the batch.
"""
from math import prod

from .. import arrays, files
from ..errors import in_a_layer
from ..memory import Memory
from ..proto import caffe_pb2
from .base import axis_of, check
from .losses import _Loss, check_first, one_hot, softmax

LEAST = 1e-20  # kLOG_THRESHOLD: the logarithm of less is never taken


class _ScoresLoss(_Loss):
    """Bottoms x: (N, ...), C numbers a row; labels: N whole numbers below C. Top: ()."""

    keeps = True

    def shapes(self, x, labels):
        check(x and x[:1] == labels[:1], "both bottoms must have as many rows.")
        self.indices = {1: (prod(x[1:]), None)}
        return ()

    def at_label(self, x, labels):
        """x as (N, C), and where the label of each row is: (N, C) of true and false."""
        rows = x.reshape((x.shape[0], -1))
        labels = labels.reshape((-1,))[:x.shape[0]]
        return rows, one_hot(labels, rows[:, :, None])[:, :, 0] > 0


class HingeLoss(_ScoresLoss):
    """m = max(0, 1 + t x), t = -1 at the label, 1 elsewhere
    L1   loss = sum m / N            dx = dy t sign(m) / N
    L2   loss = sum m^2 / N          dx = 2 dy t m / N

    Source: hinge_loss_layer.cpp
    """

    options = "hinge_loss_param"

    def forward(self, x, labels):
        xp, (rows, here) = self.xp, self.at_label(x, labels)
        self.t = xp.where(here, -xp.ones_like(rows), xp.ones_like(rows))
        self.m = xp.maximum(1 + self.t * rows, xp.zeros_like(rows))
        terms = self.m * self.m if self.p.norm == self.p.L2 else self.m
        return xp.sum(terms) / x.shape[0]

    def backward(self, dy, bottoms, y):
        m = 2 * self.m if self.p.norm == self.p.L2 else self.xp.sign(self.m)
        x = bottoms[0]
        return [(self.t * m * (dy / x.shape[0])).reshape(x.shape), None]


class MultinomialLogisticLoss(_ScoresLoss):
    """loss = - sum log p[label] / N         dp = - dy / (N p) at the label, 0 elsewhere

    The bottom p holds probabilities, as a Softmax gives them.
    Source: multinomial_logistic_loss_layer.cpp
    """

    def shapes(self, p, labels):
        check(prod(labels[1:]) == 1, "there must be one label a row.")
        return super().shapes(p, labels)

    def forward(self, p, labels):
        xp, (rows, here) = self.xp, self.at_label(p, labels)
        self.p_label = xp.maximum(xp.where(here, rows, xp.ones_like(rows)),
                                  xp.full_like(rows, LEAST))  # 1 elsewhere: log 1 = 0
        self.here = here
        return -xp.sum(xp.log(self.p_label)) / p.shape[0]

    def backward(self, dy, bottoms, y):
        p = bottoms[0]
        dp = self.xp.astype(self.here, self.xp.float32) / self.p_label * (-dy / p.shape[0])
        return [dp.reshape(p.shape), None]


class InfogainLoss(_Loss):
    """loss = - sum H[label, c] log p_c / n         dx = dy (p sum_c H[label, c] - H[label]) / n

    p = softmax(x) along `axis`. H: (C, C), how much each prediction c tells about a label, is
    the third bottom or the blob in the file `source`; for the identity this is SoftmaxWithLoss.
    Bottoms x: (outer..., C, inner...); labels: outer * inner whole numbers; [H].
    Tops loss: (); p: like x, if asked for. Source: infogain_loss_layer.cpp
    """

    keeps = True
    bottoms, tops, not_backward = (2, 3), (1, 2), (1, 2)

    def setup(self, x, labels, *H):
        source = self.spec.infogain_loss_param.source
        check(not self.p.HasField("normalize"), "normalize is out of use; give normalization.")
        check(H or self.spec.infogain_loss_param.HasField("source"),
              "the infogain matrix must be the third bottom, or in the file `source`.")
        if not H:
            with in_a_layer():
                stored = files.from_message(files.read_binary(source, caffe_pb2.BlobProto()))
            self.stored = Memory(stored.shape)  # follows the numbers from one device to another
            self.stored.write(arrays.current.from_host(stored))

    def shapes(self, x, labels, *H):
        check_first(x, labels)
        self.axis = axis_of(x, self.spec.infogain_loss_param.axis)
        self.outer, self.inner = prod(x[:self.axis]), prod(x[self.axis + 1:])
        check(self.outer * self.inner == prod(labels),
              f"there must be {self.outer * self.inner} labels, one for each prediction.")
        classes = x[self.axis]
        check(prod(H[0] if H else self.stored.shape) == classes ** 2,
              f"the infogain matrix must be {classes} by {classes}.")
        self.indices = {1: (classes, self.ignored())}
        return [(), x][:len(self.spec.top) or 1]

    def forward(self, x, labels, *H):
        xp, self.p_x = self.xp, softmax(x, self.axis)
        p = self.p_x.reshape((self.outer, -1, self.inner))
        valid = self.valid(labels).reshape((self.outer, self.inner))
        self.n = self.normalizer(self.outer, self.inner, valid)
        H = (H[0] if H else self.stored.read()).reshape((p.shape[1], p.shape[1]))
        self.gain = xp.matrix_transpose(H) @ (one_hot(labels, p) * valid[:, None, :])
        logs = xp.log(xp.maximum(p, xp.full_like(p, LEAST)))
        return [-xp.sum(self.gain * logs) / self.n, self.p_x][:len(self.spec.top) or 1]

    def backward(self, dys, bottoms, tops):
        p = self.p_x.reshape(self.gain.shape)
        dx = p * self.xp.sum(self.gain, axis=1, keepdims=True) - self.gain
        return [(dx * (dys[0] / self.n)).reshape(bottoms[0].shape), None, None][:len(bottoms)]


class ContrastiveLoss(_Loss):
    """loss = sum of d^2 for similar pairs, max(0, margin - d)^2 for others, over 2 N
    da = dy (a - b) / N for similar pairs, - dy max(0, margin - d) (a - b) / (N d) for others,
    db = -da                                                  d^2 = sum (a - b)^2 of a pair

    With `legacy_version` max(0, margin - d^2) in place of the square, and - dy (a - b) / N.
    Bottoms a, b: (N, C); labels: N numbers, 0 for pairs that are not similar.
    Source: contrastive_loss_layer.cpp
    """

    keeps = True
    bottoms, options, not_backward = 3, "contrastive_loss_param", (2,)

    def setup(self, a, b, labels):
        check(prod(labels[1:]) == 1, "the labels, the third bottom, are one number each.")

    def shapes(self, a, b, labels):
        check(a and prod(a) == prod(b) and a[:2] == b[:2] and prod(a[2:]) == 1,
              "the first two bottoms must have one shape, (N, C).")
        return ()

    def forward(self, a, b, labels):
        xp, N = self.xp, a.shape[0]
        labels = labels.reshape((-1,))[:N]
        check(labels.shape[0] == N, f"there must be a label for each of the {N} pairs.")
        self.difference = (a - b.reshape(a.shape)).reshape((N, -1))
        squares = xp.sum(self.difference ** 2, axis=1)
        self.similar = abs(labels) >= 1  # as whole numbers they are not 0
        zero = xp.zeros_like(squares)
        if self.p.legacy_version:
            apart = xp.maximum(self.p.margin - squares, zero)
            self.pull = xp.astype(apart > 0, xp.float32)
        else:
            distance = xp.sqrt(squares)
            apart = xp.maximum(self.p.margin - distance, zero)
            self.pull = apart / (distance + 1e-4)  # never divide by 0
            apart = apart * apart
        return xp.sum(xp.where(self.similar, squares, apart)) / (2 * N)

    def backward(self, dy, bottoms, y):
        xp, (a, b, _) = self.xp, bottoms
        push = xp.where(self.similar, xp.ones_like(self.pull), -self.pull)
        da = self.difference * (push * (dy / a.shape[0]))[:, None]
        return [da.reshape(a.shape), -da.reshape(b.shape), None]

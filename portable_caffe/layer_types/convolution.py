"""Layers that look at windows of a picture: Convolution, Deconvolution, Pooling.

x: (B, C, height, width). A window begins at each `stride`-th place of the padded picture.
"""
from math import prod

import numpy as np

from .. import arrays
from ..memory import Memory
from .base import Layer, check

LOWEST = -3.4028235e38  # -FLT_MAX: less than anything beside the picture


class _Windows(Layer):
    """Cuts the pictures into windows, and adds up what comes back for each pixel."""

    def _pair(self, name, default):
        """An option for (height, width): `name_h` and `name_w`, or `name` once or twice."""
        p, known = self.p, self.p.DESCRIPTOR.fields_by_name
        if name + "_h" in known and (p.HasField(name + "_h") or p.HasField(name + "_w")):
            return getattr(p, name + "_h"), getattr(p, name + "_w")
        given = getattr(p, name if name in known else name + "_size")
        values = list(given) if hasattr(given, "extend") else [given]
        check(len(values) <= 2, f"{name} is given {len(values)} times; a picture has two axes.")
        return tuple((values or [default]) * 2)[:2]

    def _lay_out(self, x, out):
        """Remember where the windows lie: `out` of them by height and width."""
        self.x_shape, self.out = x, out
        self.span = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel)]
        self.size = [max((n - 1) * s + k, p + have) for n, s, k, p, have in
                     zip(out, self.stride, self.span, self.pad, x[2:])]
        self.places = [tuple(slice(d * i, d * i + s * (n - 1) + 1, s) for d, i, s, n in
                             zip(self.dilation, at, self.stride, out))
                       for at in np.ndindex(*self.kernel)]

    def _inside(self):
        """Where the picture itself lies in the padded one."""
        return (..., *(slice(p, p + have) for p, have in zip(self.pad, self.x_shape[2:])))

    def _cut(self, x, around):
        """(pixels of a window, B, C, *out); beside the picture every number is `around`."""
        padded = arrays.current.zeros((*x.shape[:2], *self.size)) + around
        padded[self._inside()] = x
        return self.xp.stack([padded[(..., *place)] for place in self.places])

    def _add_up(self, parts):
        """The gradient of x from that of each pixel of the windows."""
        padded = arrays.current.zeros((*self.x_shape[:2], *self.size))
        for place, part in zip(self.places, parts):
            padded[(..., *place)] += part
        return padded[self._inside()]


class _Convolution(_Windows):
    """What both convolutions share: weights W (M, C / group, height, width), between the C
    channels of a picture and the M numbers of each of its windows. With groups, those of a
    group see the channels of that group only.
    """

    options = "convolution_param"

    def _set_up(self, x, M, C):
        p = self.p
        check(len(x) == 4 and p.axis in (1, -3), "a picture is (B, C, height, width).")
        check(p.num_output > 0 and M % p.group == C % p.group == 0,
              f"num_output {p.num_output} and the {x[1]} channels must divide by group {p.group}.")
        self.kernel, self.stride = self._pair("kernel", 0), self._pair("stride", 1)
        self.pad, self.dilation = self._pair("pad", 0), self._pair("dilation", 1)
        check(min(*self.kernel, *self.stride, *self.dilation) > 0,
              "give kernel_size (and stride, dilation) of 1 or more.")
        self.channels = x[1]
        self.add_weight((M, C // p.group, *self.kernel), p.weight_filler)
        if p.bias_term:
            self.add_weight((p.num_output,), p.bias_filler)

    def _sizes(self, x):
        """(size, pad, reach of a window, stride) by height and width."""
        check(x[1:2] == (self.channels,), f"the weights are made for {self.channels} channels.")
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel)]
        return zip(x[2:], self.pad, reach, self.stride)

    def _matrix(self):
        return self.weight(0).reshape((self.p.group, self.blobs[0].shape[0] // self.p.group, -1))

    def _grouped(self, windows):
        """(B, group, M / group, windows)."""
        count = prod(windows.shape[1:]) // self.p.group  # not -1, for B may be 0
        return windows.reshape((windows.shape[0], self.p.group, count // prod(self.out),
                                prod(self.out)))

    def _columns(self, picture):
        """(B, group, C / group times pixels of a window, windows)."""
        return self._grouped(self.xp.permute_dims(self._cut(picture, 0), (1, 2, 0, 3, 4)))

    def _picture(self, columns):
        """What `_columns` cut, added up where windows meet."""
        parts = columns.reshape((*self.x_shape[:2], len(self.places), *self.out))
        return self._add_up(self.xp.permute_dims(parts, (2, 0, 1, 3, 4)))

    def _with_bias(self, y):
        return y + self.weight(1).reshape((-1, 1, 1)) if self.p.bias_term else y

    def _learn(self, windows, columns, dy):
        dW = self.xp.sum(windows @ self.xp.matrix_transpose(columns), axis=0)
        self.add_gradient(0, dW.reshape(self.blobs[0].shape))
        if self.p.bias_term:
            self.add_gradient(1, self.xp.sum(dy, axis=(0, 2, 3)))


class Convolution(_Convolution):
    """y_m = sum over c, i, j of W_mcij x_c(i, j) + b_m, at each window
    dW = sum dy x,   db = sum dy,   dx = sum W dy at each window a pixel is in

    With groups, the outputs of a group see the inputs of that group only. Weights W: (M, C /
    group, height, width); b: (M). Top y: (B, M, ...). Source: conv_layer.cpp
    """

    keeps = True

    def setup(self, x):
        self._set_up(x, self.p.num_output, x[1] if len(x) > 1 else 0)

    def shapes(self, x):
        out = [(have + 2 * p - k) // s + 1 for have, p, k, s in self._sizes(x)]
        check(min(out) > 0, f"the window {self.kernel} is larger than the picture.")
        self._lay_out(x, out)
        return (x[0], self.p.num_output, *out)

    def forward(self, x):
        self.columns = self._columns(x)
        y = (self._matrix() @ self.columns).reshape((x.shape[0], self.p.num_output, *self.out))
        return self._with_bias(y)

    def backward(self, dy, x, y):
        windows = self._grouped(dy)
        self._learn(windows, self.columns, dy)
        return self._picture(self.xp.matrix_transpose(self._matrix()) @ windows)


class Deconvolution(_Convolution):
    """y = sum W x at each window a pixel of y is in, + b: Convolution's gradient, as a layer
    dW = sum x dy,   db = sum dy,   dx_c = sum over m, i, j of W_cmij dy_m(i, j), at each window

    Each number of x is a window of y. With groups, as in Convolution. Weights W: (C, M / group,
    height, width); b: (M). Bottom x: (B, C, ...), top y: (B, M, ...). Source: deconv_layer.cpp
    """

    reads = ("bottoms",)

    def setup(self, x):
        self._set_up(x, x[1] if len(x) > 1 else 0, self.p.num_output)

    def shapes(self, x):
        picture = [s * (n - 1) + k - 2 * p for n, p, k, s in self._sizes(x)]
        check(min(picture) > 0, f"pad {self.pad} takes away all of the top.")
        top = (x[0], self.p.num_output, *picture)
        self._lay_out(top, x[2:])
        return top

    def forward(self, x):
        columns = self.xp.matrix_transpose(self._matrix()) @ self._grouped(x)
        return self._with_bias(self._picture(columns))

    def backward(self, dy, x, y):
        columns = self._columns(dy)
        self._learn(self._grouped(x), columns, dy)
        return (self._matrix() @ columns).reshape(x.shape)


class Pooling(_Windows):
    """MAX: y = the largest x of a window      dx = dy where x was the (first) largest
    AVE: y = the mean x of a window            dx = dy / size of the window

    A second top of MAX holds where in the picture each y stood, counted row by row.
    The last window may reach past the picture. Source: pooling_layer.cpp
    """

    keeps = True
    tops, options, dilation = (1, 2), "pooling_param", (1, 1)

    def setup(self, x):
        check(len(self.spec.top) == 1 or self.p.pool == self.p.MAX, "only MAX has a second top.")
        check(len(x) == 4, "a picture is (B, C, height, width).")
        self.kernel = x[2:] if self.p.global_pooling else self._pair("kernel", 0)
        self.stride, self.pad = self._pair("stride", 1), self._pair("pad", 0)
        check(min(*self.kernel, *self.stride) > 0, "give kernel_size (and stride) of 1 or more.")
        check(all(p < k for p, k in zip(self.pad, self.kernel)),
              "pad must be smaller than the window.")

    def shapes(self, x):
        if self.p.global_pooling:
            self.kernel = x[2:]
        out = [self._count(*sizes) for sizes in zip(x[2:], self.pad, self.kernel, self.stride)]
        check(min(out) > 0, f"the window {self.kernel} is larger than the picture.")
        self._lay_out(x, out)
        self.pixels = Memory(tuple(out))  # follows the numbers from one device to another
        self.pixels.write(arrays.current.from_host(np.outer(*map(self._lengths, range(2)))))
        return [(*x[:2], *out)] * len(self.spec.top)

    def _count(self, have, pad, kernel, stride):
        """How many windows: by default the last one may stick out, but not begin outside."""
        room = have + 2 * pad - kernel
        count = (room if self.p.round_mode == self.p.FLOOR else room + stride - 1) // stride + 1
        return count - 1 if pad and (count - 1) * stride >= have + pad else count

    def _lengths(self, axis):
        """The size of each window along an axis, cut off where the padding ends."""
        start = np.arange(self.out[axis]) * self.stride[axis]
        end = self.x_shape[2 + axis] + 2 * self.pad[axis]
        return (np.minimum(start + self.kernel[axis], end) - start).astype(np.float32)

    def forward(self, x):
        check(self.p.pool in (self.p.MAX, self.p.AVE), "pool must be MAX or AVE on a CPU.")
        if self.p.pool == self.p.AVE:
            return [self.xp.sum(self._cut(x, 0), axis=0) / self.pixels.read()]
        cut = self._cut(x, LOWEST)
        self.first = self.xp.argmax(cut, axis=0)
        return [self.xp.max(cut, axis=0), self._where(self.first)][:len(self.spec.top)]

    def _where(self, first):
        """The pixel of the picture, counted row by row, that is number `first` of each window."""
        xp, (rows, columns) = self.xp, self.out
        i, j = first // self.kernel[1], first % self.kernel[1]
        i = i + (arrays.current.count_to(rows) * self.stride[0] - self.pad[0])[:, None]
        j = j + arrays.current.count_to(columns) * self.stride[1] - self.pad[1]
        return xp.astype(i * self.x_shape[3] + j, xp.float32)

    def backward(self, dys, x, y):
        xp, count, dy = self.xp, len(self.places), dys[0]
        if self.p.pool == self.p.AVE:
            return self._add_up([dy / self.pixels.read()] * count)
        return self._add_up(dy * xp.astype(self.first == k, xp.float32) for k in range(count))

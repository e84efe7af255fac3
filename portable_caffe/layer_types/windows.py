"""Layers that lay the windows of a picture side by side, or pool them in a pyramid."""
from math import prod

from ..proto import caffe_pb2
from .base import Layer, axis_of, check
from .convolution import Pooling, _Windows


class Im2col(_Windows):
    """y = the numbers that each window sees, side by side     dx = sum of dy where x was seen

    x: (outer..., C at `axis`, sizes...) -> y: (outer..., C * numbers of a window, windows...).
    The options are Convolution's. Source: im2col_layer.cpp
    """

    options = "convolution_param"

    def setup(self, x):
        self.axis = axis_of(x, self.p.axis)
        count = len(x) - self.axis - 1
        check(count >= 1, "there must be an axis behind that of the channels.")
        names = ("kernel", None), ("stride", 1), ("pad", 0), ("dilation", 1)
        self.kernel, self.stride, self.pad, self.dilation = (
            self._per_axis(name, count, default) for name, default in names)
        check(min(*self.kernel, *self.stride, *self.dilation) > 0,
              "kernel_size, stride and dilation must be 1 or more.")

    def _per_axis(self, name, count, default):
        """An option for each of `count` axes: `name_h` and `name_w`, or `name` once or for each."""
        p, field = self.p, "kernel_size" if name == "kernel" else name
        given, known = list(getattr(p, field)), p.DESCRIPTOR.fields_by_name
        if name + "_h" in known and (p.HasField(name + "_h") or p.HasField(name + "_w")):
            check(count == 2 and not given,
                  f"{name}_h and {name}_w are for two axes, and in place of {field}.")
            return getattr(p, name + "_h"), getattr(p, name + "_w")
        check(len(given) in (1, count) or not given and default is not None,
              f"give {field} once, or for each of the {count} axes.")
        given = given or [default]
        return tuple(given if len(given) == count else given * count)

    def shapes(self, x):
        check(len(x) == self.axis + 1 + len(self.kernel), "the number of axes cannot change.")
        self.seen = prod(x[:self.axis]), *x[self.axis:]  # (outer, C, sizes...)
        out = [int((have + 2 * p - d * (k - 1) - 1) / s) + 1 for have, p, d, k, s in
               zip(self.seen[2:], self.pad, self.dilation, self.kernel, self.stride)]
        check(min(out) > 0, f"the window {self.kernel} is larger than the picture.")
        self._lay_out(self.seen, out)
        return (*x[:self.axis], x[self.axis] * prod(self.kernel), *out)

    def forward(self, x):
        cut = self._cut(x.reshape(self.seen), 0)  # (numbers of a window, outer, C, windows...)
        order = 1, 2, 0, *range(3, cut.ndim)
        y = self.xp.permute_dims(cut, order)
        return y.reshape((*x.shape[:self.axis], -1, *self.out))

    def backward(self, dy, x, y):
        parts = dy.reshape((*self.seen[:2], len(self.places), *self.out))
        parts = self.xp.permute_dims(parts, (2, 0, 1, *range(3, parts.ndim)))
        return self._add_up(parts).reshape(x.shape)


class SPP(Layer):
    """y = the picture pooled whole, in 2 x 2 parts, in 4 x 4 parts, ..., side by side
    dx = the sum of the gradients of these poolings

    Level k = 0, 1, ... of `pyramid_height` pools (`pool`: MAX or AVE) windows of ceil(height /
    2^k) by ceil(width / 2^k). x: (B, C, height, width) -> y: (B, C * parts), or (B, C, 1, 1)
    for one level only. Source: spp_layer.cpp
    """

    keeps = True
    options = "spp_param"

    def setup(self, x):
        check(self.p.pyramid_height >= 1, "give pyramid_height, the number of levels.")

    def shapes(self, x):
        check(len(x) == 4 and min(x[2:]) > 0, "a picture is (B, C, height, width), none of them 0.")
        self.levels = [self._pooling(2 ** k, x) for k in range(self.p.pyramid_height)]
        self.parts = [level.shapes(x)[0] for level in self.levels]
        if len(self.parts) == 1:
            return self.parts[0]
        return x[0], sum(prod(part[1:]) for part in self.parts)

    def _pooling(self, bins, x):
        """The Pooling layer of one level: bins * bins windows over the padded picture."""
        spec = caffe_pb2.LayerParameter(top=["y"])
        p = spec.pooling_param
        p.pool = self.p.pool
        p.kernel_h, p.kernel_w = p.stride_h, p.stride_w = [-(-size // bins) for size in x[2:]]
        p.pad_h, p.pad_w = [(kernel * bins - size + 1) // 2
                            for kernel, size in zip((p.kernel_h, p.kernel_w), x[2:])]
        level = Pooling(spec, self.phase)
        level.setup(x)
        return level

    def forward(self, x):
        self.pooled = [level.forward(x)[0] for level in self.levels]
        if len(self.pooled) == 1:
            return self.pooled[0]
        return self.xp.concat([y.reshape((x.shape[0], -1)) for y in self.pooled], axis=1)

    def backward(self, dy, x, y):
        dx, begin = 0, 0
        for level, pooled, part in zip(self.levels, self.pooled, self.parts):
            end = begin + prod(part[1:])
            dpart = dy.reshape((x.shape[0], -1))[:, begin:end].reshape(part)
            dx, begin = dx + level.backward([dpart], x, [pooled]), end
        return dx

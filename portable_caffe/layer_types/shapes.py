"""Layers that cut, join and rearrange blobs, and sums over axes."""
from math import prod

from ..errors import NO_NUMBER
from .base import ANY, Layer, axis_of, check, check_numbers


ALL = "data_memory", "diff_memory"  # what a layer that moves nothing shares with its top


def legacy_axis(p, old_name, shape):
    """The axis by its new name `axis`, or by the older one that some files still use."""
    return axis_of(shape, getattr(p, old_name if p.HasField(old_name) else "axis"))


class Slice(Layer):
    """y_k = x[..., a_k : a_(k+1), ...] along `axis`        dx = the dy_k joined

    Cut at each `slice_point`, or into equal parts. Source: slice_layer.cpp
    """

    tops, options, aliases, reads = (1, ANY), "slice_param", True, ()

    def setup(self, x):
        check_numbers(*(x if len(self.spec.top) == 1 else ()))

    def shapes(self, x):
        self.axis = legacy_axis(self.p, "slice_dim", x)
        tops, size = len(self.spec.top), x[self.axis]
        self.shares = ALL if tops == 1 else ()
        self.cuts = [0, *self._points(tops, size), size]
        check(all(a < b for a, b in zip(self.cuts, self.cuts[1:])),
              f"the slice points must rise inside axis {self.axis} of size {size}, "
              f"got {list(self.p.slice_point)}.")
        return [x[:self.axis] + (b - a,) + x[self.axis + 1:]
                for a, b in zip(self.cuts, self.cuts[1:])]

    def _points(self, tops, size):
        if self.p.slice_point:
            check(len(self.p.slice_point) == tops - 1,
                  f"{tops} tops need {tops - 1} slice points, got {len(self.p.slice_point)}.")
            return self.p.slice_point
        check(size and size % tops == 0,
              f"axis {self.axis} of size {size} does not divide by {tops} tops.")
        return range(size // tops, size, size // tops)

    def forward(self, x):
        before = (slice(None),) * self.axis
        return [x[before + (slice(a, b),)] for a, b in zip(self.cuts, self.cuts[1:])]

    def backward(self, dys, x, ys):
        return self.xp.concat(dys, axis=self.axis) if len(dys) > 1 else dys[0]


class Concat(Layer):
    """y = the x_k joined along `axis`                      dx_k = its part of dy

    Source: concat_layer.cpp
    """

    bottoms, options, aliases, reads = (1, ANY), "concat_param", True, ("bottoms",)

    def setup(self, *shapes):
        check_numbers(*(shapes[0] if len(shapes) == 1 else ()))

    def shapes(self, *shapes):
        self.axis = axis = legacy_axis(self.p, "concat_dim", shapes[0])
        self.shares = ALL if len(shapes) == 1 else ()
        rest = [shape[:axis] + shape[axis + 1:] for shape in shapes]
        check(rest.count(rest[0]) == len(rest) and len({len(s) for s in shapes}) == 1,
              f"all bottoms must have one shape, except along axis {axis}.")
        return shapes[0][:axis] + (sum(s[axis] for s in shapes),) + shapes[0][axis + 1:]

    def forward(self, *xs):
        return self.xp.concat(xs, axis=self.axis) if len(xs) > 1 else xs[0]

    def backward(self, dy, xs, y):
        before, dxs, a = (slice(None),) * self.axis, [], 0
        for x in xs:
            b = a + x.shape[self.axis]
            dxs.append(dy[before + (slice(a, b),)])
            a = b
        return dxs


class _SameNumbers(Layer):
    """y = x in another shape                               dx = dy in the shape of x"""

    shares = ALL

    def shapes(self, x):
        self.shape = self.new_shape(x)
        check(prod(self.shape) == prod(x),
              f"{prod(x)} numbers do not fit the shape {self.shape}.")
        return self.shape


class Reshape(_SameNumbers):
    """y = x in the shape `shape`, where 0 keeps a size of x and one -1 is worked out.

    With `axis` and `num_axes` only those axes are replaced. Source: reshape_layer.cpp
    """

    options = "reshape_param"

    def setup(self, x):
        check_numbers(*x)

    def new_shape(self, x):
        start = axis_of(x + (1,), self.p.axis)
        end = len(x) if self.p.num_axes == -1 else start + self.p.num_axes
        check(start <= end <= len(x), f"axis {start} and num_axes {self.p.num_axes} reach "
                                      f"past the {len(x)} axes of the bottom.")
        dims = list(self.p.shape.dim)
        check(dims.count(-1) <= 1, "only one size can be -1.")
        check(all(d != 0 or start + i < len(x) for i, d in enumerate(dims)),
              f"a 0 in the shape keeps an axis of the bottom, which has only {len(x)}.")
        dims = [x[start + i] if d == 0 else d for i, d in enumerate(dims)]
        known = prod(x[:start]) * prod(d for d in dims if d != -1) * prod(x[end:])
        check(known or -1 not in dims, f"-1 cannot be worked out beside a size of 0: {NO_NUMBER}")
        dims = [prod(x) // known if d == -1 else d for d in dims]
        return (*x[:start], *dims, *x[end:])


class Flatten(_SameNumbers):
    """y = x with the axes from `axis` to `end_axis` made one.

    Source: flatten_layer.cpp
    """

    options = "flatten_param"

    def new_shape(self, x):
        start, end = axis_of(x, self.p.axis), axis_of(x, self.p.end_axis, "end_axis") + 1
        return (*x[:start], prod(x[start:end]), *x[end:])


class Tile(Layer):
    """y = `tiles` copies of x joined along `axis`          dx = the sum of their dy

    Source: tile_layer.cpp
    """

    options, aliases = "tile_param", True

    def shapes(self, x):
        check(self.p.tiles > 0, "tiles must be 1 or more.")
        self.axis = axis_of(x, self.p.axis)
        return x[:self.axis] + (x[self.axis] * self.p.tiles,) + x[self.axis + 1:]

    def forward(self, x):
        return self.xp.concat([x] * self.p.tiles, axis=self.axis)

    def backward(self, dy, x, y):
        xp = self.xp
        copies = x.shape[:self.axis] + (self.p.tiles,) + x.shape[self.axis:]
        return xp.sum(xp.reshape(dy, copies), axis=self.axis)


class Reduction(Layer):
    """One number y from all axes from `axis` on, times c = coeff:
    SUM    y = c sum x          dx = c dy
    MEAN   y = c sum x / n      dx = c dy / n
    ASUM   y = c sum |x|        dx = c dy sign(x)
    SUMSQ  y = c sum x^2        dx = 2 c dy x

    Source: reduction_layer.cpp
    """

    options, aliases = "reduction_param", True

    def setup(self, x):
        if self.p.operation in (self.p.SUM, self.p.MEAN):
            check_numbers(*x[axis_of(x, self.p.axis) if x else 0:])

    def shapes(self, x):
        check(x or self.p.axis in (0, -1), f"a single number has no axis {self.p.axis}.")
        self.axis = axis_of(x, self.p.axis) if x else 0
        self.scale = self.p.coeff
        if self.p.operation == self.p.MEAN:
            check(prod(x[self.axis:]), "there is no mean of no numbers.")
            self.scale /= prod(x[self.axis:])
        return x[:self.axis]

    def forward(self, x):
        terms = {self.p.ASUM: abs, self.p.SUMSQ: lambda x: x * x}.get(self.p.operation)
        terms = terms(x) if terms else x
        axes = tuple(range(self.axis, x.ndim))
        return self.xp.sum(terms, axis=axes) * self.scale

    def backward(self, dy, x, y):
        xp = self.xp
        dy = xp.reshape(dy * self.scale, dy.shape + (1,) * (x.ndim - self.axis))
        if self.p.operation == self.p.ASUM:
            return dy * xp.sign(x)
        if self.p.operation == self.p.SUMSQ:
            return dy * x * 2
        return xp.broadcast_to(dy, x.shape)

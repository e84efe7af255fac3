"""Layers that pass on a part of their bottom: a piece of each axis, or some of its rows."""
from math import prod

from .. import arrays
from .base import ANY, Layer, axis_of, check


class Crop(Layer):
    """y = x[..., a : a + n, ...] from `axis` on           dx = dy there, 0 elsewhere

    Bottoms x, like: the sizes n are those of `like`, whose numbers do not count. `offset` a:
    0, one for all axes, or one for each. Source: crop_layer.cpp
    """

    bottoms, options, aliases, reads = 2, "crop_param", True, ("bottoms",)

    def shapes(self, x, like):
        start, given = axis_of(x, self.p.axis), list(self.p.offset)
        axes = range(start, len(x))
        check(len(given) in (0, 1, len(axes)),
              f"give offset once, or for each of the {len(axes)} axes from {start} on.")
        check(len(like) >= len(x), f"the second bottom needs {len(x)} axes, like the first.")
        offsets = given if len(given) == len(axes) else (given or [0]) * len(axes)
        for axis, offset in zip(axes, offsets):
            check(x[axis] - offset >= like[axis],
                  f"the crop for dimension {axis} is out of bounds: {like[axis]} from {offset} on, "
                  f"of {x[axis]}.")
        self.piece = (slice(None),) * start + tuple(
            slice(offset, offset + like[axis]) for axis, offset in zip(axes, offsets))
        return x[:start] + like[start:len(x)]

    def forward(self, x, like):
        return x[self.piece]

    def backward(self, dy, bottoms, y):
        dx = arrays.current.zeros(bottoms[0].shape)
        dx[self.piece] = dy
        return [dx, None]


class BatchReindex(Layer):
    """y_n = x_(k_n)                          dx_m = sum of the dy_n with k_n = m

    Bottoms x: (M, ...); k: (N,), whole numbers below M, any number of times.
    Top y: (N, ...). Source: batch_reindex_layer.cpp
    """

    bottoms, not_backward, reads = 2, (1,), ("bottoms",)

    def shapes(self, x, k):
        check(len(k) == 1 and x, "the second bottom, the indices, must have one axis.")
        self.indices = {1: (x[0], None)}
        return k + x[1:]

    def forward(self, x, k):
        return self.xp.take(x, self.xp.astype(k, self.xp.int64), axis=0)

    def backward(self, dy, bottoms, y):
        xp, (x, k) = self.xp, bottoms
        rows = arrays.current.count_to(x.shape[0])
        takes = xp.astype(rows[:, None] == xp.astype(k, xp.int64), xp.float32)  # (M, N)
        dx = takes @ dy.reshape((k.shape[0], prod(x.shape[1:])))
        return [dx.reshape(x.shape), None]


class Filter(Layer):
    """y = the rows of x whose selector is not 0     dx = dy for these rows, 0 for the others

    Bottoms x1, x2, ...: (N, ...); selector: (N,), (N, 1), ... Tops y1, y2, ...: as many rows
    as are selected, at each run anew; N until the first. Source: filter_layer.cpp
    """

    keeps = True
    bottoms, tops, reads = (2, ANY), (1, ANY), ("bottoms",)
    shapes_itself, repeats, selected = True, False, None

    def setup(self, *shapes):
        check(len(self.spec.top) == len(shapes) - 1,
              f"there must be a top for each of the {len(shapes) - 1} bottoms before the selector.")
        self.not_backward = (len(shapes) - 1,)

    def shapes(self, *shapes):
        *xs, selector = shapes
        check(selector and all(size == 1 for size in selector[1:]),
              "the selector, the last bottom, has one number a row: all axes but the first are 1.")
        check(all(x[:1] == selector[:1] for x in xs),
              f"each bottom must have the {selector[0]} rows of the selector.")
        first, self.selected = self.selected is None, self._selected()
        rows = selector[0] if first else len(self.selected)
        return [(rows, *x[1:]) for x in xs]

    def _selected(self):
        """The numbers of the rows that are passed on."""
        numbers = arrays.current.to_host(self.bottom_blobs[-1].data_memory.read()).ravel()
        return numbers.nonzero()[0]

    def forward(self, *bottoms):
        rows = arrays.current.from_host(self.selected)
        return [self.xp.take(x, rows, axis=0) for x in bottoms[:-1]]

    def backward(self, dys, bottoms, ys):
        rows, dxs = arrays.current.from_host(self.selected), []
        for x, dy in zip(bottoms, dys):
            dx = arrays.current.zeros(x.shape)
            dx[rows] = dy
            dxs.append(dx)
        return [*dxs, None]


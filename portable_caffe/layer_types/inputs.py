"""Layers that bring numbers in, or take them away."""
from .. import arrays
from ..fillers import filled
from ..proto import caffe_pb2
from .base import ANY, Layer, check


def _per_top(values, tops, what):
    """One value for all tops, or one for each."""
    check(len(values) in (1, tops), f"give one {what} for all {tops} tops, or one for each.")
    return list(values) * tops if len(values) == 1 else list(values)


class Input(Layer):
    """Tops that hold what Python writes into them.

    Source: input_layer.cpp
    """

    bottoms, tops, options = 0, (1, ANY), "input_param"

    def shapes(self):
        """Only at first: later the tops have the shapes Python gives them."""
        if not self.p.shape:
            return [None] * len(self.spec.top)
        return [tuple(s.dim) for s in _per_top(self.p.shape, len(self.spec.top), "shape")]

    def forward(self):
        for name, blob in zip(self.spec.top, self.top_blobs):
            check(blob.count and (blob.shape or self.p.shape),
                  f"{name!r} has the shape {blob.shape} and holds no number; give the layer a "
                  "shape, like input_param { shape { dim: 3 dim: 2 } }, or reshape the blob.")
        return [None] * len(self.spec.top)


class DummyData(Layer):
    """Tops filled once by a constant filler, or at each forward by a random one.

    Source: dummy_data_layer.cpp
    """

    bottoms, tops, options = 0, (1, ANY), "dummy_data_param"

    def setup(self):
        tops = len(self.spec.top)
        fillers = list(self.p.data_filler) or [caffe_pb2.FillerParameter()]  # constant 0
        self.fillers = _per_top(fillers, tops, "data_filler")
        self.first = True
        self.repeats = all(filler.type == "constant" for filler in self.fillers)

    def shapes(self):
        """Only at first: later the tops have the shapes Python gives them."""
        shapes = [tuple(s.dim) for s in self.p.shape] or list(
            zip(self.p.num, self.p.channels, self.p.height, self.p.width))
        return _per_top(shapes, len(self.spec.top), "shape")

    def forward(self):
        tops = [arrays.current.from_host(filled(filler, blob.shape))
                if self.first or filler.type != "constant" else None
                for filler, blob in zip(self.fillers, self.top_blobs)]
        self.first = False
        return tops


class Split(Layer):
    """y1 = y2 = ... = x              dx = dy1 + dy2 + ...

    A net puts one in wherever several layers read a blob. Source: split_layer.cpp
    """

    tops, shares, aliases, reads = (1, ANY), ("data_memory",), True, ()

    def shapes(self, x):
        return [x] * len(self.spec.top)

    def backward(self, dys, x, ys):
        dx = dys[0]
        for dy in dys[1:]:
            dx = dx + dy
        return dx


class Silence(Layer):
    """No tops, so that a blob nobody reads is no output of the net.      dx = 0

    Source: silence_layer.cpp
    """

    bottoms, tops = (1, ANY), 0

    def shapes(self, *shapes):
        return []

    def forward(self, *xs):
        return []

    def backward(self, dys, xs, ys):
        return [self.xp.zeros_like(x) for x in xs]

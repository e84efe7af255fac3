"""Layers written in Python, for the judge: each once for either Caffe, by its own `Layer`.

`PortableAffine` and `RealAffine` are one class but for what they inherit from.
"""
from ..user_layer import Layer


class Affine:
    """y = param_str x + w                  dx = param_str dy,   dw = sum dy"""

    def setup(self, bottom, top):
        self.scale = float(self.param_str)
        self.blobs.add_blob(1)
        self.blobs[0].data[...] = 0.5

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        top[0].data[...] = self.scale * bottom[0].data + self.blobs[0].data[0]

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] += top[0].diff.sum()
        if propagate_down[0]:
            bottom[0].diff[...] = self.scale * top[0].diff


class Grows:
    """y = x, above itself once more at each run          dx = the sum of the dy"""

    times = 0

    def setup(self, bottom, top):
        """Nothing to set up."""

    def reshape(self, bottom, top):
        rows, columns = bottom[0].data.shape
        top[0].reshape((self.times + 1) * rows, columns)

    def forward(self, bottom, top):
        rows = len(bottom[0].data)
        for copy in range(self.times + 1):
            top[0].data[copy * rows:(copy + 1) * rows] = bottom[0].data
        self.times += 1

    def backward(self, top, propagate_down, bottom):
        copies = top[0].diff.reshape(-1, *bottom[0].diff.shape)
        bottom[0].diff[...] = copies.sum(axis=0)


def __getattr__(name):
    for engine in ("Portable", "Real"):
        kind = globals().get(name[len(engine):])
        if name.startswith(engine) and isinstance(kind, type):
            return type(name, (kind, Layer if engine == "Portable" else _real_layer()), {})
    raise AttributeError(name)


def _real_layer():
    from .compare import real_caffe
    return real_caffe().Layer

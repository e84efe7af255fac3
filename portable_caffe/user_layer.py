"""`Layer`: what a layer written in Python inherits from, as pycaffe's `caffe.Layer`."""
from .blob import Blob
from .memory import GradientMemory


class Layer:
    """A layer of type Python. Its class has these methods, and says where the net finds it:

        setup(bottom, top)       looks at the options, and makes weights: self.blobs.add_blob(2, 3)
        reshape(bottom, top)     gives the tops their shapes: top[0].reshape(*bottom[0].shape)
        forward(bottom, top)     writes the tops: top[0].data[...] = ...
        backward(top, propagate_down, bottom)   writes bottom[0].diff and self.blobs[0].diff

        layer { name: "y" type: "Python" bottom: "x" top: "y"
                python_param { module: "my_layers" layer: "Mine" param_str: "..." } }

    `bottom` and `top` are the blobs; `self.param_str` and `self.phase` (0 TRAIN, 1 TEST) are
    known from `setup` on. `reshape` is called before each `forward`. Source: python_layer.hpp
    """

    type = "Python"

    def __new__(cls, *args, **kwargs):
        layer = super().__new__(cls)
        layer.blobs = Weights()
        return layer

    def __init__(self, spec):
        """`spec` is the LayerParameter, as for pycaffe's."""


class Weights(list):
    """The weights of a layer written in Python."""

    def add_blob(self, *shape):
        """One more, of this shape, all 0 until `setup` writes its numbers."""
        blob = Blob((), GradientMemory)
        blob.reshape(*shape)
        self.append(blob)

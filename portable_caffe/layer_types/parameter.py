"""A layer that is nothing but a weight."""
from ..proto import caffe_pb2
from .base import Layer
from .shapes import ALL


class Parameter(Layer):
    """y = W, a weight of the shape `shape`                dW = dy

    The top is the weight, numbers and gradient: several backward passes leave the last one's.
    W is 0 until Python, or a file, fills it. Source: parameter_layer.hpp
    """

    bottoms, options, shares = 0, "parameter_param", ALL

    def setup(self):
        self.add_weight(tuple(self.p.shape.dim), caffe_pb2.FillerParameter())

    def shapes(self):
        return self.blobs[0].shape

    def lender(self):
        return self.blobs[0]

"""A layer written in Python, for the nets that the fuzz makes."""
from lstm_lib import caffe


class Doubles(caffe.Layer):
    """y = 2 x"""

    def setup(self, bottom, top):
        """Nothing to set up."""

    def reshape(self, bottom, top):
        """The top has the bottom's shape."""
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        """y = 2 x"""
        top[0].data[...] = 2 * bottom[0].data

    def backward(self, top, propagate_down, bottom):
        """dx = 2 dy"""
        bottom[0].diff[...] = 2 * top[0].diff

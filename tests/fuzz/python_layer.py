"""Layers written in Python, for the nets that the fuzz makes."""
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


class Rows(caffe.Layer):
    """y = the first number of x, in 1 to 3 rows, as it says"""

    def setup(self, bottom, top):
        """Nothing to set up."""

    def reshape(self, bottom, top):
        """More rows for a larger number."""
        top[0].reshape(1 + int(abs(bottom[0].data.flat[0])) % 3, 2)

    def forward(self, bottom, top):
        """All are the first number."""
        top[0].data[...] = bottom[0].data.flat[0]

    def backward(self, top, propagate_down, bottom):
        """dx = the sum of dy for the first number"""
        bottom[0].diff[...] = 0
        bottom[0].diff.flat[0] = top[0].diff.sum()

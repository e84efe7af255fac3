"""What a net reads and writes besides its prototxt: weights in files, arrays for MemoryData."""
from . import caffemodel, files, hdf5
from .errors import NetError
from .layer_types.data import MemoryData


class NetFiles:
    """The part of a net that takes weights and inputs from outside, and gives weights away."""

    def copy_from(self, weights):
        """Take the weights of the layers that have the same names in a .caffemodel, or HDF5."""
        (hdf5.load if hdf5.is_hdf5(weights) else caffemodel.copy_from)(self, weights)

    def save(self, path):
        """Write a .caffemodel: all layers, each with its weights."""
        files.write_binary(path, self.to_proto())

    def to_proto(self, write_diff=False):
        """The NetParameter of this net with its weights."""
        return caffemodel.to_proto(self, write_diff)

    def load_hdf5(self, path):
        """Take the weights of the layers that have the same names in an HDF5 file."""
        hdf5.load(self, path)

    def save_hdf5(self, path):
        """Write an HDF5 file with each weight once."""
        hdf5.write(path, hdf5.weights_of(self))

    def set_input_arrays(self, data, labels):
        """Give the net's first layer, a MemoryData, what it brings batch by batch.

        data: (n, channels, height, width), labels: (n,); float32, n a multiple of batch_size.
        """
        first = self.layers[0] if self.layers else None
        if not isinstance(first, MemoryData):
            raise NetError("set_input_arrays needs a net whose first layer is MemoryData.")
        first.take(data, labels)

    _set_input_arrays = set_input_arrays

"""Layers that bring rows of numbers, batch by batch, from arrays or files; one writes them."""
import numpy as np

from .. import arrays, files, hdf5
from ..errors import NetError, in_a_layer
from .base import ANY, Layer, check


class MemoryData(Layer):
    """The next `batch_size` rows of the arrays that `net.set_input_arrays` was given, in a circle.

    Tops data: (batch_size, channels, height, width); labels: (batch_size,) until the arrays
    are there, then (batch_size, 1, 1, 1), as in Caffe. Source: memory_data_layer.cpp
    """

    bottoms, tops, options = 0, 2, "memory_data_param"
    shapes_itself, repeats, given = True, False, None

    def setup(self):
        p = self.p
        self.row, self.at = (p.channels, p.height, p.width), 0
        check(p.batch_size * np.prod(self.row, dtype=float) > 0,
              "give batch_size, channels, height and width, each 1 or more.")

    def shapes(self):
        size = self.p.batch_size
        return [(size, *self.row), (size, 1, 1, 1) if self.given else (size,)]

    def take(self, data, labels):
        """The arrays to bring from now on; they are not copied. NetError if they do not fit."""
        if getattr(labels, "ndim", 0) == 1:
            labels = np.ascontiguousarray(labels[:, None, None, None])
        for what, array, row in (("data", data, self.row), ("labels", labels, (1, 1, 1))):
            problem = self._problem(array, row)
            if problem:
                raise NetError(f"these arrays do not fit the MemoryData layer: the {what} {problem}.")
        if len(data) != len(labels):
            raise NetError("these arrays do not fit the MemoryData layer: there are "
                           f"{len(data)} rows of data and {len(labels)} labels.")
        self.given, self.at = (data, labels), 0

    def _problem(self, array, row):
        size = self.p.batch_size
        if not isinstance(array, np.ndarray) or array.dtype != np.float32:
            return f"must be a NumPy array of float32, got {getattr(array, 'dtype', type(array))}"
        if array.shape[1:] != row or not len(array) or len(array) % size:
            return (f"must have the shape {(f'a multiple of {size}', *row)}, got {array.shape}")
        return "" if array.flags.c_contiguous else "must be contiguous (np.ascontiguousarray)"

    def forward(self):
        check(self.given, "there is nothing to bring: call net.set_input_arrays(data, labels).")
        rows = slice(self.at, self.at + self.p.batch_size)
        self.at = rows.stop % len(self.given[0])
        return [arrays.current.from_host(array[rows].copy()) for array in self.given]


class HDF5Data(Layer):
    """The next `batch_size` rows of HDF5 files, one after the other, in a circle.

    The file `source` lists the files; each holds a dataset, of as many rows, under the name of
    each top. With `shuffle` files and rows come in random order. Top: (batch_size, ...).
    Source: hdf5_data_layer.cpp
    """

    bottoms, tops, options, repeats = 0, (1, ANY), "hdf5_data_param", False

    def setup(self):
        check(not self.spec.HasField("transform_param"), "HDF5Data does not transform data.")
        with in_a_layer():
            self.paths = files.read_words(self.p.source)
        check(self.paths, f"{self.p.source} lists no file.")
        self._check_rows()
        self.queue = iter(self._shuffled(self.paths))
        self._open(next(self.queue))

    def _check_rows(self):
        """Raise where rows differ from file to file, as far as the files can be read by now."""
        first = None
        for path in dict.fromkeys(self.paths) if len(self.paths) > 1 else ():
            try:
                row = hdf5.read(path, lambda file: [tuple(file[name].shape[1:])
                                                    for name in self.spec.top])
            except (NetError, AttributeError):  # it will say so when its turn comes
                continue
            first = first or row
            check(row == first, f"a row has the shapes {first} in {self.paths[0]!r}, and {row} in "
                                f"{path!r}; all files of {self.p.source!r} need rows of one length.")

    def _shuffled(self, things):
        return arrays.random().permutation(things).tolist() if self.p.shuffle else things

    def _open(self, path):
        """Read a file, and begin with its first row."""
        self.path, self.data = path, None
        with in_a_layer():
            data = hdf5.read(path, self._datasets)
        check(all(array.ndim and len(array) for array in data),
              f"the datasets in {path} must have rows.")
        check(len({len(array) for array in data}) == 1,
              f"the datasets {', '.join(self.spec.top)} in {path} must have as many rows.")
        self.data = data
        self._begin()

    def _datasets(self, file):
        for name in self.spec.top:
            check(name in file.keys(), f"{self.path} has no dataset {name!r}; it has "
                                       f"{', '.join(file.keys()) or 'none'}.")
        return [hdf5.numbers(file, name) for name in self.spec.top]

    def _begin(self):
        self.rows = iter(self._shuffled(list(range(len(self.data[0])))))
        self.row = next(self.rows)

    def _next(self):
        """Go on to the next row; after the last to the next file, after that to the first."""
        self.row = next(self.rows, None)
        if self.row is None and len(self.paths) == 1:
            self._begin()
        elif self.row is None:
            path = next(self.queue, None)
            if path is None:
                self.queue = iter(self._shuffled(self.paths))
                path = next(self.queue)
            self._open(path)

    def shapes(self):
        return [(self.p.batch_size, *array.shape[1:]) for array in self.data]

    def forward(self):
        if self.data is None:  # it could not be read
            self._open(self.path)
        tops = [np.empty(blob.shape, np.float32) for blob in self.top_blobs]
        for place in range(self.p.batch_size):
            for top, array in zip(tops, self.data):
                top[place] = array[self.row]
            self._next()
        return [arrays.current.from_host(top) for top in tops]


class HDF5Output(Layer):
    """Write the bottoms into the file `file_name`, as datasets `data` and `label`.

    Bottoms data, label: (N, ...) of at most four axes; they are written with four. Each run
    replaces the file, the whole file or nothing. No gradient. Source: hdf5_output_layer.cpp
    """

    bottoms, tops, options, repeats, reads = 2, 0, "hdf5_output_param", False, ()

    def shapes(self, data, label):
        check(data and data[:1] == label[:1], "both bottoms must have as many rows.")
        check(max(len(data), len(label)) <= 4, "a bottom has at most four axes here.")
        return []

    def forward(self, *bottoms):
        def fill(file):
            for name, array in zip(("data", "label"), bottoms):
                file[name] = arrays.current.to_host(array).reshape((*array.shape, 1, 1, 1)[:4])

        with in_a_layer():
            hdf5.write(self.p.file_name, fill)
        return []

    def backward(self, dys, bottoms, tops):
        return [None, None]

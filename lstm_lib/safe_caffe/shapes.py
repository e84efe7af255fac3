"""Which shapes a net works with, and when it has to take up new ones."""
import json
import mmap

from . import blob
from .base import counts, sources
from .child import Died, in_child
from .memory import release, settle, vector
from ..errors import NetError

HAS_THREADS = {"Data", "ImageData", "WindowData"}  # a child process has none of their threads
SHAPED_BY_NUMBERS = HAS_THREADS | {"HDF5Data", "Filter", "Python"}  # their tops, while they run


class Shapes:
    """The part of a safe net that knows its shapes."""

    def _prepare_shapes(self):
        self._source_names = sources(self)
        self._shaping = {place: None for place, layer in enumerate(self.layers)
                         if layer.type in SHAPED_BY_NUMBERS}
        self._note_shapes()

    def source_shapes(self):
        """Shapes of the blobs no layer computes; all other shapes follow from them."""
        return [tuple(self.blobs[top].shape) for top in self._source_names]

    def has_known_shapes(self):
        """Whether Caffe has taken up all shapes."""
        return self._changes == blob.changes

    def take_shapes(self):
        """Let new shapes of inputs flow on; those of weights stay as they are."""
        if self._changes != blob.changes:
            self._tried.clear()
            self._check_weights()
            if self.source_shapes() != self._shapes:
                self.reshape()
            elif counts(self) == self._counts:
                self._changes = blob.changes
        if self._empty:
            shape = tuple(self.blobs[self._empty].shape)
            raise NetError(f"the blob {self._empty!r} has shape {shape} and holds no number; "
                           "give its layer a shape, like input_param { shape { dim: 3 "
                           "dim: 2 } }, or reshape it.")

    def take_shapes_forward(self):
        """`take_shapes`; blobs between the layers get back those that the layers give them."""
        self.take_shapes()
        if not self.has_known_shapes():
            self.reshape()

    def reshape(self):
        """Let the shapes of the inputs flow through the net."""
        raw = super()

        def flow():
            raw.reshape()
            settle(self)

        self._try_to_grow(
            flow,
            lambda reason: f"these input shapes do not fit the net: {reshaping_layer(self, reason)}"
            f"\nGiven: {self._describe_sources()}.\nHint: the number of steps T and "
            "of inputs D are fixed when the net is built; for others build it anew.")
        flow()
        self._note_shapes()
        release()

    def _describe_sources(self):
        return ", ".join(f"{top} {tuple(self.blobs[top].shape)}" for top in self._source_names)

    def _note_shapes(self):
        """Keep the shapes that Caffe has taken up, and forget what was tried with others."""
        self._tried, self._took_new_shapes = set(), False
        self._changes = self._seen = blob.changes
        self._shapes, self._counts = self.source_shapes(), counts(self)
        self._empty = next((name for name in self._source_names if not self.blobs[name].count),
                           None)
        for place in self._shaping:
            self._shaping[place] = self._top_shapes(place)

    def _top_shapes(self, place):
        names = self._blob_names
        return [tuple(self.blobs[names[top]].shape) for top in super()._top_ids(place)]

    def _has_new_shapes(self, place):
        """Whether, since a pass was tried, Python or the layer before changed a shape."""
        found, self._seen = blob.changes not in (self._changes, self._seen), blob.changes
        if place - 1 in self._shaping:
            shapes = self._top_shapes(place - 1)
            found |= shapes != self._shaping[place - 1]
            self._shaping[place - 1] = shapes
        if found:
            self._took_new_shapes = True
            self._tried.clear()
        return found

    def _check_weights(self):
        if counts(self)[1] != self._counts[1]:
            raise NetError("a weight was reshaped, and a layer cannot change its size: "
                           "build the net anew.")

    def check_unchanged(self):
        """Raise where a blob has got another size since the forward pass."""
        if self._changes != blob.changes and counts(self) != self._counts:
            raise NetError("a blob between the layers was reshaped: run forward() first.")


def reshaping_layer(net, reason):
    """Caffe's reason with the layer that refuses the shapes it is given."""
    now = mmap.mmap(-1, 1 << 14)  # written by the child, read by the parent
    blobs, names = list(net.blobs.values()), list(net.blobs)

    def one_by_one():
        for place, layer in enumerate(net.layers):
            bottoms, tops = net._bottom_ids(place), net._top_ids(place)
            given = [f"{names[number][:99]} {tuple(blobs[number].shape)}" for number in bottoms]
            now[:] = json.dumps([place, given[:20]]).encode().ljust(1 << 14)
            layer.reshape(*[vector(blobs[number] for number in ends) for ends in (bottoms, tops)])

    try:
        in_child(one_by_one)
    except Died:
        place, given = json.loads(now[:])
        return (f"layer {net._layer_names[place]!r} ({net.layers[place].type}): {reason}; "
                f"it is given {', '.join(given) or 'no bottoms'}")
    return reason

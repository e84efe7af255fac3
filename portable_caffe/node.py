"""A layer in its place in a net: the blobs it reads and those it writes."""
from math import prod

import numpy as np

from . import arrays
from .blob_shape import MOST
from .errors import NetError, Rule, check, check_numbers, did_you_mean
from .layer_types import LAYER_TYPES
from .memory import HOST, read_all, read_unseen, write_all
from .real_caffe import only_there


def make_layer(spec, phase):
    """The layer of a LayerParameter; `Rule` if the type or a number of blobs is wrong."""
    check(spec.type in LAYER_TYPES,
          only_there(spec.type) or (
              f"there is no layer type {spec.type!r} here; there are "
              f"{', '.join(sorted(LAYER_TYPES))}.{did_you_mean(spec.type, LAYER_TYPES)}"))
    layer_type = LAYER_TYPES[spec.type]
    check(len(spec.propagate_down) in (0, len(spec.bottom)),
          "give propagate_down once per bottom, or not at all.")
    for what, count, wanted in (("bottoms", len(spec.bottom), layer_type.bottoms),
                                ("tops", max(len(spec.top), layer_type.is_loss),
                                 layer_type.tops)):
        least, most = wanted if isinstance(wanted, tuple) else (wanted, wanted)
        check(least <= count <= most, f"it has {count} {what}; it must have {least}"
                                      + (" or more." if most > 99 else f" to {most}."
                                         if most > least else "."))
    return layer_type(spec, phase)


class Node:
    """Runs one layer between its blobs, and puts the layer into what it raises."""

    __slots__ = ("spec", "bottoms", "tops", "shown", "layer", "loss_weights", "lone_bottom",
                 "lone_top", "is_shaped", "runs_backward", "data_in", "data_out", "diff_in", "diff_out",
                 "differ", "large_tops", "large_bottoms",
                 "data_parts", "diff_parts")  # a run looks into each node once

    def __init__(self, spec, phase, bottoms, tops, shown):
        self.spec, self.bottoms, self.tops = spec, bottoms, tops
        self.shown = shown  # the names of automatic blobs -> those in the prototxt
        with self:
            self.layer = make_layer(spec, phase)
            self.layer.bottom_blobs, self.layer.top_blobs = tuple(bottoms), tuple(tops)
            self.loss_weights = self._loss_weights()
            self.layer.setup(*(blob.shape for blob in bottoms))
        self.lone_bottom, self.lone_top = self.layer.bottoms == 1, self.layer.tops == 1
        self.runs_backward = self.is_shaped = False
        self.reshape()
        with self:
            check_numbers(*(blob.count for blob, weight in zip(self.tops, self.loss_weights)
                            if weight))

    @property
    def names(self):
        """The names of the bottoms, as the prototxt has them."""
        return [self.shown.get(name, name) for name in self.spec.bottom]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Exception) and not isinstance(error, NetError):
            cause = None if isinstance(error, (Rule, MemoryError)) else error
            raise self._explained(error) from cause

    def _explained(self, error):
        """The NetError that names this layer, what is wrong, and the shapes that came in."""
        given = ", ".join(f"{name} {blob.shape}"
                          for name, blob in zip(self.names, self.bottoms))
        if isinstance(error, MemoryError) or "ut of memory" in str(error):
            error = f"{error} The blobs do not fit: use a smaller T, B or num_output."
        elif not isinstance(error, Rule):  # nothing we thought of
            error = f"{type(error).__name__}: {error}"
        return NetError(f"layer {self.spec.name!r} ({self.spec.type}): {error}\n"
                        f"Given: {given or 'no bottoms'}.")

    def _loss_weights(self):
        """How much each top counts in the loss; the first of a loss layer counts 1."""
        weights = list(self.spec.loss_weight)
        if self.layer.is_loss and not weights:
            weights = [1.0]
        check(len(weights) in (0, len(self.tops)), "give loss_weight once per top, or not at all.")
        return weights or [0.0] * len(self.tops)

    def reshape(self):
        """Work out the shapes of the tops; most layers without bottoms do so only at first.

        Returns whether they are other shapes than before.
        """
        if not self.bottoms and self.is_shaped and not self.layer.shapes_itself:
            self.find_memories()
            return False
        self.is_shaped, before = True, [blob.shape for blob in self.tops]
        with self:
            shapes = self.layer.shapes(*(blob.shape for blob in self.bottoms))
            shapes = [shapes] if self.lone_top else shapes
            check(all(0 <= size < MOST for shape in shapes for size in shape or ()),
                  f"a blob has no negative sizes, and none of 2^31 or more: {shapes}.")
            check(all(len(shape or ()) <= 32 for shape in shapes), "a blob has at most 32 axes.")
        self.borrow()
        for top, shape, weight in zip(self.tops, shapes, self.loss_weights):
            if shape is not None:
                top.resize(tuple(shape))
            if weight:
                top.diff_memory.overwrite(arrays.current.zeros(top.shape) + weight)
        self.find_memories()
        return before != [blob.shape for blob in self.tops]

    def borrow(self):
        """Let the tops use the memories that the layer shares."""
        for top in self.tops if self.layer.shares else ():
            top.borrow(self.layer.lender(), self.layer.shares)

    def find_memories(self):
        """The memories of the blobs, looked up once; None for a gradient that nobody needs."""
        self.data_in, self.data_out = (tuple([blob.data_memory for blob in blobs])
                                       for blobs in (self.bottoms, self.tops))
        self.diff_in = tuple([blob.diff_memory if need or i in self.layer.always_backward else None
                              for i, (blob, need) in enumerate(zip(self.bottoms,
                                                                   self.layer.needs))])
        self.diff_out = tuple([blob.diff_memory for blob in self.tops])
        self.large_tops = _large(self.data_out) if self.bottoms else ()
        self.large_bottoms = _large(self.diff_in) if self.lone_bottom else ()
        self.data_parts = self._parts(self.data_in, self.data_out)
        self.diff_parts = self._parts(self.diff_out, self.diff_in)
        self.differ = any(blob.shape != blob.data_memory.shape
                          for blob in (*self.bottoms, *self.tops))

    def _parts(self, given, results):
        """The results that may be parts of a large array given: Slice's tops, for instance.

        A pass through the whole net lets go of them first, or the array could not be freed
        before it is made anew.
        """
        if not (self.layer.aliases and _large(given)):
            return ()
        return tuple([memory for memory in results if memory and memory not in given])

    def forward(self):
        """Compute the tops from the bottoms."""
        layer = self.layer
        if layer.indices and arrays.current.is_host:
            self.check_indices()
        bottoms = (read_unseen if layer.aliases else read_all)(self.data_in)
        if self.differ:
            bottoms = _shaped(bottoms, self.bottoms)
        for memory in self.large_tops:
            memory.make_room()
        tops = layer.forward(*bottoms)
        write_all(self.data_out, (tops,) if self.lone_top else tops, not layer.aliases)

    def backward(self):
        """Compute the gradients of the bottoms, add to those of the weights."""
        layer = self.layer
        dtops = (read_unseen if layer.aliases else read_all)(self.diff_out)
        bottoms = read_all(self.data_in) if "bottoms" in layer.reads else None
        tops = read_all(self.data_out) if "tops" in layer.reads else None
        if self.differ:
            dtops, tops = _shaped(dtops, self.tops), _shaped(tops, self.tops)
            bottoms = _shaped(bottoms, self.bottoms)
        if self.lone_top:
            dtops, tops = dtops[0], tops and tops[0]
        if self.lone_bottom and bottoms:
            bottoms = bottoms[0]
        for memory in self.large_bottoms:
            memory.make_room()
        gradients = layer.backward(dtops, bottoms, tops)
        write_all(self.diff_in, (gradients,) if self.lone_bottom else gradients,
                  not layer.aliases)

    def check_indices(self):
        """Raise unless labels that Python may have written are among those the layer knows."""
        for i, (count, ignored) in self.layer.indices.items():
            memory = self.data_in[i]
            if memory.newer is HOST or arrays.current.is_host:
                values = memory.open() if memory.newer is HOST else (
                    arrays.current.to_host(memory.read()))
                good = (values >= 0) & (values < count) & (values == np.floor(values))
                if ignored is not None:
                    good |= values == ignored
                check(good.all(), f"the labels in {self.names[i]!r} must be whole numbers "
                                  f"from 0 to {count - 1}, got "
                                  f"{(*values[~good].ravel(), 0)[0]:g}.")


def run_all(nodes, do):
    """Run nodes, one after the other; an error names the node."""
    try:
        for node in nodes:
            do(node)
    except Exception:
        with node:
            raise


def _large(memories):
    """Those whose old arrays are worth giving up before the new come: of 1 MB or more.

    To free and ask for a smaller one each time would cost more than it spares.
    """
    return tuple([memory for memory in memories if memory and prod(memory.shape) >= 2 ** 18])


def _shaped(found, blobs):
    """Arrays in the shapes of their blobs, where several blobs share a memory."""
    return found and [array.reshape(blob.shape) for array, blob in zip(found, blobs)]

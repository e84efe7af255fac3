"""A layer in its place in a net: the blobs it reads and those it writes."""
from . import arrays
from .errors import NetError, Rule, check
from .layer_types import LAYER_TYPES


def make_layer(spec, phase):
    """The layer of a LayerParameter; `Rule` if the type or a number of blobs is wrong."""
    check(spec.type in LAYER_TYPES, f"there is no layer type {spec.type!r} here; there are "
                                    f"{', '.join(sorted(LAYER_TYPES))}.")
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

    def __init__(self, spec, phase, bottoms, tops):
        self.spec, self.bottoms, self.tops = spec, bottoms, tops
        with self:
            self.layer = make_layer(spec, phase)
            self.layer.top_blobs = tops
            self.loss_weights = self._loss_weights()
            self.layer.setup(*(blob.shape for blob in bottoms))
        self.lone_bottom, self.lone_top = self.layer.bottoms == 1, self.layer.tops == 1
        self.runs_backward = False
        self.reshape()
        if not bottoms:
            self.forward()  # so that DummyData holds numbers from the start

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is Rule:
            given = ", ".join(f"{name} {blob.shape}"
                              for name, blob in zip(self.spec.bottom, self.bottoms))
            raise NetError(f"layer {self.spec.name!r} ({self.spec.type}): {error}\n"
                           f"Given: {given or 'no bottoms'}.") from None

    def _loss_weights(self):
        """How much each top counts in the loss; the first of a loss layer counts 1."""
        weights = list(self.spec.loss_weight)
        if self.layer.is_loss and not weights:
            weights = [1.0]
        check(len(weights) in (0, len(self.tops)), "give loss_weight once per top, or not at all.")
        return weights or [0.0] * len(self.tops)

    def reshape(self):
        """Work out the shapes of the tops; a layer without bottoms does so only at first."""
        if not self.bottoms and any(blob.shape for blob in self.tops):
            return
        with self:
            shapes = self.layer.shapes(*(blob.shape for blob in self.bottoms))
        for top, shape, weight in zip(self.tops, [shapes] if self.lone_top else shapes,
                                      self.loss_weights):
            if shape is not None:
                top.resize(tuple(shape))
            if weight:
                top.diff_memory.write(arrays.current.zeros(top.shape) + weight)

    def forward(self):
        """Compute the tops from the bottoms."""
        bottoms = [blob.data_memory.read() for blob in self.bottoms]
        tops = self.layer.forward(*bottoms)
        if self.lone_top:
            tops = (tops,)
        if self.layer.aliases:
            tops = _own(tops, [blob.data_memory for blob in self.bottoms])
        for blob, array in zip(self.tops, tops):
            if array is not None:
                blob.data_memory.write(array)

    def backward(self):
        """Compute the gradients of the bottoms, add to those of the weights."""
        dtops = [blob.diff_memory.read() for blob in self.tops]
        bottoms = [blob.data_memory.read() for blob in self.bottoms]
        tops = [blob.data_memory.read() for blob in self.tops]
        layer = self.layer
        gradients = layer.backward(dtops[0] if self.lone_top else dtops,
                                   bottoms[0] if self.lone_bottom else bottoms,
                                   tops[0] if self.lone_top else tops)
        if self.lone_bottom:
            gradients = (gradients,)
        if layer.aliases:
            gradients = _own(gradients, [blob.diff_memory for blob in self.tops])
        for i, (blob, gradient) in enumerate(zip(self.bottoms, gradients)):
            if gradient is not None and (layer.needs[i] or i in layer.always_backward):
                blob.diff_memory.write(gradient)


def _own(results, given):
    """Copies, where the arrays given are ones that Python may write into."""
    if not arrays.current.is_host or all(memory.host is None for memory in given):
        return results
    copy = arrays.current.xp.asarray
    return [result if result is None else copy(result, copy=True) for result in results]

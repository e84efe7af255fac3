"""Numbers that Caffe uses as places in memory without a check, looked at before it does.

A label that no class has, a window in which max pooling found nothing, a file that lacks
rows: each `Watch` belongs to a layer that would read or write anywhere, or die of them.
"""
import numpy as np

from ..errors import NetError

# layer type -> (which bottom holds the indices, the field with its axis and ignored label)
INDEXED = {"SoftmaxWithLoss": (1, "softmax_param"), "Accuracy": (1, "accuracy_param"),
           "MultinomialLogisticLoss": (1, None), "HingeLoss": (1, None), "BatchReindex": (1, None),
           "InfogainLoss": (1, "infogain_loss_param"), "Embed": (0, "embed_param"),
           "CtcLoss": (1, "ctc_loss_param")}
IGNORES = {"SoftmaxWithLoss", "Accuracy", "InfogainLoss"}  # the others ignore `ignore_label`
COUNTED_BY = {"Embed": "input_dim", "CtcLoss": "alphabet_size"}
# these die of numbers and files in more ways than are listed here
TRIED_EACH_TIME = {"HDF5Data", "CtcLoss", "LabelsequenceAccuracy"}
NOTHING = np.finfo(np.float32).min  # what max pooling gives where it picked no number
WRONG_GRADIENT = {"Power", "Log", "BNLL", "MVN"}  # in place: their input is overwritten


class Watch:
    """What is looked at when the layer number `place` of a net runs."""

    given = False  # whether a look when a pass begins is enough

    def __init__(self, net, place, layer):
        self.place, self.layer, self.name = place, layer, layer.name
        self.type = net.layers[place].type  # a layer of 2014 has a number for it

    def before_forward(self, net):
        """Raise where the layer would die, or do harm."""

    def after_forward(self, net):
        """Note what the layer gave."""

    def before_backward(self, net):
        """Raise where the layer's backward pass would do harm."""

    def after_backward(self, net):
        """Nothing is looked at here."""

    def wrong(self, what):
        """The error, with the layer's name."""
        return NetError(f"layer {self.name!r} ({self.type}): {what}")


class Lookup(Watch):
    """A layer that looks up indices: those in the blob `labels`, of the blob `of`."""

    def __init__(self, net, place, layer):
        super().__init__(net, place, layer)
        bottom, field = INDEXED[self.type]
        options = getattr(layer, field) if field else None
        self.labels, self.of = layer.bottom[bottom], layer.bottom[0]
        self.given = self.labels in net.given
        self.axis = getattr(options, "axis", 1)
        self.rows = getattr(options, COUNTED_BY.get(self.type, ""), None)
        holder = options if self.type == "Accuracy" else layer.loss_param
        self.ignored = holder.ignore_label if (
            self.type in IGNORES and holder.HasField("ignore_label")) else None

    def count(self, net):
        """How many there are to choose from."""
        if self.rows is not None:
            return self.rows
        shape = tuple(net.blobs[self.of].shape)
        if self.type == "BatchReindex":
            return shape[0]
        if self.type in ("HingeLoss", "MultinomialLogisticLoss"):
            return int(np.prod(shape[1:]))
        return shape[self.axis]

    def before_forward(self, net):
        """Raise unless every index is a whole number from 0 to count - 1, or the ignored one."""
        try:
            values, count = net.blobs[self.labels].data, self.count(net)
        except IndexError:  # the shape lacks the axis, as the layer will say
            return
        good = (values >= 0) & (values < count) & (values == np.floor(values))
        if self.ignored is not None:
            good |= values == self.ignored
        if not good.all():
            raise NetError(f"layer {self.name!r}: the labels in {self.labels!r} must be whole "
                           f"numbers from 0 to {count - 1}, got {values[~good].ravel()[0]:g}.")

    before_backward = before_forward


class MaxPooling(Watch):
    """Max pooling sends a gradient to where the number came from, if it picked one."""

    found_nothing = False

    def after_forward(self, net):
        """Note whether there was a window without a number to pick."""
        self.found_nothing = bool((net.blobs[self.layer.top[0]].data == NOTHING).any())

    def before_backward(self, net):
        """Raise where a gradient would be written before the blob, or outside of it."""
        if self.found_nothing and net.needs_backward(self.place):
            raise self.wrong("a window holds no number that is larger than others, as when all "
                             "are not a number (nan) or it lies outside, so there is no place "
                             "for its gradient. Look at the numbers in "
                             f"{self.layer.bottom[0]!r}, or at pad, kernel_size and stride.")
        if len(self.layer.top) > 1:
            self._check_mask(net)

    def _check_mask(self, net):
        mask, name = net.blobs[self.layer.top[1]].data, self.layer.top[1]
        count = int(np.prod(tuple(net.blobs[self.layer.bottom[0]].shape)[2:]))
        if mask.size and not (0 <= mask.min() and mask.max() < count):  # false for nan, too
            raise self.wrong(f"{name!r} says where the largest numbers stood, 0 to {count - 1}; "
                             f"got {mask.min():g} to {mask.max():g}. Do not write into it.")


class InPlace(Watch):
    """A layer that Caffe runs in place forward, but not backward."""

    def before_backward(self, net):
        """Raise where the gradient would be wrong."""
        if net.needs_backward(self.place):
            raise self.wrong("in place it overwrites what its gradient needs; "
                             "give its top another name than its bottom.")


class Contrastive(Watch):
    """ContrastiveLoss makes room when it is built and never again, and counts no labels."""

    def __init__(self, net, place, layer):
        super().__init__(net, place, layer)
        self.room = net.blobs[layer.bottom[0]].count

    def before_forward(self, net):
        """Raise where it would write over what is not its own."""
        if net.blobs[self.layer.bottom[0]].count > self.room:
            raise self.wrong("it has room for the batch that it was built for, and "
                             f"{self.layer.bottom[0]!r} has become larger: build the net anew.")
        shapes = [tuple(net.blobs[bottom].shape) for bottom in self.layer.bottom[:2]]
        if shapes[0] != shapes[1]:
            raise self.wrong(f"{self.layer.bottom[0]!r} and {self.layer.bottom[1]!r} are the two "
                             f"sides of pairs, and have the shapes {shapes[0]} and {shapes[1]}.")
        pairs = shapes[0][0]
        labels = net.blobs[self.layer.bottom[2]].count
        if labels < pairs:
            raise self.wrong(f"there must be a label for each of the {pairs} pairs, and "
                             f"{self.layer.bottom[2]!r} has {labels}.")


class Slopes(Watch):
    """PReLU looks for a slope for each channel, also where it has none."""

    def before_forward(self, net):
        """Raise where it would compute with numbers that are not its own."""
        slopes = tuple(net.layers[self.place].blobs[0].shape)
        channels = tuple(net.blobs[self.layer.bottom[0]].shape)[1:2]
        if slopes not in ((), channels):
            raise self.wrong(f"it has {slopes[0]} slopes, and {self.layer.bottom[0]!r} has got "
                             f"{channels[0]} channels: build the net anew.")

    before_backward = before_forward


class Trial(Watch):
    """A layer that runs in a child process first, each time."""

    def before_forward(self, net):
        """Raise where it dies."""
        net.try_layer(self.place)


def watches(net):
    """Place -> what is to be looked at there. `net.given` are inputs that nobody else writes."""
    found = {}
    for place, layer in described(net):
        kind = net.layers[place].type
        fits = [watch for watch, holds in (
            (Lookup, kind in INDEXED and len(layer.bottom) > INDEXED[kind][0]),
            (MaxPooling, kind == "Pooling" and not layer.pooling_param.pool),
            (InPlace, kind in WRONG_GRADIENT and set(layer.bottom) & set(layer.top)),
            (Contrastive, kind == "ContrastiveLoss"),
            (Slopes, kind == "PReLU"),
            (Trial, kind in TRIED_EACH_TIME)) if holds]
        if fits:
            found[place] = [watch(net, place, layer) for watch in fits]
    return found


def described(net):
    """(place, layer of the spec) of each layer that was built, but for those Caffe inserts."""
    layers = iter(net.built.layer)
    layer, found = next(layers, None), []
    for place, name in enumerate(net._layer_names):
        if layer and (layer.name, layer.type) == (name, net.layers[place].type):
            found.append((place, layer))
            layer = next(layers, None)
    return found

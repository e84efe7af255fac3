"""Labels and other indices, which Caffe looks up without a check, anywhere in memory."""
import numpy as np

from ..errors import NetError

# layer type -> (which bottom holds the indices, the field with its axis and ignored label)
INDEXED = {"SoftmaxWithLoss": (1, "softmax_param"), "Accuracy": (1, "accuracy_param"),
           "MultinomialLogisticLoss": (1, None), "HingeLoss": (1, None), "BatchReindex": (1, None),
           "InfogainLoss": (1, "infogain_loss_param"), "Embed": (0, "embed_param")}


class Lookup:
    """A layer that looks up indices: `place` among the net's layers, blobs `name` and `of`."""

    def __init__(self, place, layer, type_name):
        bottom, field = INDEXED[type_name]
        options = getattr(layer, field) if field else None
        self.place, self.layer, self.type = place, layer.name, type_name
        self.name, self.of = layer.bottom[bottom], layer.bottom[0]
        self.axis = getattr(options, "axis", 1)
        self.rows = options.input_dim if type_name == "Embed" else None
        holder = options if type_name == "Accuracy" else layer.loss_param
        self.ignored = holder.ignore_label if holder.HasField("ignore_label") else None

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

    def check(self, net):
        """Raise unless every index is a whole number from 0 to count - 1, or the ignored one."""
        values, count = net.blobs[self.name].data, self.count(net)
        good = (values >= 0) & (values < count) & (values == np.floor(values))
        if self.ignored is not None:
            good |= values == self.ignored
        if not good.all():
            raise NetError(f"layer {self.layer!r}: the labels in {self.name!r} must be whole "
                           f"numbers from 0 to {count - 1}, got {values[~good].ravel()[0]:g}.")


def lookups(net):
    """Each `Lookup` of a net, in the order in which its layers run."""
    places = {name: place for place, name in enumerate(net._layer_names)}
    types = [layer.type for layer in net.layers]
    described = {}
    for layer in [*net.spec.layer, *net.spec.layers]:  # one for TRAIN and one for TEST, perhaps
        if layer.name in places and (layer.name not in described
                                     or layer.type == types[places[layer.name]]):
            described[layer.name] = layer
    found = [(place, described[name], types[place]) for name, place in places.items()
             if types[place] in INDEXED and name in described]
    return [Lookup(*one) for one in found if len(one[1].bottom) > INDEXED[one[2]][0]]

"""How gradients flow down a net, and which blobs are exactly 0 before anything is learnt."""
from .kinds import (LABELS, RECURRENT, SOURCES, fillers, has_filler, is_zero, learns,
                    loss_weight, params, static_input)

PROD = 0  # operation of Eltwise
CUT = {"Accuracy", "ArgMax", "Silence", "Threshold", "HDF5Output", "LabelsequenceAccuracy",
       "ContinuationIndicator"} | SOURCES  # they send no gradient down
SELECTED_BY = {"BatchReindex": 1, "Crop": 1, "LSTMUnit": 2, "Embed": 0}  # no gradient to this one
OWN_MEMORY = {"LSTM", "RNN", "Reshape", "Concat", "Slice"}  # see `loses_gradient`
KEEP_ZERO = {"AbsVal", "Dropout", "ELU", "Flatten", "LRN", "Permute", "Pooling", "ReLU", "Reshape",
             "Slice", "Split", "Swish", "TanH", "Tile"}
PRODUCTS = {"InnerProduct", "Convolution", "Deconvolution", "LSTM", "RNN"}


def ways_down(layer):
    """The places of the bottoms to which a layer sends a gradient on."""
    places, down = set(range(len(layer.bottoms))), layer.spec.propagate_down
    places -= {place for place, wanted in enumerate(down) if not wanted}
    if layer.type in CUT or loses_gradient(layer):
        return set()
    if layer.type in LABELS:
        return {place for place in places if place < LABELS[layer.type]}
    if layer.type == "Filter":
        return places - {len(layer.bottoms) - 1}
    if layer.type in RECURRENT:
        return places & {0, static_input(layer)}
    if layer.type == "Power" and layer.spec.power_param.scale == 0:
        return set()
    return places - {SELECTED_BY.get(layer.type)}


def loses_gradient(layer):
    """The layer whose gradient is lost, if this is a Flatten on it that takes it away.

    On the way back a Flatten gives its bottom the memory of its own gradient. A layer whose
    top is the memory of something else, like that of the net inside an LSTM layer, still looks
    where it was before. A blob with several readers has a Split between. Measured on real Caffe;
    portable_caffe has not this fault.
    """
    if layer.type != "Flatten" or layer.in_place or not layer.bottoms:
        return None
    bottom = layer.first
    while bottom.maker is not None and bottom.maker.in_place and len(bottom.readers) == 1:
        bottom = bottom.maker.bottoms[0]
    maker = bottom.maker
    if maker is None or len(bottom.readers) > 1 or maker.type not in OWN_MEMORY:
        return None
    several = maker.type in ("Concat", "Slice") and len(maker.bottoms) + len(maker.tops) > 2
    return None if several else maker


def with_gradient(net, ways_down=ways_down, down_from=loss_weight):
    """The layers that a gradient reaches, and all versions of blobs that one reaches."""
    layers, reached = set(), set()
    for layer in reversed(net.layers):
        if down_from(layer) or any(top in reached for top in _listens_to(layer)):
            layers.add(layer)
            reached.update(layer.bottoms[place] for place in ways_down(layer))
    return layers, reached


def _listens_to(layer):
    """The tops whose gradient counts: an LSTM or RNN layer does not look at that of last states."""
    return layer.tops[:1] if layer.type in RECURRENT else layer.tops


def needs_gradient(net):
    """The versions of blobs that depend on a weight that learns, as Caffe counts it."""
    needed = set()
    for layer in net.layers:
        if any(param.lr_mult for param in params(layer)) or needed.intersection(layer.bottoms):
            needed.update(layer.tops)
    return needed


class Zeros:
    """Which blobs are exactly 0, and why: version -> the layer that makes zeros.

    `start`: the weights are those at the start, and some are 0.
    """

    def __init__(self, net, start=False):
        self.net, self.start, self.owners, self.why = net, start, {}, {}
        for layer in net.layers:
            for place, param in enumerate(params(layer)):
                self.owners.setdefault(param.name, (layer, place))
            self._look(layer)

    def __contains__(self, version):
        return version in self.why

    def unfilled(self, layer):
        """Whether the first weight of a layer is 0 at the start, and nobody said so.

        One that does not learn is read from a file; why else would it be there?
        """
        owner, place = self._owner(layer, 0)
        if fillers(owner)[place] is None or has_filler(owner, place) or not learns(owner):
            return False
        numbers = self.net.weights(layer)
        return numbers is None or not numbers[0].data.any()

    def _owner(self, layer, place):
        name = params(layer)[place].name
        return self.owners[name] if name else (layer, place)

    def _has_bias(self, layer):
        """Whether some number is added, whatever comes in."""
        numbers = self.net.weights(layer)
        if numbers is not None:
            return any(blob.data.any() for blob in numbers[1:2])
        owners = [self._owner(layer, place) for place in range(1, len(fillers(layer)))]
        return any(not is_zero(fillers(owner)[place]) for owner, place in owners[:1])

    def _look(self, layer):
        if layer.type == "DummyData":
            self._data(layer)
        elif layer.type == "Eltwise":
            zero = [bottom in self for bottom in layer.bottoms]
            is_product = layer.spec.eltwise_param.operation == PROD
            self._note(layer, any(zero) if is_product else zero and all(zero))
        elif layer.type == "Concat":
            self._note(layer, layer.bottoms and all(x in self for x in layer.bottoms))
        elif layer.type in PRODUCTS and not self._has_bias(layer):
            self._note(layer, layer.first in self or self.start and self.unfilled(layer))
        elif layer.type in KEEP_ZERO:
            self._note(layer, layer.first in self)

    def _note(self, layer, is_zero):
        if is_zero:
            why = [self.why[bottom] for bottom in layer.bottoms if bottom in self] or [layer]
            self.why.update((top, why[0]) for top in layer.tops)

    def _data(self, layer):
        given = layer.spec.dummy_data_param.data_filler
        for number, top in enumerate(layer.tops):
            filler = given[number if len(given) > 1 else 0] if given else None
            if filler is None or is_zero(filler):
                self.why[top] = layer

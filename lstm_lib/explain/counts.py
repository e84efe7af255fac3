"""How large is a net: numbers to learn, bytes of its blobs, multiplications of a pass?"""
from collections import Counter
from math import prod

from ..drawing.structure.graph import PROD, SUM, as_built

BYTES = 4  # of a float32
LENDS_NUMBERS = {"Split", "Flatten", "Reshape"}  # the top uses the bottom's memory
LENDS_GRADIENTS = {"Flatten", "Reshape"}
LENDS_ONE = {"Concat", "Slice"}  # so do these, with one bottom and one top


class Counts:
    """What is counted of a net with shapes.

    parameters : numbers in weights, each weight once, however many layers share it.
    unshared : the same, were no weight shared. fixed : those of them that nothing changes.
    data, diff : bytes of the blobs and of their gradients, each memory once.
    multiplications : type of layer -> how many, for one forward pass.

    >>> from lstm_lib.explain import explain
    >>> found = explain('layer { name: "x" type: "Input" top: "x" input_param {'
    ...                 ' shape { dim: 2 dim: 3 } } } layer { name: "y" type: "InnerProduct"'
    ...                 ' bottom: "x" top: "y" inner_product_param { num_output: 4 } }').counts
    >>> found.parameters, found.data, found.diff, dict(found.multiplications)
    (16, 56, 56, {'InnerProduct': 24})
    """

    def __init__(self, net, weights):
        sizes = [(prod(weight.shape), weight) for weight in weights]
        self.parameters = sum(size for size, _ in sizes)
        self.unshared = sum(size * len(weight.users) for size, weight in sizes)
        self.fixed = sum(size for size, weight in sizes if weight.fixed)
        self.data = self.diff = 0
        self.multiplications = Counter()
        built = as_built(net)
        blobs = {name: tuple(blob.shape) for name, blob in net.blobs.items()}
        for spec, layer in zip(built.layer, net.layers):
            self._blobs(spec, blobs)
            number = multiplications(spec, [blobs[name] for name in spec.bottom],
                                     [blobs[name] for name in spec.top],
                                     [tuple(blob.shape) for blob in layer.blobs])
            if number:
                self.multiplications[spec.type] += number

    def _blobs(self, spec, blobs):
        one = len(spec.bottom) == len(spec.top) == 1
        size = BYTES * sum(prod(blobs[top]) for top in spec.top if top not in spec.bottom)
        lends = one and spec.type in LENDS_ONE
        self.data += 0 if lends or spec.type in LENDS_NUMBERS else size
        self.diff += 0 if lends or spec.type in LENDS_GRADIENTS else size


def multiplications(spec, bottoms, tops, weights):
    """How often a layer multiplies two numbers in one forward pass.

    Products with weights, and products of blobs; not what is inside of exp and tanh, nor the
    averages of pooling and of normalisation.

    InnerProduct: B num_output inputs. Convolution: a window for each number of the top.
    LSTM: T B (4H D + 4H H + 3H), for i * g, f * c and o * tanh(c).
    """
    kind = spec.type
    if kind == "InnerProduct":
        return prod(tops[0]) * prod(weights[0]) // spec.inner_product_param.num_output
    if kind == "Convolution":
        return prod(tops[0]) * prod(weights[0][1:])
    if kind == "Deconvolution":
        return prod(bottoms[0]) * prod(weights[0][1:])
    if kind in ("LSTM", "RNN"):
        return _recurrent(spec, bottoms, weights)
    if kind == "LSTMUnit":
        return 3 * prod(tops[0])
    if kind == "Scale":
        return prod(tops[0])
    if kind == "Eltwise":
        return _elementwise(spec.eltwise_param, len(bottoms)) * prod(tops[0])
    return 0


def _recurrent(spec, bottoms, weights):
    T, B, H = *bottoms[0][:2], spec.recurrent_param.num_output
    states = (2 if spec.type == "LSTM" else 1) * spec.recurrent_param.expose_hidden
    once = 2 if len(bottoms) - states > 2 else None  # which weight x_static has
    products = sum(prod(shape) * (1 if number == once else T)
                   for number, shape in enumerate(weights) if len(shape) > 1)
    return B * (products + (3 * H * T if spec.type == "LSTM" else 0))


def _elementwise(options, count):
    if options.operation == PROD:
        return count - 1
    return sum(factor not in (1, -1) for factor in options.coeff) * (options.operation == SUM)

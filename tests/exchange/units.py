"""Units, layers and directions for the tests of exchange: random weights, and the net they run in.

A case is a cell, the sizes H of its layers from below, and whether each runs in both directions.
"""
import itertools

import numpy as np
from conftest import B, D, T, input_layer

from lstm_lib import (both_directions, caffe, get_weights, load_net, set_weights, stack,
                      xavier_start)
from lstm_lib.cells import cell_of

CELLS = ("composed", "rnn", "gru", "peephole")
SIZES = ([6], [6, 4])
CASES = [(cell, sizes, both) for cell in CELLS for sizes in SIZES for both in (False, True)]
IDS = [f"{cell}-{len(sizes)}-{'both' if both else 'one'}" for cell, sizes, both in CASES]


def one_layer(cell, D, H, rng):
    """Every number is drawn: a zero would hide a wrong place."""
    start = xavier_start(D, H, rng, cell=cell)
    return start._make([array if array.ndim > 1 else
                        rng.standard_normal(array.shape).astype("f") for array in start])


def random_weights(cell, sizes, both, seed=11):
    """As `to_pytorch` and the others take them."""
    rng, layers, reads = np.random.default_rng(seed), [], D
    for H in sizes:
        ways = tuple(one_layer(cell, reads, H, rng) for _ in range(1 + both))
        layers.append(ways if both else ways[0])
        reads = (1 + both) * H
    return layers if len(sizes) > 1 else layers[0]


def flat(weights):
    """All arrays, in order."""
    return [weights] if isinstance(weights, np.ndarray) else list(
        itertools.chain.from_iterable(map(flat, weights)))


class Net:
    """The net of a case; its outputs are the blob `output`."""

    def __init__(self, cell, sizes, both, T=T, B=B, hold=False):
        self.ns, self.cell = caffe.NetSpec(), cell_of(cell)
        self.ns.x = input_layer(T, B, D)
        options = dict(cell=cell)
        if hold:
            options["hold"] = self.ns.hold = input_layer(T, B)
        build = self._both if both else self._stacked
        self.ways, self.output = build(T, B, sizes, options)
        self.net = load_net(self.ns)

    def _stacked(self, T, B, sizes, options):
        layers = stack(self.ns, self.ns.x, T, sizes, **options)
        return [[(f"layer{n}/", layer.weight_names)]
                for n, layer in enumerate(layers, start=1)], f"layer{len(sizes)}/H"

    def _both(self, T, B, sizes, options):
        x, ways = self.ns.x, []
        for n, H in enumerate(sizes, start=1):
            made = both_directions(self.ns, x, T, H, B=B, prefix=f"layer{n}/", **options)
            x = made.h
            ways.append([(f"layer{n}/{way}/", getattr(made, way).weight_names)
                         for way in ("forward", "backward")])
        return ways, f"layer{len(sizes)}/H"

    def set(self, weights):
        layers = weights if isinstance(weights, list) else [weights]
        for names, layer in zip(self.ways, layers):
            for (_, name), way in zip(names, layer if len(names) == 2 else [layer]):
                set_weights(self.net, way, name)

    def get(self):
        """The weights as the README says: a list of layers, a tuple of directions."""
        layers = [tuple(get_weights(self.net, name) for _, name in names) for names in self.ways]
        layers = [layer if len(layer) == 2 else layer[0] for layer in layers]
        return layers if len(layers) > 1 else layers[0]

    def run(self, x, states=()):
        """H (T, B, ways H) and each layer's last states {"h": [(ways, B, H), ...], ...}."""
        self.net.blobs["x"].data[...] = x
        for name, layers in dict(states).items():
            for names, layer in zip(self.ways, layers):
                for (prefix, _), array in zip(names, layer):
                    self.net.blobs[f"{prefix}{name}0"].data[...] = array
        self.net.forward()
        last = {name: [np.concatenate([self.net.blobs[f"{prefix}{name}_T"].data.copy()
                                       for prefix, _ in names]) for names in self.ways]
                for name in self.cell.states}
        return self.net.blobs[self.output].data.copy(), last


def random_states(cell, sizes, both, B=B, seed=12):
    """{"h": [(ways, B, H) of each layer], "c": ...}, as the cell has them."""
    rng = np.random.default_rng(seed)
    return {name: [rng.standard_normal((1 + both, B, H)).astype("f") for H in sizes]
            for name in cell_of(cell).states}

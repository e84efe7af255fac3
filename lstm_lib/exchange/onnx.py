"""The inputs W, R, B and P of ONNX's operators `LSTM`, `GRU` and `RNN`."""
import os
from collections import namedtuple

import numpy as np

from .layers import as_layers, joined, layers_of, of_each_layer
from .layouts import Parts, from_order_of, to_order_of
from .onnx_reading import read_nodes
from .shapes import check_shapes, picked

PEEPHOLES = "iof"  # the order of the gates in P


class ONNXWeights(namedtuple("ONNXWeights", "W R B")):
    """(1, 4H, D), (1, 4H, H), (1, 8H), gates i, o, f, g: inputs 1 to 3 of an ONNX LSTM node.

    Those of a GRU have 3 in place of 4 and the gates z, r, n; those of an RNN 1. In both
    directions the first axis is 2.
    """


class ONNXPeepholeWeights(namedtuple("ONNXPeepholeWeights", "W R B P")):
    """The same with P (1, 3H), the peepholes of i, o, f: input 7 of an ONNX LSTM node."""


def to_onnx(weights):
    """The inputs W, R and B of an ONNX `LSTM`, `GRU` or `RNN` node, and P with peepholes.

        W = W_xc,  R = W_hc,  B = b_c ++ 0,  gates i, o, f, g, behind an axis for the direction

    A GRU's gates are z, r, n, and B = b_x ++ b_h; its node must have linear_before_reset = 1.

    Parameters
    ----------
    weights : of one layer, as `get_weights` returns them; a tuple (forward, backward) of both
        directions; a list of several layers.

    Returns
    -------
    ONNXWeights, or with peepholes ONNXPeepholeWeights; of several layers a list, one a node.

    Raises
    ------
    NetError : the arrays do not fit together.

    Source: operators LSTM, GRU and RNN in the ONNX specification.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_onnx, xavier_start
    >>> start = xavier_start(3, 2, np.random.default_rng(0))
    >>> [array.shape for array in to_onnx(start)]
    [(1, 8, 3), (1, 8, 2), (1, 16)]
    >>> to_onnx((start, start)).W.shape
    (2, 8, 3)
    """
    made = []
    for layer in layers_of("ONNX", weights):
        ways = [_arrays(way) for way in layer]
        made.append(type(ways[0])(*map(np.concatenate, zip(*ways))))
    return made if len(made) > 1 else made[0]


def from_onnx(given):
    """Weights from an .onnx file, or from the inputs W, R, B and P of a node in one.

        b_c = Wb + Rb       the two halves of B, of an LSTM and an RNN; a GRU keeps both

    Parameters
    ----------
    given : the path of a file, or an `onnx.ModelProto`: all its LSTM, GRU and RNN nodes are read,
        in the order in which they run, and their settings looked at. Or the arrays W, R, B (and
        P); of several layers a list of these. Initial states and lengths are no weights.

    Returns
    -------
    The weights of the cell that computes the same, which the shapes tell; of both directions a
    tuple (forward, backward); of several nodes a list.

    Raises
    ------
    NetError : another number of arrays, a shape is not that of the unit, no node is found, its
        weights are computed when it runs, or it computes what no cell does: with clip, other
        activations, input_forget, linear_before_reset = 0, from the last step to the first.
    ImportError : a path was given and the package onnx is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from_onnx([np.ones((1, 8, 3)), np.ones((1, 8, 2)), np.ones((1, 16))]).b_c.tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    """
    in_a_file = isinstance(given, (str, os.PathLike)) or hasattr(given, "graph")
    return joined(of_each_layer(read_nodes(given) if in_a_file else as_layers(given), _directions))


def _arrays(weights):
    """A layer's ONNXWeights, in one direction."""
    W, b_x, R, b_h, peepholes = to_order_of("ONNX", weights)
    arrays = W[None], R[None], np.concatenate([b_x, b_h])[None]
    if not peepholes:
        return ONNXWeights(*arrays)
    seen = dict(zip("ifo", peepholes))
    return ONNXPeepholeWeights(*arrays, np.concatenate([seen[gate] for gate in PEEPHOLES])[None])


def _directions(arrays):
    """The weights of a node: in one direction, or in both."""
    unit, named = picked("ONNX", arrays)
    both = all(array.shape[:1] == (2,) for array in named.values())
    return [_weights(unit, {name: array[way:way + 1] for name, array in named.items()}
                     if both else named) for way in range(1 + both)]


def _weights(unit, named):
    W, R, B, *P = check_shapes("ONNX", unit, named)
    seen = dict(zip(PEEPHOLES, np.split(P[0][0].copy(), 3))) if P else {}
    b_x, b_h = np.split(B[0], 2)
    return from_order_of("ONNX", unit, Parts(W[0], b_x, R[0], b_h,
                                             [seen[gate].copy() for gate in "ifo" if gate in seen]))

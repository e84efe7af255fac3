"""Checks of notebook 09: arrays for PyTorch, arrays from Keras, an order that is found out."""
from collections import namedtuple
from itertools import permutations

import numpy as np

from ..errors import NetError
from ..exchange import reorder_gates, to_keras
from ..nets import load_net
from ..safe_caffe.engine import caffe
from ..start_values import xavier_start
from ..unrolling import unroll
from ..weights import LSTMWeights, set_weights
from .verdict import Hint, judged, must_be, must_have_shape, result_of

T, B, D, H = 3, 2, 5, 4
UNKNOWN = "gifo"  # the order that the learner finds out
Found = namedtuple("Found", "weights x h0 c0 H")


@judged
def to_pytorch(my_to_pytorch):
    """`my_to_pytorch(W_xc, b_c, W_hc)` -> the four arrays of `torch.nn.LSTM`."""
    weights = _weights(1)
    answer = result_of(my_to_pytorch, *(array.copy() for array in weights))
    names = "weight_ih", "weight_hh", "bias_ih", "bias_hh"
    weight_ih, weight_hh, *biases = _arrays(answer, names)
    _must_be_in_order("weight_ih", weight_ih, weights.W_xc)
    _must_be_in_order("weight_hh", weight_hh, weights.W_hc)
    for name, bias in zip(names[2:], biases):
        must_have_shape(name, bias, (4 * H,))
    _must_be_in_order("the sum of the two biases", np.add(*biases), weights.b_c, [(
        2 * reorder_gates(weights.b_c, "ifog", "ifgo"),
        "PyTorch adds the two biases: yours make twice b_c.")])
    return "All rows stand in the order i, f, g, o, and the two biases add up to b_c."


@judged
def from_keras(my_from_keras):
    """`my_from_keras(kernel, recurrent_kernel, bias)` -> W_xc, b_c, W_hc."""
    weights = _weights(2)
    kernel, recurrent_kernel, bias = to_keras(weights)
    answer = result_of(my_from_keras, kernel.copy(), recurrent_kernel.copy(), bias.copy())
    W_xc, b_c, W_hc = _arrays(answer, LSTMWeights._fields)
    for name, given, theirs, truth in (("W_xc", W_xc, kernel, weights.W_xc),
                                       ("W_hc", W_hc, recurrent_kernel, weights.W_hc)):
        must_be(name, given, truth, _from_keras_mistakes(name, theirs, truth))
    must_be("b_c", b_c, weights.b_c, _orders("b_c", to_keras(weights).bias, "ifgo", "ifog"))
    return "Transposed, and in the order i, f, o, g."


@judged
def order(answer):
    """The order of the gates in the arrays of `found()`, as "ifog"."""
    there, away = found(), _way_back(UNKNOWN)
    try:
        tried = LSTMWeights(*[reorder_gates(array, answer, "ifog") for array in there.weights])
    except NetError as error:
        raise Hint(str(error)) from None
    if "".join(answer) == away:
        raise Hint("this order leads from i, f, o, g to theirs: the other way round. Which block "
                   "of theirs stands first?")
    off = np.abs(_run(tried, there) - there.H).max(axis=(1, 2))
    if off.max() > 1e-5:
        raise Hint(f"read in the order {', '.join(answer)} the arrays make Caffe give other "
                   f"numbers than found.H: by up to {off[0]:.2g} at the first step and "
                   f"{off[-1]:.2g} at the last.")
    return "Of the 24 orders this one gives all their numbers."


def found():
    """Weights with their gates in an order nobody wrote down; H is what they gave for x, h0, c0."""
    rng = np.random.default_rng(3)
    weights = _weights(3)
    x, h0, c0 = (rng.standard_normal(shape).astype("f4")
                 for shape in ((T, B, D), (1, B, H), (1, B, H)))
    theirs = LSTMWeights(*[reorder_gates(array, "ifog", UNKNOWN) for array in weights])
    return Found(theirs, x, h0, c0, _run(weights, Found(None, x, h0, c0, None)))


def _weights(seed):
    rng = np.random.default_rng(seed)
    return xavier_start(D, H, rng)._replace(b_c=rng.standard_normal(4 * H).astype("f4"))


def _run(weights, given):
    """All outputs of Caffe's unrolled net, (T, B, H)."""
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H)
    net = load_net(ns)
    set_weights(net, weights)
    return net.forward(x=given.x, h0=given.h0, c0=given.c0)["H"].copy()


def _arrays(answer, names):
    """The arrays that a function returned, as many as it has names for."""
    if not isinstance(answer, (tuple, list)) or len(answer) != len(names):
        raise Hint(f"the function returns {len(names)} arrays: {', '.join(names)}.")
    return [np.asarray(array) for array in answer]


def _must_be_in_order(name, given, ours, mistakes=()):
    must_be(name, given, reorder_gates(ours, "ifog", "ifgo"),
            [*mistakes, *_orders(name, ours, "ifog", "ifgo")])


def _orders(name, array, given, wanted):
    """(the array with its blocks in another order than wanted, what to say of it), for each."""
    for tried in map("".join, permutations("ifog")):
        if tried != wanted:
            still = " as they were given" if tried == given else ""
            yield (reorder_gates(array, given, tried), f"{name}: its blocks stand in the order "
                   f"{', '.join(tried)}{still}; expected {', '.join(wanted)}.")


def _from_keras_mistakes(name, theirs, truth):
    yield from _orders(name, theirs.T, "ifgo", "ifog")
    shuffled = theirs.reshape(truth.shape)
    said = f"{name} has the right shape, but reshape keeps the numbers in their row; transpose them."
    yield shuffled, said
    yield reorder_gates(shuffled, "ifgo", "ifog"), said
    if len(theirs) % 4 == 0:
        yield reorder_gates(theirs, "ifgo", "ifog").T, (
            f"{name}: the blocks were cut along the axis of length {len(theirs)}; the gates lie "
            "along the axis of length 4H.")


def _way_back(gates):
    """The order one gets by taking `given` for `wanted`."""
    return "".join("ifog"[gates.index(gate)] for gate in "ifog")

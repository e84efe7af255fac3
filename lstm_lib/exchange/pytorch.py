"""The weights of `torch.nn.LSTM`, `torch.nn.GRU` and `torch.nn.RNN`."""
import re
from collections.abc import Mapping

from ..arguments import short
from ..errors import NetError
from .layers import joined, layers_of
from .layouts import LAYOUTS, Parts, from_order_of, to_order_of
from .shapes import check_names, check_shapes, misfit, picked

NAMES = tuple(LAYOUTS["LSTM"]["PyTorch"].arrays)
WAYS = ("", "_reverse")


def to_pytorch(weights):
    """The arrays of a `torch.nn.LSTM`, `GRU` or `RNN`, for its `load_state_dict`.

        weight_ih_l0 = W_xc,  weight_hh_l0 = W_hc,  bias_ih_l0 = b_c,  bias_hh_l0 = 0

    with the gates i, f, g, o; a GRU's r, z, n and both its biases. The next layer has `_l1`,
    the way back `_reverse` behind that.

    Parameters
    ----------
    weights : of one layer, as `get_weights` returns them; a tuple (forward, backward) of both
        directions; a list of several layers, which must have one unit and one H.

    Returns
    -------
    dict of weight_ih_l0 : (4H, D), weight_hh_l0 : (4H, H), bias_ih_l0 : (4H,), bias_hh_l0 :
    (4H,), and so on; a GRU has 3H rows, an RNN H. Into a module they go with
    `module.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})`.

    Raises
    ------
    NetError : the arrays do not fit together, or are of a unit that PyTorch has not (peepholes).

    Source: "Variables" in PyTorch's documentation of nn.LSTM, nn.GRU and nn.RNN.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_pytorch, xavier_start
    >>> arrays = to_pytorch(xavier_start(3, 2, np.random.default_rng(0)))
    >>> {name: array.shape for name, array in arrays.items()}
    {'weight_ih_l0': (8, 3), 'weight_hh_l0': (8, 2), 'bias_ih_l0': (8,), 'bias_hh_l0': (8,)}
    >>> gru = xavier_start(3, 2, np.random.default_rng(0), cell="gru")
    >>> [name for name in to_pytorch((gru, gru)) if "bias" not in name]
    ['weight_ih_l0', 'weight_hh_l0', 'weight_ih_l0_reverse', 'weight_hh_l0_reverse']
    """
    layers = layers_of("PyTorch", weights)
    kinds = {(type(way), way[2].shape[1], len(layer)) for layer in layers for way in layer}
    if len(kinds) > 1:
        raise NetError("PyTorch's layers are one unit with one H, all in one direction or all in "
                       "both; hand over each layer for itself.")
    arrays = {}
    for number, layer in enumerate(layers):
        for way, one in zip(WAYS, layer):
            W, b_x, R, b_h, _ = to_order_of("PyTorch", one)
            arrays.update(zip([f"{name}_l{number}{way}" for name in NAMES], (W, R, b_x, b_h)))
    return arrays


def from_pytorch(state_dict):
    """Weights from a `torch.nn.LSTM`, `GRU` or `RNN`, or from its `state_dict()`.

        b_c = bias_ih_l0 + bias_hh_l0       of an LSTM and an RNN; a GRU keeps both

    The shapes tell which unit it is. Only the module itself tells that an RNN has relu in place
    of tanh.

    Returns
    -------
    LSTMWeights, GRUWeights or RNNWeights of one layer; of both directions a tuple (forward,
    backward); of several layers a list.

    Raises
    ------
    NetError : a name is missing or one too many, a shape is not that of the unit, or the module
        computes what no cell does: with proj_size, with relu.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import from_pytorch, to_pytorch, xavier_start
    >>> start = xavier_start(3, 2, np.random.default_rng(0))
    >>> bool(np.array_equal(from_pytorch(to_pytorch(start)).W_hc, start.W_hc))
    True
    """
    arrays = _state_dict(state_dict)
    names = [name for name in arrays if isinstance(name, str)]
    depth = sum(bool(re.fullmatch(r"weight_ih_l\d+", name)) for name in names) or 1
    ways = WAYS if any(name.endswith("_reverse") for name in names) else WAYS[:1]
    suffixes = [[f"_l{number}{way}" for way in ways] for number in range(depth)]
    check_names("PyTorch", "LSTM", [name + suffix for layer in suffixes for suffix in layer
                                    for name in NAMES], arrays)
    unit, _ = picked("PyTorch", _of_one(arrays, "_l0"), suffix="_l0")
    return joined([[_weights(arrays, unit, suffix) for suffix in layer] for layer in suffixes])


def _of_one(arrays, suffix):
    return {name + suffix: arrays[name + suffix] for name in NAMES}


def _weights(arrays, unit, suffix):
    """The weights of one layer in one direction."""
    _, named = picked("PyTorch", _of_one(arrays, suffix), unit, suffix)
    W, R, b_x, b_h = check_shapes("PyTorch", unit, named)
    return from_order_of("PyTorch", unit, Parts(W, b_x, R, b_h, ()))


def _state_dict(given):
    """The arrays by name, of a module after a look at its settings."""
    if getattr(given, "nonlinearity", "tanh") != "tanh":
        raise NetError(f"PyTorch: nonlinearity={given.nonlinearity!r} is another unit than "
                       "lstm_lib's RNN, which has tanh.")
    if callable(getattr(given, "state_dict", None)):
        given = given.state_dict()
    if isinstance(given, (list, tuple)) and len(given) == len(NAMES):
        given = dict(zip([name + "_l0" for name in NAMES], given))
    if not isinstance(given, Mapping):
        raise misfit("PyTorch", "LSTM", f"expected a state_dict, got {short(given)}")
    projected = [name for name in given if str(name).startswith("weight_hr_l")]
    if projected:
        raise NetError(f"PyTorch: {projected[0]} is there because of proj_size, which makes h "
                       "smaller than c; no cell of lstm_lib does that.")
    return given

"""The weights of `keras.layers.LSTM`, `GRU`, `SimpleRNN` and of `Bidirectional` ones."""
from collections import namedtuple

import numpy as np

from ..errors import NetError
from .layers import as_layers, joined, layers_of, of_each_layer
from .layouts import LAYOUTS, Parts, from_order_of, to_order_of, unit_of
from .shapes import check_shapes, picked

SETTINGS = dict(activation="tanh", recurrent_activation="sigmoid", reset_after=True,
                go_backwards=False, merge_mode="concat")  # of a layer that our cells can stand for


class KerasWeights(namedtuple("KerasWeights", "kernel recurrent_kernel bias")):
    """(D, 4H), (H, 4H), (4H,), gates i, f, g, o: what Keras' `layer.set_weights` takes.

    Those of a GRU are (D, 3H), (H, 3H), (2, 3H), gates z, r, n; of an RNN (D, H), (H, H), (H,).
    """


def to_keras(weights):
    """The three arrays of a `keras.layers.LSTM`, `GRU` or `SimpleRNN`, for its `set_weights`.

        kernel = W_xc^T,  recurrent_kernel = W_hc^T,  bias = b_c,  gates i, f, g, o

    A GRU's gates are z, r, n and its two biases the rows of one array. The layer must have the
    recurrent activation sigmoid, as it has since Keras 2.3 (older files may hold hard_sigmoid,
    another function), and a GRU `reset_after=True`.

    Parameters
    ----------
    weights : of one layer, as `get_weights` returns them; a tuple (forward, backward) of both
        directions; a list of several layers.

    Returns
    -------
    KerasWeights of one layer; of both directions the six arrays that `Bidirectional` takes; of
    several layers a list of these.

    Raises
    ------
    NetError : the arrays do not fit together, or are of a unit that Keras has not (peepholes).

    Source: LSTMCell in Keras' layers/rnn/lstm.py, GRUCell in gru.py, bidirectional.py.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_keras, xavier_start
    >>> [array.shape for array in to_keras(xavier_start(3, 2, np.random.default_rng(0)))]
    [(3, 8), (2, 8), (8,)]
    """
    made = []
    for layer in layers_of("Keras", weights):
        arrays = [_arrays(way) for way in layer]
        made.append(arrays[0] if len(arrays) == 1 else (*arrays[0], *arrays[1]))
    return made if len(made) > 1 else made[0]


def from_keras(arrays):
    """Weights from a `keras.layers.LSTM`, `GRU`, `SimpleRNN` or `Bidirectional`.

    Parameters
    ----------
    arrays : the layer itself, whose settings are looked at, or what its `get_weights()` returns:
        kernel, recurrent_kernel, bias, and the same of the way back. Of several layers, a list.

    Returns
    -------
    LSTMWeights, GRUWeights or RNNWeights, as the shapes tell; of both directions a tuple
    (forward, backward); of several layers a list.

    Raises
    ------
    NetError : another number of arrays, a shape is not that of the unit, or the layer computes
        what no cell does: with hard_sigmoid, relu, reset_after=False, go_backwards.

    Examples
    --------
    >>> import numpy as np
    >>> from_keras([np.ones((3, 8)), np.ones((2, 8)), np.zeros(8)]).W_xc.shape
    (8, 3)
    """
    return joined(of_each_layer(as_layers(arrays), _directions))


def _arrays(weights):
    """A layer's KerasWeights, in one direction."""
    W, b_x, R, b_h, _ = to_order_of("Keras", weights)
    both = LAYOUTS[unit_of(weights)]["Keras"].arrays["bias"].startswith("2 ")
    bias = np.stack([b_x, b_h]) if both else b_x
    return KerasWeights(np.ascontiguousarray(W.T), np.ascontiguousarray(R.T), bias)


def _directions(layer):
    """The weights of a layer: in one direction, or in both."""
    if hasattr(layer, "get_weights"):
        _check_settings(layer.get_config())
        layer = layer.get_weights()
    both = isinstance(layer, (list, tuple)) and len(layer) == 6
    return [_weights(way) for way in ((layer[:3], layer[3:]) if both else [layer])]


def _weights(arrays):
    unit, named = picked("Keras", arrays)
    kernel, recurrent_kernel, bias = check_shapes("Keras", unit, named)
    b_x, b_h = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    return from_order_of("Keras", unit, Parts(kernel.T, b_x, recurrent_kernel.T, b_h, ()))


def _check_settings(config):
    """Raise for a layer that computes what none of our cells does."""
    configs = [config, config.get("layer", {}).get("config", {}),
               {**config.get("backward_layer", {}).get("config", {}), "go_backwards": False}]
    for name, ours in SETTINGS.items():
        for given in configs:
            if given.get(name, ours) != ours:
                raise NetError(f"Keras: the layer {config.get('name')!r} has {name}="
                               f"{given[name]!r}; the cells of lstm_lib have {name}={ours!r}.")

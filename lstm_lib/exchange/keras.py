"""The weights of `keras.layers.LSTM`."""
from collections import namedtuple

import numpy as np

from .layouts import checked, from_order_of, to_order_of


class KerasWeights(namedtuple("KerasWeights", "kernel recurrent_kernel bias")):
    """(D, 4H), (H, 4H), (4H,), gates i, f, g, o: what Keras' `layer.set_weights` takes."""


def to_keras(weights):
    """The three arrays of a `keras.layers.LSTM`, for its `set_weights`.

        kernel = W_xc^T,  recurrent_kernel = W_hc^T,  bias = b_c,  gates i, f, g, o

    The layer must have the recurrent activation sigmoid, as it has since Keras 2.3; older
    files may hold hard_sigmoid, which is another function.

    Raises
    ------
    NetError : the weights are no W_xc (4H, D), b_c (4H,), W_hc (4H, H).

    Source: LSTMCell in Keras' layers/rnn/lstm.py.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_keras, xavier_start
    >>> [array.shape for array in to_keras(xavier_start(3, 2, np.random.default_rng(0)))]
    [(3, 8), (2, 8), (8,)]
    """
    W_xc, b_c, W_hc = to_order_of("Keras", weights)
    return KerasWeights(np.ascontiguousarray(W_xc.T), np.ascontiguousarray(W_hc.T), b_c)


def from_keras(arrays):
    """LSTMWeights from `get_weights()` of a `keras.layers.LSTM`: kernel, recurrent_kernel, bias.

    Raises
    ------
    NetError : not three arrays, or a shape is not that of an LSTM.

    Examples
    --------
    >>> import numpy as np
    >>> from_keras([np.ones((3, 8)), np.ones((2, 8)), np.zeros(8)]).W_xc.shape
    (8, 3)
    """
    kernel, recurrent_kernel, bias = checked("Keras", arrays)
    return from_order_of("Keras", np.ascontiguousarray(kernel.T), bias,
                          np.ascontiguousarray(recurrent_kernel.T))

"""A plain recurrent net in NumPy, forward and backward through time.

    h_t = tanh(W_xh x_t + b_h + W_hh h_{t-1})

Source: Caffe's rnn_layer.cpp.
"""
from collections import namedtuple

import numpy as np

Trace = namedtuple("Trace", "x h0 h W_xh W_hh")
Gradients = namedtuple("Gradients", "W_xh b_h W_hh x h0")


def rnn_forward(x, h0, W_xh, b_h, W_hh):
    """Run over a sequence: x (T, B, D), h0 (B, H), W_xh (H, D), b_h (H,), W_hh (H, H).

    Returns
    -------
    Trace : what `rnn_backward` needs; the outputs are `trace.h`, (T, B, H).

    Examples
    --------
    >>> import numpy as np
    >>> x, h0 = np.ones((3, 2, 5)), np.zeros((2, 4))
    >>> rnn_forward(x, h0, np.ones((4, 5)), np.zeros(4), np.ones((4, 4))).h.shape
    (3, 2, 4)
    """
    h, outputs = h0, []
    for x_t in x:
        h = np.tanh(x_t @ W_xh.T + b_h + h @ W_hh.T)
        outputs.append(h)
    return Trace(x, h0, np.array(outputs), W_xh, W_hh)


def rnn_backward(trace, dh, dh_T=0):
    """Gradients of a loss through time, from dh (T, B, H) and dh_T (B, H) at the last state."""
    dh_next, dz = dh_T, []
    for h, dh_t in zip(trace.h[::-1], dh[::-1]):
        dz_t = (dh_t + dh_next) * (1 - h ** 2)  # (B, H)
        dh_next = dz_t @ trace.W_hh
        dz.append(dz_t)
    dz, h_before = np.array(dz[::-1]), np.concatenate([trace.h0[None], trace.h[:-1]])
    over = ([0, 1], [0, 1])  # the weights are shared: sum over steps and batch
    return Gradients(np.tensordot(dz, trace.x, over), dz.sum((0, 1)),
                     np.tensordot(dz, h_before, over), dz @ trace.W_xh, dh_next)

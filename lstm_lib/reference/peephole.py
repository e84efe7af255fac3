"""An LSTM with peepholes in NumPy, forward and backward through time.

    i, f = sigmoid(raw_i + p_i * c_{t-1}), sigmoid(raw_f + p_f * c_{t-1}),  g = tanh(raw_g)
    c_t = f * c_{t-1} + i * g
    o = sigmoid(raw_o + p_o * c_t)
    h_t = o * tanh(c_t)

Source: Gers, Schraudolph, Schmidhuber 2002.
"""
from collections import namedtuple

import numpy as np

from .arrays import sigmoid

Trace = namedtuple("Trace", "x h0 c0 i f o g c h W_xc W_hc p_i p_f p_o")
Gradients = namedtuple("Gradients", "W_xc b_c W_hc p_i p_f p_o x h0 c0")


def peephole_forward(x, h0, c0, W_xc, b_c, W_hc, p_i, p_f, p_o):
    """Run over a sequence: arrays as for `lstm_forward`, and p_i, p_f, p_o (H,).

    Returns
    -------
    Trace : what `peephole_backward` needs; the outputs are `trace.h`, (T, B, H).

    Examples
    --------
    >>> import numpy as np
    >>> x, zero, p = np.ones((3, 2, 5)), np.zeros((2, 4)), np.ones(4)
    >>> W, b, U = np.ones((16, 5)), np.zeros(16), np.ones((16, 4))
    >>> peephole_forward(x, zero, zero, W, b, U, p, p, p).h.shape
    (3, 2, 4)
    """
    h, c, steps = h0, c0, []
    for x_t in x:
        i, f, o, g = np.split(x_t @ W_xc.T + b_c + h @ W_hc.T, 4, axis=-1)  # each (B, H)
        i, f, g = sigmoid(i + p_i * c), sigmoid(f + p_f * c), np.tanh(g)
        c = f * c + i * g
        o = sigmoid(o + p_o * c)
        h = o * np.tanh(c)
        steps.append((i, f, o, g, c, h))
    return Trace(x, h0, c0, *map(np.array, zip(*steps)), W_xc, W_hc, p_i, p_f, p_o)


def peephole_backward(trace, dh, dh_T=0, dc_T=0):
    """Gradients of a loss through time, from dh (T, B, H), and dh_T, dc_T at the last states."""
    h_before = np.concatenate([trace.h0[None], trace.h[:-1]])
    c_before = np.concatenate([trace.c0[None], trace.c[:-1]])
    dh_next, dc, dz = dh_T, dc_T, []
    for t in reversed(range(len(dh))):
        i, f, o, g, c = trace.i[t], trace.f[t], trace.o[t], trace.g[t], trace.c[t]
        dh_t = dh[t] + dh_next
        draw_o = dh_t * np.tanh(c) * o * (1 - o)
        dc = dc + dh_t * o * (1 - np.tanh(c) ** 2) + draw_o * trace.p_o
        draw_i, draw_f = dc * g * i * (1 - i), dc * c_before[t] * f * (1 - f)
        dz.append(np.concatenate([draw_i, draw_f, draw_o, dc * i * (1 - g ** 2)], axis=-1))
        dh_next = dz[-1] @ trace.W_hc
        dc = dc * f + draw_i * trace.p_i + draw_f * trace.p_f
    dz = np.array(dz[::-1])  # (T, B, 4H)
    draw_i, draw_f, draw_o, _ = np.split(dz, 4, axis=-1)
    over = ([0, 1], [0, 1])  # the weights are shared: sum over steps and batch
    return Gradients(
        np.tensordot(dz, trace.x, over), dz.sum((0, 1)), np.tensordot(dz, h_before, over),
        (draw_i * c_before).sum((0, 1)), (draw_f * c_before).sum((0, 1)),
        (draw_o * trace.c).sum((0, 1)), dz @ trace.W_xc, dh_next, dc)

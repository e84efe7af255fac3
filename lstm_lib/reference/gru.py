"""A GRU in NumPy, forward and backward through time.

    r, z = sigmoid(W_x x_t + b_x + W_h h_{t-1} + b_h)       first and second third
    n = tanh(W_xn x_t + b_xn + r * (W_hn h_{t-1} + b_hn))   last third
    h_t = n + z * (h_{t-1} - n)

Source: the form of PyTorch and of ONNX (linear_before_reset = 1).
"""
from collections import namedtuple

import numpy as np

from .arrays import sigmoid

Trace = namedtuple("Trace", "x h0 r z n h_n h W_x W_h")
Gradients = namedtuple("Gradients", "W_x b_x W_h b_h x h0")


def gru_forward(x, h0, W_x, b_x, W_h, b_h):
    """Run over a sequence: x (T, B, D), h0 (B, H), W_x (3H, D), W_h (3H, H), b_x and b_h (3H,).

    Returns
    -------
    Trace : what `gru_backward` needs; the outputs are `trace.h`, (T, B, H).

    Examples
    --------
    >>> import numpy as np
    >>> x, h0, b = np.ones((3, 2, 5)), np.zeros((2, 4)), np.zeros(12)
    >>> gru_forward(x, h0, np.ones((12, 5)), b, np.ones((12, 4)), b).h.shape
    (3, 2, 4)
    """
    h, steps = h0, []
    for x_t in x:
        x_r, x_z, x_n = np.split(x_t @ W_x.T + b_x, 3, axis=-1)  # each (B, H)
        h_r, h_z, h_n = np.split(h @ W_h.T + b_h, 3, axis=-1)
        r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
        n = np.tanh(x_n + r * h_n)
        h = n + z * (h - n)
        steps.append((r, z, n, h_n, h))
    return Trace(x, h0, *map(np.array, zip(*steps)), W_x, W_h)


def gru_backward(trace, dh, dh_T=0):
    """Gradients of a loss through time, from dh (T, B, H) and dh_T (B, H) at the last state."""
    h_before = np.concatenate([trace.h0[None], trace.h[:-1]])
    dh_next, dx_product, dh_product = dh_T, [], []
    for t in reversed(range(len(dh))):
        r, z, n, h_n = trace.r[t], trace.z[t], trace.n[t], trace.h_n[t]
        dh_t = dh[t] + dh_next
        draw_z = dh_t * (h_before[t] - n) * z * (1 - z)
        draw_n = dh_t * (1 - z) * (1 - n ** 2)
        draw_r = draw_n * h_n * r * (1 - r)
        dx_product.append(np.concatenate([draw_r, draw_z, draw_n], axis=-1))      # (B, 3H)
        dh_product.append(np.concatenate([draw_r, draw_z, draw_n * r], axis=-1))
        dh_next = dh_t * z + dh_product[-1] @ trace.W_h
    dx_product, dh_product = np.array(dx_product[::-1]), np.array(dh_product[::-1])
    over = ([0, 1], [0, 1])  # the weights are shared: sum over steps and batch
    return Gradients(np.tensordot(dx_product, trace.x, over), dx_product.sum((0, 1)),
                     np.tensordot(dh_product, h_before, over), dh_product.sum((0, 1)),
                     dx_product @ trace.W_x, dh_next)

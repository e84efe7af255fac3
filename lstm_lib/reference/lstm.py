"""An LSTM in NumPy, forward and backward through time.

    z_t = W_xc x_t + b_c + W_hc h_{t-1}
    i, f, o = sigmoid(first, second, third quarter of z_t),  g = tanh(last quarter)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

Source: arXiv:1511.04119, eq. 1-3; Caffe's lstm_unit_layer.cpp.
"""
from collections import namedtuple

import numpy as np

from ..arguments import numbers, short
from ..errors import NetError
from .arrays import sigmoid

Trace = namedtuple("Trace", "x h0 c0 i f o g c tanh_c h W_xc W_hc")
Gradients = namedtuple("Gradients", "W_xc b_c W_hc x h0 c0")


def lstm_forward(x, h0, c0, W_xc, b_c, W_hc):
    """Run an LSTM over a sequence.

    Parameters
    ----------
    x : (T, B, D). h0, c0 : (B, H). W_xc : (4H, D). b_c : (4H,). W_hc : (4H, H).

    Returns
    -------
    Trace : every gate and state, each (T, B, H), as `lstm_backward` needs them. The
    outputs are `trace.h`, the cell states `trace.c`.

    Examples
    --------
    >>> import numpy as np
    >>> x, zero = np.ones((3, 2, 5)), np.zeros((2, 4))
    >>> trace = lstm_forward(x, zero, zero, np.ones((16, 5)), np.zeros(16), np.ones((16, 4)))
    >>> trace.h.shape
    (3, 2, 4)
    """
    x, h0, c0, W_xc, b_c, W_hc = _of_right_shapes(x, h0, c0, W_xc, b_c, W_hc)
    h, c, steps = h0, c0, []
    for x_t in x:
        i, f, o, g = np.split(x_t @ W_xc.T + b_c + h @ W_hc.T, 4, axis=-1)  # each (B, H)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        c = f * c + i * g
        tanh_c = np.tanh(c)
        h = o * tanh_c
        steps.append((i, f, o, g, c, tanh_c, h))
    return Trace(x, h0, c0, *map(np.array, zip(*steps)), W_xc, W_hc)


def _of_right_shapes(*given):
    arrays = [numbers(name, array)
              for name, array in zip(("x", "h0", "c0", "W_xc", "b_c", "W_hc"), given)]
    shapes = [array.shape for array in arrays]
    (T, B, D), H = (shapes[0] + (0, 0, 0))[:3], (shapes[5] + (0, 0))[1]
    right = [(T, B, D), (B, H), (B, H), (4 * H, D), (4 * H,), (4 * H, H)]
    if shapes != right or not T:
        raise ValueError("expected x (T, B, D), h0 and c0 (B, H), W_xc (4H, D), b_c (4H,) and "
                         f"W_hc (4H, H), got the shapes {', '.join(map(str, shapes))}.")
    return arrays


def lstm_backward(trace, dh, dh_T=0, dc_T=0):
    """Gradients of a loss through time.

    Parameters
    ----------
    trace : what `lstm_forward` returned.
    dh : (T, B, H) gradient of the loss with respect to each output h_t.
    dh_T, dc_T : (B, H) gradients that arrive at the final states besides.

    Returns
    -------
    Gradients : of W_xc, b_c, W_hc, x, h0 and c0, each of the shape of its array.
    """
    _check_gradients(trace, dh, dh_T, dc_T)
    dh_next, dc = dh_T + np.zeros_like(trace.h0), dc_T + np.zeros_like(trace.c0)
    h_before = np.concatenate([trace.h0[None], trace.h[:-1]])  # h_{t-1}, (T, B, H)
    c_before = np.concatenate([trace.c0[None], trace.c[:-1]])
    dz = []
    for t in reversed(range(len(trace.x))):
        i, f, o, g, tanh_c = (gate[t] for gate in (trace.i, trace.f, trace.o, trace.g,
                                                   trace.tanh_c))
        dh_t = dh[t] + dh_next
        dc = dc + dh_t * o * (1 - tanh_c ** 2)
        dz_t = np.concatenate([dc * g * i * (1 - i),
                               dc * c_before[t] * f * (1 - f),
                               dh_t * tanh_c * o * (1 - o),
                               dc * i * (1 - g ** 2)], axis=-1)  # (B, 4H)
        dh_next, dc = dz_t @ trace.W_hc, dc * f
        dz.append(dz_t)
    dz = np.array(dz[::-1])  # (T, B, 4H)
    steps_and_batch = ([0, 1], [0, 1])  # the weights are shared: sum over both
    return Gradients(np.tensordot(dz, trace.x, steps_and_batch), dz.sum((0, 1)),
                     np.tensordot(dz, h_before, steps_and_batch), dz @ trace.W_xc, dh_next, dc)


def _check_gradients(trace, dh, dh_T, dc_T):
    if not isinstance(trace, Trace):
        raise NetError(f"expected what lstm_forward returned, got {short(trace)}.")
    if numbers("dh", dh).shape != trace.h.shape:
        raise ValueError(f"dh has the shape {trace.h.shape} of all outputs, got {np.shape(dh)}.")
    for name, array in (("dh_T", dh_T), ("dc_T", dc_T)):
        if numbers(name, array).shape not in ((), trace.h0.shape):
            raise ValueError(f"{name} has the shape {trace.h0.shape} of a state, got "
                             f"{np.shape(array)}.")

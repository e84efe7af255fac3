"""What is the plain truth? An LSTM forward and backward through time in NumPy.

No Caffe in here: this is what Caffe's numbers are compared with. It computes in the type
of its inputs, float32 or float64.

    z_t = W_xc x_t + b_c + W_hc h_{t-1}
    i, f, o = sigmoid(first, second, third quarter of z_t),  g = tanh(last quarter)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

Source: arXiv:1511.04119, eq. 1-3; Caffe's lstm_unit_layer.cpp.
"""
from collections import namedtuple

import numpy as np

from .arguments import numbers, short
from .errors import NetError

Trace = namedtuple("Trace", "x h0 c0 i f o g c tanh_c h W_xc W_hc")
Gradients = namedtuple("Gradients", "W_xc b_c W_hc x h0 c0")


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow for any z.

    >>> sigmoid(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    return 0.5 * (1 + np.tanh(0.5 * z))


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


def central_difference(loss, array, place, step):
    """The slope of `loss()` at one number of an array: (L(w + step) - L(w - step)) / 2 step.

    Parameters
    ----------
    loss : a function without arguments that says how large the loss is now.
    array, place : what it depends on, and where in it; the number is put back afterwards.

    Examples
    --------
    >>> import numpy as np
    >>> w = np.array([1.0, 3.0])
    >>> round(central_difference(lambda: w[0] * w[1] ** 2, w, 1, 0.01), 6)
    6.0
    """
    kept, losses = array[place], []
    for sign in (1, -1):
        array[place] = kept + sign * step
        losses.append(float(loss()))
    array[place] = kept
    return (losses[0] - losses[1]) / (2 * step)


def compare(name, ours, theirs, tolerance=1e-6):
    """Print how two arrays agree; raise when they differ by more than `tolerance`.

    Raises
    ------
    AssertionError : the shapes differ, or a number does by more than `tolerance`.
    NetError : not two arrays of numbers and one number.

    Examples
    --------
    >>> import numpy as np
    >>> compare("h", np.ones(2), np.ones(2) + 1e-9)
    h        agrees, largest difference 1e-09
    """
    name, ours, theirs = str(name), numbers("ours", ours), numbers("theirs", theirs)
    if numbers("tolerance", tolerance).ndim:
        raise NetError(f"the tolerance is one number, got {short(tolerance)}.")
    if ours.shape != theirs.shape:
        raise AssertionError(f"{name}: the shapes are {ours.shape} and {theirs.shape}.")
    difference = np.max(np.abs(ours.astype("f8") - theirs.astype("f8")), initial=0)
    if np.array_equal(ours, theirs):
        print(f"{name:8} exactly equal")
    elif difference <= tolerance:
        print(f"{name:8} agrees, largest difference {difference:.0e}")
    else:
        raise AssertionError(f"{name}: {difference:.1e} is more than {tolerance:.0e}.")

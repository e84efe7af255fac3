"""How do LSTM weights start, and how do they move from net to net?

Everywhere in `lstm_lib` an LSTM has three arrays, with rows in the order i, f, o, g:

    W_xc (4H, D),  b_c (4H,),  W_hc (4H, H)
"""
from collections import namedtuple

import numpy as np

from .cells import default_weight_names, three_names
from .checks import check_count
from .errors import NetError
from .nets import check_net, shared_weights


class LSTMWeights(namedtuple("LSTMWeights", "W_xc b_c W_hc")):
    """The three arrays of an LSTM: (4H, D), (4H,), (4H, H), float32."""

    @property
    def H(self):
        """Number of hidden units."""
        return self.W_hc.shape[1]


def uniform_start(D, H, rng, limit=0.05, forget_bias=0.0):
    """Every matrix entry uniform in [-limit, limit], biases 0 (the origin's start).

    Parameters
    ----------
    rng : `np.random.Generator`, like `np.random.default_rng(0)`.
    forget_bias : b_c of the forget gate; 1 or more lets the cell remember at first
        (Jozefowicz et al. 2015, Gers et al. 2000).

    Examples
    --------
    >>> import numpy as np
    >>> W = uniform_start(5, 4, np.random.default_rng(0), forget_bias=1.0)
    >>> W.W_xc.shape, W.b_c[4:8].tolist()
    ((16, 5), [1.0, 1.0, 1.0, 1.0])
    """
    _check_sizes(D, H)
    return _start(D, H, rng, limit, limit, forget_bias)


def xavier_start(D, H, rng, forget_bias=0.0):
    """Uniform in +-sqrt(3 / fan_in), as Caffe's `xavier` filler does (filler.hpp).

    >>> import numpy as np
    >>> W = xavier_start(3, 4, np.random.default_rng(0))
    >>> bool(abs(W.W_xc).max() <= 1), W.H
    (True, 4)
    """
    _check_sizes(D, H)
    return _start(D, H, rng, np.sqrt(3 / D), np.sqrt(3 / H), forget_bias)


def _check_sizes(D, H):
    check_count("D", D)
    check_count("H", H)


def _start(D, H, rng, limit_x, limit_h, forget_bias):
    if not hasattr(rng, "uniform") or not 0 <= max(limit_x, limit_h) < np.inf:
        raise ValueError("expected rng = np.random.default_rng(seed) and a limit of 0 or more, got "
                         f"{rng!r} and {limit_x!r}.")
    b_c = np.zeros(4 * H, np.float32)
    b_c[H:2 * H] = forget_bias  # rows i, f, o, g: f is the second block
    return LSTMWeights(rng.uniform(-limit_x, limit_x, (4 * H, D)).astype(np.float32), b_c,
                       rng.uniform(-limit_h, limit_h, (4 * H, H)).astype(np.float32))


def get_weights(net, weight_names=None):
    """Copy an unrolled LSTM's weights out of a net.

    Parameters
    ----------
    weight_names : what `unroll` returned; the names of an unroll without prefix if left out.

    Raises
    ------
    NetError : the net has no weights of these names.
    """
    return LSTMWeights(*[blob.data.copy() for blob in _blobs(net, weight_names)])


def get_gradients(net, weight_names=None):
    """Copy the gradients of an unrolled LSTM's weights, summed over all steps."""
    return LSTMWeights(*[blob.diff.copy() for blob in _blobs(net, weight_names)])


def set_weights(net, weights, weight_names=None):
    """Write weights into an unrolled LSTM; one write serves all steps.

    Raises
    ------
    NetError : a shape does not fit, or the net has no weights of these names; then nothing
        was written.
    """
    _write(_blobs(net, weight_names), weights, weight_names or default_weight_names(""))


def get_layer_weights(net, layer_name):
    """Copy the weights of Caffe's own `LSTM` layer out of a net.

    Source: recurrent_layer.hpp; without a static input the blobs are W_xc, b_c, W_hc.
    """
    return LSTMWeights(*[blob.data.copy() for blob in _layer_blobs(net, layer_name)])


def set_layer_weights(net, layer_name, weights):
    """Write weights into Caffe's own `LSTM` layer; no reordering is needed."""
    _write(_layer_blobs(net, layer_name), weights,
           [f"{layer_name}.{field}" for field in LSTMWeights._fields])


def _blobs(net, weight_names):
    known = shared_weights(net)
    names = three_names(weight_names or default_weight_names(""))
    missing = [name for name in names if name not in known]
    if missing:
        raise NetError(f"this net has no weight {missing[0]!r}; it has "
                       f"{', '.join(known) or 'none'}. Pass weight_names as unroll returned.")
    return [known[name][0] for name in names]


def _layer_blobs(net, layer_name):
    check_net(net)
    if layer_name not in list(net.params) or len(net.params[layer_name]) != 3:
        raise NetError(f"{layer_name!r} is no LSTM layer with W_xc, b_c, W_hc in this net; "
                       f"layers with weights: {', '.join(net.params) or 'none'}.")
    return list(net.params[layer_name])


def _write(blobs, weights, names):
    if not isinstance(weights, (list, tuple)) or len(weights) != 3:
        raise NetError("weights are the three arrays W_xc, b_c, W_hc, like those of xavier_start, "
                       f"got {type(weights).__name__}.")
    for blob, array, name in zip(blobs, weights, names):
        if tuple(blob.shape) != np.shape(array):
            raise NetError(f"{name} is {tuple(blob.shape)} in this net, "
                           f"the given array is {np.shape(array)}.")
        if np.asarray(array).dtype.kind not in "biuf":
            raise NetError(f"{name} takes numbers, the given array holds "
                           f"{np.asarray(array).dtype}.")
    for blob, array in zip(blobs, weights):
        blob.data[...] = array

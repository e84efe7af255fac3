"""The weights of `torch.nn.LSTM`."""
import numpy as np

from .layouts import checked, from_order_of, to_order_of


def to_pytorch(weights):
    """The four arrays of a one-layer `torch.nn.LSTM`, b_c as the first of the two biases.

    Returns
    -------
    dict of weight_ih_l0 : (4H, D), weight_hh_l0 : (4H, H), bias_ih_l0 : (4H,) = b_c,
    bias_hh_l0 : (4H,) = 0; gates i, f, g, o. Into a module they go with
    `module.load_state_dict({name: torch.from_numpy(a) for name, a in arrays.items()})`.

    Raises
    ------
    NetError : the weights are no W_xc (4H, D), b_c (4H,), W_hc (4H, H).

    Source: "Variables" in PyTorch's documentation of nn.LSTM.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_pytorch, xavier_start
    >>> arrays = to_pytorch(xavier_start(3, 2, np.random.default_rng(0)))
    >>> {name: array.shape for name, array in arrays.items()}
    {'weight_ih_l0': (8, 3), 'weight_hh_l0': (8, 2), 'bias_ih_l0': (8,), 'bias_hh_l0': (8,)}
    """
    W_xc, b_c, W_hc = to_order_of("PyTorch", weights)
    return dict(weight_ih_l0=W_xc, weight_hh_l0=W_hc, bias_ih_l0=b_c,
                bias_hh_l0=np.zeros_like(b_c))


def from_pytorch(state_dict):
    """LSTMWeights from `state_dict()` of a one-layer `torch.nn.LSTM`.

        b_c = bias_ih_l0 + bias_hh_l0

    Raises
    ------
    NetError : a name is missing or one too many (another layer or direction), or a shape is
        not that of an LSTM.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import from_pytorch, to_pytorch, xavier_start
    >>> start = xavier_start(3, 2, np.random.default_rng(0))
    >>> bool(np.array_equal(from_pytorch(to_pytorch(start)).W_hc, start.W_hc))
    True
    """
    W_ih, W_hh, b_ih, b_hh = checked("PyTorch", state_dict)
    return from_order_of("PyTorch", W_ih, b_ih + b_hh, W_hh)

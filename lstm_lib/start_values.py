"""What are the weights at first, and what is the bias of the forget gate?"""
import numpy as np

from .arguments import check_count, numbers, short
from .errors import NetError
from .weights import LSTMWeights


def xavier_start(D, H, rng, forget_bias=0.0):
    """Uniform in +-sqrt(3 / fan_in), as Caffe's `xavier` filler does (filler.hpp); biases 0.

    Parameters
    ----------
    rng : `np.random.Generator`, like `np.random.default_rng(0)`.
    forget_bias : b_c of the forget gate; 1 or more lets the cell remember at first
        (Jozefowicz et al. 2015, Gers et al. 2000).

    Examples
    --------
    >>> import numpy as np
    >>> W = xavier_start(3, 4, np.random.default_rng(0), forget_bias=1.0)
    >>> bool(abs(W.W_xc).max() <= 1), W.b_c[4:8].tolist(), W.H
    (True, [1.0, 1.0, 1.0, 1.0], 4)
    """
    check_count("D", D)
    check_count("H", H)
    if not hasattr(rng, "uniform"):
        raise ValueError(f"expected rng = np.random.default_rng(seed), got {rng!r}.")
    if numbers("forget_bias", forget_bias).size not in (1, H) or np.ndim(forget_bias) > 1:
        raise NetError(f"forget_bias is one number, or H = {H}, got {short(forget_bias)}.")
    x, h = np.sqrt(3 / D), np.sqrt(3 / H)
    b_c = np.zeros(4 * H, np.float32)
    b_c[H:2 * H] = forget_bias  # rows i, f, o, g: f is the second block
    return LSTMWeights(rng.uniform(-x, x, (4 * H, D)).astype(np.float32), b_c,
                       rng.uniform(-h, h, (4 * H, H)).astype(np.float32))

"""What are the weights at first, and what is the bias of the forget gate?"""
import numpy as np

from .arguments import check_count, numbers, short
from .errors import NetError
from .cells import cell_of


def xavier_start(D, H, rng, forget_bias=0.0, cell="composed"):
    """Uniform in +-sqrt(3 / fan_in), as Caffe's `xavier` filler does (filler.hpp); biases 0.

    Parameters
    ----------
    rng : `np.random.Generator`, like `np.random.default_rng(0)`.
    cell : whose weights: a name as `unroll` takes it, or a `Cell`.
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
    cell = cell_of(cell)
    arrays = [_uniform(shape, rng) if len(shape) > 1 else np.zeros(shape, np.float32)
              for shape in cell.shapes(D, H).values()]
    if cell.rows == 4:
        arrays[1][H:2 * H] = forget_bias  # rows i, f, o, g: f is the second block
    elif np.any(forget_bias):
        raise NetError(f"{cell.name!r} has no forget gate, so no forget_bias.")
    return cell.arrays(*arrays) if cell.arrays else arrays


def _uniform(shape, rng):
    """Numbers in +-sqrt(3 / fan_in), where the last axis is the fan-in."""
    most = np.sqrt(3 / shape[-1])
    return rng.uniform(-most, most, shape).astype(np.float32)

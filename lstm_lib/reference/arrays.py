"""How is an array compared, and how steep is a loss?"""
import numpy as np

from ..arguments import numbers, short
from ..errors import NetError


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow for any z.

    >>> sigmoid(np.array([0.0, -1000.0])).tolist()
    [0.5, 0.0]
    """
    return 0.5 * (1 + np.tanh(0.5 * z))


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

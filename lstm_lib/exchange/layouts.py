"""How do LSTM weights get into other libraries, and back?

As NumPy arrays in the layouts that those libraries read and write; none of them is imported.
All of them compute the same LSTM and differ in the order of the gates along the 4H axis:

    library   gates     input                  recurrent                  bias
    lstm_lib  i f o g   W_xc (4H, D)           W_hc (4H, H)               b_c (4H,)
    PyTorch   i f g o   weight_ih_l0 (4H, D)   weight_hh_l0 (4H, H)       bias_ih_l0, bias_hh_l0
    Keras     i f g o   kernel (D, 4H)         recurrent_kernel (H, 4H)   bias (4H,)
    ONNX      i o f g   W (1, 4H, D)           R (1, 4H, H)               B (1, 8H) = Wb ++ Rb

(Keras and ONNX call the candidate g c.) PyTorch and ONNX have two biases whose sum is b_c.
OpenCV 4 needs no conversion, it reads prototxt and .caffemodel: write the net with
`write_prototxt`, its states as `Input` layers, the composed cell and no loss, and the weights
with `net.save`, for OpenCV wants a copy for each step. `save_weights` keeps only one.
"""
from collections import namedtuple
from collections.abc import Mapping

import numpy as np

from ..arguments import numbers
from ..errors import NetError
from ..weights import LSTMWeights

Layout = namedtuple("Layout", "gates arrays advice")
LAYOUTS = {
    "lstm_lib": Layout("ifog", dict(W_xc="4H D", b_c="4H", W_hc="4H H"),
                       "Pass what get_weights(net) returns."),
    "PyTorch": Layout("ifgo", dict(weight_ih_l0="4H D", weight_hh_l0="4H H", bias_ih_l0="4H",
                                   bias_hh_l0="4H"),
                      "Pass state_dict() of a torch.nn.LSTM itself, with one layer, one "
                      "direction and no proj_size; of a larger module, pick its four arrays "
                      "and give them these names. For bias=False pass zeros."),
    "Keras": Layout("ifgo", dict(kernel="D 4H", recurrent_kernel="H 4H", bias="4H"),
                    "Pass get_weights() of a keras.layers.LSTM; for use_bias=False add zeros."),
    "ONNX": Layout("iofg", dict(W="1 4H D", R="1 4H H", B="1 8H"),
                   "Pass W, R and B of an LSTM node with one direction and no peepholes P; "
                   "for a node without B pass zeros."),
}


def reorder_gates(array, given, wanted):
    """Put the four blocks of rows, one a gate, into another order.

    Parameters
    ----------
    array : (4H, ...). given, wanted : the gates from the first block to the last, as "ifog".

    Raises
    ------
    NetError : no numbers, the rows do not divide by 4, or an order does not name i, f, o and g once each.

    Examples
    --------
    >>> import numpy as np
    >>> reorder_gates(np.arange(8), "ifog", "iofg").tolist()
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    for order in (given, wanted):
        if not isinstance(order, (str, list, tuple)) or {*map(str, order)} != {*"ifog"} or (
                len(order) != 4):
            raise NetError(f"an order of gates names i, f, o and g once each, got {order!r}.")
    array = numbers("the array", array)
    if array.ndim == 0 or len(array) % 4:
        raise NetError(f"an LSTM has four gates of H rows each; {array.shape} does not "
                       "divide by 4 along its first axis.")
    blocks = dict(zip(given, np.split(array, 4)))
    return np.concatenate([blocks[gate] for gate in wanted])


def to_order_of(library, weights):
    """W_xc, b_c, W_hc as fresh float32 arrays, gates in the library's order."""
    return [reorder_gates(array, LAYOUTS["lstm_lib"].gates, LAYOUTS[library].gates)
            for array in checked("lstm_lib", weights)]


def from_order_of(library, *arrays):
    """LSTMWeights of W_xc, b_c, W_hc whose gates are in the library's order."""
    return LSTMWeights(*[reorder_gates(array, LAYOUTS[library].gates, LAYOUTS["lstm_lib"].gates)
                         for array in arrays])


def checked(library, given):
    """The arrays of a library's LSTM as float32, in the order of its layout, shapes checked."""
    wanted = {name: axes.split() for name, axes in LAYOUTS[library].arrays.items()}
    arrays = {name: _numbers(library, name, array)
              for name, array in zip(wanted, _picked(library, wanted, given))}
    sizes = {}
    for name, axes in wanted.items():
        if arrays[name].ndim != len(axes):
            raise _misfit(library, f"{name} is {arrays[name].shape}, expected {_letters(axes)}")
        sizes.update(zip(axes, arrays[name].shape))
    sizes.update({"1": 1, "4H": 4 * sizes["H"], "8H": 8 * sizes["H"]})
    for name, axes in wanted.items():
        expected = tuple(sizes[axis] for axis in axes)
        if arrays[name].shape != expected:
            raise _misfit(library, f"{name} is {arrays[name].shape}, expected {_letters(axes)} = "
                          f"{expected}, for H = {sizes['H']}")
    return list(arrays.values())


def _picked(library, wanted, given):
    """The given arrays in the order of the layout, by name from a mapping."""
    if isinstance(given, Mapping):
        for what, names in (("no", set(wanted) - set(given)), ("also", set(given) - set(wanted))):
            if names:
                raise _misfit(library, f"there is {what} {', '.join(sorted(names))} among the "
                              f"arrays {', '.join(given) or '(none)'}")
        return [given[name] for name in wanted]
    if not isinstance(given, (list, tuple)) or len(given) != len(wanted):
        count = f" of {len(given)}" if isinstance(given, (list, tuple)) else ""
        raise _misfit(library, f"expected {len(wanted)} arrays, got a "
                      f"{type(given).__name__}{count}")
    return given


def _numbers(library, name, array):
    try:
        return np.asarray(array, np.float32)
    except (TypeError, ValueError, RuntimeError) as error:  # the last from torch
        raise _misfit(library, f"{name} does not turn into a NumPy array: {error}") from None


def _misfit(library, what):
    layout = LAYOUTS[library]
    arrays = ", ".join(f"{name} {_letters(axes.split())}" for name, axes in layout.arrays.items())
    return NetError(f"{library}: {what}.\nAn LSTM has {arrays}; other shapes are another kind of "
                    f"layer.\nHint: {layout.advice}")


def _letters(axes):
    """'(4H,)' and '(4H, D)', as NumPy prints shapes."""
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"

"""How do the weights of a unit get into other libraries, and back?

As NumPy arrays in the layouts that those libraries read and write; none of them is imported.
All of them compute the same units and differ in the order of the gates along the axis of all
gates, in the axes, and in the number of biases. `LAYOUTS` is the table:

    unit   lstm_lib   PyTorch   Keras    ONNX
    RNN    h          h         h        h
    GRU    r z n      r z n     z r n    z r n
    LSTM   i f o g    i f g o   i f g o  i o f g

(Keras and ONNX call the candidates n and g h and c.) PyTorch and ONNX have two biases, whose sum
is b_c of an LSTM and b_h of an RNN; a GRU needs both. Peepholes exist in ONNX alone.

The weights of one layer are the namedtuple of its cell: LSTMWeights, RNNWeights, GRUWeights,
PeepholeWeights. Several layers are a list of them, from below. Where a layer runs in both
directions, a tuple (forward, backward) stands in place of one.

OpenCV 4 needs no conversion, it reads prototxt and .caffemodel: write the net with
`write_prototxt`, its states as `Input` layers, the composed cell and no loss, and the weights
with `net.save`, for OpenCV wants a copy for each step. `save_weights` keeps only one.
"""
from collections import namedtuple

import numpy as np

from ..arguments import numbers
from ..cells import CELLS
from ..errors import NetError

Layout = namedtuple("Layout", "gates arrays")
LAYOUTS = {
    "RNN": {
        "lstm_lib": Layout("h", dict(W_xh="H D", b_h="H", W_hh="H H")),
        "PyTorch": Layout("h", dict(weight_ih="H D", weight_hh="H H", bias_ih="H", bias_hh="H")),
        "Keras": Layout("h", dict(kernel="D H", recurrent_kernel="H H", bias="H")),
        "ONNX": Layout("h", dict(W="1 H D", R="1 H H", B="1 2H"))},
    "GRU": {
        "lstm_lib": Layout("rzn", dict(W_x="3H D", b_x="3H", W_h="3H H", b_h="3H")),
        "PyTorch": Layout("rzn", dict(weight_ih="3H D", weight_hh="3H H", bias_ih="3H",
                                      bias_hh="3H")),
        "Keras": Layout("zrn", dict(kernel="D 3H", recurrent_kernel="H 3H", bias="2 3H")),
        "ONNX": Layout("zrn", dict(W="1 3H D", R="1 3H H", B="1 6H"))},
    "LSTM": {
        "lstm_lib": Layout("ifog", dict(W_xc="4H D", b_c="4H", W_hc="4H H")),
        "PyTorch": Layout("ifgo", dict(weight_ih="4H D", weight_hh="4H H", bias_ih="4H",
                                       bias_hh="4H")),
        "Keras": Layout("ifgo", dict(kernel="D 4H", recurrent_kernel="H 4H", bias="4H")),
        "ONNX": Layout("iofg", dict(W="1 4H D", R="1 4H H", B="1 8H"))},
    "LSTM with peepholes": {
        "lstm_lib": Layout("ifog", dict(W_xc="4H D", b_c="4H", W_hc="4H H", p_i="H", p_f="H",
                                        p_o="H")),
        "ONNX": Layout("iofg", dict(W="1 4H D", R="1 4H H", B="1 8H", P="1 3H"))}}
CELL_OF = {"RNN": CELLS["rnn"], "GRU": CELLS["gru"], "LSTM": CELLS["composed"],
           "LSTM with peepholes": CELLS["peephole"]}
GATES = {unit: layouts["lstm_lib"].gates for unit, layouts in LAYOUTS.items()}
Parts = namedtuple("Parts", "W b_x R b_h peepholes")  # gates in a library's order; peepholes i f o


def reorder_gates(array, given, wanted):
    """Put the blocks of rows, one a gate, into another order.

    Parameters
    ----------
    array : (4H, ...) of an LSTM, or (3H, ...) of a GRU. given, wanted : the gates from the first
        block to the last, as "ifog" or "rzn".

    Raises
    ------
    NetError : no numbers, the rows do not divide by the number of gates, or an order does not
        name each gate once.

    Examples
    --------
    >>> import numpy as np
    >>> reorder_gates(np.arange(8), "ifog", "iofg").tolist()
    [0, 1, 4, 5, 2, 3, 6, 7]
    """
    array, unit = numbers("the array", array), "GRU" if _names(given, "rzn") else "LSTM"
    for order in (given, wanted):
        if not _names(order, GATES[unit]):
            raise NetError("an order of gates names i, f, o and g once each, or in both places "
                           f"r, z and n, got {order!r}.")
    count = len(given)
    if array.ndim == 0 or len(array) % count:
        raise NetError(f"{a(unit)} has {count} gates of H rows each; {array.shape} does not "
                       f"divide by {count} along its first axis.")
    return _reordered(array, given, wanted)


def _names(order, gates):
    """Is it an order of these gates, each named once?"""
    return isinstance(order, (str, list, tuple)) and sorted(map(str, order)) == sorted(gates)


def _reordered(array, given, wanted):
    blocks = dict(zip(given, np.split(array, len(given))))
    return np.ascontiguousarray(np.concatenate([blocks[gate] for gate in wanted]))


def to_order_of(library, weights):
    """The Parts of one layer as fresh float32 arrays; of a unit with one bias, b_h is 0."""
    unit = unit_of(weights)
    named = dict(zip(LAYOUTS[unit]["lstm_lib"].arrays, weights))
    peepholes = [named.pop(name) for name in list(named) if name.startswith("p_")]
    W, b_x, R, *b_h = [_reordered(array, GATES[unit], LAYOUTS[unit][library].gates)
                       for array in named.values()]
    return Parts(W, b_x, R, b_h[0] if b_h else np.zeros_like(b_x), peepholes)


def from_order_of(library, unit, parts):
    """The weights of one layer, from Parts with the gates in the library's order."""
    W, b_x, R, b_h = [_reordered(array, LAYOUTS[unit][library].gates, GATES[unit])
                      for array in parts[:4]]
    two_biases = "b_x" in LAYOUTS[unit]["lstm_lib"].arrays
    biases = [b_x, R, b_h] if two_biases else [b_x + b_h, R]
    return CELL_OF[unit].arrays(W, *biases, *parts.peepholes)


def unit_of(weights):
    """The unit whose weights these are; those under no name are an LSTM's."""
    return next((unit for unit, cell in CELL_OF.items() if isinstance(weights, cell.arrays)),
                "LSTM")


def a(unit):
    """The unit with its article.

    >>> a("LSTM"), a("GRU")
    ('an LSTM', 'a GRU')
    """
    return ("a " if unit == "GRU" else "an ") + unit

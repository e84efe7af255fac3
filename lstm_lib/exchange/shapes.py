"""Are these the arrays of a unit, and of which one? By their number, names and shapes."""
import re
from collections.abc import Mapping

import numpy as np

from ..errors import NetError
from .layouts import LAYOUTS, a

ADVICE = {
    "lstm_lib": "Pass what get_weights(net) returns; several layers as a list of these, both "
                "directions as a tuple of two.",
    "PyTorch": "Pass state_dict() of a torch.nn.LSTM, GRU or RNN itself, without proj_size; of a "
               "larger module, pick its arrays and give them these names. For bias=False pass "
               "zeros.",
    "Keras": "Pass get_weights() of a keras.layers.LSTM, GRU or SimpleRNN, or of Bidirectional; "
             "of several layers a list of these. A GRU has one row of biases less with "
             "reset_after=False, which is another unit. For use_bias=False add zeros.",
    "ONNX": "Pass W, R and B of an LSTM, GRU or RNN node, of one direction or both, and P of one "
            "with peepholes; for a node without B pass zeros."}


def picked(library, given, unit=None, suffix=""):
    """The unit and its arrays by name, as float32, in the order of the table.

    Which unit it is (if nobody says) tell the number of arrays and the second one, which in all
    libraries is the recurrent matrix. Nothing else is checked of the shapes.
    """
    units = [unit] if unit else [other for other in LAYOUTS if library in LAYOUTS[other]]
    likely = [other for other in units if isinstance(given, (Mapping, list, tuple))
              and len(LAYOUTS[other][library].arrays) == len(given)] or [unit or "LSTM"]
    axes = LAYOUTS[likely[-1]][library].arrays
    found = _in_order(library, likely[-1], axes, given, suffix)
    arrays = {name + suffix: _numbers(library, likely[-1], name + suffix, array)
              for name, array in zip(axes, found)}
    shape = list(arrays.values())[1].shape
    fitting = [other for other in likely
               if _fits(list(LAYOUTS[other][library].arrays.values())[1], shape)]
    return (fitting or likely[-1:])[0], arrays


def _fits(axes, shape):
    """Can an array of these axes, like '4H H', have this shape for some H?"""
    counted = [_count(axis) for axis in axes.split()]
    return len(counted) == len(shape) and len({
        size / count for (count, letter), size in zip(counted, shape) if letter == "H"}) == 1


def check_shapes(library, unit, arrays):
    """The arrays as a list, in the order of the table; NetError where a shape is another."""
    wanted = dict(zip(arrays, (axes.split() for axes in LAYOUTS[unit][library].arrays.values())))
    sizes = {"": 1}
    for name, axes in wanted.items():
        if arrays[name].ndim != len(axes):
            raise misfit(library, unit, f"{name} is {arrays[name].shape}, expected "
                         f"{_letters(axes)}")
        for axis, size in zip(axes, arrays[name].shape):
            sizes.setdefault(axis, size)
    for name, axes in wanted.items():
        expected = tuple(count * sizes[letter] for count, letter in map(_count, axes))
        if arrays[name].shape != expected:
            raise misfit(library, unit, f"{name} is {arrays[name].shape}, expected "
                         f"{_letters(axes)} = {expected}, for H = {sizes['H']}")
    return list(arrays.values())


def _count(axis):
    """(4, "H") of "4H", (1, "D") of "D", (2, "") of "2"."""
    count, letter = re.fullmatch(r"(\d*)([DH]?)", axis).groups()
    return int(count or 1), letter


def _in_order(library, unit, names, given, suffix):
    """The given arrays in the order of the table, by name from a mapping."""
    if isinstance(given, Mapping):
        check_names(library, unit, [name + suffix for name in names], given)
        return [given[name + suffix] for name in names]
    if not isinstance(given, (list, tuple)) or len(given) != len(names):
        count = f" of {len(given)}" if isinstance(given, (list, tuple)) else ""
        raise misfit(library, unit, f"expected {len(names)} arrays, got a "
                     f"{type(given).__name__}{count}")
    return given


def check_names(library, unit, names, given):
    """Raise unless these are the names of the given arrays."""
    for what, others in (("no", set(names) - set(given)), ("also", set(given) - set(names))):
        if others:
            raise misfit(library, unit, f"there is {what} {', '.join(sorted(map(str, others)))} "
                         f"among the arrays {', '.join(map(str, given)) or '(none)'}")


def _numbers(library, unit, name, array):
    try:
        return np.asarray(array, np.float32)
    except (TypeError, ValueError, RuntimeError) as error:  # the last from torch
        raise misfit(library, unit, f"{name} does not turn into a NumPy array: {error}") from None


def misfit(library, unit, what):
    """A NetError that says what the arrays of the unit are."""
    arrays = ", ".join(f"{name} {_letters(axes.split())}"
                       for name, axes in LAYOUTS[unit][library].arrays.items())
    return NetError(f"{library}: {what}.\nA{a(unit)[1:]} has {arrays}; other shapes are "
                    f"another kind of layer.\nHint: {ADVICE[library]}")


def _letters(axes):
    """'(4H,)' and '(4H, D)', as NumPy prints shapes."""
    return f"({', '.join(axes)}{',' * (len(axes) == 1)})"

"""What is one step? A file for each unit: its equations, its layers, its states, its weights.

`unroll(..., cell=)` takes one of these by name, or a `Cell` that you wrote.
"""
from .attention import attention, attention_start
from .cell import Cell
from .gru import GRU
from .lstm import COMPOSED, FUSED, LSTMWeights, composed_step, single_time_step_lstm
from .peephole import PEEPHOLE
from .rnn import RNN

CELLS = {"composed": COMPOSED, "fused": FUSED, "rnn": RNN, "gru": GRU, "peephole": PEEPHOLE}


def cell_of(cell):
    """The Cell of this name, or the Cell itself.

    >>> cell_of("gru").states, cell_of("fused").states
    (('h',), ('h', 'c'))
    """
    if isinstance(cell, Cell):
        return cell
    if isinstance(cell, str) and cell in CELLS:
        return CELLS[cell]
    raise ValueError(f"cell must be one of {', '.join(CELLS)}, or a Cell, got {cell!r}.")


__all__ = ["CELLS", "Cell", "LSTMWeights", "attention", "attention_start", "cell_of",
           "composed_step", "single_time_step_lstm"]

"""Which layout for which steps? The textbook's for units that it knows, else a general one."""
from .any_cell import layered_layout
from .fused_cell import fused_layout
from .gru_cell import gru_layout
from .lstm_cell import composed_layout
from .output_layers import with_output_layers
from .rnn_cell import rnn_layout
from ..looks import look_of

TEXTBOOK = composed_layout, fused_layout, gru_layout, rnn_layout


def lay_out(cells):
    """The layout of each step; steps of one kind share one.

    The textbook's drawing for an LSTM, a GRU or a plain recurrent net, and layers from bottom to
    top for any other cell.
    """
    kinds = {}
    for cell in cells.values():
        kinds.setdefault(cell.kind, cell)
    for layout in (*map(with_output_layers, TEXTBOOK), layered_layout):
        made = {kind: layout(cell) for kind, cell in kinds.items()}
        if all(made.values()):  # one drawing for the stack, so that its lines stay straight
            break
    for kind, cell in kinds.items():
        made[kind].look = {node.role: look_of(node) for node in cell.nodes}
        for role, size in made[kind].sizes.items():
            made[kind].look[role].width, made[kind].look[role].height = size
        for role, width in made[kind].rooms.items():
            made[kind].look[role].squeeze(width)
        for role in made[kind].untyped:
            made[kind].look[role].below = ""
        for role, name in made[kind].called.items():
            made[kind].look[role].call(name)
        for role, place in made[kind].names.items():
            made[kind].look[role].put_name_beside(place)
    return {step: made[cell.kind] for step, cell in cells.items()}

"""Which states of a step stay as they are in the padding: m new + (1 - m) old, as `hold` adds it."""
from .copies import original_blob, original_node
from .graph import SUM


def held_states(cell):
    """Role of each state m new + (1 - m) old -> the roles of new and of (1 - m) old.

    >>> from lstm_lib.drawing.structure.cell import Cell
    >>> from lstm_lib.drawing.structure.steps import Stack
    >>> held_states(Cell(Stack("", {1: []}), [], [], []))
    {}
    """
    found = {}
    for state in cell.stack.states:
        node = original_node(cell.role[state.key[0]]) if state.key[0] in cell.role else None
        scaled = [original_node(blob.maker) for blob in node.bottoms] if _adds_two(node) else []
        if not all(_is_scaled(one, cell) for one in scaled):
            continue
        for new, old in (scaled, scaled[::-1]) if scaled else ():
            let_in = original_node(new.bottoms[0].maker)
            if (old.role, 0) in cell.reading and let_in in cell and _is_rest(old, new):
                found[node.role] = let_in.role, old.role
    return found


def _adds_two(node):
    return (node is not None and node.type == "Eltwise" and len(node.bottoms) == 2
            and node.layers[0].eltwise_param.operation == SUM
            and all(factor == 1 for factor in node.layers[0].eltwise_param.coeff))


def _is_scaled(node, cell):
    return node in cell and node.type == "Scale" and len(node.bottoms) == 2


def _is_rest(old, new):
    """Whether one is scaled by 1 - m and the other by m."""
    rest, m = (original_blob(node.bottoms[1]) for node in (old, new))
    power = rest.maker.layers[0].power_param
    return (rest.maker.type == "Power" and (power.power, power.scale, power.shift) == (1, -1, 1)
            and original_blob(rest.maker.bottoms[0]) is m)

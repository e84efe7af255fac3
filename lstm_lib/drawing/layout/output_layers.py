"""What a step does to its output before it leaves, like a dropout: drawn above the textbook's cell."""
from copy import copy

from ..looks import look_of

GAP, ASIDE = 16, 12  # between two boxes; from a box to the line that passes it


def with_output_layers(layout_of):
    """A layout that also knows cells with a chain of layers on the way out of a state."""
    def layout(cell):
        found = layout_of(cell)
        if found is not None:
            return found
        chain, state = _chain(cell)
        found = layout_of(_without(cell, chain, state)) if chain else None
        if found is not None:
            _draw(found, cell, chain, state)
        return found
    return layout


def _chain(cell):
    """(roles of layers that only lead a state out of the cell, from below; that state)."""
    makers = {state.key: state for state in cell.stack.states}
    ends = [key for key in cell.leaving if key not in makers]
    chain, key = [], ends[0] if len(ends) == 1 else None
    while key and key not in makers:
        wires = [w for w in cell.inner if w.target.role == key[0]]
        readers = [w for w in cell.inner if w.source.role == key[0]]
        if len(wires) != 1 or len(cell.role[key[0]].bottoms) != 1 or len(readers) != bool(chain):
            return [], None
        chain.insert(0, key[0])
        key = wires[0].source.role, wires[0].top
    return chain, makers.get(key)


def _without(cell, chain, state):
    """The cell without these layers: the state itself leaves it."""
    core = copy(cell)
    core.nodes = [node for node in cell.nodes if node.role not in chain]
    core.role = {node.role: node for node in core.nodes}
    core.inner = [w for w in cell.inner if w.target.role not in chain]
    core.leaving = sorted({state.key, *(key for key in cell.leaving if key[0] not in chain)})
    return core


def _draw(layout, cell, chain, state):
    """Put the chain on the state's way out; beside it if others read the state itself."""
    looks = [look_of(cell.role[role]) for role in chain]
    room = sum(look.height + GAP for look in looks) + GAP
    layout.lower(room)
    x, y = layout.exits[state.key], room
    wide = max(look.width for look in looks) / 2
    middle = x - wide - ASIDE if state.key in cell.leaving else min(x, layout.width - wide - 8)
    if state.key in cell.leaving:
        layout.tracks.append((state, [(x, y), (x, 0)], False))
    else:
        del layout.exits[state.key]
    points = [(x, y), (x, y - GAP / 2), (middle, y - GAP / 2)]
    for role, look in zip(chain, looks):
        y -= GAP + look.height
        layout.places[role] = middle, y + look.height / 2
        layout.lines.append([*points, (middle, y + look.height)])
        points = [(middle, y)]
    key = next(key for key in cell.leaving if key[0] == chain[-1])
    layout.exits[key] = middle
    layout.lines.append([(middle, y), (middle, 0)])

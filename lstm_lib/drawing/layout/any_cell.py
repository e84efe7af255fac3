"""A cell of any make: states run along the floor, everything else grows upward."""
from .cell_layout import CellLayout
from .layered import layered
from ..looks import look_of

GAPS = 22, 28  # between two nodes, and between two layers of them
WAY = 8, 0     # room for a wire that goes into the cell or out of it
LEFT, ABOVE = 30, 44  # from the frame's edges to the nodes
LANE = 40  # between two lines of states, with a name above and a shape below each


def layered_layout(cell):
    """The layout of any cell: its nodes in layers, each above all that feed it."""
    looks = {node.role: look_of(node) for node in cell.nodes}
    ways_in, ways_out = cell.ways_in(), [("out", *key) for key in cell.leaving]
    sizes = {**{way: WAY for way in ways_in},
             **{role: (look.width, look.height) for role, look in looks.items()},
             **{way: WAY for way in ways_out}}
    edges = [(way, role) for way, readers in ways_in.items() for role, _ in readers]
    edges += [(w.source.role, w.target.role) for w in cell.inner]
    edges += [(way[1], way) for way in ways_out]
    found = layered(sizes, edges, *GAPS, floor=ways_in, ceiling=ways_out,
                    in_order=_pieces(cell))
    states = cell.stack.states
    layout = CellLayout(found.width + 2 * LEFT + 16 * len(states),
                        found.height + 70 + LANE * len(states))
    layout.places = {item: (x + LEFT, y + ABOVE) for item, (x, y) in found.places.items()}
    for number, state in enumerate(states):
        layout.lanes[state] = layout.height - 22 - LANE * number
    bends = {edge: [(x + LEFT, y + ABOVE) for x, y in points]
             for edge, points in found.bends.items()}
    _lines_in(cell, layout, looks, bends, ways_in)
    lines_inside(cell, layout, looks, bends)
    _lines_out(cell, layout, looks, bends)
    return layout


def _pieces(cell):
    """Readers of each blob that is sliced, in the order of the slice."""
    return [list(dict.fromkeys(w.target.role for w in sorted(
        (w for w in cell.inner if w.source is node), key=lambda w: w.top)))
        for node in cell.nodes if node.type == "Slice"]


def _lines_in(cell, layout, looks, bends, ways_in):
    for way, readers in ways_in.items():
        x, y = layout.places.pop(way)
        for role, position in readers:
            points = [(x, y), *bends[way, role], foot(cell, layout, looks, role, position)]
            state = cell.reading.get((role, position))
            if state is None:
                layout.entries[role, position] = x
                layout.lines.append([(x, layout.height), *points])
            else:
                lane = layout.lanes[state]
                layout.tracks.append((state, [(0, lane), (x, lane), *points], True))


def lines_inside(cell, layout, looks, bends):
    """Grey wires between the nodes of a step."""
    for wire in cell.inner:
        source, target = wire.source.role, wire.target.role
        x, y = layout.places[source]
        if len(wire.source.tops) > 1:  # each top has a place of its own on the upper edge
            part = (wire.top + 1) / (len(wire.source.tops) + 1)
            x += looks[source].width * (part - 0.5)
        layout.lines.append([(x, y - looks[source].height / 2), *bends[source, target],
                             foot(cell, layout, looks, target, wire.position)])


def _lines_out(cell, layout, looks, bends):
    for role, top in cell.leaving:
        way = ("out", role, top)
        x, y = layout.places[role]
        end = layout.exits[role, top] = layout.places.pop(way)[0]
        layout.lines.append([(x, y - looks[role].height / 2), *bends[role, way], (end, 30),
                             (end, 0)])
    for number, state in enumerate(cell.stack.states):
        role = state.key[0]
        if role in layout.places:
            right, lane = layout.width - 14 - 14 * number, layout.lanes[state]
            start = _side(layout, looks, role, 6 * number)
            layout.tracks.append((state, [*start, (right, start[-1][1]), (right, lane),
                                          (layout.width, lane)], False))


def _side(layout, looks, role, shift):
    """A wire leaves a node on its right; on its top where another node stands to its right."""
    x, y = layout.places[role]
    beside = [looks[other].height for other, (x2, y2) in layout.places.items()
              if other in looks and abs(y2 - y) < 1 and x2 > x]
    if not beside:
        return [(x + looks[role].width / 2, y + shift)]
    return [(x, y - looks[role].height / 2), (x, y - max([looks[role].height, *beside]) / 2 - 12)]


def foot(cell, layout, looks, role, position):
    """Where a wire meets the lower edge of a node: side by side if there are several."""
    x, y = layout.places[role]
    count = len(cell.role[role].bottoms)
    spread = (position + 1) / (count + 1) - 0.5 if count > 1 else 0
    reach = looks[role].width * (0.8 if looks[role].kind != "circle" else 0.9)
    drop = looks[role].height / 2
    if looks[role].kind == "circle":  # a circle is higher there than its lowest point
        drop = max(drop ** 2 - (reach * spread) ** 2, 0) ** 0.5
    return x + reach * spread, y + drop

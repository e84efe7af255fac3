"""A cell of any make: states run along the floor, everything else grows upward."""
from .cell_layout import CellLayout
from .feet import Feet, head_shift, widen
from .layered import layered
from .. import svg
from ..looks import look_of
from ..structure.steps import step_title

GAPS = 22, 28  # between two nodes, and between two layers of them
WAY = 8, 0     # room for a wire that goes into the cell or out of it
LEFT, ABOVE = 30, 44  # from the frame's edges to the nodes
LANE = 40  # between two lines of states, with a name above and a shape below each


def layered_layout(cell):
    """The layout of any cell: its nodes in layers, each above all that feed it."""
    looks, wider = {node.role: look_of(node) for node in cell.nodes}, {}
    widen(looks, cell, wider)
    ways_in, ways_out = cell.ways_in(), [("out", *key) for key in cell.leaving]
    sizes = {**{way: way_size(way) for way in ways_in},
             **{role: (look.width, look.height) for role, look in looks.items()},
             **{way: WAY for way in ways_out}}
    edges = [(way, role) for way, readers in ways_in.items() for role, _ in readers]
    edges += [(w.source.role, w.target.role) for w in cell.inner]
    edges += [(way[1], way) for way in ways_out]
    found = layered(sizes, edges, *GAPS, floor=ways_in, ceiling=ways_out,
                    in_order=_pieces(cell))
    states = cell.stack.states
    left = max([LEFT, *(_title_end(cell.stack) - found.places[way][0] for way in ways_out)])
    layout = CellLayout(found.width + left + LEFT + 16 * len(states),
                        found.height + 70 + LANE * len(states))
    layout.sizes = wider
    layout.places = {item: (x + left, y + ABOVE) for item, (x, y) in found.places.items()}
    for number, state in enumerate(states):
        layout.lanes[state] = layout.height - 22 - LANE * number
    bends = {edge: [(x + left, y + ABOVE) for x, y in points]
             for edge, points in found.bends.items()}
    feet = Feet(looks, dict(layout.places), bends, ways_in, cell.inner)
    _lines_in(cell, layout, feet, bends, ways_in)
    lines_inside(cell.inner, layout, feet, bends)
    _lines_out(cell, layout, looks, bends)
    return layout


def _pieces(cell):
    """Readers of each blob that is sliced, in the order of the slice."""
    return [list(dict.fromkeys(w.target.role for w in sorted(
        (w for w in cell.inner if w.source is node), key=lambda w: w.top)))
        for node in cell.nodes if node.type == "Slice"]


def _title_end(stack):
    """Wires leave the frame right of its title, which is longest where the steps are rolled up."""
    first, last = stack.steps[0], stack.steps[-1]
    return 24 + 1.1 * svg.width_of(step_title(stack, first, last))


def way_size(way):
    """Room for a wire that comes in, and for the name that stands below it."""
    return (WAY if way[1] == "state" else
            (round(1.4 * min(svg.width_of(way[1].rsplit("/", 1)[-1]), 90)) + 8, 0))


def _lines_in(cell, layout, feet, bends, ways_in):
    for way, readers in ways_in.items():
        x, y = layout.places.pop(way)
        for role, position in readers:
            points = [(x, y), *bends[way, role], feet.at(role, position)]
            state = cell.reading.get((role, position))
            if state is None:
                layout.entries[role, position] = x
                layout.lines.append([(x, layout.height), *points])
            else:
                lane = layout.lanes[state]
                layout.tracks.append((state, [(0, lane), (x, lane), *points], True))


def lines_inside(wires, layout, feet, bends):
    """Grey wires between the nodes of a step."""
    for wire in wires:
        source, target = wire.source.role, wire.target.role
        x, y = layout.places[source]
        look = feet.looks[source]
        head = x + head_shift(look, wire.source, wire.top), y - look.height / 2
        layout.lines.append([head, *bends[source, target],
                             feet.at(target, wire.position)])


def _lines_out(cell, layout, looks, bends):
    for role, top in cell.leaving:
        way = ("out", role, top)
        x, y = layout.places[role]
        end, row = layout.places.pop(way)
        layout.exits[role, top] = end
        beside = [looks[other].height for other, (_, y2) in layout.places.items()
                  if other in looks and abs(y2 - row) < 1 and abs(y2 - y) > 1]
        turn = row + max(beside) / 2 if beside else 30  # it passes the top layer upright
        layout.lines.append([(x, y - looks[role].height / 2), *bends[role, way], (end, turn),
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

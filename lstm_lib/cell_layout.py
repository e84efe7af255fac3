"""Where everything stands inside one time step. Laid out once, then stamped T times."""
from .layered import layered
from .looks import look_of

LANE = 36  # between two lines of states, with a name above and a shape below each

class CellLayout:
    """Places, lines and ports of one kind of step, from its frame's upper left corner."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.places = {}   # role -> (x, y)
        self.sizes = {}    # role -> (width, height), where the look's own is not used
        self.notes = {}    # role -> (dx, dy, anchor) of its shape, from its centre, or None
        self.lines = []    # points of a plain wire, with an arrow head at its end
        self.tracks = []   # (state, points, has a head): wires in a state's colour
        self.lanes = {}    # state -> height at which it enters and leaves
        self.entries = {}  # (role, position) -> x where a wire enters from below
        self.exits = {}    # (role, top) -> x where a wire leaves on top
        self.look = {}     # role -> Look


class Cell:
    """The nodes of one step and what goes in, through and out; equal cells look alike."""

    def __init__(self, stack, nodes, wires_in, wires_out):
        self.stack, self.nodes = stack, nodes
        self.role = {node.role: node for node in nodes}
        self.inner = [w for w in wires_in if w.source in self and w.target in self]
        self.entering = sorted({(w.target.role, w.position) for w in wires_in
                                if w.source not in self
                                and not stack.state_read(w.target, w.position)})
        self.reading = {}  # (role, position) -> state
        for wire in wires_in:
            state = stack.state_read(wire.target, wire.position)
            if state and wire.source not in self:
                self.reading[wire.target.role, wire.position] = state
        self.leaving = sorted({(w.source.role, w.top)
                               for w in wires_out if w.target not in self
                               and w.target.stack != stack.name})
        self.kind = self._kind()

        self._blobs = {(w.target.role, w.position): w.blob.name for w in wires_in}

    def ways_in(self):
        """What comes in from outside, once per blob -> [(role, position)] that read it."""
        ways = {}
        for key in [*self.reading, *self.entering]:
            state = self.reading.get(key)
            way = ("in", "state", state.key) if state else ("in", self._blobs[key])
            ways.setdefault(way, []).append(key)
        return ways

    def __contains__(self, node):
        return self.role.get(node.role) is node

    def _kind(self):
        """Equal for steps that are laid out alike."""
        return (tuple((n.role, tuple(layer.type for layer in n.layers),
                       tuple(weight.mark for weight in n.weights)) for n in self.nodes),
                tuple((w.source.role, w.target.role, w.position) for w in self.inner),
                tuple(self.entering), tuple(sorted((k, v.key) for k, v in self.reading.items())),
                tuple(self.leaving))


def lay_out(cells):
    """The layout of each step; steps of one kind share one.

    The textbook's drawing for an LSTM, and layers from bottom to top for any other cell.
    """
    from .lstm_layout import composed_layout, fused_layout

    kinds = {}
    for cell in cells.values():
        kinds.setdefault(cell.kind, cell)
    for layout in (composed_layout, fused_layout, layered_layout):
        made = {kind: layout(cell) for kind, cell in kinds.items()}
        if all(made.values()):  # one drawing for the stack, so that its lines stay straight
            break
    for kind, cell in kinds.items():
        made[kind].look = {node.role: look_of(node) for node in cell.nodes}
        for role, size in made[kind].sizes.items():
            made[kind].look[role].width, made[kind].look[role].height = size
    return {step: made[cell.kind] for step, cell in cells.items()}


def layered_layout(cell):
    """A cell of any make: states run along the floor, everything else grows upward."""
    looks = {node.role: look_of(node) for node in cell.nodes}
    ways_in, ways_out = cell.ways_in(), [("out", *key) for key in cell.leaving]
    sizes = {**{way: (8, 0) for way in ways_in},
             **{role: (look.width, look.height) for role, look in looks.items()},
             **{way: (8, 0) for way in ways_out}}
    edges = [(way, role) for way, readers in ways_in.items() for role, _ in readers]
    edges += [(w.source.role, w.target.role) for w in cell.inner]
    edges += [(way[1], way) for way in ways_out]
    found = layered(sizes, edges, 22, 28, floor=ways_in, ceiling=ways_out,
                    in_order=_pieces(cell))
    states = cell.stack.states
    layout = CellLayout(found.width + 60 + 16 * len(states),
                        found.height + 70 + LANE * len(states))
    layout.places = {item: (x + 30, y + 44) for item, (x, y) in found.places.items()}
    for number, state in enumerate(states):
        layout.lanes[state] = layout.height - 22 - LANE * number
    bends = {edge: [(x + 30, y + 44) for x, y in points] for edge, points in found.bends.items()}
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
        if len(wire.source.tops) > 1:  # side by side, as the tops are
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
    """The way out of a node to the right; over the top where another node stands there."""
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
    if looks[role].kind == "circle":  # the foot of a chord
        drop = max(drop ** 2 - (reach * spread) ** 2, 0) ** 0.5
    return x + reach * spread, y + drop

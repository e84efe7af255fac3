"""Where everything stands inside one time step. Laid out once, then stamped T times."""


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

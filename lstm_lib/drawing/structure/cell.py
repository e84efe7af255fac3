"""One time step: its nodes, and what goes in, through and out."""
from .wiring import Wire


class Cell:
    """The nodes of one step and what goes in, through and out; cells of one `kind` look alike."""

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
        """Each blob or state that comes in from outside -> [(role, position)] that read it."""
        ways = {}
        for key in [*self.reading, *self.entering]:
            state = self.reading.get(key)
            way = ("in", "state", state.key) if state else ("in", self._blobs[key])
            ways.setdefault(way, []).append(key)
        return ways

    def __contains__(self, node):
        return self.role.get(node.role) is node

    def _kind(self):
        """What decides the layout: it is equal for steps that are laid out alike."""
        return (tuple((n.role, tuple(layer.type for layer in n.layers),
                       tuple(weight.mark for weight in n.weights)) for n in self.nodes),
                tuple((w.source.role, w.target.role, w.position) for w in self.inner),
                tuple(self.entering), tuple(sorted((k, v.key) for k, v in self.reading.items())),
                tuple(self.leaving))


def typical_cell(stack):
    """The cell of a stack's second step, for the first may lack what reads a state.

    Who reads it outside is left out.
    """
    nodes = stack.cells[stack.steps[:2][-1]]
    wires = [Wire(blob.maker, blob.maker.tops.index(blob), blob, node, position)
             for node in nodes for position, blob in enumerate(node.bottoms)]
    return Cell(stack, nodes, wires, [])

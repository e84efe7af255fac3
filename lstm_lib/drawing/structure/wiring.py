"""Which nodes are drawn, and who feeds whom once cutting and copying layers are left out."""
from collections import namedtuple

# From top number `top` of the node `source` to bottom number `position` of the node `target`;
# `blob` is what arrives: the top itself, or the piece that is cut out of it.
Wire = namedtuple("Wire", "source top blob target position")


class Wiring:
    """The drawn part of a graph.

    Left out are layers that only cut an input into its steps or copy a blob (`Slice` and
    `Split` between steps), a `Concat` that is cut again at once, and what feeds a constant. Of
    a graph with all layers nothing is left out.
    """

    def __init__(self, graph):
        self.hidden = []
        self._all = graph.all_layers
        self._place = {stack.name: stack.place for stack in graph.stacks}
        self._cutters = set() if self._all else {
            n for n in graph.nodes if self._cuts_into_steps(n)}
        wires = [self._wire(node, position, blob)
                 for node in graph.nodes if node not in self._cutters
                 for position, blob in enumerate(node.bottoms)
                 if self._all or not is_constant(node)]
        used = {wire.source for wire in wires}
        self.nodes = []
        for node in graph.nodes:
            if not self._all and (node in self._cutters
                                  or node not in used and self._was_read(node)):
                self.hidden.append(node)
            else:
                self.nodes.append(node)
        drawn = set(self.nodes)
        self.wires = [wire for wire in wires if wire.target in drawn]

    def _wire(self, node, position, blob):
        """Follow the blob back through the layers that are left out."""
        start, piece, cutter = blob, None, None
        while True:
            maker = start.maker
            if maker in self._cutters:
                piece, cutter = maker.tops.index(start), maker
                start = maker.bottoms[0]
            elif piece is not None and _undone(maker, cutter):
                start, piece = maker.bottoms[piece], None
            elif (maker.type == "Split" and maker.stack is None and maker.bottoms
                  and not self._all):
                start = maker.bottoms[0]
            else:
                return Wire(maker, maker.tops.index(start),
                            blob if piece is not None else start, node, position)

    def _cuts_into_steps(self, node):
        """Whether it is a `Slice` outside the steps, each top of which goes into one step at most.

        Or into one step of each direction, where these stand in one column.
        """
        if (node.type != "Slice" or node.stack is not None or len(node.tops) < 2
                or not node.bottoms):
            return False
        readers = [reader for blob in node.tops for reader in blob.readers]
        if not readers or any(reader.stack is None for reader in readers):
            return False
        steps = [{self._place[reader.stack](reader.step) for reader in blob.readers}
                 for blob in node.tops]
        return all(len(step) < 2 for step in steps)

    def _was_read(self, node):
        """Whether a layer reads this node, though no wire that is drawn begins there."""
        return node.stack is None and any(blob.readers for blob in node.tops)


def is_constant(node):
    """Whether it is a `Power` layer with scale 0, which gives its shift whatever comes in."""
    return node.type == "Power" and node.layers[0].power_param.scale == 0


def _undone(joiner, cutter):
    """Whether the cutter takes apart again what was joined, one blob of each step."""
    return (joiner.type == "Concat" and len(joiner.bottoms) == len(cutter.tops)
            and joiner.layers[0].concat_param.axis == cutter.layers[0].slice_param.axis
            and len({blob.maker.step for blob in joiner.bottoms}) == len(joiner.bottoms))

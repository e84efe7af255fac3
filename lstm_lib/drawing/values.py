"""Values or gradients of a net that has run, as greys of its nodes and as numbers at its states."""
import math
from collections import defaultdict

from . import svg

# From the largest of a kind down; each is half the one before, and eyes see it as equally
# much lighter (CIE lightness 36, 44, ... 92). No grey means anything else in the picture.
SHADES = ("#555555", "#686868", "#7C7C7C", "#919191", "#A6A6A6", "#BBBBBB", "#D1D1D1", "#E8E8E8")
ZERO, NO_NUMBER = "#FFFFFF", "#000000"
RULE = "mean |{}| beside the largest of its kind in all steps: each shade is half the one before"
OTHERS = "white: 0; black: not a number; dashed: the mean is below 0"
BOX = 58  # width of a shade in the legend


class Paint:
    """The colour of each node, for what = "data" or "diff" of its top.

    A grey says how often the mean of |value| can be doubled until it reaches the largest of
    its kind: of the same layer in all steps, and of the layers outside the steps together.
    Where the mean itself is negative the outline is dashed.
    """

    def __init__(self, graph, what):
        self.what, self.means, self._kinds = what, {}, _kinds(graph)
        self._largest = defaultdict(float)
        for node in graph.nodes:
            blob = next((blob for blob in node.tops if blob.last), None)
            if blob is not None and blob.name in graph.net.blobs:
                numbers = getattr(graph.net.blobs[blob.name], what)
                if numbers.size:
                    size = float(abs(numbers).mean())
                    self.means[node] = size, float(numbers.mean())
                    if math.isfinite(size):
                        kind = self._kinds.get(node)
                        self._largest[kind] = max(self._largest[kind], size)

    def colour(self, node):
        """The fill of a node; None for one whose values are not kept."""
        if node not in self.means:
            return None
        size = self.means[node][0]
        if not math.isfinite(size):
            return NO_NUMBER
        return shade(size, self._largest[self._kinds.get(node)])

    def negative(self, node):
        """Whether the mean is below zero."""
        return node in self.means and self.means[node][1] < 0

    def number(self, node):
        """The mean of |value| in few characters, like 0.083 or 2.1e-5."""
        if node not in self.means:
            return ""
        return f"{self.means[node][0]:.2g}".replace("e-0", "e-").replace("e+0", "e")

    def words(self, node):
        """The numbers behind the colour."""
        if node not in self.means:
            return ""
        size, mean = self.means[node]
        return f"{self.what}: mean |v| {size:.2g}, mean {mean:.2g}"

    def scale(self, y):
        """(SVG, height, width) of the legend's colour scale."""
        parts = [svg.text(0, y, RULE.format(self.what), anchor="start")]
        for place, (colour, words) in enumerate(steps_of_scale()):
            x = BOX * (place + 0.5)
            parts += [svg.rect(x, y + 24, BOX, 22, colour),
                      svg.text(x, y + 24, words, fill=svg.ink_on(colour))]
        parts.append(svg.text(BOX * len(SHADES) + 16, y + 24, OTHERS, anchor="start"))
        wide = BOX * len(SHADES) + 16 + svg.width_of(OTHERS)
        return f'<g data-scale="{self.what}">{"".join(parts)}</g>', 48, wide


def shade(size, largest):
    """The grey of a size: any two that differ by a factor of two or more look different.

    >>> shade(1.0, 4.0) == SHADES[2]
    True
    """
    if size == 0:
        return ZERO
    halvings = math.log2(largest) - math.log2(size)
    return SHADES[min(int(halvings + 0.5), len(SHADES) - 1)]


def steps_of_scale():
    """(shade, part of the largest) from the darkest on."""
    parts = ["1", *(f"1/{2 ** halvings}" for halvings in range(1, len(SHADES)))]
    return list(zip(SHADES, [*parts[:-1], "less"]))


def _kinds(graph):
    """Node -> its kind: its role in each step; a state's first and last value are of its kind."""
    kinds = {node: (node.stack, node.role) for node in graph.nodes if node.stack is not None}
    for stack in graph.stacks:
        for node in (node for nodes in stack.cells.values() for node in nodes):
            for position, blob in enumerate(node.bottoms):
                state = stack.state_read(node, position)
                if state and blob.maker.stack is None:
                    kinds[blob.maker] = stack.name, state.key[0]
    for node in graph.nodes:
        if node.type == "Split" and node.stack is None and node.bottoms:
            kind = kinds.get(node.bottoms[0].maker)
            if kind:
                kinds[node] = kind
    return kinds

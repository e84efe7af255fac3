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
TOLD = 8  # steps whose values the alt text tells
BOX = 58  # width of a shade in the legend


class Paint:
    """The colour of each node, for what = "data" or "diff" of its top.

    A grey says how often the mean of |value| can be doubled until it reaches the largest of
    its kind: of the same layer in all steps, and of the layers outside the steps together.
    Where the mean itself is negative the outline is dashed.
    """

    def __init__(self, graph, what):
        self.what, self._net, self._kind = what, graph.net, _kinds(graph)
        self.means = {}  # node -> (mean |value|, mean)
        self._largest = defaultdict(float)
        for node in graph.nodes:
            blob = next((blob for blob in node.tops if blob.last), None)
            numbers = self._numbers(blob)
            if numbers is not None:
                size = float(abs(numbers).mean())
                self.means[node] = size, float(numbers.mean())
                if math.isfinite(size):
                    kind = self._kind.get(node)
                    self._largest[kind] = max(self._largest[kind], size)

    def _numbers(self, blob):
        """All numbers of a blob; None for one that is not kept or has none."""
        if blob is None or blob.name not in self._net.blobs:
            return None
        numbers = getattr(self._net.blobs[blob.name], self.what)
        return numbers if numbers.size else None

    def colour(self, node):
        """The fill of a node; None for one whose values are not kept."""
        if node not in self.means:
            return None
        size = self.means[node][0]
        if not math.isfinite(size):
            return NO_NUMBER
        return shade(size, self._largest[self._kind.get(node)])

    def negative(self, node):
        """Whether the mean is below zero."""
        return node in self.means and self.means[node][1] < 0

    def words(self, node):
        """The numbers behind the colour."""
        if node not in self.means:
            return ""
        size, mean = self.means[node]
        return f"{self.what}: mean |v| {size:.2g}, mean {mean:.2g}"

    def number(self, blob):
        """The mean of |value| of a blob in few characters, like 0.083 or 2.1e-5."""
        numbers = self._numbers(blob)
        if numbers is None:
            return ""
        return f"{abs(numbers).mean():.2g}".replace("e-0", "e-").replace("e+0", "e")

    def in_words(self, graph):
        """The values of the states from step to step, for the alt text."""
        said = ""
        for stack in graph.stacks:
            for state in stack.states:
                role, top = state.key
                numbers = [self.number(node.tops[top]) for step in stack.steps
                           for node in stack.cells[step]
                           if node.role == role and top < len(node.tops)]
                if len(numbers) > TOLD:
                    numbers[TOLD - 1:-1] = ["…"]
                said += (f"; mean |{self.what}| of {stack.name}{state.label} from step to step: "
                         + ", ".join(numbers))
        return said

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
    kinds = {}
    for node in graph.nodes:
        if node.stack is not None:
            kinds[node] = node.stack, node.role, 0
        elif node.type == "Split" and node.bottoms[0].maker.stack is not None:
            maker = node.bottoms[0].maker
            kinds[node] = maker.stack, maker.role, maker.tops.index(node.bottoms[0])
    for stack in graph.stacks:
        for node in stack.cells[stack.steps[0]]:
            for position, blob in enumerate(node.bottoms):
                state = stack.state_read(node, position)
                if state and blob.maker.stack is None:
                    kinds[blob.maker] = stack.name, *state.key
    return kinds

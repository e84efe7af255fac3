"""Values or gradients of a net that has run, as colours of its nodes."""
import math

from . import svg

POSITIVE, NEGATIVE = "#D55E00", "#0072B2"
SIGNS = {POSITIVE: "mean ≥ 0", NEGATIVE: "mean < 0 (dashed)"}
PALE, RANGE = 0.08, 0.62  # share of the colour where values are smallest, and how it grows
DECADES = 6  # what is smaller than a millionth of the largest is white


class Paint:
    """The colour of each node, for what = "data" or "diff" of its top.

    Strength is log10 of the mean of |value|; the hue is the sign of the mean, and where it
    is negative the outline is dashed, for print without colours.
    """

    def __init__(self, graph, what):
        self.what, self.means = what, {}
        for node in graph.nodes:
            blob = next((blob for blob in node.tops if blob.last), None)
            if blob is not None and blob.name in graph.net.blobs:
                numbers = getattr(graph.net.blobs[blob.name], what)
                if numbers.size:
                    self.means[node] = float(abs(numbers).mean()), float(numbers.mean())
        logs = [math.log10(size) for size, _ in self.means.values()
                if size > 0 and math.isfinite(size)]
        self.high = max(logs, default=0.0)
        self.low = max(min(logs, default=0.0), self.high - DECADES)

    def colour(self, node):
        """The fill of a node; None for one whose values are not kept."""
        if node not in self.means:
            return None
        size, mean = self.means[node]
        if not math.isfinite(size):
            return "#000000"  # NaN or infinite: the one colour not on the scale
        if size == 0:
            return "#FFFFFF"
        part = (math.log10(size) - self.low) / max(self.high - self.low, 1e-9)
        return shade(POSITIVE if mean >= 0 else NEGATIVE, part if self.high > self.low else 1)

    def negative(self, node):
        """Whether the mean is below zero."""
        return node in self.means and self.means[node][1] < 0

    def words(self, node):
        """The numbers behind the colour."""
        if node not in self.means:
            return ""
        size, mean = self.means[node]
        return f"{self.what}: mean |v| {size:.2g}, mean {mean:.2g}"

    def ends(self):
        """The smallest and the largest value of the scale, in words."""
        return [f"{10 ** end:.0e}" for end in (self.low, self.high)]

    def scale(self, y):
        """(SVG, width) of the legend's colour scale."""
        parts = [svg.text(0, y, f"mean |{self.what}|", 12, "start")]
        for row, (colour, word) in enumerate(SIGNS.items()):
            for box in range(7):
                parts.append(svg.rect(150 + 22 * box, y - 6 + 13 * row, 22, 12,
                                      shade(colour, box / 6), None))
            parts.append(svg.text(300, y - 6 + 13 * row, word, 10, "start"))
        low, high = self.ends()
        parts.append(svg.text(139, y + 20, low, 10, "start"))
        parts.append(svg.text(293, y + 20, high, 10, "end"))
        parts.append(svg.text(310, y + 20, "white: 0, black: not a number", 10, "start"))
        return f'<g data-scale="{self.what}">{"".join(parts)}</g>', 560


def shade(colour, part=1):
    """A sign's colour for `part` of the scale, from 0 to 1."""
    return svg.mixed(colour, PALE + RANGE * min(max(part, 0), 1))

"""What a step does to its input before it is multiplied, like an attention: drawn below h."""
from math import ceil

from .any_cell import GAPS, WAY, lines_inside, way_size
from .feet import Feet, widen
from .layered import layered
from ..looks import look_of

LEFT, RIGHT, GAP = 44, 30, 34  # from the frame's edges, and from the line of h above
H_DOWN = 24  # where h turns down from its line, from the frame's left edge


class InputLayers:
    """The nodes of a step that lead to `Mx` and to nothing else."""

    def __init__(self, cell, roles):
        self.cell, self.roles = cell, roles
        self.looks = {role: look_of(node) for role, node in cell.role.items() if role in roles}
        ways = {way: [key for key in keys if key[0] in roles]
                for way, keys in cell.ways_in().items()}
        self.ways = {way: keys for way, keys in ways.items() if keys}
        self.wider = {}
        widen(self.looks, cell, self.wider)
        self.inner = [w for w in cell.inner if w.source.role in roles]
        edges = [(way, role) for way, keys in self.ways.items() for role, _ in keys]
        edges += [(w.source.role, w.target.role if w.target.role in roles else "out")
                  for w in self.inner]
        sizes = {**{way: way_size(way) for way in self.ways},
                 **{role: (look.width, look.height) for role, look in self.looks.items()},
                 "out": WAY}
        self.found = layered(sizes, edges, *GAPS, floor=self.ways, ceiling=["out"])

    def fit(self, mx_x):
        """x of its left edge: its way out is below Mx if there is room for that."""
        return max(LEFT, mx_x - self.found.places["out"][0])

    def width(self, mx_x):
        """The width of a frame that holds it."""
        return ceil(self.fit(mx_x) + self.found.width + RIGHT)

    @property
    def height(self):
        """What it adds to a frame."""
        return self.found.height + GAP

    def draw(self, layout, state, floor, mx):
        """Add places and lines to the layout; `mx` is the foot of Mx, `floor` the height of h."""
        right, down = self.fit(mx[0]), floor + GAP
        moved = {item: (x + right, y + down) for item, (x, y) in self.found.places.items()}
        bends = {edge: [(x + right, y + down) for x, y in points]
                 for edge, points in self.found.bends.items()}
        layout.places.update({role: moved[role] for role in self.roles})
        layout.sizes.update(self.wider)
        inside = [w for w in self.inner if w.target.role in self.roles]
        feet = Feet(self.looks, moved, bends, self.ways, inside)
        lines_inside(inside, layout, feet, bends)
        for w in self.inner:
            if w not in inside:
                x, y = moved[w.source.role]
                turn = floor + GAP / 2
                layout.lines.append([(x, y - self.looks[w.source.role].height / 2),
                                     *bends[w.source.role, "out"], (moved["out"][0], turn),
                                     (mx[0], turn), mx])
        self._ways_in(layout, state, floor, feet, bends)

    def _ways_in(self, layout, state, floor, feet, bends):
        for way, keys in self.ways.items():
            x, y = feet.places[way]
            for role, position in keys:
                points = [(x, y), *bends[way, role], feet.at(role, position)]
                if (role, position) in self.cell.reading:
                    layout.tracks.append((state, [(H_DOWN, floor), (H_DOWN, y), *points], True))
                else:
                    layout.entries[role, position] = x
                    layout.lines.append([(x, layout.height), *points])


def input_layers(cell, part, h):
    """The `InputLayers` of a step; None if it has none, or if its other nodes do more than that."""
    roles = set(cell.role) - set(part.values())
    if not roles or not part["Mx"]:
        return None
    closed = all((w.source.role in roles) == (w.target.role in roles)
                 or w.source.role in roles and w.target.role == part["Mx"] for w in cell.inner)
    only_h = all(state is h for (role, _), state in cell.reading.items() if role in roles)
    read_outside = any(role in roles for role, _ in cell.leaving)
    return InputLayers(cell, roles) if closed and only_h and not read_outside else None

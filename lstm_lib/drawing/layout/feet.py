"""Where wires meet the lower edges of nodes: side by side, in the order in which they come."""
from collections import defaultdict

FOOT = 18  # room for each wire


class Feet:
    """The feet of the wires in a cell; `ways` and `inner` are those that lead to its nodes."""

    def __init__(self, looks, places, bends, ways, inner):
        self.looks, self.places = looks, places
        comes = defaultdict(list)  # role -> (x from which a wire comes, number of the bottom)
        for way, keys in ways.items():
            for role, position in keys:
                comes[role].append((_last_x(places[way], bends[way, role]), position))
        for wire in inner:
            edge = wire.source.role, wire.target.role
            comes[edge[1]].append((_last_x(places[edge[0]], bends.get(edge, ())), wire.position))
        self.place = {}  # (role, number of the bottom) -> (its place from the left, how many)
        for role, wires in comes.items():
            in_order = role in looks and looks[role].words == "−"  # what is subtracted from what?
            for place, (_, position) in enumerate(sorted(
                    wires, key=lambda wire: wire[1] if in_order else wire)):
                self.place[role, position] = place, len(wires)

    def at(self, role, position):
        """Where the wire to this bottom meets its node."""
        x, y = self.places[role]
        look, (place, count) = self.looks[role], self.place[role, position]
        spread = (place + 1) / (count + 1) - 0.5
        is_round = look.kind == "circle" and look.width == look.height
        reach = look.width * (0.9 if is_round else 0.8)
        drop = look.height / 2
        if is_round:  # a circle is higher there than its lowest point
            drop = max(drop ** 2 - (reach * spread) ** 2, 0) ** 0.5
        return x + reach * spread, y + drop


def _last_x(start, bends):
    return [start, *bends][-1][0]


def widen(looks, cell, sizes):
    """Make boxes wide enough for all wires that meet them; `sizes` gets what has changed."""
    for role, look in looks.items():
        room = FOOT * (len(cell.role[role].bottoms) + 1)
        if look.kind == "box" and look.width < room:
            look.width = room
            sizes[role] = look.width, look.height


def head_shift(look, node, top):
    """How far right of its middle a wire leaves a node: each top has a place on the upper edge."""
    return look.width * ((top + 0.5) / len(node.tops) - 0.5) if len(node.tops) > 1 else 0

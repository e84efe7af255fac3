"""How far apart do the parts of an LSTM stand, and where do peepholes find room?"""
from collections import namedtuple

# WIDTH and HEIGHT are of the frame. From left to right: the gates, the products W_hc h and
# W_xc x with their sum, tanh(c) and h, and where h turns back to its line. From top to bottom:
# the gates, the slice, the sum, the products, the line of h.
Grid = namedtuple("Grid", "WIDTH HEIGHT I F O G MH SUM MX OUT TURN Y_GATES Y_CUT Y_SUM Y_M FLOOR")

PLAIN = Grid(338, 408, 48, 111, 174, 237, 80, 142.5, 214, 292, 325, 204, 250, 284, 334, 386)
WIDE = Grid(528, 464, 112, 216, 320, 424, 206, 268, 340, 482, 515, 204, 306, 340, 390, 442)

TOP, R = 58, 15       # height of the line of c, radius of an operator
Y_SEEN = 256          # where a gate and what its peephole sees are added
PEEPHOLES = {"i": 62, "f": 164, "o": 366}  # left of their gates; that of o sees the new c
BOX = 42, 46          # of a peephole


def gate_places(grid, part):
    """Places of the peepholes, and of the sums behind them."""
    places = {}
    for gate, x in PEEPHOLES.items():
        places[f"peep_{gate}"] = x, grid.Y_GATES
        places[f"sum_{gate}"] = getattr(grid, gate.upper()), Y_SEEN
    return {part[name]: place for name, place in places.items() if part[name]}


def add_peepholes(layout, grid, part, c):
    """Thin lines from the line of c down to the peepholes, and from there into the sums."""
    for gate, x in PEEPHOLES.items():
        if part[f"peep_{gate}"]:
            side = R if getattr(grid, gate.upper()) < x else -R
            top, foot = grid.Y_GATES - BOX[1] / 2, grid.Y_GATES + BOX[1] / 2
            layout.thin.append((c, [(x, TOP), (x, top)]))
            layout.lines.append([(x, foot), (x, Y_SEEN),
                                 (getattr(grid, gate.upper()) + side, Y_SEEN)])
            layout.sizes[part[f"peep_{gate}"]] = BOX
            layout.untyped.add(part[f"peep_{gate}"])
            layout.called[part[f"peep_{gate}"]] = f"p_{gate}"
            layout.names[part[f"sum_{gate}"]] = None
            layout.notes.update(dict.fromkeys(
                part[name] for name in (gate, f"sum_{gate}", f"peep_{gate}")))

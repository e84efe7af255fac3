"""Where everything stands inside one time step. Laid out once, then stamped T times."""


class CellLayout:
    """Places, lines and ports of one kind of step, measured from its frame's upper left corner."""

    def __init__(self, width, height):
        self.width, self.height = width, height
        self.places = {}   # role -> (x, y)
        self.sizes = {}    # role -> (width, height), where the look's own is not used
        self.rooms = {}    # role -> the most that its box may be wide
        self.called = {}   # role -> what a symbol is called, where that is not its layer's name
        self.names = {}    # role -> (dx, dy, anchor) of a symbol's name, from its centre; or None
        self.notes = {}    # role -> (dx, dy, anchor) of its shape, from its centre, or None
        self.lines = []    # points of a plain wire, with an arrow head at its end
        self.tracks = []   # (state, points, has a head): wires in a state's colour
        self.thin = []     # (state, points): thin wires in a state's colour, with a head
        self.untyped = set()  # roles of boxes whose type is not written
        self.numbers = {}  # state -> (x, y) of the right end of its value, where there is room
        self.lanes = {}    # state -> height at which it enters and leaves
        self.entries = {}  # (role, position) -> x where a wire enters from below
        self.exits = {}    # (role, top) -> x where a wire leaves on top
        self.turned = False
        self.look = {}     # role -> Look

    def mirrored(self):
        """Turn it round, for a row whose steps run from right to left."""
        self.turned = True
        for held in (self.entries, self.exits):
            held.update({key: self.width - x for key, x in held.items()})
        for held in (self.places, self.numbers):
            held.update({key: self._across(point) for key, point in held.items()})
        self.lines = [list(map(self._across, points)) for points in self.lines]
        self.tracks = [(state, list(map(self._across, points)), head)
                       for state, points, head in self.tracks]
        self.thin = [(state, list(map(self._across, points))) for state, points in self.thin]
        self.notes = {role: place and _other_side(place) for role, place in self.notes.items()}
        for look in self.look.values():
            look.turned = True
            look.beside = look.beside and _other_side(look.beside)

    def lower(self, room):
        """Make room above all that stands here."""
        self.height += room
        for held in (self.places, self.numbers):
            held.update({key: (x, y + room) for key, (x, y) in held.items()})
        self.lanes = {state: y + room for state, y in self.lanes.items()}
        self.lines = [_lowered(points, room) for points in self.lines]
        self.tracks = [(state, _lowered(points, room), head)
                       for state, points, head in self.tracks]
        self.thin = [(state, _lowered(points, room)) for state, points in self.thin]

    def _across(self, point):
        return self.width - point[0], point[1]

    def number_place(self, state):
        """Where the value of a state ends: above its line, left of where all states turn."""
        beside = self.width - 5 - 14 * len(self.lanes), self.lanes[state] - 13
        if self.turned and state not in self.numbers:
            return self._across(beside)
        return self.numbers.get(state, beside)


def _lowered(points, room):
    return [(x, y + room) for x, y in points]


def _other_side(place):
    """(dx, dy, anchor) of words that stand on the other side of their node."""
    dx, dy, anchor = place
    return -dx, dy, {"start": "end", "end": "start"}.get(anchor, anchor)

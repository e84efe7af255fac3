"""The wires outside the steps: to and from bars, initial states, other stacks, tags."""
import re
from collections import defaultdict

from . import svg
from .layout.feet import head_shift
from .looks import LINE, name_in_step, name_of_wire, note, short_name


class OuterWires:
    """Draws what leads into, out of and past the frames of the steps."""

    def __init__(self, scene, shapes):
        self.scene, self.shapes = scene, shapes
        self.plain, self.heads = [], []     # path commands of the grey wires
        self.coloured = defaultdict(list)   # colour of a state -> the same
        self.parts = []
        self.named = defaultdict(list)  # (x, y) -> the blobs whose names stand there
        self.tagged = defaultdict(list)  # (x, y, drop) of a name -> wires of blobs many steps read
        self.reached = []   # how far left and right they go
        self.side_lanes = {}  # (row, node beside it) -> the number of the way to it
        self.lanes = {}     # (column, which way) -> bars with wires beside that column
        self.order = {}     # node -> {position of a bottom: its place from the left}

    def svg(self):
        """The SVG of all of them."""
        scene = self.scene
        for wire in scene.wiring.wires:
            source, target = wire.source, wire.target
            if source in scene.away or target in scene.away:
                continue
            if source.stack is None and target in scene.sides:
                self._to_side(wire)
            elif source.stack is None and target.stack is None:
                self._grey(self._way(wire, self._head(wire, scene.at[target][0]), self._feet(wire)))
            elif source.stack is None:
                self._into_step(wire)
            elif target.stack is None:
                self._out_of_step(wire)
            elif source.stack != target.stack or source.step != target.step:
                self._between_steps(wire)
        self._dotted_stubs()
        self._lines()
        self._stub_names()
        self._tags()  # above the lines
        return "".join(self.parts)

    def _to_side(self, wire):
        """To what stands beside a row: below the row and up past its side, never behind it."""
        scene, row = self.scene, self.scene.sides[wire.target]
        x, y = scene.at[wire.target]
        start, half = self._head(wire), scene.looks[wire.target].width / 2
        passed = scene.layout.bends.get((wire.source, row), [])
        floor = row.top + row.height
        if [start, *passed][-1][1] < floor:  # it comes from above, or from the same side
            self._grey(self._way(wire, start, self._feet(wire)))
            return
        number = self.side_lanes.setdefault((row, wire.target), len(self.side_lanes))
        out = -row.way if wire.target in row.starts else row.way
        edge = max(scene.looks[node].width for node in row.starts + row.ends) + scene.gap + 12
        middle = scene.left_edge + scene.span / 2
        turn = middle + out * (scene.span / 2 + edge + 8 * number)
        floor += self._label_drop(row) + 20 + 6 * number
        self.reached.append(turn)
        self._grey([start, *passed, (passed[-1][0] if passed else start[0], floor), (turn, floor),
                    (turn, y), (x + out * half, y)], False, True)
        self.heads.append(svg.arrow_head((turn, y), (x + out * half, y), 6))

    def _head(self, wire, wish=None):
        """Where a wire leaves a node outside the steps; a bar, as near to x = `wish` as can be."""
        node = wire.source
        x, y = self.scene.at[node]
        if node in self.scene.bars:
            reach = self.scene.looks[node].width / 2 - 20
            x = x if wish is None else min(max(wish, x - reach), x + reach)
        else:
            x += head_shift(self.scene.looks[node], node, wire.top)
        return x, y - self.scene.looks[node].height / 2

    def _feet(self, wire):
        """Where a wire arrives at the lower edge of its target; several arrive side by side."""
        node = wire.target
        x, y = self.scene.at[node]
        look, incoming = self.scene.looks[node], self.scene.into[node]
        if node in self.scene.bars and wire.source in self.scene.at and (
                len(incoming) == 1 or wire.source in self.scene.joins):  # straight up
            reach = look.width / 2 - 20
            return min(max(self._head(wire)[0], x - reach), x + reach), y + look.height / 2
        if len(incoming) > 1:
            if node not in self.order:
                sides = sorted((self._from_x(w), w.position) for w in incoming)
                self.order[node] = {position: place for place, (_, position) in enumerate(sides)}
            place = self.order[node][wire.position]
            x += look.width * 0.7 * ((place + 1) / (len(incoming) + 1) - 0.5)
        return x, y + look.height / 2

    def _from_x(self, wire):
        bends = self._bends(wire)
        if bends:
            return bends[-1][0]
        if wire.source in self.scene.at:
            return self.scene.at[wire.source][0]
        port = self.scene.port(wire, entering=False)
        return port[0] if port else 0

    def _way(self, wire, start, end):
        """From start to end through the bends that the layout keeps free for it."""
        return [start, *self._bends(wire), end]

    def _bends(self, wire):
        place = [self.scene.shelf_of.get(node, node)
                 if node in self.scene.at and node not in self.scene.beside
                 else self.scene.row_of(node) for node in (wire.source, wire.target)]
        return self.scene.layout.bends.get(tuple(place), [])

    def _into_step(self, wire):
        scene, row = self.scene, self.scene.row_of(wire.target)
        state = row.stack.state_read(wire.target, wire.position)
        if state and wire.target.step == row.stack.steps[0]:
            self._initial(wire, row, state)
            return
        port = scene.port(wire, entering=True)
        if port is None:
            return
        if (wire.source, wire.blob) in scene.tags:
            self.tagged[(*port, self._label_drop(row) - 4)].append(wire)
        elif wire.source in scene.bars or wire.source in scene.joins:
            self._grey(self._to_bar(port, wire.source, wire.target)[::-1], False, True)
            self._stub_name(port[0], port[1] + self._label_drop(row), wire.blob)
        else:
            below = port[0], port[1] + self._label_drop(row) + 10  # upright beside the name
            self._grey([*self._way(wire, self._head(wire), below), port], head=False)
            self._stub_name(port[0], port[1] + self._label_drop(row), wire.blob)

    def _label_drop(self, row):
        """How far below a frame a name stands; lower if another stack's states come in there."""
        first = row.cells[row.stack.steps[0]]
        routed = any(row.stack.state_read(wire.target, wire.position)
                     and wire.source not in row.starts
                     for node in first.nodes for wire in self.scene.into[node]
                     if wire.source.step != node.step or wire.source.stack != node.stack)
        if routed and any(column.rolled for column in self.scene.columns):
            return 56 + 6 * len(row.stack.states)  # below the loops too
        return 35 if routed else 16

    def _stub_name(self, x, y, blob):
        self.named[x, y].append(blob)

    def _stub_names(self):
        rolled = any(column.rolled for column in self.scene.columns)
        for (x, y), blobs in self.named.items():
            first, last = name_in_step(blobs[0]), name_in_step(blobs[-1])
            name = first
            if rolled:  # h, for h1 to hT
                name = first.rstrip("0123456789").rstrip("_-.") or first
                if _number(first) > _number(last):
                    name = f"{first} … {last}"
            self.parts.append(name_of_wire(x + 6, y, svg.shortened(name, 90),
                                           len(self.scene.rows) > 1, "start"))
            if self.shapes and blobs[0].shape:
                self.parts.append(note(x + 6, y + LINE, blobs[0].shape, "start"))

    def _tags(self):
        """Name a blob that many steps read below each step; it is drawn once.

        Below a step that stands for all stand the names of its first and of its last blob.
        """
        for (x, y, drop), wires in self.tagged.items():
            names = list(dict.fromkeys(short_name(wire.blob) for wire in wires))
            name, middle = svg.shortened(" … ".join(names[:1] + names[1:][-1:]), 80), y + drop + 11
            self.parts.append(svg.path(f"M{svg.num(x)},{svg.num(y)}v{drop}", svg.LINE)
                              + f'<g data-n="{wires[0].source.index}">'
                              + svg.rect(x, middle, svg.width_of(name) + 16, 22, svg.PALE,
                                         svg.LINE, 11)
                              + svg.text(x, middle, name) + "</g>")

    def _initial(self, wire, row, state):
        """An initial state comes in from the left, at the height of its line."""
        scene, step = self.scene, row.stack.steps[0]
        column = scene.shown.get((row, step))
        if column is None:
            return  # folded
        lane, way = row.lane(step, state), row.way
        x = row.frame_left(column) + (row.layouts[step].width if way < 0 else 0)
        if wire.source in row.starts:
            side = scene.at[wire.source]
            start = (side[0] + way * scene.looks[wire.source].width / 2, side[1])
            points = [start, (x, lane)]
            if abs(lane - side[1]) > 1:
                middle = (start[0] + x) / 2
                points = [start, (middle, side[1]), (middle, lane), (x, lane)]
        else:
            turn = x - way * (scene.gap / 2 + 8 * row.stack.states.index(state))
            if column.rolled:  # outside the loops
                turn -= way * scene.gap / 2
            start = (self._head(wire, turn) if wire.source in scene.at
                     else scene.port(wire, False) or (x, row.top))
            floor = row.top + row.height + 12 + 8 * row.stack.states.index(state)
            if wire.source in scene.at:  # left of what stands above it
                floor = max(floor, start[1] - 14)
            points = [start, (start[0], floor), (turn, floor), (turn, lane), (x, lane)]
        self.coloured[svg.state_colour(state.number)].append(svg.elbows(points))

    def _out_of_step(self, wire):
        scene = self.scene
        if wire.target in scene.beside:
            return  # the state's own line ends there
        port = scene.port(wire, entering=False)
        if port is None:
            return
        if wire.target in scene.bars or wire.target in scene.joins:
            self._grey(self._to_bar(port, wire.target, wire.source), True, True)
            self._stub_name(port[0], port[1] - (32 if self.shapes else 14), wire.blob)
        else:
            self._grey(self._way(wire, port, self._feet(wire)))

    def _to_bar(self, port, bar, node):
        """From a node's port to a bar; beside its column where other rows stand between."""
        scene, (x, y) = self.scene, port
        middle, height = scene.at[bar]
        up = -1 if height < y else 1  # the way to the bar
        edge = height - up * scene.looks[bar].height / 2
        between = [row for row in scene.rows
                   if min(y, edge) < row.top and row.top + row.height < max(y, edge)]
        if not between:
            return [port, (x, edge)]
        column = scene.shown[scene.row_of(node), node.step]
        lanes = self.lanes.setdefault((column, up), [])
        lanes += [bar] * (bar not in lanes)
        away = 5 + 4 * lanes.index(bar)
        lane = column.x - away if up > 0 else column.x + column.width + away
        turn = y + up * (self._label_drop(scene.row_of(node)) + 12)
        if up < 0 and self.shapes:  # above the name and the shape
            turn -= 18
        last = (min(row.top for row in between) - 34 if up < 0 else
                max(row.top + row.height for row in between) + 10)
        reach = scene.looks[bar].width / 2 - 6
        foot = min(max(lane, middle - reach), middle + reach)
        return [port, (x, turn), (lane, turn), (lane, last), (foot, last), (foot, edge)]

    def _between_steps(self, wire):
        """Draw a wire from one stack to another, or past a step."""
        row = self.scene.row_of(wire.target)
        state = row.stack.state_read(wire.target, wire.position)
        if state and wire.source.stack == wire.target.stack:
            return  # drawn as the state's line
        if state and wire.target.step == row.stack.steps[0]:
            self._initial(wire, row, state)
            return
        start, end = self.scene.port(wire, False), self.scene.port(wire, True)
        if start and end:
            turn = (start[1] + end[1]) / 2
            if start[1] - end[1] > 100 and not any(c.rolled for c in self.scene.columns):
                turn = end[1] + 44  # above a bar that stands between
            self._grey([start, (start[0], turn), (end[0], turn), end], False, True)
        elif end:  # from an earlier step than the one before
            self.tagged[(*end, self._label_drop(row) - 4)].append(wire)

    def _dotted_stubs(self):
        """Between a bar and folded steps: the wires that are not drawn one by one."""
        for column in self.scene.columns:
            if not column.folded:
                continue
            for bar in (node for node in self.scene.at if node in self.scene.bars):
                x, y = column.x + column.width / 2, self.scene.at[bar][1]
                wires = self.scene.into[bar] + self.scene.out_of[bar]
                rows = {self.scene.row_of(w.source) or self.scene.row_of(w.target)
                        for w in wires} - {None}
                for row in (row for row in self.scene.rows if row in rows):
                    below = row.top > y
                    edge = row.top if below else row.top + row.height
                    drop = self.scene.looks[bar].height / 2
                    self.parts.append(svg.path(
                        f"M{svg.num(x)},{svg.num(edge)}V{svg.num(y + drop * (1 if below else -1))}",
                        extra=' stroke-dasharray="2 5"'))

    def _grey(self, points, head=True, round_corners=False):
        straight = round_corners or len(points) == 2 and abs(points[0][0] - points[1][0]) < 1
        self.plain.append(svg.elbows(points) if straight else svg.curve(points))
        if head:
            end = points[-1]
            self.heads.append(svg.arrow_head((end[0], end[1] + 9), end, 6))

    def _lines(self):
        if self.plain:
            self.parts.append(svg.path("".join(self.plain)))
        if self.heads:
            self.parts.append(svg.path("".join(self.heads), width=0, fill=svg.LINE))
        for colour, lines in self.coloured.items():
            self.parts.append(svg.path("".join(lines), colour, 3))


def _number(name):
    """The number at the end of a name, or 0."""
    return int(re.search("[0-9]{0,9}$", name)[0] or 0)

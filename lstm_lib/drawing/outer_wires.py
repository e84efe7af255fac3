"""The wires outside the steps: to and from bars, initial states, other stacks, tags."""
from collections import defaultdict

from . import svg
from .looks import LINE, name_in_step, note, short_name


class OuterWires:
    """Draws what leads into, out of and past the frames of the steps."""

    def __init__(self, scene, shapes):
        self.scene, self.shapes = scene, shapes
        self.plain, self.heads = [], []     # path commands of the grey wires
        self.coloured = defaultdict(list)   # colour of a state -> the same
        self.parts = []
        self.named = set()  # places where a blob's name stands already
        self.order = {}     # node -> {position of a bottom: its place from the left}

    def svg(self):
        """The SVG of all of them."""
        scene = self.scene
        for wire in scene.wiring.wires:
            source, target = wire.source, wire.target
            if source in scene.away or target in scene.away:
                continue
            if source.stack is None and target.stack is None:
                self._grey(self._way(wire, self._head(source, target), self._feet(wire)))
            elif source.stack is None:
                self._into_step(wire)
            elif target.stack is None:
                self._out_of_step(wire)
            elif source.stack != target.stack or source.step != target.step:
                self._between_steps(wire)
        self._dotted_stubs()
        self._lines()
        return "".join(self.parts)

    def _head(self, node, other=None):
        """Where a wire leaves a node outside the steps; it leaves a bar right below `other`."""
        x, y = self.scene.at[node]
        if other in self.scene.at and node in self.scene.bars:
            reach = self.scene.span / 2 - 20
            x = min(max(self.scene.at[other][0], x - reach), x + reach)
        return x, y - self.scene.looks[node].height / 2

    def _feet(self, wire):
        """Where a wire arrives at the lower edge of its target; several arrive side by side."""
        node = wire.target
        x, y = self.scene.at[node]
        look, incoming = self.scene.looks[node], self.scene.into[node]
        if len(incoming) > 1:
            if node not in self.order:
                sides = sorted((self._from_x(w), w.position) for w in incoming)
                self.order[node] = {position: place for place, (_, position) in enumerate(sides)}
            place = self.order[node][wire.position]
            x += look.width * 0.7 * ((place + 1) / (len(incoming) + 1) - 0.5)
        return x, y + look.height / 2

    def _from_x(self, wire):
        if wire.source in self.scene.at:
            return self.scene.at[wire.source][0]
        port = self.scene.port(wire, entering=False)
        return port[0] if port else 0

    def _way(self, wire, start, end):
        """From start to end through the bends that the layout keeps free for it."""
        place = [node if node in self.scene.at and node not in self.scene.beside
                 else self.scene.row_of(node) for node in (wire.source, wire.target)]
        bends = self.scene.layout.bends.get(tuple(place), [])
        return [start, *bends, end]

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
            self._tag(port, wire)
        elif wire.source in scene.bars:
            y = scene.at[wire.source][1] - scene.looks[wire.source].height / 2
            self._grey([(port[0], y), port], head=False)
            self._stub_name(port[0], port[1] + self._label_drop(row), wire.blob)
        else:
            self._grey(self._way(wire, self._head(wire.source), port), head=False)
            self._stub_name(port[0], port[1] + self._label_drop(row), wire.blob)

    def _label_drop(self, row):
        """How far below a frame a name stands; lower if another stack's states come in there."""
        first = row.cells[row.stack.steps[0]]
        routed = any(row.stack.state_read(wire.target, wire.position)
                     and wire.source not in row.left
                     for node in first.nodes for wire in self.scene.into[node]
                     if wire.source.step != node.step or wire.source.stack != node.stack)
        return 35 if routed else 16

    def _stub_name(self, x, y, blob):
        if (x, y) in self.named:
            return
        self.named.add((x, y))
        name = name_in_step(blob)
        if any(column.rolled for column in self.scene.columns):
            name = name.rstrip("0123456789")  # h, for h1 to hT
        self.parts.append(svg.text(x + 6, y, svg.shortened(name, 90), anchor="start"))
        if self.shapes and blob.shape:
            self.parts.append(note(x + 6, y + LINE, blob.shape, "start"))

    def _tag(self, port, wire):
        """Name a blob that many steps read below each step; it is drawn once."""
        x, y = port
        name = svg.shortened(short_name(wire.blob), 80)
        self.parts.append(svg.path(f"M{svg.num(x)},{svg.num(y)}v12", svg.LINE)
                          + f'<g data-n="{wire.source.index}">'
                          + svg.rect(x, y + 23, svg.width_of(name) + 16, 22, svg.PALE,
                                     svg.LINE, 11)
                          + svg.text(x, y + 23, name) + "</g>")

    def _initial(self, wire, row, state):
        """An initial state comes in from the left, at the height of its line."""
        scene, step = self.scene, row.stack.steps[0]
        column = scene.shown.get((row, step))
        if column is None:
            return  # folded
        x, lane = column.x, row.lane(step, state)
        if wire.source in row.left:
            side = scene.at[wire.source]
            start = (side[0] + scene.looks[wire.source].width / 2, side[1])
            points = [start, (x, lane)]
            if abs(lane - side[1]) > 1:
                middle = (start[0] + x) / 2
                points = [start, (middle, side[1]), (middle, lane), (x, lane)]
        else:
            start = (self._head(wire.source, wire.target)
                     if wire.source in scene.at else scene.port(wire, False) or (x, row.top))
            turn = x - scene.gap / 2 - 8 * row.stack.states.index(state)
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
        if wire.target in scene.bars:
            x, y = scene.at[wire.target]
            self._grey([port, (port[0], y + scene.looks[wire.target].height / 2)])
            self._stub_name(port[0], port[1] - (32 if self.shapes else 14), wire.blob)
        else:
            self._grey(self._way(wire, port, self._feet(wire)))

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
            middle = (start[1] + end[1]) / 2
            self._grey([start, (start[0], middle), (end[0], middle), end], False, True)

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

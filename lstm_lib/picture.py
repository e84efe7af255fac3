"""The time-step picture as SVG: one cell, stamped T times, and what is around it."""
from collections import defaultdict

from . import svg
from .legend import legend
from .looks import draw_look, shape_text
from .scene import FOLD_ABOVE, Scene
from .steps import find_steps

MARGIN = 18


def number_weights(graph):
    """Give a colour and a number to each weight that is shared, or named for sharing."""
    marked = [w for w in graph.weights if w.shared]
    if any(node.stack is not None for node in graph.nodes):
        named = [w for w in graph.weights if w.named and not w.shared]
        marked = [w for w in graph.weights if w.shared or w in named] if len(
            named) < 12 else marked
    for number, weight in enumerate(marked, 1):
        weight.mark = number
    return marked


def prepared(graph):
    """The graph with its steps found and its weights numbered."""
    find_steps(graph)
    number_weights(graph)
    return graph


def steps_of(graph):
    """How many time steps the net has, 0 for a net without."""
    return len({step for stack in graph.stacks for step in stack.steps})


def time_picture(graph, steps="auto", shapes=False, paint=None, alt=""):
    """The SVG text of a prepared graph.

    Parameters
    ----------
    steps : "fold" the steps in the middle, show "all", or "auto": fold above T = 8.
    shapes : write the shapes of the blobs (known of a loaded net) into the picture.
    paint : colours of values, a `values.Paint`, or None.
    alt : what the picture shows, in words.
    """
    fold = steps == "fold" or steps == "auto" and steps_of(graph) > FOLD_ABOVE
    return _Painter(Scene(graph, fold, shapes), shapes, paint).svg(alt)


class _Painter:
    def __init__(self, scene, shapes, paint):
        self.scene, self.paint = scene, paint
        self.shapes = shapes and scene.graph.net is not None
        self.stamps = {}   # (layout, role) -> SVG of the node, the same in all steps
        self.plain, self.heads = [], []  # path commands of the grey wires
        self.coloured = defaultdict(lambda: ([], []))  # colour -> the same
        self.parts = []
        self.named = set()  # places where a blob's name stands already

    def svg(self, alt):
        self._outer_wires()
        self._grey_and_coloured_wires()
        for column in self.scene.columns:
            self._column(column)
        for node, (x, y) in self.scene.at.items():
            self.parts.append(self._node(node, draw_look(
                self.scene.looks[node], node, x, y, self._fill(node))))
        return self._page(alt)

    # nodes

    def _fill(self, node):
        return self.paint.colour(node) if self.paint else None

    def _node(self, node, drawn):
        types = node.type if len(node.layers) == 1 else " + ".join(
            layer.type for layer in node.layers)
        shapes = ", ".join(shape_text(blob.shape) for blob in node.tops if blob.shape)
        value = f"\n{self.paint.words(node)}" if self.paint else ""
        return (f'<g data-n="{node.index}"><title>{svg.safe(node.name)} {svg.safe(types)}'
                f'{" " * bool(shapes)}{shapes}{svg.safe(value)}</title>{drawn}</g>')

    # steps

    def _column(self, column):
        name = f"{column.step}-{column.last}" if column.folded else column.step
        self.parts.append(f'<g data-step="{name}">')
        for row in self.scene.rows:
            if column.folded:
                self._folded(row, column)
            elif column.step in row.layouts:
                self._cell(row, column)
        self.parts.append("</g>")

    def _cell(self, row, column):
        layout = row.layouts[column.step]
        top = row.frame_top(column.step)
        self.parts.append(f'<g transform="translate({svg.num(column.x)},{svg.num(top)})">')
        key = (id(layout), "frame")
        if key not in self.stamps:
            self.stamps[key] = self._frame(row, layout)
        title = f"{row.stack.name} t = {column.step}".strip()
        self.parts += [self.stamps[key], svg.text(10, 15, title, 13, "start",
                                                  extra=' font-weight="bold"')]
        for node in row.cells[column.step].nodes:
            self.parts.append(self._node(node, self._stamp(layout, node)))
            if self.shapes:
                self._shape_in_cell(layout, node)
        self._handed_on(row, column, layout)
        self.parts.append("</g>")

    def _stamp(self, layout, node):
        key, fill = (id(layout), node.role), self._fill(node)
        if fill or key not in self.stamps:
            x, y = layout.places[node.role]
            drawn = draw_look(layout.look[node.role], node, x, y, fill)
            if fill:
                return drawn
            self.stamps[key] = drawn
        return self.stamps[key]

    def _frame(self, row, layout):
        """Frame and wires: what is the same in every step of this kind."""
        parts = [svg.rect(layout.width / 2, layout.height / 2, layout.width, layout.height,
                          "#FCFCFC", "#AAAAAA", 10)]
        states = row.stack.states
        tracks = sorted(layout.tracks, key=lambda track: -states.index(track[0]))
        first = [svg.elbows(points) for state, points, _ in tracks if state is states[0]]
        seam = svg.path("".join(first), "#FCFCFC", 7)  # where another line crosses c
        for state, points, head in tracks:  # c last, so that it is never cut
            colour = svg.state_colour(state.number)
            if state is states[0]:
                parts.append(seam)
                seam = ""
            parts.append(svg.path(svg.elbows(points), colour, 3,
                                  extra=f' data-state="{svg.safe(state.label)}"'))
            if head:
                head = svg.arrow_head(points[-2], points[-1], 8)
                parts.append(svg.path(head, width=0, fill=colour))
        wires = "".join(svg.elbows(points) for points in layout.lines)
        heads = "".join(svg.arrow_head(points[-2], points[-1]) for points in layout.lines)
        parts.append(svg.path(wires))
        parts.append(svg.path(heads, width=0, fill=svg.LINE))
        return "".join(parts)

    def _shape_in_cell(self, layout, node):
        look, (x, y) = layout.look[node.role], layout.places[node.role]
        shape = node.tops[0].shape if node.tops else None
        place = layout.notes.get(node.role, (4, -look.height / 2 - 7, "start"))
        if shape and place and look.kind != "strip":
            dx, dy, anchor = place
            self.parts.append(_note(x + dx, y + dy, shape, anchor))

    def _handed_on(self, row, column, layout):
        """The state lines up to the next step, with the blob's name above them."""
        goes_on = column.last < row.stack.steps[-1]
        for state in row.stack.states:
            blob = _state_blob(row, column.step, state)
            if blob is None:
                continue
            y, x = layout.lanes[state], layout.width
            colour = svg.state_colour(state.number)
            end = x + self.scene.gap
            if not goes_on:
                reach = self.scene.left_edge + self.scene.span - column.x if row.right else x
                end = reach + self.scene.gap - 6
            self.parts.append(svg.path(f"M{svg.num(x)},{svg.num(y)}H{svg.num(end)}", colour, 3))
            if not goes_on:
                head = svg.arrow_head((x, y), (end + 4, y), 9)
                self.parts.append(svg.path(head, width=0, fill=colour))
            middle = x + self.scene.gap / 2
            name = blob.name.rsplit("/", 1)[-1]
            self.parts.append(svg.text(middle, y - 10, svg.shortened(name, self.scene.gap, 11),
                                       11, fill=colour))
            if self.shapes and blob.shape:
                self.parts.append(_note(middle, y + 10, blob.shape))

    def _folded(self, row, column):
        hidden = [step for step in row.stack.steps if column.step <= step <= column.last]
        if not hidden:
            return
        layers = sum(len(node.layers) for step in hidden for node in row.stack.cells[step])
        x, wide = column.x + column.width / 2, column.width
        self.parts.append(svg.rect(x, row.top + row.height / 2, wide, row.height, svg.WHITE,
                                   "#AAAAAA", 10, ' stroke-dasharray="5 4"'))
        for state in row.stack.states:
            y = row.lane(row.stack.steps[0], state)
            colour = svg.state_colour(state.number)
            self.parts.append(svg.path(f"M{svg.num(column.x)},{svg.num(y)}h{svg.num(wide)}",
                                       colour, 3, extra=' stroke-dasharray="3 6"'))
            self.parts.append(svg.path(f"M{svg.num(column.x + wide)},{svg.num(y)}"
                                       f"h{svg.num(self.scene.gap)}", colour, 3))
        y = row.top + row.height / 2
        for line, (words, size) in enumerate((
                ("…", 26), (f"t = {hidden[0]} … {hidden[-1]}", 12),
                (f"{len(hidden):,} steps", 11), (f"{layers:,} layers", 11))):
            self.parts.append(svg.text(x, y - 34 + 20 * line, words, size))

    # wires outside the steps

    def _outer_wires(self):
        scene = self.scene
        for wire in scene.wiring.wires:
            source, target = wire.source, wire.target
            if source.stack is None and target.stack is None:
                self._grey(self._way(wire, self._head(source, target), self._feet(wire)))
            elif source.stack is None:
                self._into_step(wire)
            elif target.stack is None:
                self._out_of_step(wire)
            elif source.stack != target.stack or source.step != target.step:
                self._between_steps(wire)
        self._dotted_stubs()

    def _head(self, node, other=None):
        """The upper end of a node outside the steps; a bar is left right below `other`."""
        x, y = self.scene.at[node]
        if other in self.scene.at and node in self.scene.bars:
            reach = self.scene.span / 2 - 20
            x = min(max(self.scene.at[other][0], x - reach), x + reach)
        return x, y - self.scene.looks[node].height / 2

    def _feet(self, wire):
        """The lower end, where several wires arrive side by side."""
        node = wire.target
        x, y = self.scene.at[node]
        look, incoming = self.scene.looks[node], self.scene.into[node]
        if len(incoming) > 1:
            order = sorted(incoming, key=lambda w: (self._from_x(w), w.position))
            x += look.width * 0.7 * ((order.index(wire) + 1) / (len(order) + 1) - 0.5)
        return x, y + look.height / 2

    def _from_x(self, wire):
        if wire.source in self.scene.at:
            return self.scene.at[wire.source][0]
        port = self.scene.port(wire, entering=False)
        return port[0] if port else 0

    def _way(self, wire, start, end):
        """From start to end by the bends that the layout left free."""
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
            self._stub_name(port[0], port[1] + 14, wire.blob)
        else:
            self._grey(self._way(wire, self._head(wire.source), port), head=False)
            self._stub_name(port[0], port[1] + 14, wire.blob)

    def _stub_name(self, x, y, blob):
        if (x, y) in self.named:
            return
        self.named.add((x, y))
        name = blob.name.rsplit("/", 1)[-1]
        self.parts.append(svg.text(x + 6, y, svg.shortened(name, 90, 11), 11, "start"))
        if self.shapes and blob.shape:
            self.parts.append(_note(x + 6, y + 13, blob.shape, "start"))

    def _tag(self, port, wire):
        """A blob that all steps read stands once; each step names it."""
        x, y = port
        name = svg.shortened(wire.blob.name.rsplit("/", 1)[-1], 80, 10)
        self.parts.append(svg.path(f"M{svg.num(x)},{svg.num(y)}v12", svg.LINE)
                          + f'<g data-n="{wire.source.index}">'
                          + svg.rect(x, y + 20, svg.width_of(name, 10) + 12, 16, svg.PALE,
                                     svg.LINE, 8)
                          + svg.text(x, y + 20, name, 10) + "</g>")

    def _initial(self, wire, row, state):
        """An initial state comes in from the left, at the height of its line."""
        scene, step = self.scene, row.stack.steps[0]
        column = scene.column_at.get(step)
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
            points = [start, (start[0], floor), (turn, floor), (turn, lane), (x, lane)]
        self.coloured[svg.state_colour(state.number)][0].append(svg.elbows(points))

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
            self._stub_name(port[0], port[1] - (25 if self.shapes else 12), wire.blob)
        else:
            self._grey(self._way(wire, port, self._feet(wire)))

    def _between_steps(self, wire):
        """From one stack to another, or past a step."""
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
            for bar in self.scene.bars:
                x, y = column.x + column.width / 2, self.scene.at[bar][1]
                wires = self.scene.into[bar] + self.scene.out_of[bar]
                rows = {self.scene.row_of(w.source) or self.scene.row_of(w.target)
                        for w in wires} - {None}
                for row in rows:
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

    def _grey_and_coloured_wires(self):
        if self.plain:
            self.parts.append(svg.path("".join(self.plain)))
        if self.heads:
            self.parts.append(svg.path("".join(self.heads), width=0, fill=svg.LINE))
        for colour, (lines, _) in self.coloured.items():
            self.parts.append(svg.path("".join(lines), colour, 3))

    # the sheet around it

    def _page(self, alt):
        scene = self.scene
        xs = [scene.left_edge - scene.gap] + [
            edge for node, (x, _) in scene.at.items() for edge in (
                x - scene.looks[node].width / 2, x + scene.looks[node].width / 2)]
        xs += [scene.left_edge + scene.span + scene.gap]
        left, right = min(xs) - MARGIN, max(xs) + MARGIN
        keys, keys_height, keys_width = legend(scene, self.paint, right - left - 2 * MARGIN)
        width = max(right - left, keys_width + 2 * MARGIN)
        height = scene.height + keys_height + 3 * MARGIN
        keys = (f'<g data-legend="1" transform="translate({svg.num(left + MARGIN)},'
                f'{svg.num(scene.height + 2 * MARGIN)})">{keys}</g>')
        return svg.sheet(left, -MARGIN, width, height, alt, "".join(self.parts) + keys)


def _note(x, y, shape, anchor="middle"):
    return svg.text(x, y, shape_text(shape), 9, anchor, svg.GREY)


def _state_blob(row, step, state):
    role, top = state.key
    node = row.cells[step].role.get(role)
    return node.tops[top] if node and top < len(node.tops) else None

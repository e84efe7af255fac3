"""The time-step picture as SVG: one cell, stamped T times, and what is around it."""
from . import svg
from .layout.scene import FOLD_ABOVE, Scene
from .legend import legend
from .looks import NOTE, draw_bar, draw_look, name_in_step, name_of_wire, note, span_of_note
from .outer_wires import OuterWires
from .structure.steps import step_title, steps_of
from .structure.words import shape_text

MARGIN = 12


def time_picture(graph, steps="auto", shapes=False, paint=None, alt="", slots=False):
    """The SVG text of a prepared graph.

    Parameters
    ----------
    steps : "fold" the steps in the middle, show "all", "auto" (fold above T = 8), or
        "rolled": one cell with arrows that lead back into it.
    shapes : write the shapes of the blobs (known of a loaded net) into the picture.
    paint : colours of values, a `values.Paint`, or None.
    alt : what the picture shows, in words.
    slots : leave a place for each number that a script writes later, as the page does.
    """
    if steps == "auto":
        steps = "fold" if steps_of(graph) > FOLD_ABOVE else "all"
    return _Painter(Scene(graph, steps, shapes), shapes, paint, slots).svg(alt)


class _Painter:
    def __init__(self, scene, shapes, paint, slots):
        self.scene, self.paint, self.slots = scene, paint, slots
        self.shapes = shapes and scene.graph.net is not None
        self.stamps = {}   # (layout, role) -> SVG of the node, the same in all steps
        self.parts = []

    def svg(self, alt):
        words = self._bars()
        wires = OuterWires(self.scene, self.shapes)
        self.parts.append(wires.svg())  # above bars
        self.parts += words
        for column in self.scene.columns:
            self._column(column)
        self._outer_nodes()
        return self._page(alt, wires.reached)

    # nodes

    def _bars(self):
        """Draw the bars, and give their words, which stand above the wires."""
        words = []
        for node in (node for node in self.scene.at if node in self.scene.bars):
            x, y = self.scene.at[node]
            shape, name = draw_bar(self.scene.looks[node], node, x, y, self._fill(node))
            self.parts.append(self._node(node, shape))
            words.append(f'<g data-n="{node.index}">{name}</g>')
        return words

    def _outer_nodes(self):
        for node in (node for node in self.scene.at if node not in self.scene.bars):
            x, y = self.scene.at[node]
            self.parts.append(self._node(node, draw_look(
                self.scene.looks[node], node, x, y, self._fill(node))))

    def _fill(self, node):
        return self.paint.colour(node) if self.paint else None

    def _node(self, node, drawn):
        types = node.type if len(node.layers) == 1 else " + ".join(
            layer.type for layer in node.layers)
        shapes = ", ".join(shape_text(blob.shape) for blob in node.tops if blob.shape)
        value = f"\n{self.paint.words(node)}" if self.paint else ""
        dashed = ' stroke-dasharray="4 2"' if self.paint and self.paint.negative(node) else ""
        return (f'<g data-n="{node.index}"{dashed}><title>{svg.safe(node.name)} {svg.safe(types)}'
                f'{" " * bool(shapes)}{shapes}{svg.safe(value)}</title>{drawn}</g>')

    # steps

    def _column(self, column):
        name = f"{column.step}-{column.last}" if column.last > column.step else column.step
        self.parts.append(f'<g data-step="{name}">')
        for row in self.scene.rows:
            if column.folded:
                self._folded(row, column)
            elif column.step_of(row) in row.layouts:
                self._cell(row, column, column.step_of(row))
        self.parts.append("</g>")

    def _cell(self, row, column, step):
        layout, top = row.layouts[step], row.frame_top(step)
        left = svg.num(row.frame_left(column))
        self.parts.append(f'<g transform="translate({left},{svg.num(top)})">')
        key = (id(layout), "frame")
        if key not in self.stamps:
            self.stamps[key] = self._frame(row, layout)
        title = step_title(row.stack, step, row.stack.steps[-1] if column.rolled else None)
        place, anchor = (10, "start") if row.way > 0 else (layout.width - 10, "end")
        self.parts += [self.stamps[key], svg.text(place, 17, title, anchor=anchor,
                                                  extra=' font-weight="bold"')]
        for node in row.cells[step].nodes:
            self.parts.append(self._node(node, self._stamp(layout, node)))
        if self.shapes:
            self._shapes_in_cell(layout, row.cells[step].nodes)
        self._handed_on(row, column, layout)
        if column.rolled:
            self._loops(row, layout)
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
        """The frame and the wires, which are the same in every step of this kind."""
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
        for state, points in layout.thin:
            colour = svg.state_colour(state.number)
            parts.append(svg.path(svg.elbows(points), colour, 1.5,
                                  extra=f' data-thin="{svg.safe(state.label)}"'))
            head = svg.arrow_head(points[-2], points[-1])
            parts.append(svg.path(head, width=0, fill=colour))
        wires = "".join(svg.elbows(points) for points in layout.lines)
        heads = "".join(svg.arrow_head(points[-2], points[-1]) for points in layout.lines)
        parts.append(svg.path(wires))
        parts.append(svg.path(heads, width=0, fill=svg.LINE))
        return "".join(parts)

    def _shapes_in_cell(self, layout, nodes):
        """The shapes beside nodes; one that would stand on another is left out."""
        taken = []  # (line, left, right)
        for node in nodes:
            look, (x, y) = layout.look[node.role], layout.places[node.role]
            shape = node.tops[0].shape if node.tops else None
            place = layout.notes.get(node.role, (4, -look.height / 2 - 7, "start"))
            if not shape or not place or look.kind == "strip":
                continue
            dx, dy, anchor = place
            line, (left, right) = y + dy, span_of_note(x + dx, shape, anchor)
            if all(abs(line - other) >= NOTE or right <= start or left >= end
                   for other, start, end in taken):
                taken.append((line, left, right))
                self.parts.append(note(x + dx, line, shape, anchor))

    def _handed_on(self, row, column, layout):
        """The state lines up to the next step, with the blob's name above them."""
        goes_on = column.last_step_of(row) < row.stack.steps[-1]
        for state in row.stack.states:
            blob = _state_blob(row, column.step_of(row), state)
            if blob is None:
                continue
            y, x = layout.lanes[state], layout.width if row.way > 0 else 0
            colour = svg.state_colour(state.number)
            end = self._handed_to(row, column, layout, goes_on)
            self.parts.append(svg.path(f"M{svg.num(x)},{svg.num(y)}H{svg.num(end)}", colour, 3))
            if not goes_on:
                head = svg.arrow_head((x, y), (end + 4 * row.way, y), 9)
                self.parts.append(svg.path(head, width=0, fill=colour))
            middle = x + row.way * self.scene.gap / 2
            name = "" if column.rolled else name_in_step(blob)
            if row.stack.name and name.startswith(row.stack.name):
                name = name[len(row.stack.name):]
            name = svg.shortened(name, self.scene.gap)
            self.parts.append(name_of_wire(middle, y - 13, name, len(self.scene.rows) > 1,
                                           fill=colour))
            if self.shapes and blob.shape:
                self.parts.append(note(middle, y + 12, blob.shape))
            if (self.paint or self.slots) and not column.rolled:
                self._number(blob, *layout.number_place(state), colour, row.way)

    def _handed_to(self, row, column, layout, goes_on):
        """x, from the frame's left edge, of the end of the lines that leave it."""
        left, scene = row.frame_left(column), self.scene
        if goes_on:
            return (column.x + column.width + scene.gap if row.way > 0
                    else column.x - scene.gap) - left
        edge = layout.width if row.way > 0 else 0
        if row.ends:
            edge = scene.left_edge + (scene.span if row.way > 0 else 0) - left
        return edge + row.way * (scene.gap - 6)

    def _number(self, blob, x, y, colour, way):
        """The value of a state in this step, so that what a shade hides can be read."""
        words = self.paint.number(blob) if self.paint else ""
        of = f' data-of="{blob.maker.index} {blob.maker.tops.index(blob)}"'
        self.parts.append(svg.text(x, y, words, anchor="end" if way > 0 else "start", fill=colour,
                                   extra=of))

    def _loops(self, row, layout):
        """Rolled up: each state leads from the cell's right end back to its left."""
        for number, state in enumerate(row.stack.states):
            lane, out = layout.lanes[state], self.scene.gap - 16 + 5 * number
            turn = -44 if lane < layout.height / 2 else layout.height + 36 + 6 * number
            points = [(layout.width, lane), (layout.width + out, lane),
                      (layout.width + out, turn), (-out, turn), (-out, lane), (0, lane)]
            if row.way < 0:
                points = [(layout.width - x, y) for x, y in points]
            colour = svg.state_colour(state.number)
            self.parts.append(svg.path(svg.elbows(points), colour, 3, extra=' data-loop="1"'))
            self.parts.append(svg.path(svg.arrow_head(*points[-2:], 9), width=0, fill=colour))

    def _folded(self, row, column):
        hidden = column.steps_of(row)
        if not hidden:
            return
        nodes = [node for step in hidden for node in row.stack.cells[step]]
        if row is self.scene.rows[0]:  # and the nodes outside that belong to these steps
            nodes += [node for node, step in self.scene.away.items()
                      if column.step <= step <= column.last]
        layers = sum(len(node.layers) for node in nodes)
        x, wide = column.x + column.width / 2, column.width
        self.parts.append(svg.rect(x, row.top + row.height / 2, wide, row.height, svg.WHITE,
                                   "#AAAAAA", 10, ' stroke-dasharray="5 4"'))
        for state in row.stack.states:
            y = row.lane(row.stack.steps[0], state)
            colour = svg.state_colour(state.number)
            self.parts.append(svg.path(f"M{svg.num(column.x)},{svg.num(y)}h{svg.num(wide)}",
                                       colour, 3, extra=' stroke-dasharray="3 6"'))
            if max(hidden) < row.stack.steps[-1]:
                edge = column.x + (wide if row.way > 0 else 0)
                self.parts.append(svg.path(f"M{svg.num(edge)},{svg.num(y)}"
                                           f"h{svg.num(row.way * self.scene.gap)}", colour, 3))
        y = self._words_at(row)
        for line, (words, size) in enumerate((
                ("…", 26), (f"t = {hidden[0]} … {hidden[-1]}", svg.SIZE),
                (f"{len(hidden):,} steps", svg.SIZE), (f"{layers:,} layers", svg.SIZE))):
            self.parts.append(svg.text(x, y - 36 + 24 * line, words, size))

    def _words_at(self, row):
        """Height of the words in a folded column: in the middle, or below a line that is there."""
        y = row.top + row.height / 2
        for state in row.stack.states:
            lane = row.lane(row.stack.steps[0], state)
            if y - 50 < lane < y + 46 and lane + 100 < row.top + row.height:
                y = lane + 56
        return y

    # the sheet around it

    def _page(self, alt, reached):
        scene = self.scene
        xs = [scene.left_edge - scene.gap] + [
            edge for node, (x, _) in scene.at.items() for edge in (
                x - scene.looks[node].width / 2, x + scene.looks[node].width / 2)]
        xs += [scene.left_edge + scene.span + scene.gap]
        xs += [x for bends in scene.layout.bends.values() for x, _ in bends]
        xs += reached
        left, right = min(xs) - MARGIN, max(xs) + MARGIN
        keys, keys_height, keys_width = legend(scene, self.paint, right - left - 2 * MARGIN)
        width = max(right - left, keys_width + 2 * MARGIN)
        height = scene.height + keys_height + 3 * MARGIN
        keys = (f'<g data-legend="1" transform="translate({svg.num(left + MARGIN)},'
                f'{svg.num(scene.height + 2 * MARGIN)})">{keys}</g>')
        return svg.sheet(left, -MARGIN, width, height, alt, "".join(self.parts) + keys)


def _state_blob(row, step, state):
    role, top = state.key
    node = row.cells[step].role.get(role)
    return node.tops[top] if node and top < len(node.tops) else None

"""Where each thing stands in the time-step picture: rows of steps, and the nodes around them."""
from collections import defaultdict

from .choose import lay_out
from .clear import step_aside
from .columns import Column, Row
from .feet import head_shift
from .joins import Shelf, joins, over_joins, shelves
from .layered import apart, layered, sorted_upward
from ..looks import look_of, room_for_states
from ..structure.cell import Cell
from ..structure.wiring import Wiring


FOLD_ABOVE = 8  # more steps than this are shown as 1, 2, 3, ..., T
FOLDED_WIDTH = 130


class Scene:
    """Places of all nodes, once the steps are chosen: "all", "fold" or "rolled"."""

    def __init__(self, graph, steps, shapes):
        self.graph, self.gap = graph, room_for_states(graph.stacks, shapes)
        self.wiring = Wiring(graph)
        self.rows = [Row(stack) for stack in graph.stacks]
        self._row_named = {row.stack.name: row for row in self.rows}
        self.looks = {node: look_of(node, roomy=True, shapes=shapes)
                      for node in self.wiring.nodes if node.stack is None}
        self._sort_wires()
        self._pick_sides()
        self._lay_out_cells()
        self._columns(steps)
        self._fold_away()
        self._outside()

    def row_of(self, node):
        """The row a node is in, or None."""
        return self._row_named.get(node.stack)

    def _sort_wires(self):
        """Find bars, which feed or read several steps, and tags, blobs that several steps read."""
        self.into, self.out_of = defaultdict(list), defaultdict(list)
        blob_steps, feeds, gathers = defaultdict(set), defaultdict(set), defaultdict(set)
        for wire in self.wiring.wires:
            self.into[wire.target].append(wire)
            self.out_of[wire.source].append(wire)
            if wire.source.stack is None and wire.target.stack is not None:
                blob_steps[wire.source, wire.blob].add((wire.target.stack, wire.target.step))
                feeds[wire.source].add(self.spot(wire.target))
            elif wire.target.stack is None and wire.source.stack is not None:
                gathers[wire.target].add((wire.source.stack, wire.source.step))
        self.joins = joins(self, gathers)
        spots = {key: {self.spot(wire.target) for wire in self.out_of[key[0]]
                       if wire.blob is key[1] and wire.target.stack is not None}
                 for key in blob_steps}
        self.tags = {key for key, steps in blob_steps.items() if len(steps) > 1
                     and (len(spots[key]) > 1 or len(feeds[key[0]]) == 1)
                     and key[0] not in self.joins}
        tagged = {source for source, _ in self.tags}
        self.bars = {node for node, steps in feeds.items()
                     if len(steps) > 1 and node not in tagged}
        self.bars |= {node for node, steps in gathers.items()
                      if len(steps) > 1 and node not in self.joins}
        self.bars |= over_joins(self)

    def _pick_sides(self):
        """Initial states stand where their row begins, final ones that nobody reads, where it ends."""
        self.beside = set()
        for row in self.rows:
            for node in self.looks:
                out, into = self.out_of[node], self.into[node]
                starts = all(w.target.stack == row.stack.name and (
                    row.stack.state_read(w.target, w.position) or (node, w.blob) in self.tags)
                    for w in out)
                ends = all(w.source.stack == row.stack.name
                           and w.source.step == row.stack.steps[-1] for w in into)
                if out and starts and node not in self.beside | self.bars:
                    row.starts.append(node)
                elif into and ends and not out and node.type == "Split":
                    row.ends.append(node)
            self.beside |= {*row.starts, *row.ends}
        self.sides = {node: row for row in self.rows for node in row.starts + row.ends}

    def _lay_out_cells(self):
        for row in self.rows:
            for step, nodes in row.stack.cells.items():
                wires_in = [w for node in nodes for w in self.into[node]]
                wires_out = [w for node in nodes for w in self.out_of[node]
                             if w.target not in self.beside]
                row.cells[step] = Cell(row.stack, nodes, wires_in, wires_out)
            layouts = lay_out(row.cells)
            for layout in set(layouts.values() if row.way < 0 else ()):
                layout.mirrored()
            row.set_layouts(layouts)

    def _columns(self, view):
        steps = sorted({step for row in self.rows for step in row.stack.steps})
        runs = [(step, step) for step in steps]
        if view == "fold" and len(steps) > 5:
            runs = [*runs[:3], (steps[3], steps[-2]), runs[-1]]
        if view == "rolled" and steps:
            runs = [(steps[0], steps[-1])]
        self.columns, x = [], 0
        for first, last in runs:
            column = Column(first, last, x, FOLDED_WIDTH, view == "rolled")
            if not column.folded:
                column.width = max(row.layouts[step].width for row in self.rows
                                   for step in [column.step_of(row)] if step in row.layouts)
            self.columns.append(column)
            x += column.width + self.gap
        self.span = x - self.gap if runs else 0
        self.side = max((row.side_width(self.looks) for row in self.rows), default=0) + self.gap
        self.shown = {(row, step): column for row in self.rows for column in self.columns
                      for step in column.shown_steps(row)}

    def _fold_away(self):
        """Leave out the nodes outside that belong to hidden steps alone, like their losses."""
        self.away = {}  # node -> the column of its step
        shown = {(row.stack.pair, row.stack.place(step)) for row, step in self.shown}
        places = {column.step for column in self.columns if not column.folded}
        self.away.update({node: place for node, (_, place) in self.joins.items()
                          if place not in places})
        for group in self._groups():
            steps = {self.spot(node) for member in group
                     for wire in self.into[member] + self.out_of[member]
                     for node in (wire.source, wire.target) if node.stack is not None}
            if steps and not steps & shown:
                self.away.update(dict.fromkeys(group, min(step for _, step in steps)))

    def _groups(self):
        """Groups of nodes outside the steps: wires that touch no bar and no tag connect a group."""
        loose = [node for node in self.looks if node not in self.beside | self.bars
                 and not any((node, wire.blob) in self.tags for wire in self.out_of[node])]
        group_of = {node: [node] for node in loose}
        for wire in self.wiring.wires:
            one, other = group_of.get(wire.source), group_of.get(wire.target)
            if one is not None and other is not None and one is not other:
                one += other
                group_of.update(dict.fromkeys(other, one))
        groups = {id(group): group for group in group_of.values()}.values()
        return [group for group in groups if not self._touches_a_bar(group)]

    def _touches_a_bar(self, group):
        return any(wire.source in self.bars or wire.target in self.bars
                   for node in group for wire in self.into[node] + self.out_of[node])

    def _outside(self):
        """Put all that is in no step into layers; there, a row of steps is one big item."""
        items, place, alone = {}, {}, {}
        self.shelf_of = shelves(self)
        for node in self.graph.nodes:
            if node.stack is not None:
                row = place[node] = self.row_of(node)
                items[row] = (self.span + 2 * self.side, row.height)
                alone[row] = (0, False)
            elif node in self.shelf_of:
                shelf = place[node] = self.shelf_of[node]
                items[shelf], alone[shelf] = (self.span, shelf.height(self.looks)), (0, True)
            elif node in self.looks and node not in self.beside and node not in self.away:
                look, place[node] = self.looks[node], node
                if node in self.bars:
                    middle, wide = self._bar_extent(node)
                    look.width, alone[node] = max(look.width, wide), (middle, True)
                items[node] = (look.width, look.height)
        place.update({node: row for row in self.rows for node in row.starts + row.ends})
        edges, ports = self._outer_edges(place)
        order = {item: i for i, item in enumerate(sorted_upward(items, edges))}
        self.layout = layered({item: items[item] for item in order},
                              [e for e in edges if order[e[0]] < order[e[1]]],
                              28, self._gap_between_layers(), alone, ports,
                              in_order=self._pieces())
        self.width, self.height = self.layout.width, self.layout.height
        self._align()

    def _gap_between_layers(self):
        """Room for the arrows that lead back, where a row of rolled steps is above another."""
        rolled = any(column.rolled for column in self.columns)
        return 36 if not self.rows else 100 if rolled and len(self.rows) > 1 else 58

    def _bar_extent(self, bar):
        """(centre from the middle of all columns, width) of a bar over those it has wires to."""
        near = {node for wire in self.into[bar] + self.out_of[bar]
                for node in (wire.source, wire.target)}
        steps = {self.spot(node)[1] for node in near if node.stack is not None}
        steps |= {self.joins[node][1] for node in near if node in self.joins}
        touched = [column for column in self.columns
                   if any(column.step <= step <= column.last for step in steps)]
        left, right = touched[0].x, touched[-1].x + touched[-1].width
        return (left + right - self.span) / 2, right - left

    def _outer_edges(self, place):
        """Edges between the items outside the steps, and where they meet a row's ports."""
        met = defaultdict(list)
        for wire in self.wiring.wires:
            source, target = place.get(wire.source), place.get(wire.target)
            if source is target or source is None or target is None:
                continue
            met[source, target].append(tuple(
                self._port_dx(wire, entering) if isinstance(item, Row) else
                self._middle(node) - self.span / 2 if node in self.shelf_of else
                0 if entering or item in self.bars else self._head_dx(item, wire.top)
                for item, node, entering in ((source, wire.source, False),
                                             (target, wire.target, True))))
        ports = {edge: [sum(dx) / len(dx) for dx in zip(*pairs)] for edge, pairs in met.items()}
        return list(met), ports

    def _middle(self, node):
        """x of a node on a shelf."""
        column = self.shelf_of[node].columns[node]
        return column.x + column.width / 2

    def _head_dx(self, node, top):
        return head_shift(self.looks[node], node, top) if node in self.looks else 0

    def _pieces(self):
        """Readers of each blob that is sliced outside the steps, in the order of the slice."""
        return [list(dict.fromkeys(w.target for w in sorted(
            self.out_of[node], key=lambda wire: wire.top) if w.target.stack is None))
            for node in self.looks if node.type == "Slice"]

    def _port_dx(self, wire, entering):
        port = self.port(wire, entering)
        return port[0] - self.span / 2 if port else 0

    def _align(self):
        """Give rows and bars one centre, so that the lines between them are upright."""
        places = self.layout.places
        centre = next((places[row][0] for row in self.rows), self.width / 2)
        self.left_edge = centre - self.span / 2
        for column in self.columns:
            column.x += self.left_edge
        self.at = {}
        for item, (x, y) in places.items():
            if isinstance(item, Row):
                item.top = y - item.height / 2
            elif isinstance(item, Shelf):
                self.at.update({node: (self._middle(node), y) for node in item.columns})
            else:
                self.at[item] = (x, y)
        for row in self.rows:
            for nodes, side in ((row.starts, -row.way), (row.ends, row.way)):
                edge = self.left_edge + (self.span + self.gap if side > 0 else -self.gap)
                self._stand_beside(row, nodes, edge, side)
        step_aside(self)

    def _stand_beside(self, row, nodes, edge, direction):
        wish = sorted(((self._lane(row, node), node.index, node) for node in nodes))
        heights = [self.looks[node].height for _, _, node in wish]
        for (_, _, node), y in zip(wish, apart([lane for lane, _, _ in wish], heights, 8)):
            self.at[node] = (edge + direction * self.looks[node].width / 2, y)

    def _lane(self, row, node):
        """Mean height of the state lines that begin or end at a node at the side."""
        states = [row.stack.state_read(w.target, w.position) for w in self.out_of[node]]
        states += [row.stack.state_made(w.source, w.top)
                   for w in self.into[node]]
        heights = [row.lane(row.stack.steps[0], state) for state in states if state]
        return sum(heights) / len(heights) if heights else row.top + row.height / 2

    def port(self, wire, entering):
        """Where a wire meets the frame of a step, or None if that step is not shown."""
        node = wire.target if entering else wire.source
        row = self.row_of(node)
        column = self.shown.get((row, node.step))
        if column is None:
            return None
        layout = row.layouts[column.step_of(row)]
        if entering:
            x, y = layout.entries.get((node.role, wire.position)), row.top + row.height
        else:
            x, y = layout.exits.get((node.role, wire.top)), row.frame_top(column.step_of(row))
        return None if x is None else (row.frame_left(column) + x, y)

    def spot(self, node):
        """(row or pair of opposite rows, column) of a node in a step."""
        stack = self._row_named[node.stack].stack
        return stack.pair, stack.place(node.step)

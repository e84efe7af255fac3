"""Other units in pictures: laid out as in textbooks, and who feeds whom is as in the net."""
import json
import re
from itertools import combinations

import pytest
from drawn_nets import SVG, frames, parsed, texts, wires

from lstm_lib import (
    Cell, attention, attention_start, both_directions, caffe, draw, load_net, stack, unroll)
from lstm_lib.cells import cell_of
from lstm_lib.drawing import svg
from lstm_lib.drawing.layout.scene import Scene
from lstm_lib.drawing.structure.graph import read_graph
from lstm_lib.drawing.structure.steps import prepared

L = caffe.layers
T = 3
UNITS = "composed", "rnn", "gru", "peephole"


def inputs(*dims):
    return L.Input(input_param=dict(shape=dict(dim=list(dims))))


def one(cell, T=T, cont=False, static=False, hold=False):
    """An unroll of a cell."""
    ns = caffe.NetSpec()
    ns.x = inputs(T, 2, 5)
    more = {}
    if hold:
        ns.hold = inputs(T, 2)
        more["hold"] = ns.hold
    if cont:
        ns.cont = inputs(T, 2)
        more["cont"] = ns.cont
    if static:
        ns.s = inputs(2, 7)
        more["x_static"] = ns.s
    unroll(ns, ns.x, T, 4, cell=cell, **more)
    return ns


def layers_of(cell, dropout=0.0):
    ns = caffe.NetSpec()
    ns.x = inputs(T, 2, 5)
    stack(ns, ns.x, T, [4, 4], cell=cell, dropout=dropout)
    return ns


def both(cell="composed", T=T):
    ns = caffe.NetSpec()
    ns.x = inputs(T, 2, 5)
    both_directions(ns, ns.x, T, 4, cell=cell)
    return ns


def attending():
    ns = caffe.NetSpec()
    ns.X = inputs(T, 2, 5, 7, 7)
    h0, c0 = attention_start(ns, ns.X, T, 5, 49, 4)
    unroll(ns, attention(ns, ns.X, T, 5, 49), T, 4, h0=h0, c0=c0)
    return ns


def renamed(net):
    """The same net with layers and blobs of a step called after nothing that they compute."""
    proto, names = net.to_proto(), {}

    def other(name):
        step = re.match(r"t[0-9]+/", name)
        if not step or name.endswith("/x"):
            return name
        inside = name[step.end():]
        return step[0] + names.setdefault(inside, f"q/{chr(97 + len(names) % 26)}{len(names)}w")

    for layer in proto.layer:
        layer.name = other(layer.name)
        for blobs in (layer.bottom, layer.top):
            blobs[:] = [other(name) for name in blobs]
    return proto


def rows(net):
    return Scene(prepared(read_graph(net.to_proto() if hasattr(net, "to_proto") else net)),
                 "all", False).rows


def kind_and_rest(net):
    return draw(net).alt.split(", ", 1)


@pytest.mark.parametrize("net, words", [
    (one("rnn"), "unrolled RNN"), (one("gru"), "unrolled GRU"), (one("composed"), "unrolled LSTM"),
    (one("peephole"), "unrolled LSTM with peepholes"), (both("gru"), "unrolled GRU"),
    (layers_of("gru", 0.5), "unrolled GRU"), (renamed(one("gru")), "unrolled GRU"),
    (renamed(one("rnn")), "unrolled RNN"),
    (renamed(one("peephole")), "unrolled LSTM with peepholes")],
    ids=["rnn", "gru", "lstm", "peephole", "both", "stack", "gru*", "rnn*", "peephole*"])
def test_the_alt_text_names_a_unit_by_its_layers_whatever_they_are_called(net, words):
    assert kind_and_rest(net)[0] == words


@pytest.mark.parametrize("cont", [False, True], ids=["", "cont"])
@pytest.mark.parametrize("steps", [1, T])
@pytest.mark.parametrize("cell, words", [
    ("rnn", "RNN"), ("gru", "GRU"), ("composed", "LSTM"), ("fused", "LSTM"),
    ("peephole", "LSTM with peepholes")])
def test_a_unit_that_keeps_its_states_in_the_padding_has_its_name(cell, words, steps, cont):
    net = one(cell, steps, cont, hold=True)
    assert kind_and_rest(net)[0] == f"unrolled {words}"
    assert kind_and_rest(load_net(net))[0] == f"unrolled {words}"


@pytest.mark.parametrize("name, change", [
    ("rest", lambda layer: layer.power_param.MergeFrom(type(layer.power_param)(scale=-2))),
    ("rest", lambda layer: layer.power_param.MergeFrom(type(layer.power_param)(shift=0.5))),
    ("h", lambda layer: layer.eltwise_param.MergeFrom(type(layer.eltwise_param)(operation=2))),
    ("h", lambda layer: layer.eltwise_param.coeff.extend([1, -1])),
    ("h", lambda layer: layer.bottom.__setitem__(1, layer.bottom[0]))],
    ids=["scale", "shift", "MAX", "difference", "new twice"])
def test_a_gru_of_which_something_else_is_kept_has_no_name(name, change):
    proto = one("gru", hold=True).to_proto()
    change(next(layer for layer in proto.layer if layer.name == f"t2/hold/{name}"))
    assert kind_and_rest(proto)[0] == "unrolled net"


def points_along(path):
    """Points on a path, a pixel apart."""
    for (x1, y1), (x2, y2) in zip(path, path[1:]):
        count = max(1, round(max(abs(x2 - x1), abs(y2 - y1))))
        for k in range(count + 1):
            yield x1 + (x2 - x1) * k / count, y1 + (y2 - y1) * k / count


def drawn_pairs(layout):
    """(role, role) of all that the lines of a cell join, told by where they run."""
    def at(point):
        for role, (x, y) in layout.places.items():
            look = layout.look[role]
            if (abs(point[0] - x) <= look.width / 2 + 1
                    and abs(point[1] - y) <= look.height / 2 + 1):
                return role
        return None

    paths = [*layout.lines, *(points for _, points, _ in layout.tracks),
             *(points for _, points in layout.thin)]

    def begins(path):
        """The role from which a path comes; where it branches off another, that one's."""
        if at(path[0]):
            return at(path[0])
        for other in paths:
            last, seen = None, False
            for point in points_along(other) if other is not path else ():
                if max(abs(point[0] - path[0][0]), abs(point[1] - path[0][1])) < 1:
                    seen = True
                    break
                last = at(point) or last
            if seen and other[0] != path[0]:
                return last or begins(other)
        return None

    pairs = set()
    for path in paths:
        last = begins(path)
        for point in points_along(path):
            role = at(point)
            if role and role != last:
                pairs.add((last, role))
            last = role or last
    return {(source, target) for source, target in pairs if source}


@pytest.mark.parametrize("net", [
    *(one(cell) for cell in UNITS), *(one(cell, cont=True) for cell in UNITS),
    *(both(cell) for cell in UNITS), one("composed", static=True), one("peephole", static=True),
    layers_of("gru", 0.5), layers_of("rnn", 0.5), layers_of("composed", 0.5)],
    ids=[*UNITS, *(f"{cell} cont" for cell in UNITS), *(f"{cell} both" for cell in UNITS),
         "static", "peephole static", "gru dropout", "rnn dropout", "lstm dropout"])
def test_the_lines_in_a_textbook_cell_join_what_feeds_what(net):
    for row in rows(net):
        for step, layout in row.layouts.items():
            cell = row.cells[step]
            assert set(layout.places) == set(cell.role)
            assert drawn_pairs(layout) == {(w.source.role, w.target.role) for w in cell.inner}


@pytest.mark.parametrize("cell, state", [("gru", "h"), ("peephole", "c"), ("composed", "c")])
def test_a_state_is_one_straight_line_through_each_step(cell, state):
    for layout in rows(one(cell))[0].layouts.values():
        straight = [points for of, points, _ in layout.tracks if of.label == state
                    and points[0][0] == 0 and points[-1][0] == layout.width]
        assert [{y for _, y in points} for points in straight] == [
            {next(y for of, y in layout.lanes.items() if of.label == state)}]


def test_in_a_plain_recurrent_net_the_product_the_sum_and_tanh_stand_on_the_line_of_h():
    for layout in rows(one("rnn"))[0].layouts.values():
        (lane,) = layout.lanes.values()
        on_it = sorted(x for x, y in layout.places.values() if y == lane)
        assert len(on_it) == 3 and [look.words for role, look in layout.look.items()
                                    if layout.places[role] == (on_it[-1], lane)] == ["tanh"]


def test_peepholes_are_thin_lines_two_from_the_old_c_and_one_from_the_new():
    tree = parsed(one("peephole"))
    thin = [p for p in tree.iter(SVG + "path") if p.get("data-thin") == "c"]
    thick = [p for p in tree.iter(SVG + "path") if p.get("data-state") == "c"]
    assert len(thin) == 3 * T
    assert {float(p.get("stroke-width")) for p in thin} == {1.5}
    assert {float(p.get("stroke-width")) for p in thick} == {3}
    layout, = {id(l): l for l in rows(one("peephole"))[0].layouts.values()}.values()
    new_c = layout.places["peephole/c"][0]
    assert [points[0][0] > new_c for _, points in layout.thin] == [False, False, True]


def other_unit(change):
    """A GRU whose step is not quite one."""
    gru = cell_of("gru")

    def step(ns, Mx, states, p, H, w):
        made = gru.step(ns, Mx, states, p, H, w)
        change(ns, p)
        return made
    return one(Cell("gru", step, rows=3, own=gru.own))


def pieces_exchanged(ns, p):
    layer = ns.tops[p + "raw_r"].fn
    layer.inputs = (ns.tops[p + "x_z"], layer.inputs[1])
    layer = ns.tops[p + "raw_z"].fn
    layer.inputs = (ns.tops[p + "x_r"], layer.inputs[1])


def kept_and_taken_exchanged(ns, p):
    layer = ns.tops[p + "h-n"].fn
    layer.inputs = layer.inputs[::-1]


@pytest.mark.parametrize("change", [pieces_exchanged, kept_and_taken_exchanged])
def test_a_unit_that_is_not_quite_a_gru_is_drawn_in_the_general_way(change):
    net = other_unit(change)
    assert kind_and_rest(net)[0] == "unrolled net"
    for layout in rows(net)[0].layouts.values():
        assert not any(points[0][0] == 0 and points[-1][0] == layout.width
                       for _, points, _ in layout.tracks)


def boxes_of_words(element, x=0, y=0):
    """(words, left, top, right, bottom) of each text on the page."""
    moved = re.match(r"translate\(([-\d.]+),([-\d.]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if element.tag == SVG + "text" and element.text:
        wide = svg.width_of(element.text, float(element.get("font-size", svg.SIZE)))
        left = x + float(element.get("x")) - {"start": 0, "end": wide}.get(
            element.get("text-anchor"), wide / 2)
        middle = y + float(element.get("y"))
        yield element.text, left, middle - 6, left + wide, middle + 6
    for child in element:
        yield from boxes_of_words(child, x, y)


@pytest.mark.parametrize("steps", ["all", "fold", "rolled"])
@pytest.mark.parametrize("net", [
    *(one(cell, 9) for cell in UNITS), *(both(cell, 9) for cell in UNITS),
    one("composed", 9, static=True), layers_of("gru", 0.5), attending()],
    ids=[*UNITS, *(f"{cell} both" for cell in UNITS), "static", "stack", "attention"])
def test_no_word_stands_on_another(net, steps):
    words = list(boxes_of_words(parsed(net, steps=steps)))
    for one_, other in combinations(words, 2):
        apart = (one_[3] <= other[1] or other[3] <= one_[1] or one_[4] <= other[2]
                 or other[4] <= one_[2])
        assert apart, (one_, other)


def titles(tree, row):
    """The steps of a row, from left to right."""
    found = {}
    for column in tree.iter(SVG + "g"):
        for cell in column if column.get("data-step") else ():
            words = next((t.text for t in cell.iter(SVG + "text")
                          if (t.text or "").startswith(f"{row}/ t = ")), None)
            if words:
                x = float(re.findall(r"[-\d.]+", cell.get("transform"))[0])
                found[x] = int(words.split()[-1])
    return [found[x] for x in sorted(found)]


@pytest.mark.parametrize("cell", UNITS)
def test_the_second_direction_runs_from_right_to_left(cell):
    tree = parsed(both(cell))
    assert titles(tree, "forward") == [1, 2, 3] and titles(tree, "backward") == [3, 2, 1]


@pytest.mark.parametrize("steps", ["all", "fold"])
def test_both_directions_and_their_joined_output_stand_in_the_column_of_their_input(steps):
    scene = Scene(prepared(read_graph(both(T=9).to_proto())), steps, False)
    forward, backward = scene.rows
    at = {node.name: scene.at[node][0] for node in scene.at}
    shown = [column for column in scene.columns if not column.folded]
    for column in shown:
        t = column.step
        assert forward.stack.place(t) == t and backward.stack.place(10 - t) == t
        assert at[f"h{t}"] == column.x + column.width / 2
    assert {name for name in at if re.fullmatch("h[0-9]", name)} == {
        f"h{column.step}" for column in shown}


def test_states_of_the_second_direction_begin_at_the_right_and_end_at_the_left():
    scene = Scene(prepared(read_graph(both().to_proto())), "all", False)
    at = {node.name: scene.at[node][0] for node in scene.at}
    for state in "ch":
        assert at[f"forward/{state}0"] < scene.left_edge < at[f"backward/{state}0"]
        assert at[f"backward/{state}_T"] < scene.left_edge < at[f"forward/{state}_T"]
    for row in scene.rows:
        for layout in row.layouts.values():
            heads = [points for _, points, head in layout.tracks if head]
            assert heads and all(points[0][0] == (0 if row.way > 0 else layout.width)
                                 for points in heads)


def test_an_input_that_both_directions_read_is_drawn_once():
    assert texts(parsed(both())).count("x") == 1


def inside_a_frame(tree):
    """Places where wires outside the steps run behind a frame."""
    boxes = list(frames(tree))
    for wire in wires(tree):
        for x, y in points_along(wire):
            if any(left + 2 < x < right - 2 and top + 2 < y < bottom - 2
                   for left, top, right, bottom in boxes):
                yield x, y


@pytest.mark.parametrize("net", [attending(), one("composed", static=True), both()],
                         ids=["attention", "static", "both"])
def test_no_wire_runs_behind_the_steps(net):
    assert not list(inside_a_frame(parsed(net)))


@pytest.mark.parametrize("steps", ["all", "rolled"])
@pytest.mark.parametrize("net", [attending(), one("composed", static=True, cont=True)],
                         ids=["attention", "static"])
def test_no_line_into_the_steps_runs_behind_what_stands_below_them(net, steps):
    tree = parsed(net, steps=steps)
    lowest = max(bottom for _, _, _, bottom in frames(tree))
    boxes = [box for box in boxes_of_nodes(tree) if box[1] > lowest and box[2] - box[0] < 200]
    lines = [(x1, min(y1, y2), max(y1, y2)) for wire in wires(tree)
             for (x1, y1), (x2, y2) in zip(wire, wire[1:])
             if x1 == x2 and min(y1, y2) <= lowest + 1 and abs(y1 - y2) > 100]
    assert boxes and lines
    assert not [(box, line) for box in boxes for line in lines
                if box[0] < line[0] < box[2] and line[1] < box[1] and box[3] < line[2]]


def boxes_of_nodes(tree):
    """(left, top, right, bottom) of each node outside the steps."""
    for group in tree.findall(SVG + "g"):
        for rect in group.findall(SVG + "rect") if group.get("data-n") else ():
            x, y = float(rect.get("x")), float(rect.get("y"))
            yield x, y, x + float(rect.get("width")), y + float(rect.get("height"))


@pytest.mark.parametrize("net", [layers_of("composed"), layers_of("gru", 0.5)],
                         ids=["plain", "dropout"])
def test_a_wire_to_the_row_above_turns_outside_the_bar_between_them(net):
    tree = parsed(net)
    bars = [box for box in boxes_of_nodes(tree) if box[2] - box[0] > 500]
    turns = [y1 for wire in wires(tree) for (x1, y1), (x2, y2) in zip(wire, wire[1:])
             if y1 == y2 and abs(x1 - x2) > 20]
    assert len(bars) == 3 and len(turns) >= T
    assert not [y for y in turns for _, top, _, bottom in bars if top <= y <= bottom]


def test_the_page_lights_the_column_in_which_a_step_of_either_direction_stands(tmp_path):
    draw(both("gru", 9), interactive=True, path=tmp_path / "net.html")
    page = (tmp_path / "net.html").read_text(encoding="utf-8")
    data = json.loads(re.search('<script type="application/json" id="net">(.*?)</script>', page)[1])
    columns = {label: column for label, _, column, *_ in data["ticks"] if column}
    assert columns == {**{f"forward/ t = {t}": t for t in range(1, 10)},
                       **{f"backward/ t = {t}": 10 - t for t in range(1, 10)}}

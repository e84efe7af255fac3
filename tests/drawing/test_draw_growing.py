"""A cell of an LSTM that somebody builds by hand, layer by layer, with names of their own."""
import re

import pytest
from drawn_nets import PERCEPTRON, SVG, drawn_names, parsed, steps_in, texts

from lstm_lib import caffe, draw, load_net

L, P = caffe.layers, caffe.params
H = 2
NOTEBOOK = dict(x="x", h0="h0", c0="c0", Mx="Mx", Mh="Mh", z="z",
                cut=["raw_i", "raw_f", "raw_o", "raw_g"], i="i", f="f", o="o", g="g", c_f="c_f", c_i="c_i", c="c", act_c="act_c", h="h")
FOREIGN = dict(x="frame", h0="seen", c0="kept", Mx="lift", Mh="turn", z="both",
               cut=["p1", "p2", "p3", "p4"], i="write", f="keep", o="show", g="new",
               c_f="old_part", c_i="new_part", c="store", act_c="squash", h="answer")
ORDER = ["Mx", "Mh", "z", "cut", "i", "f", "o", "g", "c_f", "c_i", "c", "act_c", "h"]


def built(last="h", names=NOTEBOOK, in_place=False):
    """The NetSpec of a cell that has grown up to the part `last`."""
    ns, n = caffe.NetSpec(), names
    for name, size in (("x", 3), ("h0", H), ("c0", H)):
        ns[n[name]] = L.Input(input_param=dict(shape=dict(dim=[1, 2, size])))

    def top(name):
        return ns[n[name]]

    def eltwise(operation, *of):
        return L.Eltwise(*map(top, of), operation=getattr(P.Eltwise, operation))

    make = {
        "Mx": lambda: L.InnerProduct(top("x"), num_output=4 * H, axis=2),
        "Mh": lambda: L.InnerProduct(top("h0"), num_output=4 * H, axis=2, bias_term=False),
        "z": lambda: eltwise("SUM", "Mx", "Mh"),
        "cut": lambda: L.Slice(top("z"), axis=2, slice_point=[H, 2 * H, 3 * H], ntop=4),
        **{gate: lambda gate=gate: (L.TanH if gate == "g" else L.Sigmoid)(
            ns[n["cut"]["ifog".index(gate)]], in_place=in_place) for gate in "ifog"},
        "c_f": lambda: eltwise("PROD", "f", "c0"), "c_i": lambda: eltwise("PROD", "i", "g"),
        "c": lambda: eltwise("SUM", "c_f", "c_i"), "act_c": lambda: L.TanH(top("c")),
        "h": lambda: eltwise("PROD", "o", "act_c")}
    for part in ORDER[:ORDER.index(last) + 1]:
        made = make[part]()
        for name, blob in zip(n[part], made) if part == "cut" else [(n[part], made)]:
            ns[name] = blob
    return ns


def places(net):
    """Name of each node in the frame -> where its first shape stands."""
    (cell,) = [column[0] for column in parsed(net).iter(SVG + "g") if column.get("data-step")]
    found = {}
    for group in cell.iter(SVG + "g"):
        if group.get("data-n"):
            shape = next(e for e in group.iter() if e.tag in (SVG + "rect", SVG + "circle"))
            found[group.find(SVG + "title").text.split(" ")[0]] = tuple(
                shape.get(key) for key in ("x", "y", "cx", "cy"))
    return found


def lines(net, label):
    return [path.get("d") for path in parsed(net).iter(SVG + "path")
            if path.get("data-state") == label]


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("names", [NOTEBOOK, FOREIGN], ids=["notebook", "foreign"])
def test_a_whole_cell_is_the_textbooks_whatever_its_layers_are_called(names, in_place):
    net = built(names=names, in_place=in_place)
    words = texts(parsed(net))
    assert draw(net).alt.startswith("LSTM step, 16 layers")
    assert [w for w in words if w.startswith(("σ ", "tanh "))] == ["σ i", "σ f", "σ o", "tanh g"]
    assert (words.count("×"), words.count("+")) == (3, 2)
    c, h = ("c", "h") if names is NOTEBOOK else ("store", "answer")
    assert re.fullmatch(r"M0,(\d+)L\d+,\1", lines(net, c)[0]), "c runs straight through"
    assert len(lines(net, h)) == 2


@pytest.mark.parametrize("names", [NOTEBOOK, FOREIGN], ids=["notebook", "foreign"])
def test_each_part_of_a_growing_cell_is_at_its_place_from_the_first(names):
    whole = places(built(names=names))
    assert len(whole) == len(ORDER)
    for last in ORDER[1:]:
        grown = places(built(last, names))
        assert len(grown) == ORDER.index(last) + 1
        assert grown == {name: whole[name] for name in grown}


def test_a_part_of_a_cell_is_called_so_and_its_wires_end_where_it_ends():
    alt = draw(built("g")).alt
    assert alt.startswith("part of an LSTM step, 11 layers, 0 shared weights")
    assert alt.endswith(", h handed from step to step")
    assert lines(built("g"), "c") == []
    (way,) = lines(built("c_f"), "c")
    _, _, x, y = places(built("c_f"))["c_f"]
    assert way == f"M0,{y}L{x},{y}", "c comes in as far as c_f"
    assert len(lines(built("act_c"), "h")) == 1, "h comes in and does not go out"


def test_a_grown_cell_is_drawn_rolled_and_with_shapes_and_with_all_layers():
    assert steps_in(parsed(built("g"), steps="rolled")) == ["1"]
    net = load_net(built())
    assert "1×2×8" in texts(parsed(net, shapes=True))
    assert len(drawn_names(parsed(net, all_layers=True))) == len(net.layers)


@pytest.mark.parametrize("change", [("operation: SUM", "operation: MAX"),
                                    ('type: "Slice"', 'type: "Split"')])
def test_what_computes_something_else_is_no_cell(change):
    text = str(built("c_f").to_proto())
    assert change[0] in text
    assert steps_in(parsed(text.replace(*change))) == []


def test_two_products_alone_are_no_cell_unless_the_states_fit():
    assert steps_in(parsed(PERCEPTRON)) == []
    text = str(built("z").to_proto())
    assert steps_in(parsed(text)) == ["1"]
    assert steps_in(parsed(text.replace("num_output: 8", "num_output: 6"))) == []


def test_a_cell_goes_on_outside_its_frame():
    ns = built()
    ns.score = L.InnerProduct(ns.h, num_output=3, axis=2)
    net = draw(ns)
    assert net.alt.startswith("LSTM step")
    assert "score" not in places(ns) and "score" in drawn_names(parsed(ns))


def test_c_and_h_are_told_by_the_equations_in_an_unrolled_net_too():
    foreign = str(built(names=FOREIGN).to_proto())
    start = foreign.index('layer {\n  name: "lift"')
    text, cell = foreign[:start], foreign[start:]
    for t in (1, 2):
        step = re.sub(r'"(\w+)"', lambda m: f'"t{t}/{m[1]}"' if m[1] not in (
            "InnerProduct", "Eltwise", "Slice", "Sigmoid", "TanH", "frame", "seen", "kept")
            else m[0], cell)
        if t == 2:
            step = step.replace('"seen"', '"t1/answer"').replace('"kept"', '"t1/store"')
        text += step
    assert draw(text).alt.endswith("store and answer handed from step to step")
    assert all(re.fullmatch(r"M0,(\d+)L\d+,\1", d) for d in lines(text, "store"))


def plain():
    """The cell with one operation changed, so that it is drawn as a plain graph."""
    return str(built().to_proto()).replace("operation: SUM", "operation: MAX", 1)


def test_the_plain_graph_shows_operations_and_cuts():
    words = texts(parsed(plain()))
    assert words.count("Eltwise (× product)") == 3
    assert words.count("Eltwise (+ sum)") == words.count("Eltwise (max)") == 1
    assert "Slice (axis 2 at 2, 4, 6)" in words
    assert "raw_i, raw_f, raw_o, raw_g" in words


def test_each_piece_of_a_slice_has_a_wire_of_its_own_in_the_order_of_the_cuts():
    tree, wires = parsed(plain()), []
    for path in tree.iter(SVG + "path"):
        for wire in re.findall(r"M[^Mvz]+(?=M|$)", path.get("d")):
            numbers = [float(v) for v in re.findall(r"-?[\d.]+", wire)]
            wires.append((tuple(numbers[:2]), tuple(numbers[-2:])))
    (box,) = [next(g.iter(SVG + "rect")) for g in tree.iter(SVG + "g") if g.get("data-n")
              and g.find(SVG + "title") is not None and "Slice" in g.find(SVG + "title").text]
    left, top, wide = (float(box.get(key)) for key in ("x", "y", "width"))
    leaving = sorted((start[0], end[0]) for start, end in wires if start[1] == top
                     and left < start[0] < left + wide and end[1] < top - 12)
    assert len(leaving) == 4
    assert [x for x, _ in leaving] == pytest.approx([left + wide * p / 8 for p in (1, 3, 5, 7)],
                                                    abs=0.1)
    assert sorted(end for _, end in leaving) == [end for _, end in leaving]


def test_a_difference_and_weights_are_told_from_a_plain_sum():
    text = "".join('layer { name: "%s" type: "Input" top: "%s" }' % (x, x) for x in "ab")
    for name, factors in (("d", (1, -1)), ("w", (2, -1)), ("s", ())):
        text += ('layer { name: "%s" type: "Eltwise" bottom: "a" bottom: "b" top: "%s" '
                 "eltwise_param { %s } }" % (name, name, " ".join(f"coeff: {v}" for v in factors)))
    words = texts(parsed(text))
    assert {"Eltwise (− difference)", "Eltwise (+ weighted sum)", "Eltwise (+ sum)"} <= set(words)


def cleared(unit):
    """A step of which `go` clears the states, of an `LSTMUnit` or of layers."""
    ns = caffe.NetSpec()
    for name, size in (("x", 3), ("seen", H), ("kept", H)):
        ns[name] = L.Input(input_param=dict(shape=dict(dim=[1, 2, size])))
    ns.go = L.Input(input_param=dict(shape=dict(dim=[1, 2])))
    ns.clear_h = L.Scale(ns.seen, ns.go, axis=0)
    ns.lift = L.InnerProduct(ns.x, num_output=4 * H, axis=2)
    ns.turn = L.InnerProduct(ns.clear_h, num_output=4 * H, axis=2, bias_term=False)
    ns.both = L.Eltwise(ns.lift, ns.turn)
    if unit:
        ns.store, ns.answer = L.LSTMUnit(ns.kept, ns.both, ns.go, ntop=2)
        return ns
    ns.clear_c = L.Scale(ns.kept, ns.go, axis=0)
    cut = L.Slice(ns.both, axis=2, slice_point=[H, 2 * H, 3 * H], ntop=4)
    ns.p1, ns.p2, ns.p3, ns.p4 = cut
    ns.i, ns.f, ns.o = [L.Sigmoid(piece) for piece in cut[:3]]
    ns.g = L.TanH(cut[3])
    ns.old, ns.new = [L.Eltwise(one, other, operation=P.Eltwise.PROD)
                      for one, other in ((ns.f, ns.clear_c), (ns.i, ns.g))]
    ns.store = L.Eltwise(ns.old, ns.new)
    ns.squash = L.TanH(ns.store)
    ns.answer = L.Eltwise(ns.o, ns.squash, operation=P.Eltwise.PROD)
    return ns


@pytest.mark.parametrize("unit, layers", [(True, 9), (False, 19)], ids=["unit", "layers"])
def test_a_cell_whose_states_are_cleared_is_the_textbooks(unit, layers):
    net = cleared(unit)
    assert draw(net).alt.startswith(f"LSTM step, {layers} layers")
    assert draw(net).alt.endswith("store and answer handed from step to step")
    assert re.fullmatch(r"M0,(\d+)L\d+,\1", lines(net, "store")[0])
    load_net(net)  # and Caffe builds it
    boxes = {name: place for name, place in places(net).items() if name in ("lift", "turn")}
    assert len(boxes) == 2


def test_boxes_of_a_cell_stand_clear_of_each_other():
    for net in (built(), cleared(True), cleared(False)):
        tree, spans = parsed(net), []
        for group in tree.iter(SVG + "g"):
            if group.get("data-n") and "InnerProduct" in group.find(SVG + "title").text:
                box = group.find(SVG + "rect")
                spans.append((float(box.get("x")), float(box.get("width"))))
        (left, wide), (right, _) = sorted(spans)
        assert left + wide < right


def joined(unit):
    """Two steps that multiply [x, h], joined, by one weight: an `LSTMUnit`'s, or of layers."""
    def layer(name, kind, bottoms, tops=None, more=""):
        blobs = [f'bottom: "{b}"' for b in bottoms] + [f'top: "{t}"' for t in tops or [name]]
        return f'layer {{ name: "{name}" type: "{kind}" {" ".join(blobs)} {more} }} '

    text = "".join(layer(name, "Input", []) for name in ("x1", "x2", "h0", "c0", "go"))
    for t in (1, 2):
        at, c, h = f"t{t}/", f"c{t - 1}", f"h{t - 1}"
        text += layer(at + "join", "Concat", [f"x{t}", h])
        text += layer(at + "gates", "InnerProduct", [at + "join"], more='param { name: "w" }')
        if unit:
            text += layer(at + "unit", "LSTMUnit", [c, at + "gates", "go"], [f"c{t}", f"h{t}"])
            continue
        raw = [f"{at}raw_{gate}" for gate in "ifog"]
        text += layer(at + "cut", "Slice", [at + "gates"], raw)
        for gate, blob in zip("ifog", raw):
            text += layer(at + gate, "TanH" if gate == "g" else "Sigmoid", [blob])
        times, plus = ("eltwise_param { operation: %s }" % name for name in ("PROD", "SUM"))
        text += layer(at + "old", "Eltwise", [at + "f", c], more=times)
        text += layer(at + "new", "Eltwise", [at + "i", at + "g"], more=times)
        text += layer(at + "c", "Eltwise", [at + "old", at + "new"], [f"c{t}"], plus)
        text += layer(at + "act", "TanH", [f"c{t}"])
        text += layer(at + "h", "Eltwise", [at + "o", at + "act"], [f"h{t}"], times)
    return text


@pytest.mark.parametrize("unit", [True, False], ids=["unit", "layers"])
def test_a_cell_that_joins_x_and_h_shows_both_as_what_the_join_reads(unit):
    assert draw(joined(unit)).alt.startswith("unrolled LSTM, 2 steps")
    cell = [column[0] for column in parsed(joined(unit)).iter(SVG + "g")
            if column.get("data-step")][0]
    box = next(g.find(SVG + "rect") for g in cell.iter(SVG + "g")
               if g.get("data-n") and "join" in g.find(SVG + "title").text)
    left, top, wide, high = (float(box.get(key)) for key in ("x", "y", "width", "height"))
    feet = {end for path in cell.iter(SVG + "path") for end in re.findall(
        r"L(-?[\d.]+),(-?[\d.]+)(?=M|$)", path.get("d"))
        if left < float(end[0]) < left + wide and abs(float(end[1]) - top - high) < 0.1}
    assert len(feet) == 2, "x and h"

"""The time-step picture: what is in it, never how many pixels."""
import re
from itertools import combinations

import numpy as np
import pytest
from drawn_nets import (NAMELESS, PERCEPTRON, SVG, drawn_names, parsed, stacked, steps_in, texts,
                        unrolled)

from lstm_lib import (NetError, add_layer_to_net_spec, caffe, initial_state, load_net, prototxt,
                      single_time_step_lstm, unroll)
from lstm_lib import draw
from lstm_lib.drawing.structure.graph import read_graph
from lstm_lib.drawing.structure.steps import find_steps
from lstm_lib.drawing.svg import STATE_COLOURS, WEIGHT_COLOURS
from lstm_lib.drawing.structure.wiring import Wiring


def inner(element):
    return "".join(part.strip() for part in element.itertext())


def frames(tree):
    """The group of each step's cell: the first child of each column."""
    return [column[0] for column in tree.iter(SVG + "g") if column.get("data-step")]


def shift(frame):
    return [float(v) for v in re.findall(r"[-\d.]+", frame.get("transform"))]


def state_lines(frame, label):
    return [p.get("d") for p in frame.iter(SVG + "path") if p.get("data-state") == label]


def test_there_is_a_frame_per_step_titled_t():
    words = texts(parsed(unrolled(5)))
    assert [w for w in words if w.startswith("t = ")] == [f"t = {k}" for k in range(1, 6)]


def test_frames_stand_on_one_baseline_at_equal_distances():
    places = [shift(frame) for frame in frames(parsed(unrolled(5)))]
    assert len({y for _, y in places}) == 1
    assert len({round(b[0] - a[0], 3) for a, b in zip(places, places[1:])}) == 1


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_c_is_one_straight_line_through_all_steps(options):
    cells = frames(parsed(unrolled(4, **options)))
    lines = {(shift(cell)[1], *state_lines(cell, "c")) for cell in cells}
    assert len(lines) == 1, "the line of c is the same in each step"
    d = lines.pop()[1]
    assert re.fullmatch(r"M0,(\d+)L\d+,\1", d), f"{d} does not run straight across the frame"


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_h_enters_and_leaves_a_step_at_one_height(options):
    lines = state_lines(frames(parsed(unrolled(3, **options)))[1], "h")
    enters = [d for d in lines if d.startswith("M0,")]
    height = re.match(r"M0,(\d+)", enters[0])[1]
    assert any(d.endswith(f",{height}") for d in lines if d not in enters)


def test_all_steps_are_stamped_from_one_cell():
    cells = frames(parsed(unrolled(4)))
    looks = {tuple((p.get("d"), p.get("x"), p.get("cx")) for p in cell.iter()
                   if p.tag != SVG + "text") for cell in cells[:-1]}
    assert len(looks) == 1


def test_gates_stand_in_the_order_of_the_slice_with_their_function():
    words = texts(parsed(unrolled(1)))
    gates = [w for w in words if w.startswith(("σ", "tanh ")) and len(w) < 8]
    assert gates == ["σ i", "σ f", "σ o", "tanh g"]


def test_products_and_sums_are_symbols():
    words = texts(parsed(unrolled(1)))
    assert (words.count("×"), words.count("+")) == (3, 2)


def test_a_shared_weight_has_one_colour_in_all_steps_and_in_the_legend():
    tree = parsed(unrolled(3))
    chips = [g for g in tree.iter(SVG + "g") if g.get("data-w")]
    for mark in "123":
        mine = [g for g in chips if g.get("data-w") == mark]
        colours = {rect.get("fill") for g in mine for rect in g.iter(SVG + "rect")}
        assert colours == {WEIGHT_COLOURS[int(mark) - 1]}
        assert len(mine) == 3 + 2  # a chip per step; in the legend the entry and its chip


def test_the_legend_names_each_weight_its_shape_and_its_uses():
    words = "\n".join(texts(parsed(load_net(unrolled(3)))))
    assert "w_Mxw  16×3  shared by 3 layers" in words
    assert "w_Mhw  16×4  shared by 3 layers" in words


def test_states_and_weights_have_different_colours():
    assert not set(STATE_COLOURS) & set(WEIGHT_COLOURS)


def test_an_in_place_layer_is_one_node_with_its_maker():
    assert drawn_names(parsed(PERCEPTRON)) == ["data", "label", "ip1", "ip2", "loss"]
    assert "InnerProduct + ReLU" in texts(parsed(PERCEPTRON))


def test_an_in_place_gate_is_one_node_and_the_graph_has_no_cycle():
    graph = read_graph(unrolled(2))
    place = {node: number for number, node in enumerate(graph.nodes)}
    assert all(place[blob.maker] < place[node] for node in graph.nodes for blob in node.bottoms)
    assert drawn_names(parsed(unrolled(1))).count("t1/lstm/i") == 1


def test_every_layer_is_drawn_or_named_as_not_drawn():
    for source in (unrolled(3), unrolled(3, cell="fused"), stacked(), PERCEPTRON):
        graph = find_steps(read_graph(source))
        hidden = {node.name for node in Wiring(graph).hidden}
        tree = parsed(source)
        assert set(drawn_names(tree)) | hidden == {node.name for node in graph.nodes}
        note = " ".join(words for words in texts(tree) if words.startswith("Not drawn"))
        assert bool(note) == bool(hidden) and all(name in note for name in hidden)


def test_up_to_eight_steps_are_all_shown_and_more_are_folded():
    assert steps_in(parsed(unrolled(8))) == [str(k) for k in range(1, 9)]
    assert steps_in(parsed(unrolled(9))) == ["1", "2", "3", "4-8", "9"]
    assert steps_in(parsed(unrolled(8), steps="fold")) == ["1", "2", "3", "4-7", "8"]
    assert len(steps_in(parsed(unrolled(12), steps="all"))) == 12


def test_folded_steps_say_what_they_hold():
    words = texts(parsed(unrolled(10)))
    assert {"t = 4 … 9", "6 steps", "78 layers"} <= set(words)


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_rolled_up_there_is_one_cell_and_a_loop_per_state(options):
    tree = parsed(unrolled(10, **options), steps="rolled")
    assert steps_in(tree) == ["1-10"] and "t = 1 … 10" in texts(tree)
    loops = [p for p in tree.iter(SVG + "path") if p.get("data-loop")]
    assert [p.get("stroke") for p in loops] == list(STATE_COLOURS[:2])


def test_the_cell_alone_has_both_state_lines():
    cell = frames(parsed(unrolled(1)))[0]
    assert state_lines(cell, "c") and state_lines(cell, "h")


def test_shapes_are_written_on_request_and_come_from_the_built_net():
    net = load_net(unrolled(3))
    assert "1×2×4" not in texts(parsed(net))
    words = texts(parsed(net, shapes=True))
    assert {"1×2×4", "1×2×16", "1×2×3"} <= set(words)
    assert {"3×2×3", "Concat  3×2×4"} <= set(words)


def test_no_shape_stands_on_another_in_a_cell():
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 10, 5])))
    unroll(ns, ns.x, 3, 50)
    cell = frames(parsed(load_net(ns), shapes=True))[0]
    notes = []
    for one in (one for one in cell.iter() if one.get("font-size") == "13"):
        wide = 13 * sum(0.838 if sign == "×" else 0.636 for sign in one.text)  # DejaVu Sans
        left = float(one.get("x")) - wide * {"start": 0, "end": 1}.get(one.get("text-anchor"), 0.5)
        notes.append((float(one.get("y")), left, left + wide))
    assert len(notes) > 3
    for (y, left, right), (other, start, end) in combinations(notes, 2):
        assert abs(y - other) >= 10 or right <= start or left >= end


def test_shapes_or_values_without_a_built_net_are_refused():
    for option in (dict(shapes=True), dict(values="data")):
        with pytest.raises(NetError, match="loaded net"):
            draw(unrolled(2), **option)


def test_stacked_unrolls_stand_in_rows_with_columns_in_line():
    tree = parsed(stacked(3))
    columns = [[shift(g) for g in column if g.get("transform")]
               for column in tree.iter(SVG + "g") if column.get("data-step")]
    assert [len(column) for column in columns] == [2, 2, 2]
    for low, high in columns:
        assert low[0] == high[0] and low[1] > high[1]
    assert "high/ t = 1" in texts(tree)


def test_a_decoder_starts_from_the_encoders_states_and_may_have_fewer_steps():
    ns = unrolled(3, prefix="enc/")
    ns.y = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2, 3])))
    unroll(ns, ns.y, 2, 4, prefix="dec/", h0=ns["enc/h3"], c0=ns["enc/c3"])
    columns = [[g for g in column if g.get("transform")]
               for column in parsed(ns).iter(SVG + "g") if column.get("data-step")]
    assert [len(column) for column in columns] == [2, 2, 1]


def test_joining_along_another_axis_is_not_taken_for_handing_on():
    ns = unrolled(2, prefix="a/")
    ns.joined = caffe.layers.Concat(ns["a/h1"], ns["a/h2"], axis=2)
    h0, c0 = initial_state(ns, 1, 4, "b/")
    unroll(ns, ns.joined, 2, 4, prefix="b/", h0=h0, c0=c0)
    assert "joined" in drawn_names(parsed(ns))


def with_resets(T):
    """Steps whose states are multiplied by `cont` first, each by a `Scale` layer."""
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, 2, 3])))
    ns.cont = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, 2])))
    cuts = dict(axis=0, ntop=T, slice_point=list(range(1, T)))
    h, c = initial_state(ns, 2, 4)
    names = None
    for t, (x, cont) in enumerate(zip(caffe.layers.Slice(ns.x, **cuts),
                                      caffe.layers.Slice(ns.cont, **cuts)), 1):
        ns[f"x/t{t}"], ns[f"cont/t{t}"] = x, cont
        h, c = [add_layer_to_net_spec(ns, caffe.layers.Scale, f"t{t}/cont/{name}", top, cont,
                                      axis=0) for name, top in (("h", h), ("c", c))]
        c, h, names = single_time_step_lstm(ns, h, c, x, f"t{t}/", 4, names)
    return ns


def test_c_stays_straight_where_states_are_reset():
    tree = parsed(with_resets(3))
    for cell in frames(tree):
        assert re.fullmatch(r"M0,(\d+)L\d+,\1", state_lines(cell, "c")[0])
    assert texts(tree).count("×") == 3 * 5
    assert {"cont", "cont1", "cont2", "cont3"} <= set(texts(tree)), "a node, and wires from it"


def test_the_origins_step_names_are_found():
    ns = caffe.NetSpec()
    ns.X = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    ns.h0, ns.c0 = [caffe.layers.DummyData(shape=[dict(dim=[1, 2, 4])]) for _ in "hc"]
    xs = caffe.layers.Slice(ns.X, ntop=3, axis=0, slice_point=[1, 2])
    h, c, names = ns.h0, ns.c0, None
    for t, x in enumerate(xs):
        ns["x" + str(t)] = x
        c, h, names = single_time_step_lstm(ns, h, c, x, f"t{t}/", 4, names)
    tree = parsed(ns)
    assert steps_in(tree) == ["0", "1", "2"]
    assert state_lines(frames(tree)[0], "c") and state_lines(frames(tree)[0], "h")


def test_steps_without_telling_names_are_found_by_their_shared_weight():
    graph = find_steps(read_graph(NAMELESS))
    assert [stack.steps for stack in graph.stacks] == [[1, 2, 3, 4]]
    assert steps_in(parsed(NAMELESS)) == ["1", "2", "3", "4"]


def test_numbered_parts_that_share_nothing_are_no_steps():
    text = "".join(f'layer {{ name: "part{k}/a" type: "Input" top: "a{k}" }}' for k in (1, 2))
    assert steps_in(parsed(text)) == []


def test_a_first_step_without_state_is_laid_out_on_its_own():
    text = 'layer { name: "x" type: "Input" top: "x" }'
    for t in (1, 2, 3):
        text += (f'layer {{ name: "t{t}/m" type: "InnerProduct" bottom: "x" top: "m{t}" '
                 'param { name: "w" } }')
        if t > 1:
            text += (f'layer {{ name: "t{t}/s" type: "Eltwise" bottom: "m{t}" '
                     f'bottom: "y{t - 1}" top: "s{t}" }}')
        below = f"s{t}" if t > 1 else "m1"
        text += f'layer {{ name: "t{t}/y" type: "TanH" bottom: "{below}" top: "y{t}" }}'
    widths = [cell[0].get("height") for cell in frames(parsed(text))]
    assert widths[0] != widths[1] == widths[2]


def test_caffes_own_lstm_layer_is_one_node():
    text = ('layer { name: "x" type: "Input" top: "x" } layer { name: "k" type: "Input" top: "k" }'
            'layer { name: "lstm" type: "LSTM" bottom: "x" bottom: "k" top: "y" }')
    assert drawn_names(parsed(text)) == ["x", "k", "lstm"]


def test_values_give_each_node_its_colour_and_the_legend_a_scale():
    net = load_net(unrolled(3), force_backward=True)
    net.blobs["x"].data[...] = np.linspace(-1, 1, net.blobs["x"].count).reshape(3, 2, 3)
    net.forward()
    net.blobs["h_T"].diff[...] = 1
    net.backward()
    tree = parsed(net, values="diff")
    assert [g for g in tree.iter(SVG + "g") if g.get("data-scale") == "diff"]
    titles = [t.text for t in tree.iter(SVG + "title")]
    assert any("diff: mean |v|" in title for title in titles)
    fills = {rect.get("fill") for rect in tree.iter(SVG + "circle")}
    assert len(fills) > 3


def test_not_a_number_is_black():
    net = load_net(unrolled(1))
    net.blobs["c0"].data[...] = np.nan
    tree = parsed(net, values="data")
    node = next(g for g in tree.iter(SVG + "g") if g.get("data-n") and inner(g).startswith("c0"))
    assert node.find(SVG + "rect").get("fill") == "#000000"


def test_the_picture_needs_no_style_script_or_id():
    svg = draw(unrolled(3)).svg
    for part in ("<style", "<script", " id=", " class=", "href"):
        assert part not in svg


def test_the_alt_text_says_what_the_picture_shows():
    alt = draw(unrolled(3)).alt
    assert alt == ("unrolled LSTM, 3 steps, 46 layers, 3 shared weights (w_Mxw, w_Mxb, w_Mhw), "
                   "c and h handed from step to step")
    assert draw(PERCEPTRON).alt == (
        "net, 6 layers, 0 shared weights, 4 not shared (ip1[0], ip1[1], ip2[0], ip2[1])")
    assert parsed(PERCEPTRON).get("aria-label") == draw(PERCEPTRON).alt


def test_the_alt_text_names_weights_that_are_shared_and_weights_that_are_not():
    alt = draw(with_loss_on_the_last_step(3)).alt
    assert "3 shared weights (w_Mxw, w_Mxb, w_Mhw), 2 not shared (scores[0], scores[1])" in alt
    assert "10 not shared (a0[0], a1[0], a2[0], a3[0], a4[0], a5[0], …)" in draw("".join(
        f'layer {{ name: "a{k}" type: "InnerProduct" bottom: "x" top: "a{k}" '
        "inner_product_param { num_output: 1 bias_term: false } }" for k in range(10))
        + 'layer { name: "x" type: "Input" top: "x" }').alt


def test_a_net_is_called_an_lstm_for_what_it_computes_not_for_its_layers():
    text = prototxt(unrolled(3))
    other_order = re.sub(r'(top: "t./lstm/raw_o")(\s+)(top: "t./lstm/raw_g")', r"\3\2\1", text)
    no_sum = text.replace("operation: SUM", "operation: MAX")
    for changed, kind in ((other_order, "unrolled LSTM"), (no_sum, "unrolled net")):
        assert changed != text and draw(changed).alt.startswith(kind)


def test_the_same_net_gives_the_same_picture():
    assert draw(unrolled(3)).svg == draw(unrolled(3)).svg


def test_the_picture_grows_in_proportion_to_T():
    sizes = [len(draw(unrolled(T), steps="all").svg) for T in (20, 40, 60)]
    assert abs((sizes[2] - sizes[1]) - (sizes[1] - sizes[0])) < 0.02 * sizes[0]


def boxes(tree):
    """name -> (left, top, right, bottom) of each node that stands outside the steps."""
    found = {}
    inside = {id(g) for column in tree.iter(SVG + "g") if column.get("data-step")
              for g in column.iter(SVG + "g")}
    for g in tree.iter(SVG + "g"):
        if g.get("data-n") and id(g) not in inside and g.find(SVG + "title") is not None:
            x, y, w, h = (float(g.find(SVG + "rect").get(k)) for k in ("x", "y", "width", "height"))
            found[g.find(SVG + "title").text.split(" ")[0]] = x, y, x + w, y + h
    return found


def assert_no_overlap(found):
    names = sorted(found)
    for k, one in enumerate(names):
        for other in names[k + 1:]:
            a, b = found[one], found[other]
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (one, other)


def with_loss_on_the_last_step(T):
    ns = unrolled(T)
    ns.scores = caffe.layers.InnerProduct(ns[f"h{T}"], num_output=5, axis=2)
    ns.label = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2])))
    ns.loss = caffe.layers.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    return ns


def with_a_loss_per_step(T):
    ns = unrolled(T)
    for t in range(1, T + 1):
        ns[f"y{t}"] = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2, 4])))
        ns[f"loss{t}"] = caffe.layers.EuclideanLoss(ns[f"h{t}"], ns[f"y{t}"])
    return ns


@pytest.mark.parametrize("steps", ["all", "fold", "rolled"])
@pytest.mark.parametrize("net", [with_loss_on_the_last_step, with_a_loss_per_step])
def test_nothing_stands_on_a_bar_or_on_another_node(net, steps):
    found = boxes(parsed(net(6), steps=steps))
    assert {"H", "x", "h0", "c_T"} <= set(found)
    assert_no_overlap(found)


def test_a_loss_of_a_step_stands_above_that_step():
    tree = parsed(with_a_loss_per_step(3))
    found, places = boxes(tree), [shift(frame)[0] for frame in frames(tree)]
    for t, left in enumerate(places, 1):
        x = (found[f"loss{t}"][0] + found[f"loss{t}"][2]) / 2
        assert left < x < left + 400


def test_what_hangs_on_folded_steps_folds_with_them_and_is_counted():
    tree = parsed(with_a_loss_per_step(10))
    assert [name for name in drawn_names(tree) if name.startswith("loss")] == [
        "loss1", "loss2", "loss3", "loss10"]
    assert "90 layers" in texts(tree), "6 steps of 13 layers, a target and a loss each"


def test_rolled_up_the_loss_of_the_last_step_stays():
    assert {"scores", "label", "loss"} <= set(
        drawn_names(parsed(with_loss_on_the_last_step(12), steps="rolled")))


def test_the_main_line_of_a_residual_net_is_straight_and_nothing_is_cut_off():
    text = 'layer { name: "s0" type: "Input" top: "s0" }' + "".join(
        f'layer {{ name: "a{k}" type: "Convolution" bottom: "s{k}" top: "a{k}" }}'
        f'layer {{ name: "b{k}" type: "Convolution" bottom: "a{k}" top: "b{k}" }}'
        f'layer {{ name: "s{k + 1}" type: "Eltwise" bottom: "s{k}" bottom: "b{k}" '
        f'top: "s{k + 1}" }}' for k in range(20))
    tree = parsed(text)
    found = boxes(tree)
    assert max(abs(box[0] + box[2] - found["s0"][0] - found["s0"][2])
               for box in found.values()) < 2
    left, _, wide, _ = map(float, tree.get("viewBox").split())
    xs = [float(v) for p in tree.iter(SVG + "path")
          for v in re.findall(r"[MC ]([-\d.]+),", p.get("d"))]
    assert left <= min(xs) and max(xs) <= left + wide


def test_a_bar_is_as_wide_as_the_steps_it_serves():
    ns = unrolled(4, prefix="enc/")
    ns.y = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2, 3])))
    unroll(ns, ns.y, 2, 4, prefix="dec/", h0=ns["enc/h4"], c0=ns["enc/c4"])
    found = boxes(parsed(ns))
    assert found["enc/H"][2] - found["enc/H"][0] > 1.9 * (found["dec/H"][2] - found["dec/H"][0])


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_all_layers_shows_what_caffe_really_runs(options):
    net = load_net(unrolled(3, **options))
    tree = parsed(net, all_layers=True)
    graph = draw(net, all_layers=True).graph
    assert [layer.name for layer in graph.layers] != [layer.name for layer in net.spec.layer]
    assert sorted(layer.name for layer in graph.layers) == sorted(net._layer_names)
    assert sorted(drawn_names(tree)) == sorted(node.name for node in graph.nodes)
    assert not [words for words in texts(tree) if words.startswith("Not drawn")]
    for cell in frames(tree):  # it is still the picture of the textbook
        assert re.fullmatch(r"M0,(\d+)L\d+,\1", state_lines(cell, "c")[0])
    assert {"h1", "h3"} <= set(texts(tree))


def test_all_layers_need_a_loaded_net():
    with pytest.raises(NetError, match="loaded net"):
        draw(unrolled(2), all_layers=True)


def with_attention(T, **options):
    """A softmax over places, computed from h of the step before, weighs the input's places."""
    L, P = caffe.layers, caffe.params
    ns = caffe.NetSpec()
    ns.X = L.Input(input_param=dict(shape=dict(dim=[T, 2, 5, 9])))
    cut = L.Slice(ns.X, axis=0, ntop=T, slice_point=list(range(1, T)))
    for t, top in enumerate(cut, 1):
        ns[f"feat/t{t}"] = top

    def attended(t, h):
        def add(layer, name, *bottoms, **options):
            return add_layer_to_net_spec(ns, layer, f"t{t}/att/{name}", *bottoms, **options)

        scores = add(L.InnerProduct, "scores", h, num_output=9, axis=2,
                     param=[dict(name="w_att"), dict(name="b_att")])
        places = add(L.Reshape, "map", add(L.Softmax, "softmax", scores, axis=2),
                     reshape_param=dict(shape=dict(dim=[1, 2, 1, 9])))
        weighed = add(L.Eltwise, "mul", cut[t - 1], add(L.Tile, "tile", places, axis=2, tiles=5),
                      operation=P.Eltwise.PROD)
        return add(L.Reduction, "x", weighed, operation=P.Reduction.SUM, axis=3)

    h0, c0 = initial_state(ns, 2, 4)
    unroll(ns, attended, T, 4, h0=h0, c0=c0, **options)
    return ns


def fed_back(T):
    """Each step reads the output of the one before; the first an input of its own."""
    ns = caffe.NetSpec()
    ns.start = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2, 4])))
    h0, c0 = initial_state(ns, 2, 4)
    unroll(ns, lambda t, h: ns.start if t == 1 else h, T, 4, h0=h0, c0=c0)
    return ns


@pytest.mark.parametrize("net", [with_attention, fed_back])
def test_a_step_that_makes_its_own_input_is_still_the_textbooks(net):
    tree = parsed(net(3))
    for cell in frames(tree):
        assert re.fullmatch(r"M0,(\d+)L\d+,\1", state_lines(cell, "c")[0])
    assert_gates_in_order(tree)


def test_wires_begin_at_the_frame_s_foot_where_an_attention_makes_it_taller():
    cont = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2])))
    for cell in frames(parsed(with_attention(3, cont=cont))):
        starts = re.findall(r"M([\d.]+),([\d.]+)", " ".join(
            p.get("d") for p in cell.iter(SVG + "path") if not p.get("data-state")))
        foot = float(cell[0].get("height"))
        assert len([x for x, y in starts if float(y) == foot]) == 2  # cont and the places


def test_an_attention_stands_below_the_product_it_feeds():
    cell = frames(parsed(with_attention(3)))[1]
    height = {g.find(SVG + "title").text.split(" ")[0]: float((g.find(SVG + "rect")
              if g.find(SVG + "rect") is not None else g.find(SVG + "circle")).get(
                  "y" if g.find(SVG + "rect") is not None else "cy"))
              for g in cell if g.get("data-n")}
    order = ["lstm/Mx", "att/x", "att/mul", "att/tile", "att/map", "att/softmax", "att/scores"]
    assert [height["t2/" + name] for name in order] == sorted(height["t2/" + n] for n in order)


def test_the_first_input_of_a_net_that_is_fed_back_is_no_state():
    tree = parsed(fed_back(3))
    start, first = boxes(tree)["start"], frames(tree)[0]
    left, top = shift(first)
    assert left < (start[0] + start[2]) / 2 < left + 344, "below the first step, not beside it"
    assert start[1] > top + 300


def assert_gates_in_order(tree):
    for cell in frames(tree):
        x = {t.text: float(t.get("x")) for t in cell.iter(SVG + "text")}
        assert x["σ i"] < x["σ f"] < x["σ o"] < x["tanh g"]


def test_the_gates_of_any_cell_stand_in_the_order_of_the_slice():
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 3])))
    ns.hold = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2])))
    unroll(ns, ns.x, 3, 4, hold=ns.hold)
    assert_gates_in_order(parsed(ns))


def test_a_negative_mean_shows_without_colours_too():
    net = load_net(unrolled(1))
    net.blobs["c0"].data[...], net.blobs["h0"].data[...] = -1, 1
    tree = parsed(net, values="data")
    dashed = {g.find(SVG + "title").text.split(" ")[0]: g.get("stroke-dasharray") is not None
              for g in tree.iter(SVG + "g") if g.get("data-n") and len(g) > 1}
    assert dashed["c0"] and not dashed["h0"]


def test_states_run_through_the_folded_steps_to_the_last():
    folded = next(g for g in parsed(unrolled(10)).iter(SVG + "g") if g.get("data-step") == "4-9")
    for colour in STATE_COLOURS[:2]:
        lines = [p for p in folded.iter(SVG + "path") if p.get("stroke") == colour]
        assert [bool(p.get("stroke-dasharray")) for p in lines] == [True, False]


def test_names_below_a_step_are_not_struck_by_states_that_come_from_another_stack():
    ns = unrolled(2, prefix="enc/")
    ns.y = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2, 3])))
    unroll(ns, ns.y, 2, 4, prefix="dec/", h0=ns["enc/h2"], c0=ns["enc/c2"])
    tree = parsed(ns)
    lines = [float(y) for p in tree for y in re.findall(r"[\d.]+,([-\d.]+)", p.get("d", ""))
             if p.tag == SVG + "path" and p.get("stroke") in STATE_COLOURS]
    names = [float(t.get("y")) for t in tree if t.tag == SVG + "text" and t.text in ("x1", "x2")]
    assert len(names) == 4
    assert all(abs(name - 4 - line) > 5 for name in names for line in lines)


def test_a_difference_is_a_minus():
    text = ('layer { name: "x" type: "Input" top: "x" }' + "".join(
        f'layer {{ name: "t{t}/m" type: "InnerProduct" bottom: "x" top: "m{t}" '
        'param { name: "w" } } '
        f'layer {{ name: "t{t}/d" type: "Eltwise" bottom: "m{t}" bottom: "x" top: "d{t}" '
        'eltwise_param { operation: SUM coeff: 1 coeff: -1 } }' for t in (1, 2)))
    assert texts(parsed(text)).count("− d") == 2


def test_outputs_that_are_joined_and_cut_again_go_straight_to_the_upper_stack():
    assert "low/H" not in drawn_names(parsed(stacked()))
    wires = Wiring(find_steps(read_graph(stacked()))).wires
    assert [(w.source.name, w.target.name) for w in wires if w.source.name == "low/t2/lstm/h"
            and w.target.stack == "high/"] == [("low/t2/lstm/h", "high/t2/lstm/Mx")]


def test_lines_of_states_keep_room_for_their_names():
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2, 3])))
    ns.hold = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2])))
    unroll(ns, ns.x, 2, 4, hold=ns.hold)
    cell = frames(parsed(ns))[0]
    c, h = [float(re.match(r"M0,([\d.]+)", state_lines(cell, s)[0])[1]) for s in "ch"]
    assert abs(c - h) >= 30


def test_the_loops_of_a_rolled_net_run_outside_its_frame():
    cell = frames(parsed(unrolled(10), steps="rolled"))[0]
    c, h = [[float(y) for y in re.findall(r",([-\d.]+)", p.get("d"))]
            for p in cell.iter(SVG + "path") if p.get("data-loop")]
    assert min(c) < 0 and max(h) > float(cell[0].get("height"))


def test_an_equation_tells_what_is_computed_in_place():
    from lstm_lib.drawing.structure.words import equation

    gate = next(node for node in read_graph(PERCEPTRON).nodes if node.name == "ip1")
    assert equation(gate) == "ip1 = ip1[0] · data + ip1[1]; ip1 ← max(0, ip1)"


def test_an_output_that_is_fed_back_reaches_the_product_of_the_input():
    def arrows(cell):  # lines of h that enter from the left
        return [d for d in state_lines(cell, "h") if not d.startswith("M3")]

    cells = frames(parsed(fed_back(3)))
    assert [len(arrows(cell)) for cell in cells] == [1, 2, 2]


def test_a_copy_is_a_dot_on_the_line_it_branches_from():
    cell = frames(parsed(load_net(unrolled(2)), all_layers=True))[0]
    line = float(re.match(r"M0,(\d+)", state_lines(cell, "c")[0])[1])
    dots = [c for c in cell.iter(SVG + "circle") if float(c.get("r")) < 8]
    assert len(dots) == 2 and line in [float(dot.get("cy")) for dot in dots]


def test_what_reads_a_folded_step_and_all_outputs_stays():
    ns = unrolled(10)
    ns.both = caffe.layers.Concat(ns.H, ns.h5, axis=0)
    assert "both" in drawn_names(parsed(ns))


def test_a_net_is_drawn_with_the_same_letters_each_time():
    kept, drawn = [], set()
    for seed in range(12):  # other places in memory, so another order of sets
        kept.append([object() for _ in range(1000 * seed)][::7])
        drawn.add(draw(unrolled(12, cell="fused"), steps="fold").svg)
    assert len(drawn) == 1

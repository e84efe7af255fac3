"""Steps of nets whose names do not tell them: by data flow and by shared weights."""
import re

import pytest
from drawn_nets import NAMELESS, SVG, drawn_names, parsed, steps_in, texts, unrolled
from numbered_nets import encoder_decoder, layer, product, source, two_cells

from lstm_lib import draw, load_net, prototxt
from lstm_lib.drawing.structure.graph import read_graph
from lstm_lib.drawing.structure.steps import find_steps

CELL = ["join_a", "fc_a", "a", "att", "fc_b"]


def steps(net):
    """Stack -> {t -> names of its layers}."""
    return {stack.name: {t: [node.name for node in nodes] for t, nodes in stack.cells.items()}
            for stack in find_steps(read_graph(net)).stacks}


def states(net):
    """Name of each state -> the roles that read it."""
    (stack,) = find_steps(read_graph(net)).stacks
    return {state.label: sorted(role for role, _ in state.reads) for state in stack.states}


@pytest.mark.parametrize("T", [2, 3, 12])
def test_each_layer_is_in_the_step_that_its_data_are_of(T):
    assert steps(two_cells(T)) == {"": {t: [f"{name}_{t}" for name in CELL]
                                        for t in range(1, T + 1)}}


@pytest.mark.parametrize("off", [-1, 1, 7])
def test_a_number_that_is_off_moves_no_layer_to_another_step(off):
    cells = steps(two_cells(3, join_number=off))[""]
    assert [names[0] for names in cells.values()] == [f"join_a_{t + off}" for t in (1, 2, 3)]
    assert states(two_cells(3, join_number=off)) == {"a": ["join_a"], "b": ["join_a"]}


def test_a_first_state_that_is_computed_like_the_others_is_in_no_step():
    cells = steps(two_cells(first="tanh"))[""]
    assert [names[2] for names in cells.values()] == ["a_1", "a_2", "a_3"]
    assert not {"a_0", "start"} & {name for names in cells.values() for name in names}


def test_boxes_bear_the_names_without_the_numbers():
    words = texts(parsed(two_cells()))
    for name in ("join_a", "fc_a", "tanh a", "fc_b"):
        assert words.count(name) == 3
    assert not any("<" in word for word in words)


def test_both_states_are_lines_from_each_step_to_the_next():
    tree = parsed(two_cells(4))
    cells = [column[0] for column in tree.iter(SVG + "g") if column.get("data-step")]
    for label in "ab":
        heights = set()
        for cell in cells:
            (goes_out,) = [p.get("d") for p in cell.iter(SVG + "path")
                           if p.get("data-state") == label and not p.get("d").startswith("M0,")]
            (comes_in,) = [p.get("d") for p in cell.iter(SVG + "path")
                           if p.get("data-state") == label and p.get("d").startswith("M0,")]
            heights |= {re.match(r"M0,([\d.]+)", comes_in)[1], goes_out.rsplit(",", 1)[1]}
        assert len(heights) == 1, f"the line of {label} breaks: {heights}"


def test_wires_meet_a_node_in_the_order_in_which_they_come():
    tree = parsed(two_cells())
    (cell,) = [column[0] for column in tree.iter(SVG + "g") if column.get("data-step") == "2"]
    wires = [wire for path in cell.iter(SVG + "path")
             for wire in re.findall(r"M[^M]+", path.get("d")) if "z" not in wire]
    ends = {}  # height of an end -> (x of the end, x from where the wire comes)
    for wire in wires:
        points = [tuple(map(float, p)) for p in re.findall(r"(-?[\d.]+),(-?[\d.]+)", wire)]
        if len(points) > 1:
            ends.setdefault(points[-1][1], set()).add((points[-1][0], points[-2][0]))
    (meeting,) = [arrivals for arrivals in ends.values() if len(arrivals) == 4]
    assert sorted(meeting) == sorted(meeting, key=lambda pair: (pair[1], pair[0]))


def test_an_encoder_and_a_decoder_are_two_stacks_with_their_own_names():
    found = steps(encoder_decoder())
    assert {name: list(cells) for name, cells in found.items()} == {
        "enc_": [1, 2, 3], "dec_": [1, 2, 3, 4]}
    assert found["dec_"][1] == ["dec_join_1", "dec_m_1", "dec_h_1"]
    words = texts(parsed(encoder_decoder()))
    assert "enc t = 3" in words and "dec t = 4" in words
    assert words.count("h_1") == 2, "the states are called h in both"


def test_layers_above_each_other_share_their_steps_and_directions_do_not():
    text = "".join(source(f"x_{t}", 2, 4) for t in (1, 2, 3)) + source("p_0", 2, 4)
    text += source("q_0", 2, 4) + source("r_0", 2, 4)
    for t in (1, 2, 3):
        text += layer(f"ahead_{t}", "Concat", [f"x_{t}", f"p_{t - 1}"])
        text += product(f"p_{t}", [f"ahead_{t}"], "Wp")
        text += layer(f"above_{t}", "Concat", [f"p_{t}", f"r_{t - 1}"])
        text += product(f"r_{t}", [f"above_{t}"], "Wr")
    for t in (1, 2, 3):
        text += layer(f"back_{t}", "Concat", [f"x_{4 - t}", f"q_{t - 1}"])
        text += product(f"q_{t}", [f"back_{t}"], "Wq")
    assert [cells[2] for cells in steps(text).values()] == [
        ["ahead_2", "p_2", "above_2", "r_2"], ["back_2", "q_2"]]


def test_what_stands_between_two_steps_is_in_one_of_them():
    text = source("h_0", 2, 4) + source("extra", 2, 4)
    for t in (1, 2, 3, 4):
        below = f"h_{t - 1}"
        if t > 1:  # the first step has none of these, the third has one more
            text += layer(f"decay_{t}", "Power", [below])
            below = f"decay_{t}"
        if t == 3:
            text += layer("odd", "Eltwise", [below, "extra"])
            below = "odd"
        text += product(f"m_{t}", [below], "W") + layer(f"h_{t}", "TanH", [f"m_{t}"])
    assert steps(text)[""] == {1: ["m_1", "h_1"], 2: ["decay_2", "m_2", "h_2"],
                               3: ["decay_3", "odd", "m_3", "h_3"], 4: ["decay_4", "m_4", "h_4"]}


def test_an_output_of_each_step_is_in_its_step_and_one_of_the_last_alone_is_not():
    text = NAMELESS + layer("loss", "Reduction", ["y3"])
    assert not any("loss" in names for names in steps(text)[""].values())
    text += "".join(layer(f"out{t}", "ReLU", [f"y{t}"]) for t in range(4))
    assert [names[-1] for names in steps(text)[""].values()] == [f"out{t}" for t in range(4)]


def without_first_state(T=4):
    """h_1 = tanh(Wx x_1), and from then on h_t = tanh(Wx x_t + Wh h_{t-1}); each has an output."""
    text = "".join(source(f"x_{t}", 2, 4) for t in range(1, T + 1))
    for t in range(1, T + 1):
        text += product(f"in_{t}", [f"x_{t}"], "Wx")
        below = f"in_{t}"
        if t > 1:
            text += product(f"back_{t}", [f"h_{t - 1}"], "Wh")
            text += layer(f"z_{t}", "Eltwise", [f"in_{t}", f"back_{t}"])
            below = f"z_{t}"
        text += layer(f"h_{t}", "TanH", [below]) + product(f"y_{t}", [f"h_{t}"], "Wy")
    return text


def test_a_first_step_that_reads_no_state_is_a_step():
    later = ["in", "back", "z", "h", "y"]
    assert steps(without_first_state())[""] == {1: ["in_1", "h_1", "y_1"], **{
        t: [f"{name}_{t}" for name in later] for t in (2, 3, 4)}}
    assert states(without_first_state()) == {"h": ["back"]}
    parsed(without_first_state())


def test_users_that_do_not_feed_each_other_are_no_steps():
    text = "".join(source(f"x{t}", 2, 4) + product(f"m{t}", [f"x{t}"], "W") for t in (1, 2))
    assert steps(text) == {}


def test_the_copies_that_caffe_adds_stand_in_the_step_of_what_they_copy():
    net = load_net(two_cells(3))
    tree = parsed(net, all_layers=True)
    assert steps_in(tree) == ["1", "2", "3"]
    graph = draw(net, all_layers=True).graph
    copied = {node.name: node.step for node in graph.nodes if node.type == "Split"
              and node.name.startswith("a_")}
    assert {copied[f"a_{t}_a_{t}_0_split"] for t in (1, 2)} == {1, 2}
    assert len(drawn_names(tree)) == len(graph.nodes)


def test_an_lstm_whose_first_step_has_no_state_is_one():
    text = "".join(source(f"x_{t}", 2, 4) for t in (1, 2, 3))
    times, plus = ("eltwise_param { operation: %s }" % name for name in ("PROD", "SUM"))
    for t in (1, 2, 3):
        for gate in "ifog":
            below = [f"in_{gate}_{t}"]
            text += product(below[0], [f"x_{t}"], f"Wx{gate}")
            if t > 1:
                text += product(f"back_{gate}_{t}", [f"h_{t - 1}"], f"Wh{gate}")
                text += layer(f"z_{gate}_{t}", "Eltwise", [*below, f"back_{gate}_{t}"])
                below = [f"z_{gate}_{t}"]
            text += layer(f"{gate}_{t}", "TanH" if gate == "g" else "Sigmoid", below)
        text += layer(f"new_{t}", "Eltwise", [f"i_{t}", f"g_{t}"], more=times)
        c = f"new_{t}"
        if t > 1:
            text += layer(f"kept_{t}", "Eltwise", [f"f_{t}", c_before], more=times)
            text += layer(f"c_{t}", "Eltwise", [f"kept_{t}", c], more=plus)
            c = f"c_{t}"
        text += layer(f"act_{t}", "TanH", [c])
        text += layer(f"h_{t}", "Eltwise", [f"o_{t}", f"act_{t}"], more=times)
        c_before = c
    assert draw(text).alt.startswith("unrolled LSTM, 3 steps")


def test_the_page_names_the_steps_as_the_picture_does(tmp_path):
    draw(encoder_decoder(), path=tmp_path / "net.html")
    text = (tmp_path / "net.html").read_text(encoding="utf-8")
    assert '["dec t = 4",' in text and '["enc t = 3",' in text


@pytest.mark.parametrize("layer, right, wrong", [
    ("t2/lstm/c_f", "c1", "c0"), ("t3/lstm/c_f", "c2", "c1"), ("t2/lstm/Mh", "h1", "h0")])
def test_a_step_that_reads_an_older_state_is_not_drawn_with_the_line_of_the_newer_one(
        layer, right, wrong):
    text = prototxt(unrolled())
    start = text.index(f'name: "{layer}"')
    pictures = [parsed(text), parsed(text[:start] + text[start:].replace(right, wrong, 1))]
    assert [lines_into(tree, layer[1], right[0]) for tree in pictures] == [1, 0]
    told = [texts(tree).count(wrong) for tree in pictures]
    assert told[1] == told[0] + 1


def lines_into(tree, step, label):
    """How many lines of this state come in at the left of the step."""
    (cell,) = [column[0] for column in tree.iter(SVG + "g") if column.get("data-step") == step]
    return sum(path.get("data-state") == label and path.get("d").startswith("M0,")
               for path in cell.iter(SVG + "path"))

"""Nets in the manner of public forks are drawn truly: what stands in the file, and nothing else."""
import html
import re
from pathlib import Path

import pytest

from lstm_lib import NetError, caffe, draw, load_net, summary
from lstm_lib.drawing.layout.scene import Scene
from lstm_lib.drawing.structure.steps import steps_of
from lstm_lib.drawing.structure.wiring import Wiring
from lstm_lib.safe_caffe.layer_options import known_types
from read_net import edges, read_layers

FILES = {path.stem: path for path in
         sorted((Path(__file__).parent / "public_style").glob("*.prototxt"))}
PHASES = {"TRAIN": caffe.TRAIN, "TEST": caffe.TEST}
UNROLLED = {"unrolled_rnn_by_hand": 3, "unrolled_lstm_unit_by_hand": 2,
            "recursive_super_resolution": 4}
OLD = {"conv": "Convolution", "pool": "Pooling", "relu": "ReLU", "lrn": "LRN",
       "innerproduct": "InnerProduct", "softmax_loss": "SoftmaxWithLoss",
       "SOFTMAX_LOSS": "SoftmaxWithLoss"}  # others differ in capitals and underscores
ALL = [(name, phase) for name in FILES for phase in PHASES]


@pytest.fixture(scope="module")
def drawn():
    """(inputs, layers of the file, picture) of each file and phase."""
    made = {}

    def one(name, phase):
        if (name, phase) not in made:
            found = read_layers(FILES[name].read_text(encoding="utf-8"), phase)
            made[name, phase] = *found, draw(FILES[name], phase=PHASES[phase])
        return made[name, phase]
    return one


def layers_of(graph):
    return [layer for layer in graph.layers if layer.type != "no layer makes this blob"]


def plain(kind):
    return OLD.get(kind, kind).replace("_", "").lower()


def test_there_are_thirty_files_each_under_a_hundred_lines():
    assert len(FILES) >= 30
    assert max(path.read_text(encoding="utf-8").count("\n") for path in FILES.values()) < 100


@pytest.mark.parametrize("name, phase", ALL)
def test_the_layers_of_the_file_are_drawn_and_no_others(drawn, name, phase):
    inputs, written, picture = drawn(name, phase)
    shown = sorted((layer.name, plain(layer.type), list(layer.bottom), list(layer.top))
                   for layer in layers_of(picture.graph))
    fields = [("input", "input", [], inputs)] if inputs else []
    assert shown == sorted([(layer.name, plain(layer.type), layer.bottoms, layer.tops)
                            for layer in written] + fields)


def numbered(graph, written):
    """id of a layer that is shown -> its number in the file."""
    left = layers_of(graph)
    found = {}
    for number, layer in enumerate(written):
        same = next(one for one in left if (one.name, list(one.bottom), list(one.top))
                    == (layer.name, layer.bottoms, layer.tops)
                    and plain(one.type) == plain(layer.type))
        found[id(same)] = number
        left = [one for one in left if one is not same]
    return found


@pytest.mark.parametrize("name, phase", ALL)
def test_each_layer_gets_its_blobs_from_who_makes_them(drawn, name, phase):
    inputs, written, picture = drawn(name, phase)
    number = numbered(picture.graph, written)
    shown = []
    for node in picture.graph.nodes:
        for blob in node.bottoms:
            maker = number.get(id(blob.maker.layers[-1]), blob.name)
            shown.append((maker, number[id(node.layers[0])]))
        for before, after in zip(node.layers, node.layers[1:]):  # in place
            shown.append((number.get(id(before), after.bottom[0]), number[id(after)]))
    assert sorted(shown, key=str) == edges(inputs, written)


@pytest.mark.parametrize("name, phase", ALL)
def test_each_node_stands_in_the_picture_with_name_and_types_or_is_named_below(drawn, name, phase):
    picture = drawn(name, phase)[2]
    wiring = Wiring(picture.graph)
    titles = {int(number): html.unescape(title) for number, title in
              re.findall(r'<g data-n="(\d+)"[^>]*><title>([^<]*)', picture.svg)}
    for node in wiring.nodes:
        types = " + ".join(layer.type for layer in node.layers)
        assert titles[node.index] == f"{node.name} {types}"
    assert {node.type for node in wiring.hidden} <= {"Split", "Slice"}
    for node in wiring.hidden:
        assert f"{node.name} ({node.type})" in picture.svg


@pytest.mark.parametrize("name, phase", ALL)
def test_wires_are_the_edges_between_what_is_drawn(drawn, name, phase):
    picture = drawn(name, phase)[2]
    wiring = Wiring(picture.graph)

    def makers(node, position):
        """Who feeds it: through a layer that is not drawn, who feeds that."""
        maker = node.bottoms[position].maker
        if maker not in wiring.hidden:
            return {maker}
        return set().union(*(makers(maker, place) for place in range(len(maker.bottoms))))

    ways = {(wire.target, wire.position): wire.source for wire in wiring.wires}
    assert set(ways) == {(node, position) for node in wiring.nodes
                         for position in range(len(node.bottoms))}
    assert all(source in makers(*target) for target, source in ways.items())


@pytest.mark.parametrize("name, phase", ALL)
def test_what_this_caffe_does_not_know_is_marked_and_nothing_else(drawn, name, phase):
    picture = drawn(name, phase)[2]
    known = {*known_types(caffe), "no layer makes this blob"}
    for node in picture.graph.nodes:
        told = {one.value.strip('"') for one in node.unknown if one.name == "type"}
        assert told == {layer.type for layer in node.layers} - known
    assert picture.svg.count('data-unknown="1"') == sum(
        bool(node.unknown) for node in Wiring(picture.graph).nodes)


@pytest.mark.parametrize("name, phase", ALL)
def test_only_nets_that_are_unrolled_are_shown_in_steps(drawn, name, phase):
    assert steps_of(drawn(name, phase)[2].graph) == UNROLLED.get(name, 0)


@pytest.mark.parametrize("name", FILES)
def test_summary_page_and_dot_tell_of_every_layer(drawn, name, tmp_path):
    written, picture = drawn(name, "TEST")[1:]
    words = summary(FILES[name], phase=caffe.TEST)
    dot = Path(picture.save(tmp_path / "net.dot")).read_text(encoding="utf-8")
    page = Path(picture.save(tmp_path / "net.html")).read_text(encoding="utf-8")
    for layer in written:
        assert layer.name in words and layer.name in page
    assert len(re.findall(r"\bn\d+ -> n\d+", dot)) == len(Wiring(picture.graph).wires)


@pytest.mark.parametrize("name", UNROLLED)
def test_a_net_unrolled_by_hand_becomes_a_png_in_all_its_forms(name, tmp_path):
    for steps in ("all", "rolled"):
        path = tmp_path / f"{steps}.png"
        draw(FILES[name], steps=steps, path=path)
        assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name, handed", [("unrolled_rnn_by_hand", {"h"}),
                                          ("unrolled_lstm_unit_by_hand", {"c", "h"})])
def test_what_a_step_written_by_hand_hands_on_is_found(drawn, name, handed):
    [stack] = drawn(name, "TRAIN")[2].graph.stacks
    assert {state.label for state in stack.states} == handed
    assert all(node.name.endswith(f"_{step}") for step in stack.steps
               for node in stack.cells[step])


@pytest.mark.parametrize("name", UNROLLED)
def test_each_wire_into_a_step_has_its_way_there(drawn, name):
    """A textbook's LSTM has no way for an x that is joined with h before the weights."""
    [row] = Scene(drawn(name, "TRAIN")[2].graph, "all", False).rows
    for step, layout in row.layouts.items():
        assert set(row.cells[step].entering) <= set(layout.entries)


def test_parts_that_nothing_joins_stand_side_by_side(drawn):
    scene = Scene(drawn("speech_extreme_learning", "TRAIN")[2].graph, "all", False)
    ends = {node.name: (scene.at[node][0] - scene.looks[node].width / 2,
                        scene.at[node][0] + scene.looks[node].width / 2) for node in scene.at}
    assert 0 < ends["turn"][0] - ends["input"][1] < 60


@pytest.mark.parametrize("name", FILES)
def test_what_caffe_would_not_build_is_a_net_error_when_it_is_loaded(name):
    try:
        net = load_net(FILES[name])
    except NetError:
        return
    assert len(net.layers) >= len(read_layers(FILES[name].read_text(encoding="utf-8"), "TRAIN")[1])

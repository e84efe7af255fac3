"""Nets from anywhere are drawn: of forks, of other phases, in older formats."""
import pytest

from lstm_lib import NetError, caffe, draw, load_net, summary

X = 'layer { name: "x" type: "Input" top: "x" } '
FORK = X + ('layer { name: "r" type: "Lstm" bottom: "x" top: "r" lstm_param { num_output: 4 } } '
            'layer { name: "y" type: "TanH" bottom: "r" top: "y" }')


def names(source, **options):
    return [node.name for node in draw(source, **options).graph.nodes]


@pytest.mark.parametrize("steps", ["all", "rolled"])
def test_an_unknown_type_with_unknown_options_is_drawn_and_marked(steps):
    picture = draw(FORK, steps=steps)
    assert [node.type for node in picture.graph.nodes] == ["Input", "Lstm", "TanH"]
    assert picture.svg.count('data-unknown="1"') == 1
    assert 'unknown to this Caffe, marked ?: lstm_param, type "Lstm"' in picture.alt


@pytest.mark.parametrize("option", [
    "lstm_param { num_output: 4 deep { er: [1, 2] } }", "permute: 3", "fork: true,",
    'text: "a } {" "b"', "tanh_param < engine: MKLDNN >", "tanh_param { new_one: 1.5e-3 }",
    "words: [ONE, TWO]", "# a } comment\n fork { }", "param { lr_mult: 1 fork: -1 }; "])
def test_options_of_any_form_that_caffe_does_not_know_are_left_out_and_named(option):
    text = X + f'layer {{ name: "y" type: "TanH" bottom: "x" {option} top: "y" }}'
    graph = draw(text).graph
    assert [node.name for node in graph.nodes] == ["x", "y"]
    assert len(graph.nodes[1].unknown) == 1 and graph.nodes[1].bottoms[0].name == "x"
    with pytest.raises(NetError, match="line"):
        load_net(text)


def test_what_caffe_knows_of_a_layer_is_kept_beside_what_it_does_not():
    node = draw(X + 'layer { name: "c" type: "Convolution" bottom: "x" top: "c" '
                    "convolution_param { num_output: 3 fork: 1 kernel_size: 5 } }").graph.nodes[1]
    told = node.layers[0].convolution_param
    assert (told.num_output, list(told.kernel_size)) == (3, [5])


def test_the_summary_marks_what_is_unknown():
    assert "Lstm ?" in summary(FORK)
    assert 'Unknown to this Caffe, marked ?: lstm_param, type "Lstm"' in summary(FORK)


def test_a_net_of_known_layers_has_no_mark():
    assert "unknown" not in draw(X).svg and "nknown" not in summary(X)


def test_an_option_of_the_net_is_named_too():
    assert "default_forward_type FLOAT16" in draw("default_forward_type: FLOAT16 " + X).alt


@pytest.mark.parametrize("text", [
    'layer { name: named }', X + "layer { include { phase: train } }",
    'layr { name: "x" }' + X, X + 'layer { fork: 3 name: "y"', X + "layer { fork: }",
    X + "}", X + 'layer { fork { type: "x" ', "fork { " * 3000, X + 'layer { bottom: "x" ] }'])
def test_what_is_no_prototxt_is_still_an_error(text):
    with pytest.raises(NetError):
        draw(text)


def test_an_unknown_type_of_2014_keeps_its_name():
    picture = draw('layers { name: "a" type: FORK_LOSS top: "x" } '
                   'layers { name: "b" type: TANH bottom: "x" top: "y" }')
    assert [node.type for node in picture.graph.nodes] == ["FORK_LOSS", "TanH"]
    assert picture.svg.count('data-unknown="1"') == 1


def test_the_mark_stands_at_its_layer_where_inputs_and_phases_move_the_numbers():
    text = ('input: "x" input_shape { dim: 1 } layer { name: "t" type: "TanH" bottom: "x" top: "t" '
            'include { phase: TEST } fork: 1 } layer { name: "y" type: "TanH" bottom: "x" top: "y" '
            'fork: 2 }')
    nodes = draw(text).graph.nodes
    assert [(node.name, list(map(str, node.unknown))) for node in nodes] == [
        ("input", []), ("y", ["fork 2"])]


PHASES = X + "".join(
    f'layer {{ name: "{name}" type: "TanH" bottom: "x" top: "{name}" {rules} }}'
    for name, rules in (("train", "include { phase: TRAIN }"), ("test", "exclude { phase: TRAIN }"),
                        ("late", 'include { stage: "late" }')))


def test_a_file_shows_the_phase_that_is_asked_for_and_train_unless_asked():
    assert names(PHASES) == names(PHASES, phase=caffe.TRAIN) == ["x", "train"]
    assert names(PHASES, phase=caffe.TEST) == ["x", "test"]
    assert names(PHASES, stages=["late"]) == ["x", "train", "late"]
    assert names("state { phase: TEST }" + PHASES) == ["x", "test"]


def test_the_picture_says_which_layers_stand_in_the_other_phase():
    assert "Not in phase TRAIN: test, late" in draw(PHASES).svg
    assert draw(PHASES, phase=caffe.TEST, stages=["late"]).alt.endswith(
        "not in phase TEST, stage late: train")


def test_a_phase_without_layers_says_so():
    with pytest.raises(NetError, match="no layer in the phase TRAIN: all 1 stand in another"):
        draw('layer { name: "x" type: "Input" top: "x" include { phase: TEST } }')


def test_a_wrong_phase_or_stage_is_named():
    with pytest.raises(NetError, match="phase is caffe.TRAIN or caffe.TEST, got 'TEST'"):
        draw(X, phase="TEST")
    with pytest.raises(NetError, match="stages are a list"):
        draw(X, stages="late")


def test_a_loaded_net_shows_what_was_built_and_takes_no_phase():
    sized = PHASES.replace('top: "x" }', 'top: "x" input_param { shape { dim: 1 } } }')
    net = load_net(sized, phase=caffe.TEST)
    assert names(net) == ["x", "test"]
    with pytest.raises(NetError, match="built with"):
        draw(net, phase=caffe.TRAIN)


FIXED = """layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip" param { lr_mult: 0 }
  inner_product_param { num_output: 2 } }"""


def test_weights_that_do_not_learn_are_named_and_not_counted():
    words = summary(load_net(FIXED))
    assert "ip[0] 2×3 fixed, ip[1] 2" in words
    assert "2 numbers to learn (without sharing: 2), 6 numbers fixed" in words


def test_the_statistics_of_batchnorm_are_no_numbers_to_learn():
    net = load_net(FIXED.replace("InnerProduct", "BatchNorm").replace(
        "param { lr_mult: 0 }", "").replace("inner_product_param { num_output: 2 }", ""))
    assert "0 numbers to learn (without sharing: 0), 7 numbers fixed" in summary(net)

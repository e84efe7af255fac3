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


def test_a_solver_is_not_taken_for_a_net_of_unknown_options():
    with pytest.raises(NetError, match="is a solver, not a net; its net is 'x.prototxt'"):
        draw('net: "x.prototxt"\nbase_lr: 0.1\n')


def test_an_unknown_type_of_2014_keeps_its_name():
    picture = draw('layers { name: "a" type: FORK_LOSS top: "x" } '
                   'layers { name: "b" type: TANH bottom: "x" top: "y" }')
    assert [node.type for node in picture.graph.nodes] == ["FORK_LOSS", "TanH"]
    assert picture.svg.count('data-unknown="1"') == 1


def test_a_type_of_2014_in_quotes_is_that_type():
    picture = draw('layers { name: "a" type: "TanH" top: "x" }')
    assert [node.type for node in picture.graph.nodes] == ["TanH"] and "unknown" not in picture.svg


PADDED = """layers { layer { name: "d" type: "data" source: "s" batchsize: 1 fork: 1 } top: "d" }
layers { layer { name: "p" type: "padding" pad: 2 } bottom: "d" top: "p" }
layers { layer { name: "c" type: "conv" num_output: 3 kernelsize: 3 } bottom: "p" top: "c" }
layers { layer { name: "m" type: "maxout" } bottom: "c" top: "m" }"""


def test_an_unknown_type_of_2013_keeps_its_name_and_marks_stand_beside_layers_that_only_pad():
    nodes = draw(PADDED).graph.nodes
    assert [(node.name, node.type, list(map(str, node.unknown))) for node in nodes] == [
        ("d", "Data", ["fork 1"]), ("c", "Convolution", []), ("m", "maxout", ['type "maxout"'])]
    with pytest.raises(NetError, match="layer 'm': .*format of 2013 has no layer type 'maxout'"):
        load_net(PADDED.replace("fork: 1", ""))
    with pytest.raises(NetError, match="layer 'p' .padding. needs a bottom and a top"):
        draw('layers { layer { name: "p" type: "padding" } }')


EARLY = ('layers { name: "a" type: TANH bottom: "x" top: "a" phase: TRAIN } '
         'layers { name: "b" type: TANH bottom: "x" top: "b" phase: TEST }')


def test_the_phase_of_a_layer_of_early_2014_is_obeyed_and_marked():
    picture = draw('input: "x"' + EARLY)
    assert [node.name for node in picture.graph.nodes] == ["x", "a"]
    assert picture.graph.nodes[1].unknown and "Not in phase TRAIN: b" in picture.svg
    assert names('input: "x"' + EARLY, phase=caffe.TEST) == ["x", "b"]


def test_layers_of_today_beside_those_of_2014_are_left_out_as_caffe_does():
    text = 'layer { name: "n" type: "Fork" } ' + EARLY + 'layers { name: "c" type: FORK }'
    assert [(node.name, bool(node.unknown)) for node in draw('input: "x"' + text).graph.nodes] == [
        ("x", False), ("a", True), ("c", True)]


def test_an_unknown_number_of_a_choice_is_left_out_and_named():
    node = draw(X + 'layer { name: "p" type: "Pooling" bottom: "x" top: "p" '
                    "pooling_param { pool: 9 kernel_size: 2 } }").graph.nodes[1]
    assert list(map(str, node.unknown)) == ["pool 9"]
    assert names(X + 'layer { name: "p" type: "Pooling" bottom: "x" top: "p" '
                     "pooling_param { pool: 1 } }") == ["x", "p"]


@pytest.mark.parametrize("encoding", ["gbk", "utf-8-sig"])
def test_comments_may_stand_in_any_encoding(encoding, tmp_path):
    path = tmp_path / "net.prototxt"
    sized = X.replace("}", "input_param { shape { dim: 1 } } }")
    path.write_bytes(("# \u6570\u636e { \n" + sized).encode(encoding))
    assert names(path) == ["x"]
    assert list(load_net(path).blobs) == ["x"]


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


def test_a_layer_that_stands_in_for_a_shown_one_is_another_of_that_name():
    text = X + 'layer { name: "x" type: "DummyData" top: "x" include { phase: TEST } }'
    assert "Not in phase TRAIN: another x" in draw(text).svg


def test_a_note_ends_between_words_and_says_how_many_more_there_are():
    forks = "".join(f'layer {{ name: "f{n}" type: "Fork{n * 1111}" bottom: "x" }}' for n in range(12))
    note = next(note for note in draw(X + forks).svg.split(">") if note.startswith("Unknown"))
    assert note.startswith("Unknown to this Caffe, marked ?: type &quot;Fork0&quot;, ")
    assert note.split("<")[0].endswith("&quot;, and 10 more") and "…" not in note


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

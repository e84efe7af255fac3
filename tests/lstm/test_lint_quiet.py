"""lint says nothing of nets that are as they should be."""
import itertools

import numpy as np
import pytest
from conftest import B, D, H, L, input_layer
from lint_nets import UNIFORM, in_place, inputs, layer, lstm, product, softmax

from lstm_lib import (both_directions, caffe, initial_state, lint, load_net, stack,
                      unroll)
from portable_caffe.judge.nets import NETS

OPTIONS = list(itertools.product(("composed", "fused"), ("per_step", "once"), (1, 3)))
CONV = f"convolution_param {{ num_output: 4 kernel_size: 3 pad: 1 {UNIFORM} }}"


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
@pytest.mark.parametrize("cell, project, steps", OPTIONS)
@pytest.mark.parametrize("more", ["", "cont", "hold", "states", "two", "loss"])
def test_whatever_unroll_makes(cell, project, steps, more, phase):
    ns, options = caffe.NetSpec(), {}
    ns.x = input_layer(steps, B, D)
    if more in ("cont", "hold"):
        ns[more] = options[more] = input_layer(steps, B)
    if more == "states":
        options["h0"], options["c0"] = initial_state(ns, B, H, "my/")
    made = unroll(ns, ns.x, steps, H, cell=cell, project=project, **options)
    if more == "two":
        h0, c0 = initial_state(ns, B, H, "second/")
        unroll(ns, made.H, steps, H, cell=cell, project=project, h0=h0, c0=c0, prefix="second/")
    if more == "loss":
        ns.label = input_layer(steps, B)
        ns.score = L.InnerProduct(made.H, axis=2, num_output=3, weight_filler=dict(type="xavier"))
        ns.loss = L.SoftmaxWithLoss(ns.score, ns.label, softmax_param=dict(axis=2))
    assert lint(ns, phase=phase) == []
    assert lint(load_net(ns, phase=phase, force_backward=True)) == []


@pytest.mark.parametrize("make", [
    lambda ns: [unroll(ns, ns.x, 3, H, cell=cell, prefix=cell + "/")
                for cell in ("rnn", "gru", "peephole")],
    lambda ns: stack(ns, ns.x, 3, [H, H + 1], cell="gru", dropout=0.5),
    lambda ns: both_directions(ns, ns.x, 3, H, cell="rnn", hold=ns.hold)],
    ids=["cells", "stack", "both"])
def test_other_cells_stacks_and_both_directions(make):
    ns = caffe.NetSpec()
    ns.x, ns.hold = input_layer(3, B, D), input_layer(3, B)
    ns.read = L.Silence(ns.hold, ntop=0)
    make(ns)
    assert lint(ns) == lint(load_net(ns, force_backward=True)) == []


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
@pytest.mark.parametrize("what, make", [pair for pair in NETS if "origin" not in pair[0]],
                         ids=lambda value: value if isinstance(value, str) else "")
def test_the_judge_s_nets_with_numbers_in_their_weights(what, make, phase):
    net = load_net(str(make()), phase=phase)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = np.ones(blob.shape)
    found = lint(net)
    if what == "tops in place, in a row":  # this one is in a trap, in both Caffes alike
        assert {one.layer for one in found} == {"Scale1", "TanH1", "Sigmoid1"}
    else:
        assert found == []


def data(*phases):
    return "".join(layer("d", "Data", tops="data label", more=f"include {{ phase: {phase} }} "
                         f'data_param {{ source: "{phase}" batch_size: 4 }}') for phase in phases)


def conv(name, bottom, more=""):
    return layer(name, "Convolution", bottom, more + CONV)


def fixed(name, bottom):
    """As in a net that is tuned on: no filler, for the weights come from a file."""
    return layer(name, "Convolution", bottom, "param { lr_mult: 0 } param { lr_mult: 0 } "
                 "convolution_param { num_output: 4 kernel_size: 3 }")


def branch(p):
    """One of two that share their weights."""
    first = f'param {{ name: "conv_w" lr_mult: 1 }} param {{ name: "conv_b" lr_mult: 2 }} '
    return (conv(f"conv1{p}", f"data{p}", first) + in_place("ReLU", f"conv1{p}", f"relu1{p}")
            + product(f"feat{p}", f"conv1{p}", 'name: "feat_w"'))


ACCURACY = layer("accuracy", "Accuracy", "ip label", "include { phase: TEST }")
STORED = "batch_norm_param { use_global_stats: true }"
STYLES = {  # nets in the manner of those that everybody knows
    "images": data("TRAIN", "TEST") + conv("conv1_1", "data") + in_place("ReLU", "conv1_1", "r1")
    + conv("conv1_2", "conv1_1") + in_place("ReLU", "conv1_2", "r2")
    + layer("n", "LRN", "conv1_2") + product("fc", "n") + in_place("ReLU", "fc", "r3")
    + in_place("Dropout", "fc", "drop") + product("ip", "fc") + ACCURACY + softmax("ip"),
    "run only": inputs("x") + product("a", "x", filler="") + in_place("ReLU", "a")
    + product("b", "a", filler="") + layer("prob", "Softmax", "b"),
    "features": layer("d", "ImageData", tops="data label", more='image_data_param { source: "i" }')
    + product("a", "data", filler="") + layer("accuracy", "Accuracy", "a label"),
    "residual": data("TRAIN") + conv("c1", "data") + in_place("BatchNorm", "c1", "b1", STORED)
    + in_place("Scale", "c1", "s1") + in_place("ReLU", "c1", "r1") + conv("c2", "c1")
    + layer("sum", "Eltwise", "c1 c2") + in_place("ReLU", "sum", "r2") + product("ip", "sum")
    + softmax("ip"),
    "modules": data("TRAIN") + conv("c", "data") + in_place("ReLU", "c", "r") + conv("i1", "c")
    + conv("i2", "c") + in_place("ReLU", "i1", "r1") + in_place("ReLU", "i2", "r2")
    + layer("all", "Concat", "i1 i2") + product("aux", "all") + product("ip", "all")
    + softmax("ip") + layer("loss2", "SoftmaxWithLoss", "aux label", "loss_weight: 0.3"),
    "tuned on": data("TRAIN") + fixed("conv1", "data") + in_place("ReLU", "conv1", "r")
    + fixed("conv2", "conv1") + product("ip", "conv2") + softmax("ip"),
    "siamese": layer("d", "Data", tops="pair sim", more='data_param { source: "p" }')
    + layer("cut", "Slice", "pair", "slice_param { axis: 1 slice_point: 1 }", "data data_p")
    + branch("") + branch("_p") + layer("loss", "ContrastiveLoss", "feat feat_p sim"),
    "autoencoder": layer("d", "Data", tops="data", more='data_param { source: "p" }')
    + layer("flat", "Flatten", "data") + product("encode1", "flat")
    + layer("e", "Sigmoid", "encode1") + product("decode1", "e", H=12)
    + layer("loss", "SigmoidCrossEntropyLoss", "decode1 flat", "loss_weight: 1")
    + layer("out", "Sigmoid", "decode1")
    + layer("error", "EuclideanLoss", "out flat", "loss_weight: 0"),
    "captions": layer("d", "HDF5Data", tops="cont words target",
                      more='hdf5_data_param { source: "h" }')
    + layer("embedded", "Embed", "words", f"embed_param {{ num_output: 5 input_dim: 9 {UNIFORM} }}")
    + in_place("Dropout", "embedded", "drop") + lstm("embedded cont")
    + in_place("Dropout", "r", "d2") + product("predict", "r", axis=2)
    + softmax("predict", "target", "softmax_param { axis: 2 } loss_param { ignore_label: -1 }"),
    "segments": data("TRAIN") + conv("conv1", "data") + in_place("ReLU", "conv1", "r")
    + layer("up", "Deconvolution", "conv1", "param { lr_mult: 0 } convolution_param { "
            "num_output: 4 kernel_size: 4 stride: 2 bias_term: false }")
    + layer("score", "Crop", "up data") + softmax("score"),
}


@pytest.mark.parametrize("style", STYLES)
def test_nets_in_the_manner_of_those_everybody_knows(style):
    assert lint(STYLES[style]) == []
    assert lint(STYLES[style], phase=caffe.TEST) == []


def test_dropout_in_place_changes_nothing_in_test():
    text = inputs("s", "cont") + in_place("Dropout", "s", "d") + lstm() + in_place("Dropout", "r")
    assert lint(text, phase=caffe.TEST) == [] and [one.layer for one in lint(text)] == ["d"]


def test_a_label_that_the_other_phase_reads_is_no_misspelt_wire():
    text = inputs("x", "label") + product("ip", "x")
    text += softmax("ip").replace("layer {", "layer { include { phase: TRAIN }")
    assert lint(text) == lint(text, phase=caffe.TEST) == lint(load_net(text, phase=caffe.TEST)) == []


def test_an_all_in_one_file_is_no_net_until_its_stage_is_given():
    def only(stage, text):
        return text.replace("layer {", f'layer {{ include {{ phase: TRAIN stage: "{stage}" }}')

    text = only("train", data("TRAIN").replace("include { phase: TRAIN }", ""))
    text += only("deploy", layer("data", "Input")) + product("ip", "data")
    text += only("train", softmax("ip"))
    assert lint(text) == [] and lint('state { stage: "train" }' + text) == []
    assert lint(inputs("x") + product("ip", "x") + only("train", softmax("ip"))) == []


def test_a_part_for_a_stage_that_is_not_asked_for_is_no_misspelt_wire():
    text = inputs("s", "cont") + lstm().replace("layer {", 'layer { include { stage: "one" }')
    assert lint(text + product("score", "r", axis=2)) == []  # it does not build, and Caffe says so


def test_two_lstm_layers_of_which_one_reads_an_image_at_all_steps_are_no_steps_of_one():
    text = inputs("s", "cont", "x") + lstm("s cont x").replace('"r"', '"lstm1"')
    text += lstm("lstm1 cont").replace('"r"', '"lstm2"')
    assert lint(text) == []

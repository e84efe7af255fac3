"""Nets of older formats become the layers that Caffe itself makes of them."""
import pytest
from google.protobuf import text_format

import portable_caffe as pc
from portable_caffe.prototxt import parse
from portable_caffe.upgrade import type_of_2014

OF_2014 = """
name: "old" input: "x" input_dim: 2 input_dim: 3 input_dim: 8 input_dim: 8
layers { name: "conv" type: CONVOLUTION bottom: "x" top: "conv" blobs_lr: 1 blobs_lr: 2
  weight_decay: 1 weight_decay: 0 param: "w" param: "b" blob_share_mode: PERMISSIVE
  convolution_param { num_output: 4 kernel_size: 3 pad: 1 weight_filler { type: "xavier" } } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" relu_param { negative_slope: 0.1 } }
layers { name: "pool" type: POOLING bottom: "conv" top: "pool"
  pooling_param { pool: AVE kernel_size: 2 stride: 2 } }
layers { name: "ip" type: INNER_PRODUCT bottom: "pool" top: "ip"
  inner_product_param { num_output: 5 } include { phase: TRAIN } }
layers { name: "prob" type: SOFTMAX bottom: "ip" top: "prob" }
layers { name: "cut" type: SLICE bottom: "prob" top: "a" top: "b" slice_param { slice_point: 2 } }
layers { name: "tanh" type: TANH bottom: "a" top: "a" }
layers { name: "both" type: CONCAT bottom: "a" bottom: "b" top: "both" }
layers { name: "sum" type: ELTWISE bottom: "both" bottom: "prob" top: "sum"
  eltwise_param { operation: SUM coeff: 1 coeff: -1 } }
layers { name: "y" type: DUMMY_DATA top: "y"
  dummy_data_param { num: 2 channels: 5 height: 1 width: 1 data_filler { value: 0.5 } } }
layers { name: "loss" type: EUCLIDEAN_LOSS bottom: "sum" bottom: "y" top: "loss"
  loss_weight: 0.5 }
"""
OF_2013 = """
name: "older" input: "x" input_dim: 2 input_dim: 3 input_dim: 8 input_dim: 8
layers { layer { name: "pad" type: "padding" pad: 1 } bottom: "x" top: "padded" }
layers { layer { name: "conv" type: "conv" num_output: 4 kernelsize: 3 group: 1 biasterm: false
  weight_filler { type: "xavier" } blobs_lr: 1 weight_decay: 0 } bottom: "padded" top: "conv" }
layers { layer { name: "relu" type: "relu" } bottom: "conv" top: "conv" }
layers { layer { name: "pool" type: "pool" pool: MAX kernelsize: 2 stride: 2 }
  bottom: "conv" top: "pool" }
layers { layer { name: "drop" type: "dropout" dropout_ratio: 0.3 } bottom: "pool" top: "pool" }
layers { layer { name: "ip" type: "innerproduct" num_output: 5
  weight_filler { type: "gaussian" std: 0.1 } bias_filler { type: "constant" value: 1 } }
  bottom: "pool" top: "ip" }
layers { layer { name: "prob" type: "softmax" } bottom: "ip" top: "prob" }
"""
OF_TODAY = """
input: "x" input_shape { dim: 2 dim: 3 } input: "y" input_shape { dim: 2 }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 5 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "y" top: "loss" }
"""


@pytest.fixture
def caffe():
    return pytest.importorskip("caffe", reason="real Caffe is not installed here")


@pytest.mark.parametrize("text", [OF_2014, OF_2013, OF_TODAY])
def test_the_layers_are_those_that_real_caffe_upgrades_to(caffe, text, tmp_path):
    """A .caffemodel that real Caffe saves holds its layers as it understood them."""
    (tmp_path / "net").write_text(text)
    net = caffe.Net(str(tmp_path / "net"), caffe.TRAIN)
    net.save(str(tmp_path / "saved"))
    theirs = caffe.proto.caffe_pb2.NetParameter.FromString((tmp_path / "saved").read_bytes())
    mine = parse(text, caffe.proto.caffe_pb2.NetParameter(), "text")
    assert plain(mine.layer) == plain(
        [layer for layer in theirs.layer if layer.type != "Split"])


def plain(layers):
    """Each layer as text, without its numbers and without the names that Splits bring."""
    found = []
    for layer in layers:
        copy = type(layer)()
        copy.CopyFrom(layer)
        del copy.blobs[:]
        copy.ClearField("phase")
        copy.ClearField("loss_weight")  # Caffe writes 1 where a loss has none
        copy.bottom[:] = [name.split("_split_")[0].split(f"_{name.split('_')[0]}_")[0]
                          for name in copy.bottom]
        found.append(text_format.MessageToString(copy))
    return found


@pytest.mark.parametrize("text", [OF_2014, OF_2013, OF_TODAY])
def test_portable_caffe_reads_what_real_caffes_messages_read(caffe, text):
    theirs = parse(text, caffe.proto.caffe_pb2.NetParameter(), "text")
    assert str(parse(text, pc.caffe_pb2.NetParameter(), "text")) == str(theirs)


def test_each_type_of_2014_is_a_type_that_real_caffe_runs(caffe):
    types = caffe.proto.caffe_pb2.V1LayerParameter.LayerType.keys()
    assert set(map(type_of_2014, set(types) - {"NONE"})) <= set(caffe.layer_type_list())


def test_what_is_done_to_pictures_moves_out_of_the_layer_that_reads_them():
    net = parse('layers { name: "d" type: DATA top: "d" data_param { source: "s" scale: 0.5 '
                'mirror: true crop_size: 8 mean_file: "m" } }', pc.caffe_pb2.NetParameter(), "")
    told = net.layer[0].transform_param
    assert (told.scale, told.mirror, told.crop_size, told.mean_file) == (0.5, True, 8, "m")
    assert str(net.layer[0].data_param).split() == ["source:", '"s"']


def test_an_input_without_a_shape_stays_as_it_is():
    net = parse('input: "x" layer { name: "y" type: "TanH" bottom: "x" top: "y" }',
                pc.caffe_pb2.NetParameter(), "")
    assert (list(net.input), [layer.name for layer in net.layer]) == (["x"], ["y"])


def test_the_nets_inside_a_solver_are_upgraded_too():
    solver = parse(f"train_net_param {{ {OF_2014} }} test_net_param {{ {OF_2013} }}",
                   pc.caffe_pb2.SolverParameter(), "")
    assert [layer.name for layer in solver.train_net_param.layer][:3] == ["input", "conv", "relu"]
    assert solver.test_net_param[0].layer[1].type == "Convolution"


def test_a_message_that_is_given_stays_as_it_was():
    net = pc.caffe_pb2.NetParameter()
    text_format.Parse(OF_2013, net)
    before = str(net)
    assert pc.Net(net, pc.TRAIN).blobs["x"].shape == (2, 3, 8, 8)
    assert str(net) == before

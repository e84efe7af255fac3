"""Prototxt, .caffemodel and messages go both ways between real Caffe and portable_caffe."""
import os
import re

import numpy as np
import pytest
from google.protobuf import text_format

import portable_caffe as pc
from portable_caffe import layers as L
from portable_caffe.proto import caffe_pb2

from portable_nets import fill, inputs, learning_net, write

PROTO = os.path.join(os.path.dirname(caffe_pb2.__file__), "caffe_subset.proto")
TYPES = dict(float=2, double=1, int64=3, int32=5, uint32=13, bool=8, string=9, bytes=12,
             uint64=4)


def fields_in_text():
    """(message, field) -> (label, type, number, default) as caffe_subset.proto says."""
    found, message = {}, None
    for line in open(PROTO, encoding="utf-8"):
        message = (re.match(r"message (\w+)", line) or [None, message])[1]
        field = re.match(r"  (optional|repeated) (\w+) (\w+) = (\d+)(?: \[(.*)\])?;", line)
        if field:
            label, kind, name, number, options = field.groups()
            default = re.search(r"default = (.*)", options or "")
            found[message, name] = (label, kind, int(number), default and default[1].strip('"'))
    return found


def described(field):
    """The same of a field descriptor."""
    kind = {number: name for name, number in TYPES.items()}.get(field.type)
    kind = kind or (field.message_type or field.enum_type).name
    repeated = isinstance(field.default_value, list) or field.default_value == []
    default = None
    if field.has_default_value and not repeated:
        default = field.default_value
        default = (field.enum_type.values_by_number[default].name if field.enum_type
                   else str(default).lower() if field.type == TYPES["bool"]
                   else f"{default:.7g}" if isinstance(default, float) else str(default))
    return "repeated" if repeated else "optional", kind, field.number, default


def all_fields(pb2):
    return {(message.name, field.name): described(field)
            for message in pb2.DESCRIPTOR.message_types_by_name.values()
            for field in message.fields}


def test_the_descriptor_is_what_the_proto_text_says():
    assert fields_in_text() == all_fields(caffe_pb2)


def test_enum_values_are_what_the_proto_text_says():
    text = dict(re.findall(r"(\w+) = (\d+);", " ".join(
        re.findall(r"enum \w+ \{([^}]*)\}", open(PROTO, encoding="utf-8").read()))))
    assert (caffe_pb2.TRAIN, caffe_pb2.TEST) == (int(text["TRAIN"]), int(text["TEST"]))
    for message in caffe_pb2.DESCRIPTOR.message_types_by_name.values():
        for enum in message.enum_types:
            for value in enum.values:
                assert f"{value.name} = {value.number};" in open(PROTO, encoding="utf-8").read()


def test_fields_have_the_numbers_and_defaults_of_real_caffe():
    caffe = pytest.importorskip("caffe", reason="real Caffe is not installed here")
    theirs, mine = all_fields(caffe.proto.caffe_pb2), all_fields(caffe_pb2)
    newer = {key for key in mine if "clip_param" in key or key[0] == "ClipParameter"}
    assert {key: mine[key] for key in mine.keys() - newer} == {
        key: theirs[key] for key in mine.keys() - newer}  # this wheel is older than Clip


@pytest.fixture
def caffe():
    return pytest.importorskip("caffe", reason="real Caffe is not installed here")


def test_prototxt_means_the_same_on_both_sides(caffe):
    mine = learning_net()
    theirs = text_format.Parse(str(mine), caffe.proto.caffe_pb2.NetParameter())
    assert str(theirs) == str(mine)
    assert theirs.SerializeToString() == mine.SerializeToString()
    assert caffe_pb2.NetParameter.FromString(theirs.SerializeToString()) == mine


def net_of_pictures():
    """The layers with weights that a classifier lacks: statistics, slopes, windows."""
    ns = inputs(pc.NetSpec(), x=(2, 3, 4, 4))
    ns.norm = L.BatchNorm(ns.x)
    ns.scaled = L.Scale(ns.norm, bias_term=True, in_place=True)
    ns.bent = L.PReLU(L.PReLU(ns.scaled), channel_shared=True)
    ns.y = L.Deconvolution(ns.bent, convolution_param=dict(num_output=2, kernel_size=3))
    return ns.to_proto()


@pytest.mark.parametrize("make", [learning_net, net_of_pictures])
@pytest.mark.parametrize("writer", ["real", "own"])
def test_caffemodel_of_one_side_is_read_by_the_other(tmp_path, caffe, writer, make):
    path = write(tmp_path, make())
    real, own = caffe.Net(path, caffe.TRAIN), pc.Net(path, pc.TRAIN)
    source, target = (real, own) if writer == "real" else (own, real)
    fill(source).save(str(tmp_path / "w.caffemodel"))
    target.copy_from(str(tmp_path / "w.caffemodel"))
    for name in real.params:
        for theirs, mine in zip(real.params[name], own.params[name]):
            np.testing.assert_array_equal(theirs.data, mine.data)


@pytest.mark.parametrize("make", [learning_net, net_of_pictures])
def test_saved_files_hold_the_same_layers_and_weights(tmp_path, caffe, make):
    path = write(tmp_path, make())
    real, own = caffe.Net(path, caffe.TRAIN), pc.Net(path, pc.TRAIN)
    for net, name in ((fill(real), "real"), (fill(own), "own")):
        net.save(str(tmp_path / name))
    stored = [caffe_pb2.NetParameter.FromString((tmp_path / name).read_bytes())
              for name in ("real", "own")]
    assert [layer.name for layer in stored[0].layer] == [layer.name for layer in stored[1].layer]
    assert [layer.blobs for layer in stored[0].layer] == [layer.blobs for layer in stored[1].layer]
    assert [layer.param for layer in stored[0].layer] == [layer.param for layer in stored[1].layer]


def test_net_takes_weights_when_it_is_built_in_both_orders(tmp_path):
    path, weights = write(tmp_path, learning_net()), str(tmp_path / "w.caffemodel")
    first = fill(pc.Net(path, pc.TRAIN))
    first.save(weights)
    for net in (pc.Net(path, pc.TEST, weights=weights), pc.Net(path, weights, pc.TEST)):
        np.testing.assert_array_equal(net.params["a"][0].data, first.params["a"][0].data)


@pytest.mark.parametrize("content, said", [
    (None, "Could not open file"), ("layer { nam: 'x' }", 'no field named "nam"'),
    ("layer {", "line 1")])
def test_a_bad_prototxt_raises_and_says_where(tmp_path, content, said):
    path = write(tmp_path, content) if content else str(tmp_path / "missing.prototxt")
    with pytest.raises(pc.NetError, match=said):
        pc.Net(path, pc.TRAIN)


def test_a_cut_caffemodel_raises(tmp_path):
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    net.save(str(tmp_path / "w"))
    (tmp_path / "w").write_bytes((tmp_path / "w").read_bytes()[:-7])
    with pytest.raises(pc.NetError, match="not a whole NetParameter"):
        net.copy_from(str(tmp_path / "w"))

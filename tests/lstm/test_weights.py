"""Weights: how they start, how they are kept, and that nothing is lost on the way."""
import os

import numpy as np
import pytest
from conftest import VARIANTS, H, lstm_layer_net, unrolled_net, unrolled_spec, on_real_caffe
from test_origin import origin_example

from lstm_lib import (NetError, caffe, get_gradients, get_layer_weights, get_weights, load_net,
                      save_weights, set_layer_weights, set_weights, shared_weights,
                      xavier_start)


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def test_start_values_depend_on_the_seed_alone_and_set_the_forget_bias():
    W = xavier_start(7, 3, np.random.default_rng(5), forget_bias=1.5)
    assert equal(W, xavier_start(7, 3, np.random.default_rng(5), forget_bias=1.5))
    assert W.b_c.tolist() == [0] * 3 + [1.5] * 3 + [0] * 6
    assert (W.W_xc.shape, W.W_hc.shape, W.H) == ((12, 7), (12, 3), 3)


def test_xavier_start_has_the_spread_of_caffe_s_xavier_filler():
    W = xavier_start(60, 50, np.random.default_rng(0))
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 60])))
    ns.y = caffe.layers.InnerProduct(ns.x, num_output=200, weight_filler=dict(type="xavier"))
    theirs = load_net(ns).params["y"][0].data
    assert W.W_xc.std() == pytest.approx(theirs.std(), rel=0.03)
    assert abs(W.W_xc).max() == pytest.approx(abs(theirs).max(), rel=0.01)
    assert abs(W.W_hc).max() == pytest.approx(np.sqrt(3 / 50), rel=0.01)


@pytest.mark.parametrize("cell, project", VARIANTS)
@pytest.mark.parametrize("steps", [1, 2, 9])
def test_saved_weights_load_into_any_number_of_steps(cell, project, steps, weights, tmp_path):
    path = save_weights(unrolled_net(weights, cell=cell, project=project), tmp_path / "w")
    other = load_net(unrolled_spec(T=steps, cell=cell, project=project), weights=path)
    assert equal(get_weights(other), weights)


def test_the_file_does_not_grow_with_the_steps(tmp_path):
    sizes = [os.path.getsize(save_weights(unrolled_net(T=steps), tmp_path / str(steps)))
             for steps in (1, 3, 30)]
    assert len(set(sizes)) == 1


def test_caffe_s_own_file_holds_the_weights_once_a_step(tmp_path):
    net = unrolled_net(T=3)
    net.save(str(tmp_path / "all"))
    save_weights(net, tmp_path / "once")
    ratio = os.path.getsize(tmp_path / "all") / os.path.getsize(tmp_path / "once")
    assert ratio > 2.5


def test_a_file_that_caffe_saved_loads_as_well(weights, tmp_path):
    unrolled_net(weights).save(str(tmp_path / "all.caffemodel"))
    assert equal(get_weights(load_net(unrolled_spec(T=7), tmp_path / "all.caffemodel")), weights)


@on_real_caffe
def test_plain_pycaffe_reads_the_saved_file(weights, tmp_path):
    import caffe as plain

    (tmp_path / "net.prototxt").write_text(str(unrolled_spec(T=6).to_proto()))
    path = save_weights(unrolled_net(weights), tmp_path / "w.caffemodel")
    net = plain.Net(str(tmp_path / "net.prototxt"), str(path), plain.TEST)
    assert np.array_equal(net.params["t6/lstm/Mh"][0].data, weights.W_hc)


def test_the_origin_s_weights_take_102_megabytes(tmp_path):
    path = save_weights(load_net(origin_example()), tmp_path / "w.caffemodel")
    numbers = 2000 * 12800 + 2000 + 2000 * 500
    assert 4 * numbers < os.path.getsize(path) < 4 * numbers + 1000 and numbers * 4 < 107e6


def test_writing_weights_of_a_wrong_shape_changes_nothing(weights):
    net = unrolled_net(weights)
    with pytest.raises(NetError, match=r"w_Mhw is \(24, 6\)"):
        set_weights(net, weights._replace(W_xc=weights.W_xc + 1, W_hc=np.zeros((2, 2))))
    assert equal(get_weights(net), weights)


def test_unknown_weight_names_are_answered_with_the_known_ones():
    with pytest.raises(NetError, match="'w_no'.*w_Mxw, w_Mxb, w_Mhw"):
        get_weights(unrolled_net(), ["w_no", "w_Mxb", "w_Mhw"])


def test_a_layer_that_is_no_lstm_is_answered_with_those_that_learn(weights):
    with pytest.raises(NetError, match="'H' is no LSTM layer.*lstm"):
        get_layer_weights(lstm_layer_net(), "H")
    with pytest.raises(NetError, match="nothing"):
        set_layer_weights(unrolled_net(), "nothing", weights)


def test_a_net_without_weights_has_none_to_save(tmp_path):
    text = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }'
    with pytest.raises(NetError, match="no weights"):
        save_weights(load_net(text), tmp_path / "w")


def test_shared_weights_name_each_weight_once_with_its_users():
    table = shared_weights(unrolled_net(T=2))
    assert {name: users for name, (_, users) in table.items()} == {
        "w_Mxw": ["t1/lstm/Mx", "t2/lstm/Mx"], "w_Mxb": ["t1/lstm/Mx", "t2/lstm/Mx"],
        "w_Mhw": ["t1/lstm/Mh", "t2/lstm/Mh"]}


def test_gradients_of_a_shared_weight_add_up_over_the_steps(weights, data):
    net = unrolled_net(weights)
    net.blobs["x"].data[...] = data["x"]
    net.forward()
    total = 0
    for t in range(4):
        net.clear_param_diffs()
        net.blobs["H"].diff[...] = 0
        net.blobs["H"].diff[t] = data["dH"][t]
        net.backward()
        total = total + net.params["t1/lstm/Mh"][0].diff.copy()
    net.clear_param_diffs()
    net.blobs["H"].diff[...] = data["dH"]
    net.backward()
    assert np.allclose(net.params["t1/lstm/Mh"][0].diff, total, atol=1e-6)
    assert net.params["t4/lstm/Mh"][0].diff.shape == (4 * H, H)


@pytest.mark.parametrize("wrong", [None, 7, [1, 2], [1, 2, 3, 4]])
def test_what_is_no_three_weights_is_named(wrong):
    with pytest.raises(NetError, match="three arrays W_xc, b_c, W_hc"):
        set_weights(unrolled_net(), wrong)


@pytest.mark.parametrize("call", [get_weights, shared_weights, lambda net: save_weights(net, "w"),
                                  lambda net: get_layer_weights(net, "lstm")])
@pytest.mark.parametrize("make", [lambda: None, unrolled_spec], ids=["None", "NetSpec"])
def test_what_is_no_net_is_named(call, make):
    with pytest.raises(NetError, match="expected a net, like net = load_net"):
        call(make())


@pytest.mark.parametrize("arguments, said", [
    ((0, 4, np.random.default_rng()), "D must"), ((4, 2.5, np.random.default_rng()), "H must"),
    ((4, 4, 7), "default_rng")])
def test_start_values_of_no_size_or_no_generator_raise(arguments, said):
    with pytest.raises(ValueError, match=said):
        xavier_start(*arguments)


def test_gradients_that_were_read_stay_when_the_net_runs_on():
    net = unrolled_net()
    kept = get_gradients(net)
    net.params["t1/lstm/Mx"][0].diff[...] = 9
    assert abs(kept.W_xc).max() == 0


def test_saved_weights_have_the_type_of_the_layer_that_was_built(tmp_path):
    layers = [f'layer {{ name: "y" type: "{kind}" bottom: "x" top: "y" include {{ phase: {phase} }} '
              "inner_product_param { num_output: 3 } }"
              for kind, phase in (("InnerProduct", "TRAIN"), ("Scale", "TEST"))]
    text = ('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'
            + "".join(layers))
    for phase, kind in ((caffe.TRAIN, "InnerProduct"), (caffe.TEST, "Scale")):
        path = save_weights(load_net(text, phase=phase), str(tmp_path / "w"))
        stored = caffe.proto.caffe_pb2.NetParameter.FromString((tmp_path / "w").read_bytes())
        assert [(layer.name, layer.type) for layer in stored.layer] == [("y", kind)]
        load_net(text, weights=path, phase=phase)


def test_weights_of_a_net_in_the_format_of_2014_are_saved(tmp_path):
    text = """layers { name: "x" type: DUMMY_DATA top: "x" dummy_data_param {
      num: 2 channels: 3 height: 1 width: 1 } }
    layers { name: "y" type: INNER_PRODUCT bottom: "x" top: "y"
      inner_product_param { num_output: 3 } }"""
    net = load_net(text)
    net.params["y"][0].data[...] = 7
    other = load_net(text, weights=save_weights(net, str(tmp_path / "w")))
    assert (other.params["y"][0].data == 7).all()

"""OpenCV 4 runs the unrolled net as `write_prototxt` and Caffe's own `net.save` leave it."""
import cv2
import numpy as np
import pytest
from conftest import T, lstm_layer_net, run, unrolled_net, unrolled_spec, worst

from lstm_lib import caffe, load_net, save_weights, unroll, write_prototxt

L = caffe.layers


def opencv_net(net, folder, save=lambda net, path: net.save(path)):
    write_prototxt(net, folder / "net.prototxt")
    save(net, str(folder / "net.caffemodel"))
    return cv2.dnn.readNetFromCaffe(str(folder / "net.prototxt"), str(folder / "net.caffemodel"))


def opencv_forward(net, data, names=("H", "h_T", "c_T")):
    for name, array in (("x", data["x"]), ("h0", data["h0"][None]), ("c0", data["c0"][None])):
        net.setInput(array, name)
    return dict(zip(names, net.forward(list(names))))


def random_data(rng, T, B, D=5, H=6):
    shapes = dict(x=(T, B, D), h0=(B, H), c0=(B, H), dH=(T, B, H), dh_T=(B, H), dc_T=(B, H))
    return {name: rng.standard_normal(shape).astype("f") for name, shape in shapes.items()}


@pytest.mark.parametrize("project", ["per_step", "once"])
@pytest.mark.parametrize("steps", [1, 4, 100])
def test_opencv_computes_what_caffe_does(steps, project, weights, rng, tmp_path):
    data = random_data(rng, steps, 3)
    net = unrolled_net(weights, T=steps, project=project)
    theirs, ours = opencv_forward(opencv_net(net, tmp_path), data), run(net, data)
    for name, array in theirs.items():
        assert worst(array, ours[name]) <= 1e-6, name


def test_opencv_takes_another_number_of_sequences_than_the_prototxt_names(weights, rng, tmp_path):
    data = random_data(rng, T, 8)
    theirs = opencv_forward(opencv_net(unrolled_net(weights, B=3), tmp_path), data)
    assert worst(theirs["H"], run(unrolled_net(weights, B=8), data)["H"]) <= 1e-6


def test_opencv_refuses_a_file_that_holds_shared_weights_once(weights, data, tmp_path):
    net = opencv_net(unrolled_net(weights), tmp_path, save_weights)
    with pytest.raises(cv2.error, match="expected: 'inputsTmp.size"):
        opencv_forward(net, data)


def test_for_one_step_a_file_with_one_copy_is_enough(weights, rng, tmp_path):
    data, net = random_data(rng, 1, 3), unrolled_net(weights, T=1)
    theirs = opencv_forward(opencv_net(net, tmp_path, save_weights), data)
    assert worst(theirs["H"], run(net, data)["H"]) <= 1e-6


def with_loss(weights):
    ns = unrolled_spec()
    ns.loss = L.EuclideanLoss(ns.H, ns.H)
    return load_net(ns)


def with_dummy_data(weights):
    ns = caffe.NetSpec()
    ns.x = L.DummyData(shape=dict(dim=[4, 3, 5]))
    unroll(ns, ns.x, 4, 6)
    return load_net(ns)


@pytest.mark.parametrize("make, said", [
    (with_loss, "EuclideanLoss"), (with_dummy_data, "DummyData"),
    (lambda weights: lstm_layer_net(), "LSTMLayer"),
    (lambda weights: unrolled_net(weights, cell="fused"), "Reduction")],
    ids=["a loss", "DummyData", "LSTM layer", "fused cell"])
def test_opencv_refuses(make, said, weights, tmp_path):
    net = make(weights)
    with pytest.raises(cv2.error, match=said):
        theirs = opencv_net(net, tmp_path)
        for name in net.inputs:
            theirs.setInput(net.blobs[name].data, name)
        theirs.forward("H")


def test_opencv_carries_the_state_from_call_to_call_in_a_net_of_one_step(weights, data, tmp_path):
    one_step = opencv_net(unrolled_net(weights, T=1), tmp_path)
    h, c, outputs = data["h0"], data["c0"], []
    for x_t in data["x"]:
        made = opencv_forward(one_step, dict(x=x_t[None], h0=h, c0=c))
        h, c = made["h_T"][0].copy(), made["c_T"][0].copy()
        outputs.append(h)
    assert worst(np.array(outputs), run(unrolled_net(weights), data)["H"]) <= 1e-6

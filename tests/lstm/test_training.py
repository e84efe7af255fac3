"""Training with Caffe's own solvers: the rules they follow, and snapshots."""
import os

import numpy as np
import pytest
from conftest import B, D, H, T, L, input_layer, worst

from lstm_lib import (NetError, caffe, get_gradients, get_weights, load_net, make_solver,
                      set_weights, unroll)


def spec(T=T, **options):
    ns = caffe.NetSpec()
    ns.x, ns.target = input_layer(T, B, D), input_layer(T, B, H)
    unroll(ns, ns.x, T, H, **options)
    ns.loss = L.EuclideanLoss(ns.H, ns.target)
    return ns


def solver_with(weights, data, **options):
    solver = make_solver(spec(), **{**dict(base_lr=0.1), **options})
    set_weights(solver.net, weights)
    solver.net.blobs["x"].data[...] = data["x"]
    solver.net.blobs["target"].data[...] = data["dH"]
    return solver


def gradient(weights, data):
    net = load_net(spec())
    set_weights(net, weights)
    net.blobs["x"].data[...], net.blobs["target"].data[...] = data["x"], data["dH"]
    net.forward()
    net.backward()
    return get_gradients(net)


def test_one_step_of_sgd_goes_against_the_gradient_of_all_time_steps(weights, data):
    solver = solver_with(weights, data)
    solver.step()
    W_xc, b_c, W_hc = (w - 0.1 * rate * g for w, g, rate in
                       zip(weights, gradient(weights, data), (1, 2, 1)))  # the bias has lr 2
    ours = get_weights(solver.net)
    assert max(worst(ours.W_xc, W_xc), worst(ours.b_c, b_c), worst(ours.W_hc, W_hc)) < 1e-6


def test_the_loss_that_step_returns_falls(weights, data):
    solver = solver_with(weights, data)
    losses = [solver.step() for _ in range(30)]
    assert losses[-1] < losses[0] and solver.iter == 30


@pytest.mark.parametrize("options", [
    dict(type="SGD", momentum=0.9), dict(type="Nesterov", momentum=0.9), dict(type="AdaGrad"),
    dict(type="RMSProp", base_lr=0.01), dict(type="Adam", momentum=0.9),
    dict(type="AdaDelta", momentum=0.95, delta=1e-4, base_lr=1)], ids=lambda options: options["type"])
def test_every_type_of_solver_learns(weights, data, options):
    solver = solver_with(weights, data, **options)
    first = solver.step()
    assert solver.step(50) < 0.7 * first


def test_clip_gradients_scales_the_whole_gradient_to_the_given_norm(weights, data):
    solver = solver_with(weights, data, clip_gradients=0.01)
    solver.step()
    ours, g = get_weights(solver.net), gradient(weights, data)
    norm = np.sqrt(sum((part ** 2).sum() for part in g))
    assert norm > 0.01
    assert worst(weights.W_hc - ours.W_hc, 0.1 * g.W_hc * 0.01 / norm) < 1e-7


@pytest.mark.parametrize("options", [dict(momentum=0.9), dict(type="Adam", momentum2=0.999)])
def test_training_resumed_from_a_snapshot_is_bit_equal(weights, data, tmp_path, options):
    options["snapshot_prefix"] = str(tmp_path / "snap")
    through = solver_with(weights, data, **options)
    through.step(5)
    state = through.snapshot()
    through.step(5)
    resumed = solver_with(weights, data, **options)
    resumed.restore(state)
    assert resumed.iter == 5
    resumed.step(5)
    for one, other in zip(get_weights(through.net), get_weights(resumed.net)):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("options, said", [
    (dict(momentun=0.9), "Did you mean 'momentum'"), (dict(momentum="much"), "momentum='much'"),
    (dict(type="Adaam"), "Adaam"), (dict(lr_policy="stepp"), "stepp")])
def test_a_wrong_option_raises(weights, data, options, said):
    with pytest.raises(NetError, match=said):
        solver_with(weights, data, **options).step()


def test_a_bad_net_is_explained_as_by_load_net():
    ns = spec()
    ns.wrong = L.EuclideanLoss(ns.H, ns.x)
    with pytest.raises(NetError, match="wrong.*(?s:.*)Given: H"):
        make_solver(ns, base_lr=1)


def test_an_input_of_another_size_raises_and_does_no_harm(weights, data):
    solver = solver_with(weights, data)
    solver.net.blobs["x"].reshape(T + 1, B, D)
    with pytest.raises(NetError, match="one size"):
        solver.step()


def test_snapshots_without_a_folder_and_states_without_a_file_raise(weights, data, tmp_path):
    solver = solver_with(weights, data, snapshot_prefix=str(tmp_path / "no" / "snap"))
    with pytest.raises(NetError, match="no folder"):
        solver.snapshot()
    with pytest.raises(NetError, match="there is no file"):
        solver.restore("nothing.solverstate")
    (tmp_path / "bad.solverstate").write_bytes(b"not a state")
    with pytest.raises(NetError, match="does not fit"):
        solver.restore(str(tmp_path / "bad.solverstate"))
    assert os.listdir(tmp_path) == ["bad.solverstate"]


def test_the_solver_s_net_is_as_safe_as_any_other(weights, data, tmp_path):
    net = solver_with(weights, data).net
    with pytest.raises(NetError, match="no folder"):
        net.save(str(tmp_path / "no" / "w"))
    net.blobs["x"].reshape(T + 1, B, D)
    with pytest.raises(NetError, match="do not fit|must have one shape"):
        net.forward()


def test_making_a_solver_writes_no_snapshot(weights, data, tmp_path):
    solver_with(weights, data, snapshot=1, snapshot_prefix=str(tmp_path / "s"))
    assert list(tmp_path.iterdir()) == []


def scores_net(label):
    """Four classes; labels as `label` makes them."""
    ns = caffe.NetSpec()
    ns.x, ns.label = input_layer(B, D), label
    ns.scores = L.InnerProduct(ns.x, num_output=4, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.scores, ns.label)
    return ns


def test_a_label_that_is_no_class_raises_before_the_solver_reads_memory_with_it():
    solver = make_solver(scores_net(input_layer(B)), base_lr=0.1)
    solver.net.blobs["label"].data[...] = [0, 3, 4]
    with pytest.raises(NetError, match="from 0 to 3, got 4"):
        solver.step()
    solver.net.blobs["label"].data[...] = [0, 3, 1]
    assert np.isfinite(solver.step())


def test_labels_that_a_layer_makes_are_looked_at_too():
    made = L.DummyData(shape=dict(dim=[B]), data_filler=dict(value=4))
    with pytest.raises(NetError, match="from 0 to 3, got 4"):
        load_net(scores_net(made)).forward()


def test_a_loss_of_many_numbers_trains_and_its_sum_is_returned():
    ns = caffe.NetSpec()
    ns.x = L.DummyData(dummy_data_param=dict(shape=dict(dim=[2, 3]), data_filler=dict(value=1)))
    ns.y = L.InnerProduct(ns.x, num_output=3, loss_weight=1, weight_filler=dict(value=1))
    solver = make_solver(ns, base_lr=0.01)
    assert solver.step() == 18
    assert solver.step() < 18

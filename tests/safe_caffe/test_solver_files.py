"""`caffe.get_solver` of a file: mistakes raise, and the numbers are Caffe's."""
import os
import signal
import threading
import time

import numpy as np
import pytest
from conftest import L, input_layer, on_real_caffe

from lstm_lib import NetError, caffe, get_weights, load_net, prototxt, save_weights, unroll

T, B, D, H = 3, 2, 5, 4


def classifier(steps):
    ns = caffe.NetSpec()
    ns.x, ns.label = input_layer(steps, B, D), input_layer(1, B)
    unroll(ns, ns.x, steps, H)
    ns.scores = L.InnerProduct(ns.h_T, num_output=3, axis=2, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    return prototxt(ns)


def solver_file(folder, options='lr_policy: "fixed"', tests=1, prefix=None):
    path = folder / "solver.prototxt"
    path.write_text(f'base_lr: 0.1 snapshot_prefix: "{prefix or folder}/s" {options} '
                    f"train_net_param {{ {classifier(T)} }} "
                    + f"test_net_param {{ {classifier(T + 1)} }} test_iter: 1 " * tests
                    + "test_interval: 2 " * bool(tests))
    return str(path)


@pytest.fixture
def solver(tmp_path):
    made = caffe.get_solver(solver_file(tmp_path))
    made.net.blobs["x"].data[...] = np.arange(T * B * D).reshape(T, B, D) / 10
    made.net.blobs["label"].data[...] = [0, 2]
    return made


MISTAKES = {
    "weights that are not there": lambda s, folder: s.net.copy_from("nope.caffemodel"),
    "a folder that is not there": lambda s, folder: s.net.save(f"{folder}/no/w.caffemodel"),
    "a state that is not there": lambda s, folder: s.restore("nope.solverstate"),
    "weights as a state": lambda s, folder: s.restore(save_weights(s.net, f"{folder}/w")),
    "another number of steps": lambda s, folder: [s.net.blobs["x"].reshape(T + 2, B, D), s.step()],
    "other inputs": lambda s, folder: [s.net.blobs["x"].reshape(T, B, D + 1), s.net.forward()],
    "a label that is no class": lambda s, folder: [s.net.blobs["label"].data.fill(99), s.step()],
    "one for the test net": lambda s, folder: [
        s.test_nets[0].blobs["label"].data.fill(99), s.step()],
    "inputs of the test net": lambda s, folder: [
        s.test_nets[0].blobs["x"].reshape(9, B, D), s.step()],
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_with_a_solver_or_its_nets_raises_and_does_no_harm(mistake, solver, tmp_path):
    solver.step(2)  # the next one tests first
    before, iterations = get_weights(solver.net), solver.iter
    with pytest.raises(NetError):
        mistake(solver, tmp_path)
    assert solver.iter == iterations
    for mine, old in zip(get_weights(solver.net), before):
        assert np.array_equal(mine, old)


def test_an_unknown_learning_rate_policy_raises(tmp_path):
    with pytest.raises(NetError, match="fixd"):
        caffe.get_solver(solver_file(tmp_path, 'lr_policy: "fixd"')).step()


def test_a_snapshot_brings_back_weights_and_iteration(solver, tmp_path):
    solver.step(3)
    solver.snapshot()
    kept = get_weights(solver.net)
    solver.step(2)
    solver.restore(f"{tmp_path}/s_iter_3.solverstate")
    assert solver.iter == 3
    for mine, old in zip(get_weights(solver.net), kept):
        assert np.array_equal(mine, old)


def test_solve_goes_on_to_max_iter_and_writes_the_last_snapshot(tmp_path):
    solver = caffe.get_solver(solver_file(tmp_path, 'lr_policy: "fixed" max_iter: 5'))
    solver.step(2)
    solver.solve()
    assert solver.iter == 5 and os.path.exists(tmp_path / "s_iter_5.caffemodel")


def test_a_snapshot_into_a_folder_that_is_not_there_raises(tmp_path):
    solver = caffe.get_solver(solver_file(tmp_path, 'lr_policy: "fixed" max_iter: 1', tests=0,
                                          prefix="/nowhere"))
    for call in (solver.snapshot, solver.solve):
        with pytest.raises((NetError, OSError), match="nowhere"):
            call()


@pytest.mark.parametrize("prefix", [None, "."])
def test_snapshots_are_named_after_the_file_where_no_name_is_given(prefix, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.prototxt"
    given = f'snapshot_prefix: "{prefix}"' if prefix else ""
    path.write_text(f'base_lr: 0.1 lr_policy: "fixed" max_iter: 2 {given} '
                    f"train_net_param {{ {classifier(T)} }}")
    caffe.get_solver("mine.prototxt").solve()
    assert {"mine_iter_2.caffemodel", "mine_iter_2.solverstate"} <= set(os.listdir(tmp_path))


@on_real_caffe
def test_the_functions_called_back_are_called_once_an_iteration(solver):
    calls = []
    solver.add_callback(lambda: calls.append("start"), lambda: calls.append("gradients"))
    solver.step(0), solver.step(2)
    assert calls == 2 * ["start", "gradients"] and "add_callback" in dir(solver)


@on_real_caffe
def test_a_label_that_a_layer_makes_stops_the_solver_before_it_is_looked_up(tmp_path):
    path = tmp_path / "solver.prototxt"
    text = classifier(T).replace('bottom: "label"', 'bottom: "made"') + (
        ' layer { name: "make" type: "Power" bottom: "label" top: "made" }')
    layers = text.split("layer {")
    path.write_text('base_lr: 0.1 lr_policy: "fixed" train_net_param { '
                    + "layer {".join([*layers[:-2], layers[-1], layers[-2]]) + " }")
    solver = caffe.get_solver(str(path))
    solver.step(2)
    solver.net.blobs["label"].data[...] = 1.9e9
    with pytest.raises(NetError, match="the labels in 'made'"):
        solver.step()
    solver.net.blobs["label"].data[...] = 1
    solver.step()
    assert solver.iter == 3


def test_a_long_training_can_be_interrupted(solver):
    def interrupt_when_it_learns(learner=threading.get_ident()):
        while solver.iter < 10:
            time.sleep(0.01)
        signal.pthread_kill(learner, signal.SIGINT)

    threading.Thread(target=interrupt_when_it_learns, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        solver.step(10 ** 9)
    assert 10 <= solver.iter < 10 ** 9
    assert np.isfinite(solver.net.forward()["loss"])


@on_real_caffe
def test_the_safe_solver_changes_no_number(solver, tmp_path):
    import caffe as real
    bare = real.get_solver(solver_file(tmp_path, 'lr_policy: "fixed" momentum: 0.9'))
    solver = caffe.get_solver(solver_file(tmp_path, 'lr_policy: "fixed" momentum: 0.9'))
    for name in ("x", "label"):
        solver.net.blobs[name].data[...] = bare.net.blobs[name].data[...] = (
            1 + np.arange(bare.net.blobs[name].count).reshape(bare.net.blobs[name].data.shape) % 2)
    for name, blobs in bare.net.params.items():
        for blob, mine in zip(blobs, solver.net.params[name]):
            mine.data[...] = blob.data
    bare.step(7), solver.step(7)
    for name, blobs in bare.net.params.items():
        for blob, mine in zip(blobs, solver.net.params[name]):
            assert np.array_equal(blob.data, mine.data)


def test_the_net_of_a_file_is_a_net_like_one_that_load_net_made(tmp_path):
    net = tmp_path / "net.prototxt"
    net.write_text(classifier(T))
    path = tmp_path / "by_net.prototxt"
    path.write_text(f'net: "{net}" base_lr: 0.1 lr_policy: "fixed" test_iter: 1 test_interval: 5')
    for make in (caffe.get_solver, caffe.SGDSolver):
        solver = make(str(path))
        assert solver.net.spec == load_net(str(net)).spec
        assert len(solver.test_nets) == 1

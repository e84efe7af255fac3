"""Arrays that NumPy does not see: nothing is copied in a loop, nothing moves, runs are replayed.

A stand-in for a GPU does what one would do (portable_far.py); NumPy says what is right.
"""
import os

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L, replay

from portable_nets import (fill, inputs, learning_net, lstm_by_gates, lstm_by_units,
                           unshared_weights, write)

pytest.importorskip("torch", reason="PyTorch is not installed here")
from portable_far import FarArrays, FarGraph  # noqa: E402 - needs PyTorch

T, B, D, H = 3, 2, 4, 3
SEEDS = int(os.environ.get("REPLAY_SEEDS", 4))


@pytest.fixture
def far(monkeypatch):
    """The stand-in for a GPU in use, without graphs."""
    monkeypatch.setattr(arrays, "current", FarArrays())
    monkeypatch.setattr(replay, "graph_type", lambda: None)
    return arrays.current


@pytest.fixture
def graphs(far, monkeypatch):
    """The same with graphs, and the counts of their use at zero."""
    monkeypatch.setattr(replay, "graph_type",
                        lambda: FarGraph if isinstance(arrays.current, FarArrays) else None)
    for count in ("plain", "recorded", "replayed"):
        monkeypatch.setattr(FarGraph, count, 0)
    return FarGraph


def unrolled(make):
    shapes = dict(x=(T, B, D), h0=(1, B, H), c0=(1, B, H), target=(T, B, H))
    if make is lstm_by_units:
        shapes["cont"] = (T, B)
    ns = make(inputs(pc.NetSpec(), **shapes), T, B, H)
    ns.loss = L.EuclideanLoss(ns.h, ns.target)
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def recurrent(layer):
    def spec():
        ns = inputs(pc.NetSpec(), x=(T, B, D), cont=(T, B), target=(T, B, H))
        ns.h = layer(ns.x, ns.cont, recurrent_param=dict(num_output=H, weight_filler=dict(
            type="uniform", min=-0.5, max=0.5)))
        ns.loss = L.EuclideanLoss(ns.h, ns.target)
        return ns.to_proto()
    return spec


def many_layers():
    """What unrolled nets have around them: constants, sums, a softmax loss, shared memory."""
    ns = inputs(pc.NetSpec(), x=(B, 6), label=(B,))
    ns.one = L.DummyData(shape=dict(dim=[6]), data_filler=dict(value=0.5))
    ns.a = L.InnerProduct(L.Bias(ns.x, ns.one), num_output=6,
                          weight_filler=dict(type="xavier"))
    ns.folded = L.Reshape(ns.a, reshape_param=dict(shape=dict(dim=[0, 2, 3])))
    ns.soft = L.Softmax(ns.folded, axis=2)
    ns.sum = L.Reduction(L.Scale(ns.soft, bias_term=True), axis=2, operation=4)
    ns.tiled = L.Tile(L.Power(L.Bias(ns.sum), scale=2, shift=1, power=2), tiles=2)
    ns.score = L.InnerProduct(L.Concat(ns.tiled, L.Flatten(ns.folded)), num_output=3,
                              weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    ns.accuracy = L.Accuracy(ns.score, ns.label)
    return ns.to_proto()


SPECS = {"gates": lambda: unrolled(lstm_by_gates), "units": lambda: unrolled(lstm_by_units),
         "LSTM": recurrent(L.LSTM), "RNN": recurrent(L.RNN), "classifier": learning_net,
         "many layers": many_layers}


def made(spec, mode, **more):
    """A net with given numbers, made while `mode` computes."""
    net = fill(pc.Net(spec, pc.TRAIN))
    if "cont" in net.blobs:
        net.blobs["cont"].data[...] = np.arange(T * B).reshape(T, B) % 4 > 0
    return net


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_loop_that_touches_no_blob_copies_nothing(spec, far):
    net = made(spec(), far)
    for run in range(3):
        if run == 1:
            far.copies.clear()
        net.clear_param_diffs()
        net.forward()
        net.backward()
    assert not far.copies


def test_only_what_is_read_or_written_is_copied_and_only_once(far):
    net = made(learning_net(), far)
    net.forward()
    far.copies.clear()
    for _ in range(2):
        net.blobs["x"].data[...] = 1  # read (Python may look at it), then written
        loss = float(net.forward()["loss"])
        assert loss == float(net.blobs["loss"].data)
    assert far.copies == {"from host": 2, "to host": 2}


@pytest.mark.parametrize("options", ['type: "SGD" momentum: 0.9 weight_decay: 0.1 '
                                     'clip_gradients: 0.1', 'type: "Adam" momentum: 0.9'])
def test_a_solver_copies_nothing_and_leaves_all_arrays_in_their_place(far, options, tmp_path):
    net = write(tmp_path, learning_net())
    solver = pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 0.1 lr_policy: "fixed" '
                                           + options, "solver.prototxt"))
    fill(solver.net)
    solver.step(2)
    memories = [memory for blob in unshared_weights(solver.net).values()
                for memory in (blob.data_memory, blob.diff_memory)]
    solver.net.blobs["x"].data[...] = 1
    [memory.read() for memory in memories]
    far.copies.clear()
    places = [memory.read().data_ptr() for memory in memories]
    solver.step(3)
    assert far.copies == {"from host": 1}
    assert [memory.read().data_ptr() for memory in memories] == places


def test_what_python_writes_and_clears_stays_in_its_place(far):
    net = made(learning_net(), far)
    blob = net.params["a"][0]
    memories = [net.blobs["x"].data_memory, blob.data_memory, blob.diff_memory,
                net.blobs["loss"].diff_memory]
    net.forward(), net.backward()
    places = [memory.read().data_ptr() for memory in memories]
    net.blobs["x"].data[...] = 3
    blob.data[...] *= 2
    blob.diff[...] = 5
    net.clear_param_diffs()
    net.reshape()
    net.forward(), net.backward()
    assert [memory.read().data_ptr() for memory in memories] == places


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_runs_are_recorded_once_and_then_replayed(spec, graphs):
    net = made(spec(), None)
    for _ in range(5):
        net.forward()
        net.backward()
    assert (graphs.plain, graphs.recorded, graphs.replayed) == (2, 2, 8)


def test_other_shapes_are_recorded_anew(graphs):
    net = made(learning_net(), None)
    for batch in (8, 3, 8):
        net.blobs["x"].reshape(batch, 5)
        net.blobs["label"].reshape(batch)
        before = graphs.recorded
        for _ in range(4):
            net.forward()
            net.backward()
        assert graphs.recorded == before + 2


def test_random_numbers_and_in_place_inputs_are_not_replayed(graphs):
    for layer in (lambda x: L.Dropout(x), lambda x: L.ReLU(x, in_place=True)):
        ns = inputs(pc.NetSpec(), x=(2, 3))
        ns.y = layer(ns.x)
        net = made(ns.to_proto(), None)
        for _ in range(4):
            net.forward()
    assert graphs.recorded == 0


def test_a_run_that_cannot_be_recorded_goes_on_plainly_and_says_so(graphs, monkeypatch):
    def fails(self, work):
        work()
        raise RuntimeError("operation not permitted when stream is capturing")

    net = made(SPECS["LSTM"](), None)
    monkeypatch.setattr(FarGraph, "__init__", fails)
    losses = [float(net.forward()["loss"])]
    with pytest.warns(UserWarning, match="without CUDA graphs: operation not permitted"):
        net.forward()
    assert np.isfinite(losses + [float(net.forward()["loss"])]).all()


# --- any program gives the same numbers with graphs as on NumPy -----------------------------

def act(net, other, action, random, mode):
    """One thing a notebook may do."""
    if action == "write x":
        net.blobs["x"].data[...] = random.standard_normal(net.blobs["x"].shape)
    elif action == "write weights":
        for blob in unshared_weights(net).values():
            blob.data[...] += 0.1 * random.standard_normal(blob.shape)
    elif action == "write gradients":
        for blob in unshared_weights(net).values():
            blob.diff[...] = 1
    elif action == "write a gradient":
        name = list(net.blobs)[random.integers(len(net.blobs))]
        net.blobs[name].diff[...] += 0.5
    elif action == "batch of 4":
        batch_of(net, 4)
    elif action == "batch of 2":
        batch_of(net, 2)
    elif action == "forward in parts":
        middle = net._layer_names[len(net._layer_names) // 2]
        net.forward(end=middle)
        net.blobs[net.top_names[middle][0]].data[...] *= 0.5
        net.forward(start=net._layer_names[len(net._layer_names) // 2 + 1])
    elif action == "backward in parts":
        middle = net._layer_names[len(net._layer_names) // 2]
        net.backward(end=middle)
    elif action == "share":
        net.share_with(other)
    elif action == "other arrays":
        arrays.current, kept = pc.arrays.arrays_of("numpy", "cpu"), arrays.current
        net.forward()
        net.backward()
        arrays.current = kept
        net.forward()
    else:
        getattr(net, action)()


ACTIONS = ["forward", "backward"] * 6 + [
    "write x", "write weights", "write gradients", "write a gradient", "batch of 4",
    "batch of 2", "forward in parts", "backward in parts", "share", "other arrays",
    "clear_param_diffs", "clear_param_diffs", "look", "look", "look", "reshape"]


def batch_of(net, size):
    for name in net.inputs:
        shape = list(net.blobs[name].shape)
        shape[0 if len(shape) < 3 and name != "cont" else 1] = size
        if list(net.blobs[name].shape) != shape:
            net.blobs[name].reshape(*shape)
            net.blobs[name].data[...] = np.cos(np.arange(net.blobs[name].count)).reshape(shape)
    if "label" in net.blobs:
        net.blobs["label"].data[...] = np.arange(size) % 3
    if "cont" in net.blobs:
        net.blobs["cont"].data[...] = 1
    net.forward()


def looked_at(net, chosen):
    found = {}
    for name in chosen:
        found[name] = net.blobs[name].data.copy(), net.blobs[name].diff.copy()
    for key, blob in unshared_weights(net).items():
        found[key] = blob.data.copy(), blob.diff.copy()
    return found


def history(mode, spec, actions, seed):
    """What a program of actions sees."""
    arrays.current, seen = mode, []
    nets = [made(spec, mode) for _ in range(2)]
    random = np.random.default_rng(seed)
    for action in actions:
        if action == "look":
            names = list(nets[0].blobs)
            chosen = [names[i] for i in random.integers(0, len(names), 4)]
            seen.append(looked_at(nets[0], chosen))
        else:
            act(*nets, action, random, mode)
    seen.append(looked_at(nets[0], nets[0].blobs))
    return seen


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_program_sees_the_same_numbers_replayed_as_on_numpy(spec, seed, graphs, far):
    actions = ["forward", "forward", "backward", "backward"] + list(
        np.random.default_rng(seed).choice(ACTIONS, 40))
    spec = spec()
    mine = history(far, spec, actions, seed)
    expected = history(pc.arrays.arrays_of("numpy", "cpu"), spec, actions, seed)
    assert graphs.replayed > 0
    for step, (theirs, ours) in enumerate(zip(expected, mine)):
        for name in theirs:
            for a, b in zip(theirs[name], ours[name]):
                scale = max(1, np.abs(a).max())
                np.testing.assert_allclose(b / scale, a / scale, atol=1e-4,
                                           err_msg=f"{name} {step} {actions}")

"""Arrays that NumPy does not see: nothing is copied in a loop, nothing moves, runs are replayed.

A stand-in for a GPU does what one would do (portable_far.py).
"""
import weakref

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L

from portable_nets import fill, inputs, learning_net, sliced_net, unshared_weights, write
from portable_specs import SPECS, made

pytest.importorskip("torch", reason="PyTorch is not installed here")
from portable_far import FarArrays, FarGraph, far, graphs  # noqa: E402, F401 - needs PyTorch


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_a_loop_that_touches_no_blob_copies_nothing(spec, far):
    net = made(spec())
    for run in range(3):
        if run == 1:
            far.copies.clear()
        net.clear_param_diffs()
        net.forward()
        net.backward()
    assert not far.copies


def test_only_what_is_read_or_written_is_copied_and_only_once(far):
    net = made(learning_net())
    net.forward()
    far.copies.clear()
    for _ in range(2):
        net.blobs["x"].data[...] = 1  # read (Python may look at it), then written
        loss = float(net.forward()["loss"])
        assert loss == float(net.blobs["loss"].data)
    assert far.copies == {"from host": 2, "to host": 2}


@pytest.mark.parametrize("options", ['type: "SGD" momentum: 0.9 weight_decay: 0.1 '
                                     'clip_gradients: 0.1', 'type: "Adam" momentum: 0.9',
                                     'type: "Nesterov" momentum: 0.9', 'type: "AdaGrad"',
                                     'type: "RMSProp"', 'type: "AdaDelta" momentum: 0.9'])
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
    net = made(learning_net())
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


def test_writing_a_slice_does_not_change_what_it_was_cut_from(far):  # noqa: F811
    net = made(sliced_net())
    net.forward()
    net.blobs["a"].data[...] = 9
    net.forward(start="y")
    np.testing.assert_array_equal(net.blobs["p"].data, 2 * net.blobs["x"].data)
    assert np.all(net.blobs["y"].data == np.tanh(np.float32(9)))


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_runs_are_recorded_once_and_then_replayed(spec, graphs):
    net = made(spec())
    for _ in range(5):
        net.forward()
        net.backward()
    assert (graphs.plain, graphs.recorded, graphs.replayed) == (2, 2, 8)


def test_other_shapes_are_recorded_anew(graphs):
    net = made(learning_net())
    for batch in (8, 3, 8):
        net.blobs["x"].reshape(batch, 5)
        net.blobs["label"].reshape(batch)
        before = graphs.recorded
        for _ in range(4):
            net.forward()
            net.backward()
        assert graphs.recorded == before + 2


def test_a_run_after_a_reshape_or_on_another_device_is_a_plain_one(graphs):  # noqa: F811
    net = made(learning_net())
    net.forward()
    net.reshape()
    net.forward()
    assert (graphs.plain, graphs.recorded) == (2, 0)
    arrays.current = FarArrays()
    net.forward()
    assert (graphs.plain, graphs.recorded) == (3, 0)
    net.forward()
    assert (graphs.plain, graphs.recorded) == (3, 1)


def test_a_backward_recorded_after_another_forward_is_not_replayed(graphs):  # noqa: F811
    def last_gradient():
        net = made(SPECS["lone layer"]())
        net.blobs["h"].diff[...] = 1
        for _ in range(4):
            net.forward()
            net.backward()
        net.blobs["x"].data[...] += 1
        net.forward(end="x")
        net.forward(start=net._layer_names[-1])
        net.backward()
        return net.blobs["x"].diff.copy()

    mine = last_gradient()
    arrays.current = arrays.arrays_of("numpy", "cpu")
    np.testing.assert_allclose(mine, last_gradient(), atol=1e-6)
    assert graphs.replayed == 8 - 2  # all runs but the plain ones


@pytest.mark.parametrize("first_look", [0, 3])
def test_looking_at_parts_of_a_blob_does_not_stop_replay(graphs, first_look):  # noqa: F811
    ns = inputs(pc.NetSpec(), x=(4, 3))
    ns.p = L.Power(ns.x, scale=2)
    ns.a, ns.b = L.Slice(ns.p, ntop=2, axis=0)
    ns.y, ns.z = L.TanH(ns.a), L.TanH(ns.b)
    spec = ns.to_proto()
    spec.force_backward = True
    net = made(spec)
    for run in range(12):
        if run == 8:
            recorded = graphs.recorded
        net.forward()
        if run >= first_look:
            assert net.blobs["a"].data.any() and not net.blobs["b"].diff.any()
        net.backward()
    assert graphs.recorded == recorded


def test_random_numbers_and_in_place_inputs_are_not_replayed(graphs):
    for layer in (lambda x: L.Dropout(x), lambda x: L.ReLU(x, in_place=True)):
        ns = inputs(pc.NetSpec(), x=(2, 3))
        ns.y = layer(ns.x)
        net = made(ns.to_proto())
        for _ in range(4):
            net.forward()
    assert graphs.recorded == 0


def test_a_run_that_cannot_be_recorded_goes_on_plainly_and_says_so(graphs, monkeypatch):
    def fails(self, work):
        work()
        raise RuntimeError("operation not permitted when stream is capturing")

    net = made(SPECS["LSTM"]())
    monkeypatch.setattr(FarGraph, "__init__", fails)
    losses = [float(net.forward()["loss"])]
    with pytest.warns(UserWarning, match="without CUDA graphs: operation not permitted"):
        net.forward()
    assert np.isfinite(losses + [float(net.forward()["loss"])]).all()


def test_what_a_plain_run_made_is_free_while_the_next_is_recorded(far, graphs, monkeypatch):
    net, alive = made(learning_net()), []

    def forward_and_look(blob, compute):
        first = weakref.ref(net.blobs[blob].data_memory.array)

        def look(*given):
            result = compute(*given)
            alive.append(first())
            return result
        return look

    net.forward()
    last = net.layers[-1]
    monkeypatch.setattr(last, "forward", forward_and_look("a", last.forward))
    net.forward()
    assert graphs.recorded == 1 and alive == [None]


def test_a_recording_reads_the_window_sizes_of_average_pooling_from_a_memory(far, graphs):
    ns = inputs(pc.NetSpec(), x=(2, 3, 5, 5))
    ns.y = L.Pooling(ns.x, pool=1, kernel_size=3, stride=2)
    net = fill(pc.Net(ns.to_proto(), pc.TEST))
    net.forward()
    assert net.layers[-1].pixels in net._runs._plain["forward"][1]


def test_a_split_for_which_nobody_gives_a_gradient_does_not_run_backward():
    ns = inputs(pc.NetSpec(), x=(3, 2, 4), cont=(3, 2))
    ns.y = L.LSTM(ns.x, ns.cont, recurrent_param=dict(num_output=2))
    ns.z = L.LSTM(ns.y, ns.cont, recurrent_param=dict(num_output=2))
    spec = ns.to_proto()
    spec.force_backward = True
    running = {node.spec.name for node in pc.Net(spec, pc.TRAIN)._nodes if node.runs_backward}
    assert running == {"y", "z"}

"""portable_caffe without real Caffe: blobs, errors, gradients, on NumPy and on PyTorch."""
import doctest
import weakref

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L, net as net_module
from portable_caffe.judge import compare
from portable_caffe.judge.cases import CASES

from portable_nets import fill, inputs, learning_net, lstm_by_units, unshared_weights, write


@pytest.fixture(params=["numpy", "torch"], autouse=True)
def library(request, monkeypatch):
    """Each test runs on NumPy arrays and on PyTorch arrays on the CPU."""
    if request.param == "torch":
        pytest.importorskip("torch", reason="PyTorch is not installed here")
    monkeypatch.setenv("LSTM_LIB_ARRAYS", request.param)
    pc.set_mode_cpu()
    yield request.param
    monkeypatch.undo()
    pc.set_mode_cpu()


def results(spec, values, phase=pc.TRAIN):
    """All numbers and gradients of a net, for fixed weights and gradients of the outputs."""
    net = fill(pc.Net(spec, phase))
    for name, value in values.items():
        net.blobs[name].data[...] = value
    net.forward()
    for index, name in enumerate(net.outputs):
        if not net.blob_loss_weights[name]:
            net.blobs[name].diff[...] = np.cos(np.arange(net.blobs[name].count) + index).reshape(
                net.blobs[name].shape)
    if spec.force_backward:
        net.backward()
    found = {name: (blob.data.copy(), blob.diff.copy()) for name, blob in net.blobs.items()}
    found.update({key: (blob.diff.copy(),) for key, blob in unshared_weights(net).items()})
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
def test_layer_computes_the_same_on_every_array_library(case, monkeypatch):
    spec, values = compare.spec_of(case, np.random.default_rng(3))
    phase = pc.TEST if case[1] == "TEST" else pc.TRAIN
    found = results(spec, values, phase)
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "numpy")
    pc.set_mode_cpu()
    for name, expected in results(spec, values, phase).items():
        for mine, numpys in zip(found[name], expected):
            np.testing.assert_allclose(mine, numpys, rtol=1e-5, atol=1e-5, err_msg=str(name))


def lstm_pair(T=4, B=3, D=5, H=2):
    """Caffe's LSTM layer, and T LSTMUnits with the same weights and inputs."""
    shapes = dict(x=(T, B, D), cont=(T, B), h0=(1, B, H), c0=(1, B, H))
    ns = inputs(pc.NetSpec(), **shapes)
    ns.h, ns.h_T, ns.c_T = L.LSTM(ns.x, ns.cont, ns.h0, ns.c0, ntop=3,
                                  recurrent_param=dict(num_output=H, expose_hidden=True))
    layer, units = ns.to_proto(), lstm_by_units(inputs(pc.NetSpec(), **shapes), T, B, H).to_proto()
    layer.force_backward = units.force_backward = True
    nets = fill(pc.Net(layer, pc.TRAIN)), fill(pc.Net(units, pc.TRAIN))
    for net in nets:
        net.blobs["cont"].data[...] = np.arange(T * B).reshape(T, B) % 3 > 0
    for theirs, mine in zip(*(unshared_weights(net).values() for net in nets)):
        mine.data[...] = theirs.data
    return nets


def test_lstm_layer_equals_units_that_share_their_weights():
    layer, units = lstm_pair()
    np.testing.assert_allclose(layer.forward()["h"], units.forward()["h"], atol=1e-6)
    for net in (layer, units):
        net.blobs["h"].diff[...] = 1
        net.backward()
    np.testing.assert_allclose(layer.blobs["x"].diff, units.blobs["x"].diff, atol=1e-5)
    for theirs, mine in zip(*(unshared_weights(net).values() for net in (layer, units))):
        np.testing.assert_allclose(theirs.diff, mine.diff, atol=1e-5)


def test_gradient_of_every_weight_is_that_of_central_differences():
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    net.blobs["label"].data[...] = np.arange(8) % 3
    net.forward()
    net.backward()
    for key, blob in unshared_weights(net).items():
        place, eps = (0,) * len(blob.shape), 1e-2
        start, losses = float(blob.data[place]), []
        for step in (eps, -eps):
            blob.data[place] = start + step
            losses.append(float(net.forward()["loss"]))
        blob.data[place] = start
        assert (losses[0] - losses[1]) / (2 * eps) == pytest.approx(
            float(blob.diff[place]), abs=2e-3), key


def test_an_array_kept_from_a_blob_shows_the_next_forward():
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    kept = net.forward()["loss"]
    first = kept.copy()
    net.blobs["x"].data[...] = 0
    net.forward()
    assert kept is not first and kept != first


def test_writing_a_gradient_does_not_change_other_blobs():
    ns = inputs(pc.NetSpec(), a=(2, 3), b=(2, 3))
    ns.sum = L.Eltwise(ns.a, ns.b)
    ns.y = L.Concat(ns.sum, ns.b, axis=0)
    spec = ns.to_proto()
    spec.force_backward = True
    net = pc.Net(spec, pc.TRAIN)
    net.forward()
    net.blobs["y"].diff[...] = 1
    net.backward()
    net.blobs["y"].diff[...] = 9
    assert np.all(net.blobs["sum"].diff == 1) and np.all(net.blobs["b"].diff == 2)


def test_writing_a_blob_changes_neither_its_slices_nor_what_it_was_cut_from():
    ns = inputs(pc.NetSpec(), x=(4, 3))
    ns.a, ns.b = L.Slice(ns.x, ntop=2, axis=0)
    ns.y = L.TanH(ns.a)
    net = fill(pc.Net(ns.to_proto(), pc.TRAIN))
    before = net.blobs["x"].data.copy()
    net.forward()
    net.blobs["x"].data[...] = 7
    np.testing.assert_array_equal(net.blobs["a"].data, before[:2])
    net.blobs["a"].data[...] = 9
    assert np.all(net.blobs["x"].data == 7)


@pytest.mark.parametrize("layer", [L.Concat, L.Slice])
def test_one_bottom_joined_or_cut_into_one_top_is_the_same_memory(layer):
    ns = inputs(pc.NetSpec(), x=(2, 3))
    ns.y = layer(ns.x)
    ns.z = L.TanH(ns.y, in_place=True)
    net = pc.Net(ns.to_proto(), pc.TEST)
    net.blobs["x"].data[...] = 1
    net.forward()
    assert np.allclose(net.blobs["x"].data, np.tanh(1))
    net.blobs["y"].diff[...] = 5
    assert np.all(net.blobs["x"].diff == 5)


def test_of_two_layers_with_one_name_a_run_ends_at_the_first():
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    twice = pc.caffe_pb2.NetParameter()
    twice.CopyFrom(net.spec)
    for layer in twice.layer:
        layer.name = layer.name if layer.type == "Input" else "same"
    net = fill(pc.Net(twice, pc.TRAIN))
    net.forward(end="same")
    assert net.blobs["a"].data.any() and not net.blobs["score"].data.any()


def test_the_gradient_of_a_weight_as_large_as_its_top_is_an_array_of_its_own():
    for layer in (L.Bias, L.Scale):
        ns = inputs(pc.NetSpec(), x=(2, 3))
        ns.y = layer(ns.x, axis=0, num_axes=-1)
        spec = ns.to_proto()
        spec.force_backward = True
        net = pc.Net(spec, pc.TRAIN)
        net.blobs["x"].data[...] = 1
        net.forward()
        net.blobs["y"].diff[...] = 1
        for times in (1, 2):
            net.backward()
            assert np.all(net.params["y"][0].diff == times) and np.all(net.blobs["y"].diff == 1)
        net.blobs["y"].diff[...] = 7
        assert np.all(net.params["y"][0].diff == 2)


def test_a_large_array_is_free_before_it_is_made_anew_also_where_slice_shows_its_parts(monkeypatch):
    ns = inputs(pc.NetSpec(), x=(1024, 256))
    ns.a = L.Power(ns.x, scale=2)
    ns.p, ns.q = L.Slice(ns.a, ntop=2, axis=0)
    ns.b = L.Concat(ns.p, ns.q, axis=0)
    ns.y = L.Power(ns.b, scale=3)
    spec = ns.to_proto()
    spec.force_backward = True
    net, alive = fill(pc.Net(spec, pc.TRAIN)), []

    def watched(way, of):
        compute = getattr(of, way)
        first = []  # the array that the first run makes

        def and_look(*given):
            if first:
                alive.append(first[0]())
            made = compute(*given)
            first.append(weakref.ref(made))
            return made

        monkeypatch.setattr(of, way, and_look)

    watched("forward", net.layer_dict["a"])
    watched("backward", net.layer_dict["y"])
    for _ in range(2):
        net.forward()
        net.blobs["y"].diff[...] = 1
        net.backward()
        assert np.all(net.blobs["x"].diff == 6)
    assert alive == [None, None]


@pytest.mark.parametrize("rows", [2, 1024])
def test_constant_data_that_layers_change_in_place_stay_changed(rows):
    ns = pc.NetSpec()
    ns.x = L.DummyData(shape=dict(dim=[rows, 256]), data_filler=dict(type="constant", value=1))
    ns.more = L.Bias(ns.x, in_place=True, filler=dict(type="constant", value=1))
    ns.p, ns.q = L.Slice(ns.more, ntop=2, axis=0)
    net = pc.Net(ns.to_proto(), pc.TRAIN)
    for expected in (2, 3, 4):  # as in Caffe: what is constant is filled once
        assert np.all(net.forward()["p"] == expected)


@pytest.mark.parametrize("rows", [3, 2100])  # 2100 x 512 numbers are more than 1 MB
def test_blobs_of_any_size_hold_their_numbers_run_after_run(rows):
    ns = inputs(pc.NetSpec(), x=(rows, 512), y=(rows, 512))
    ns.a = L.Power(ns.x, scale=2)
    ns.tanh = L.TanH(ns.a, in_place=True)
    ns.b = L.InnerProduct(ns.tanh, num_output=512)
    ns.loss = L.EuclideanLoss(ns.b, ns.y)
    spec = ns.to_proto()
    spec.force_backward = True
    net = fill(pc.Net(spec, pc.TRAIN))
    for _ in range(3):
        net.clear_param_diffs()
        net.forward()
        net.backward()
    W, b = (blob.data for blob in net.params["b"])
    x, y, a = (net.blobs[name].data for name in "xya")
    error = (a @ W.T + b - y) / rows
    np.testing.assert_allclose(a, np.tanh(2 * x), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(net.blobs["b"].diff, error, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(net.blobs["a"].diff, error @ W * (1 - a * a), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(net.params["b"][0].diff, error.T @ a, rtol=1e-3, atol=1e-5)


def test_a_backward_after_a_solvers_step_leaves_its_momentum_alone(tmp_path):
    path = write(tmp_path, learning_net())
    solver = pc.get_solver(write(tmp_path, f'net: "{path}" base_lr: 0.1 lr_policy: "fixed" '
                                           'momentum: 0.9', "solver.prototxt"))
    fill(solver.net)
    solver.step(1)
    history = solver._history[0].read()
    before = history + 0
    solver.net.backward()
    assert (history == before).all()


def test_numbers_survive_a_change_of_arrays(monkeypatch):
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    first = net.forward()["loss"].copy()
    for library in ("numpy", arrays.current.library):
        monkeypatch.setenv("LSTM_LIB_ARRAYS", library)
        pc.set_mode_cpu()
        assert net.forward()["loss"] == pytest.approx(first, rel=1e-5)
        net.backward()


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for seed in (1, 1, 2):
        pc.set_random_seed(seed)
        weights.append(pc.Net(learning_net(), pc.TRAIN).params["a"][0].data)
    assert np.all(weights[0] == weights[1]) and np.all(weights[0] != weights[2])


def test_a_solver_learns(tmp_path):
    net = write(tmp_path, learning_net())
    path = write(tmp_path, f'net: "{net}" base_lr: 0.1 lr_policy: "fixed" momentum: 0.9 '
                           'type: "SGD"', "solver.prototxt")
    solver = pc.get_solver(path)
    solver.net.blobs["x"].data[...] = np.random.default_rng(0).standard_normal((8, 5))
    solver.net.blobs["label"].data[...] = np.arange(8) % 3
    first = float(solver.net.forward()["loss"])
    solver.step(60)
    assert float(solver.net.forward()["loss"]) < first / 3


WRONG = {
    "Unknown bottom blob 'z'": lambda ns: 'layer { name: "t" type: "TanH" bottom: "z" top: "t" }',
    "there is no layer type 'TanHH'": lambda ns: L.TanHH(ns.x),
    "all bottoms must have one shape": lambda ns: L.Eltwise(ns.x, ns.y),
    "axis 3 is out of range for a blob of 2 axes": lambda ns: L.Softmax(ns.x, axis=3),
    "does not divide by 2 tops": lambda ns: L.Slice(ns.x, ntop=2, axis=1)[0],
    "slice points must rise": lambda ns: L.Slice(ns.x, ntop=2, slice_point=[5])[0],
    "x must be (T, B, ...)": lambda ns: L.LSTM(ns.x, ns.x, recurrent_param=dict(num_output=2)),
    "give num_output": lambda ns: L.InnerProduct(ns.x),
    "it has 1 bottoms; it must have 2": lambda ns: L.EuclideanLoss(ns.x),
    "unknown filler 'he'": lambda ns: L.InnerProduct(
        ns.x, num_output=2, weight_filler=dict(type="he")),
    "numbers do not fit the shape": lambda ns: L.Reshape(
        ns.x, reshape_param=dict(shape=dict(dim=[4, 5]))),
    "give propagate_down once per bottom": lambda ns: L.TanH(ns.x, propagate_down=[True, False]),
    "Top blob 'x' produced by multiple sources": lambda ns:
        'layer { name: "t" type: "TanH" bottom: "y" top: "x" }',
}


@pytest.mark.parametrize("said", WRONG)
def test_a_wrong_net_raises_with_the_layer_and_the_rule(said, tmp_path):
    ns = inputs(pc.NetSpec(), x=(2, 3), y=(2, 4))
    wrong = WRONG[said](ns)
    text = str(ns.to_proto())
    if isinstance(wrong, str):
        text += wrong
    else:
        ns.t = wrong
        text = str(ns.to_proto())
    with pytest.raises(pc.NetError) as caught:
        pc.Net(write(tmp_path, text), pc.TRAIN)
    assert said in str(caught.value) and "layer 't' (" in str(caught.value)


def test_a_shape_error_shows_the_shapes_that_came_in():
    ns = inputs(pc.NetSpec(), x=(2, 3), y=(2, 4))
    ns.t = L.Eltwise(ns.x, ns.y)
    with pytest.raises(pc.NetError, match=r"Given: x \(2, 3\), y \(2, 4\)\."):
        pc.Net(ns.to_proto(), pc.TRAIN)


def test_new_input_shapes_that_do_not_fit_raise_and_leave_the_process_alive():
    net = pc.Net(learning_net(), pc.TRAIN)
    net.blobs["x"].reshape(8, 6)
    with pytest.raises(pc.NetError, match="number of inputs is fixed"):
        net.forward()


def test_shared_weights_of_two_shapes_or_rates_raise():
    for second in (dict(num_output=3), dict(num_output=2, param=dict(name="w", lr_mult=3))):
        ns = inputs(pc.NetSpec(), x=(2, 4))
        ns.a = L.InnerProduct(ns.x, num_output=2, param=dict(name="w", lr_mult=1))
        ns.b = L.InnerProduct(ns.x, **{"param": dict(name="w"), **second})
        with pytest.raises(pc.NetError, match="'w'"):
            pc.Net(ns.to_proto(), pc.TRAIN)


def test_the_gpu_is_refused_at_once_where_there_is_none(library, monkeypatch):
    for name in ("torch", "cupy"):
        monkeypatch.setitem(arrays._FIND, name, lambda: (None, f"no GPU for {name}"))
    with pytest.raises(pc.NoGPU, match="no GPU to compute on: .*Install PyTorch"):
        pc.set_mode_gpu()
    assert arrays.current.device == "cpu"


def test_an_unknown_array_library_is_refused(monkeypatch):
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "jax")
    with pytest.raises(ValueError, match="numpy, torch or cupy"):
        pc.set_mode_cpu()


def test_examples_in_docstrings_hold():
    assert doctest.testmod(net_module).failed == 0

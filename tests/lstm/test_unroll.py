"""The unroll: its structure, and its numbers against Caffe's LSTM layer and NumPy."""
import numpy as np
import pytest
from conftest import (B, D, H, T, VARIANTS, L, input_layer, lstm_layer_net, run, unrolled_net,
                      unrolled_spec, worst)

from lstm_lib import (NetError, add_layer_to_net_spec, add_layer_with_multiple_tops, caffe,
                      cont_from_lengths, get_gradients, get_layer_weights, get_weights,
                      initial_state, mask_from_lengths,
                      load_net, lstm_backward, lstm_forward, set_layer_weights, set_weights,
                      shared_weights, single_time_step_lstm, unroll)

variants = pytest.mark.parametrize("cell, project", VARIANTS)


@variants
def test_forward_equals_numpy_in_double_precision(cell, project, weights, data):
    ours = run(unrolled_net(weights, cell=cell, project=project), data)
    truth = lstm_forward(*[np.float64(a) for a in (data["x"], data["h0"], data["c0"], *weights)])
    assert worst(ours["H"], truth.h) < 2e-7
    assert worst(ours["h_T"], truth.h[-1:]) < 2e-7
    assert worst(ours["c_T"], truth.c[-1:]) < 2e-7


@variants
def test_all_gradients_equal_numpy_in_double_precision(cell, project, weights, data):
    net = unrolled_net(weights, cell=cell, project=project)
    ours = run(net, data)
    double = {name: np.float64(array) for name, array in data.items()}
    trace = lstm_forward(double["x"], double["h0"], double["c0"],
                         *[np.float64(a) for a in weights])
    truth = lstm_backward(trace, double["dH"], double["dh_T"], double["dc_T"])
    for mine, true in zip(get_gradients(net), truth):
        assert worst(mine, true) < 2e-6
    for name in ("x", "h0", "c0"):
        assert worst(ours["d" + name].reshape(getattr(truth, name).shape),
                     getattr(truth, name)) < 1e-6


@variants
def test_the_four_ways_to_unroll_agree(cell, project, weights, data):
    first = unrolled_net(weights)
    second = unrolled_net(weights, cell=cell, project=project)
    a, b = run(first, data), run(second, data)
    assert max(worst(a[name], b[name]) for name in a) < 1e-6
    assert max(worst(x, y) for x, y in zip(get_gradients(first), get_gradients(second))) < 1e-6


def without_state_gradients(data):
    """Caffe's layer sends nothing into its final states and nothing out of the first."""
    return {**data, "dh_T": 0 * data["dh_T"], "dc_T": 0 * data["dc_T"]}


def layer_and_unroll(weights, data, **options):
    layer, unrolled = lstm_layer_net(), unrolled_net(weights, **options)
    set_layer_weights(layer, "lstm", weights)
    data = without_state_gradients(data)
    return layer, run(layer, data), unrolled, run(unrolled, data)


def test_fused_and_once_is_bit_identical_to_caffe_s_lstm_layer(weights, data):
    layer, theirs, unrolled, ours = layer_and_unroll(weights, data, cell="fused", project="once")
    for name in ("H", "h_T", "c_T", "dx"):
        assert np.array_equal(ours[name].reshape(theirs[name].shape), theirs[name]), name
    for mine, blob in zip(get_gradients(unrolled), layer.params["lstm"]):
        assert np.array_equal(mine, blob.diff)


def test_composed_equals_caffe_s_lstm_layer(weights, data):
    layer, theirs, unrolled, ours = layer_and_unroll(weights, data)
    assert worst(ours["H"], theirs["H"]) < 2e-7
    assert worst(ours["dx"], theirs["dx"]) < 1e-6
    for mine, blob in zip(get_gradients(unrolled), layer.params["lstm"]):
        assert worst(mine, blob.diff) < 2e-6


def test_caffe_s_layer_gives_no_gradient_to_its_states_and_the_unroll_does(weights, data):
    _, theirs, _, ours = layer_and_unroll(weights, data)
    assert abs(theirs["dh0"]).max() == 0 and abs(ours["dh0"]).max() > 1e-3


def test_weights_go_to_caffe_s_layer_and_back_without_a_change(weights):
    layer, unrolled = lstm_layer_net(), unrolled_net()
    set_layer_weights(layer, "lstm", weights)
    set_weights(unrolled, get_layer_weights(layer, "lstm"))
    for there, back in zip(weights, get_weights(unrolled)):
        assert np.array_equal(there, back)


@variants
def test_a_sequence_in_two_calls_with_the_state_carried_equals_one_call(
        cell, project, weights, data):
    whole = run(unrolled_net(weights, cell=cell, project=project), data)["H"]
    half = unrolled_net(weights, T=2, cell=cell, project=project)
    half.blobs["h0"].data[...], half.blobs["c0"].data[...] = data["h0"], data["c0"]
    pieces = []
    for start in (0, 2):
        half.blobs["x"].data[...] = data["x"][start:start + 2]
        half.forward()
        pieces.append(half.blobs["H"].data.copy())
        half.blobs["h0"].data[...] = half.blobs["h_T"].data
        half.blobs["c0"].data[...] = half.blobs["c_T"].data
    assert worst(np.concatenate(pieces), whole) < 1e-6  # other sizes may be summed in another order


@variants
def test_one_step_is_an_unroll_like_any_other(cell, project, weights, data):
    net = unrolled_net(weights, T=1, cell=cell, project=project)
    net.blobs["x"].data[...] = data["x"][:1]
    assert worst(net.forward()["H"],
                 lstm_forward(data["x"][:1], 0 * data["h0"], 0 * data["c0"], *weights).h) < 2e-7


@variants
def test_the_batch_size_may_change_by_reshape(cell, project, weights):
    net = unrolled_net(weights, cell=cell, project=project)
    net.blobs["x"].reshape(T, 7, D)
    for state in ("h0", "c0"):
        net.blobs[state].reshape(1, 7, H)
        net.blobs[state].data[...] = 0
    x = np.random.default_rng(2).standard_normal((T, 7, D)).astype("f")
    net.blobs["x"].data[...] = x
    zero = np.zeros((7, H), "f")
    assert worst(net.forward()["H"], lstm_forward(x, zero, zero, *weights).h) < 2e-7


@variants
def test_all_steps_use_three_weights_by_name(cell, project):
    uses = {name: len(layers) for name, (_, layers) in
            shared_weights(unrolled_net(cell=cell, project=project)).items()}
    per_x = T if project == "per_step" else 1
    assert uses == {"w_Mxw": per_x, "w_Mxb": per_x, "w_Mhw": T}


@variants
def test_states_and_outputs_have_the_names_of_the_equations(cell, project):
    blobs = unrolled_net(cell=cell, project=project).blobs
    for name in ["h0", "c0", "h_T", "c_T", *[f"{s}{t}" for s in "hc" for t in range(1, T + 1)]]:
        assert tuple(blobs[name].shape) == (1, B, H)
    assert tuple(blobs["H"].shape) == (T, B, H)


@variants
def test_no_layer_of_an_unroll_is_left_without_a_name_of_its_own(cell, project):
    layers = unrolled_spec(cell=cell, project=project).to_proto().layer
    names = [layer.name for layer in layers]
    assert len(set(names)) == len(names)
    made_up = [name for name in names if name.rstrip("0123456789") in caffe.layer_type_list()]
    assert made_up == []


@variants
def test_layers_grow_linearly_with_the_steps(cell, project):
    counts = [len(unrolled_spec(T=steps, cell=cell, project=project).to_proto().layer)
              for steps in (10, 20, 30)]
    assert counts[2] - counts[1] == counts[1] - counts[0]


def test_a_thousand_steps_build_and_run(weights):
    net = unrolled_net(weights, T=1000)
    assert np.isfinite(net.forward()["H"]).all()


def test_two_unrolls_with_one_prefix_are_an_error():
    ns = unrolled_spec()
    with pytest.raises(ValueError, match="prefix"):
        unroll(ns, ns.x, T, H)


def test_a_second_stack_reads_the_first_and_has_weights_of_its_own(weights, data):
    ns = unrolled_spec()
    h0, c0 = initial_state(ns, B, H, prefix="second/")
    unroll(ns, ns.H, T, H, h0=h0, c0=c0, prefix="second/")
    net = load_net(ns)
    assert len(shared_weights(net)) == 6
    set_weights(net, weights)
    second = get_weights(net, [f"w_second/{name}" for name in ("Mxw", "Mxb", "Mhw")])
    net.blobs["x"].data[...] = data["x"]
    net.forward()
    zero = np.zeros((B, H), "f")
    first = lstm_forward(data["x"], zero, zero, *weights).h
    assert worst(net.blobs["second/H"].data, lstm_forward(first, zero, zero, *second).h) < 2e-7


def test_a_feature_map_is_read_as_one_long_input(weights):
    ns = caffe.NetSpec()
    ns.x = input_layer(2, B, 3, 4, 5)
    unroll(ns, ns.x, 2, H)
    assert tuple(shared_weights(load_net(ns))["w_Mxw"][0].shape) == (4 * H, 60)


@pytest.mark.parametrize("wrong, said", [
    (dict(T=0), "T must be"), (dict(T=2.5), "T must be"), (dict(num_output=0), "num_output"),
    (dict(cell="gated"), "cell must be"), (dict(project="twice"), "project must be"),
    (dict(T=True), "T must be"), (dict(T=10 ** 9), "does not fit into memory")])
def test_a_wrong_argument_is_named(wrong, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    with pytest.raises(ValueError, match=said):
        unroll(ns, ns.x, **{**dict(T=T, num_output=H), **wrong})


def test_an_unknown_batch_size_is_asked_for():
    ns = caffe.NetSpec()
    ns.data = input_layer(T, B, D)
    ns.x = L.TanH(ns.data)
    with pytest.raises(ValueError, match="initial_state"):
        unroll(ns, ns.x, T, H)


def test_half_a_state_is_an_error():
    ns = caffe.NetSpec()
    ns.x, ns.h = input_layer(T, B, D), input_layer(1, B, H)
    with pytest.raises(ValueError, match="both"):
        unroll(ns, ns.x, T, H, h0=ns.h)


def test_a_step_repeated_with_one_prefix_is_an_error():
    ns = caffe.NetSpec()
    ns.x = input_layer(1, B, D)
    h0, c0 = initial_state(ns, B, H)
    c1, h1, names = single_time_step_lstm(ns, h0, c0, ns.x, "t1/", H)
    with pytest.raises(ValueError, match="t1/lstm/Mx"):
        single_time_step_lstm(ns, h1, c1, ns.x, "t1/", H, names)


NOT_TOPS = [7, "x", None, np.ones((T, B, D))]


@pytest.mark.parametrize("wrong", NOT_TOPS)
def test_what_is_no_top_is_named_by_unroll_and_by_the_step(wrong):
    ns = caffe.NetSpec()
    ns.x = input_layer(1, B, D)
    with pytest.raises(NetError, match="x must be a Top, like ns.x, got"):
        unroll(ns, wrong, 1, H)
    with pytest.raises(NetError, match="layer 't1/lstm/Mx': bottom 0 must be a Top"):
        single_time_step_lstm(ns, ns.x, ns.x, wrong, "t1/", H)
    for name in ("h0", "c0", "cont", "hold") if wrong is not None else ():
        with pytest.raises(NetError, match=f"{name} must be a Top"):
            unroll(ns, ns.x, 1, H, **{**dict(h0=ns.x, c0=ns.x), name: wrong})


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c", "d"], ["a", "a", "b"], "abc", 7,
                                   [1, 2, 3]])
def test_weight_names_that_are_not_three_are_named(names):
    with pytest.raises(NetError, match="3 different names"):
        unrolled_spec(weight_names=names)
    with pytest.raises(NetError, match="different names|this net has no weight"):
        get_weights(unrolled_net(), names)


@pytest.mark.parametrize("call, said", [
    (lambda ns: unroll(None, ns.x, T, H), "expected a NetSpec"),
    (lambda ns: unroll(ns, ns.x, T, H, prefix=7), "prefix must be text"),
    (lambda ns: single_time_step_lstm(ns, ns.x, ns.x, ns.x, None, H), "prefix must be text"),
    (lambda ns: initial_state(ns, B, H, 7), "prefix must be text"),
    (lambda ns: add_layer_to_net_spec(ns, L.TanH, 7, ns.x), "name of a layer must be text"),
    (lambda ns: add_layer_to_net_spec(ns, "TanH", "y", ns.x), "like caffe.layers.TanH"),
    (lambda ns: add_layer_to_net_spec(ns, L.Slice, "y", ns.x, ntop=2), "'y' gives must be a Top"),
    (lambda ns: setattr(ns, "y", 7) or load_net(ns), "ns.y must be a Top"),
    (lambda ns: setattr(ns, "y", deep(ns.x)) or load_net(ns), "without a name")])
def test_other_arguments_of_the_wrong_kind_are_named(call, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    with pytest.raises(NetError, match=said):
        call(ns)


def deep(top):
    for _ in range(2000):
        top = L.TanH(top)
    return top


@pytest.mark.parametrize("call, said", [
    (lambda ns: initial_state(ns, 0, H), "B must"),
    (lambda ns: initial_state(ns, B, 2.5), "H must"),
    (lambda ns: single_time_step_lstm(ns, ns.x, ns.x, ns.x, "t1/", 0), "num_output must"),
    (lambda ns: add_layer_with_multiple_tops(ns, L.Slice, "s", 0, ns.x), "ntop must"),
    (lambda ns: add_layer_with_multiple_tops(ns, L.Slice, "s", 2, ns.x, "a", "a"), "names"),
    (lambda ns: mask_from_lengths([], 3), "list of whole numbers"),
    (lambda ns: mask_from_lengths(3, 3), "list of whole numbers"),
    (lambda ns: cont_from_lengths([[1.5]], 3), "length of a sequence must"),
    (lambda ns: cont_from_lengths(3, 3), "list of lists")])
def test_numbers_that_are_none_are_named(call, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    with pytest.raises(ValueError, match=said):
        call(ns)


def test_a_number_of_any_length_in_a_name_is_read_or_is_no_step():
    from lstm_lib.netspec import parts_of_step_name

    assert parts_of_step_name("t000000012/lstm/c") == ("", 12, "lstm/c")
    assert parts_of_step_name(f"t{'9' * 5000}/lstm/c") is None

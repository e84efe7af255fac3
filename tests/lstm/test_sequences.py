"""Sequences of any length: resets by `cont`, padding by `hold`, inputs made in the net."""
import numpy as np
import pytest
from conftest import B, D, H, T, VARIANTS, input_layer, lstm_layer_net, run, unrolled_net, worst

from lstm_lib import (caffe, cont_from_lengths, get_gradients, initial_state, load_net,
                      lstm_backward, lstm_forward, mask_from_lengths, set_layer_weights,
                      set_weights, unroll)

variants = pytest.mark.parametrize("cell, project", VARIANTS)
CONT = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 1, 1]], "f")  # (T, B)
HOLD = mask_from_lengths([4, 2, 1], T)


def net_with(weights, **masks):
    options = {name: value for name, value in masks.items() if name in ("cell", "project")}
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    given = {name: value for name, value in masks.items() if name in ("cont", "hold")}
    for name in given:
        ns[name] = input_layer(T, B)
    unroll(ns, ns.x, T, H, **options, **{name: ns[name] for name in given})
    net = load_net(ns, force_backward=True)
    set_weights(net, weights)
    for name, value in given.items():
        net.blobs[name].data[...] = value
    return net


@variants
def test_resets_within_a_sequence_equal_caffe_s_lstm_layer(cell, project, weights, data):
    quiet = {**data, "dh_T": 0 * data["dh_T"], "dc_T": 0 * data["dc_T"]}
    layer = lstm_layer_net()
    set_layer_weights(layer, "lstm", weights)
    layer.blobs["cont"].data[...] = CONT
    unrolled = net_with(weights, cell=cell, project=project, cont=CONT)
    theirs, ours = run(layer, quiet), run(unrolled, quiet)
    exact = (cell, project) == ("fused", "once")
    pairs = [(ours[name].reshape(theirs[name].shape), theirs[name])
             for name in ("H", "h_T", "c_T", "dx")]
    pairs += zip(get_gradients(unrolled), [blob.diff for blob in layer.params["lstm"]])
    for mine, true in pairs:
        assert np.array_equal(mine, true) if exact else worst(mine, true) < 2e-6


@variants
def test_a_reset_makes_the_rest_of_a_stream_a_sequence_of_its_own(cell, project, weights, data):
    x = data["x"]
    ours = run(net_with(weights, cell=cell, project=project, cont=CONT), data)["H"]
    zero = np.zeros((1, H), "f")
    alone = lstm_forward(x[1:, 1:2], zero, zero, *weights).h  # stream 1 begins anew at step 2
    assert worst(ours[1:, 1:2], alone) < 2e-7


def held_forward(x, h0, c0, weights):
    """NumPy: a step, and the old state where the mask is 0."""
    h, c, outputs = h0, c0, []
    for x_t, m in zip(x, HOLD[:, :, None].astype("f8")):
        trace = lstm_forward(x_t[None], h, c, *weights)
        h, c = m * trace.h[0] + (1 - m) * h, m * trace.c[0] + (1 - m) * c
        outputs.append(h)
    return np.array(outputs), h, c


@variants
def test_held_states_equal_numpy(cell, project, weights, data):
    ours = run(net_with(weights, cell=cell, project=project, hold=HOLD), data)
    double = [np.float64(data[name]) for name in ("x", "h0", "c0")]
    outputs, h_T, c_T = held_forward(*double, [np.float64(w) for w in weights])
    assert worst(ours["H"], outputs) < 2e-7
    assert worst(ours["h_T"][0], h_T) < 2e-7 and worst(ours["c_T"][0], c_T) < 2e-7


def masked_loss(data, cont, hold):
    """A float64 loss of (x, h0, c0, W_xc, b_c, W_hc) with resets and held states."""
    def loss(x, h, c, *weights):
        total = 0.0
        for x_t, k, m, dh in zip(x, cont[:, :, None], hold[:, :, None], data["dH"]):
            trace = lstm_forward(x_t[None], k * h, k * c, *weights)
            h, c = m * trace.h[0] + (1 - m) * h, m * trace.c[0] + (1 - m) * c
            total += (dh * h).sum()
        return total + (data["dh_T"] * h).sum() + (data["dc_T"] * c).sum()
    return loss


def assert_central_differences(loss, arrays, gradients, tries=12):
    """Each gradient against (L(a + e) - L(a - e)) / 2e at some places, in float64."""
    rng = np.random.default_rng(0)
    for which, gradient in enumerate(gradients):
        assert gradient.shape == arrays[which].shape and np.any(gradient)
        for _ in range(tries):
            place, losses = tuple(rng.integers(gradient.shape)), []
            for step in (1e-6, -1e-6):
                moved = [np.array(array, "f8") for array in arrays]
                moved[which][place] += step
                losses.append(loss(*moved))
            assert abs(gradient[place] - (losses[0] - losses[1]) / 2e-6) < 5e-6


@variants
@pytest.mark.parametrize("masks", [dict(cont=CONT), dict(hold=HOLD), dict(cont=CONT, hold=HOLD)],
                         ids=["cont", "hold", "both"])
def test_gradients_with_masks_equal_central_differences(masks, cell, project, weights, data):
    net = net_with(weights, cell=cell, project=project, **masks)
    ours = run(net, data)
    arrays = [data[name] for name in ("x", "h0", "c0")] + list(weights)
    analytic = [ours["dx"], ours["dh0"][0], ours["dc0"][0], *get_gradients(net)]
    ones = np.ones((T, B))
    loss = masked_loss(data, masks.get("cont", ones), masks.get("hold", ones))
    assert_central_differences(loss, arrays, analytic)


def test_the_last_state_of_a_held_sequence_is_its_last_valid_output(weights, data):
    ours = run(net_with(weights, hold=HOLD), data)
    for b, length in enumerate((4, 2, 1)):
        assert worst(ours["h_T"][0, b], ours["H"][length - 1, b]) == 0


def test_padding_gets_no_gradient_where_the_state_is_held(weights, data):
    quiet = {**data, "dH": data["dH"] * HOLD[:, :, None]}
    dx = run(net_with(weights, hold=HOLD), quiet)["dx"]
    assert abs(dx[HOLD == 0]).max() == 0 and abs(dx[HOLD == 1]).min(axis=1).max() > 0


def inputs_of_steps():
    """A NetSpec with the inputs x1 .. xT, (1, B, D) each, and their tops."""
    ns = caffe.NetSpec()
    for t in range(1, T + 1):
        ns[f"x{t}"] = input_layer(1, B, D)
    return ns, [ns[f"x{t}"] for t in range(1, T + 1)]


def test_inputs_may_be_a_list_of_steps(weights, data):
    ns, tops = inputs_of_steps()
    unroll(ns, tops, T, H)
    net = load_net(ns, force_backward=True)
    set_weights(net, weights)
    for t in range(T):
        net.blobs[f"x{t + 1}"].data[...] = data["x"][t]
    zero = np.zeros((B, H), "f")
    truth = lstm_forward(data["x"], zero, zero, *weights)
    assert worst(net.forward()["H"], truth.h) < 2e-7
    net.blobs["H"].diff[...] = data["dH"]
    net.backward()
    gradients = lstm_backward(truth, data["dH"])
    for t in range(T):
        assert worst(net.blobs[f"x{t + 1}"].diff[0], gradients.x[t]) < 1e-6
    assert worst(get_gradients(net).W_xc, gradients.W_xc) < 2e-6

    def loss(*W):
        return (data["dH"] * lstm_forward(np.float64(data["x"]), zero, zero, *W).h).sum()
    assert_central_differences(loss, list(weights), get_gradients(net))


def fed_back_net(weights_square):
    """Each step reads the output of the step before, so D = H."""
    ns = caffe.NetSpec()
    h0, c0 = initial_state(ns, B, H)
    unroll(ns, lambda t, h: h, T, H, h0=h0, c0=c0)
    net = load_net(ns, force_backward=True)
    set_weights(net, weights_square)
    return net


@pytest.fixture
def square(rng):
    from lstm_lib import xavier_start
    return xavier_start(H, H, rng, forget_bias=1.0)


def test_outputs_fed_back_as_inputs_equal_numpy(square, data):
    net = fed_back_net(square)
    net.blobs["h0"].data[...], net.blobs["c0"].data[...] = data["h0"], data["c0"]
    ours = net.forward()["H"]
    h, c, truth = data["h0"], data["c0"], []
    for _ in range(T):
        trace = lstm_forward(h[None], h, c, *square)
        h, c = trace.h[0], trace.c[0]
        truth.append(h)
    assert worst(ours, truth) < 2e-7


def test_gradients_through_fed_back_outputs_equal_numpy(square, data):
    net = fed_back_net(square)
    net.blobs["h0"].data[...], net.blobs["c0"].data[...] = data["h0"], data["c0"]
    net.forward()
    net.blobs["h_T"].diff[...] = data["dh_T"]
    net.backward()
    merged = square._replace(W_xc=np.zeros_like(square.W_xc), W_hc=square.W_xc + square.W_hc)
    trace = lstm_forward(np.zeros((T, B, H)), data["h0"], data["c0"], *merged)
    truth = lstm_backward(trace, np.zeros((T, B, H)), data["dh_T"])
    assert worst(net.blobs["h0"].diff[0], truth.h0) < 1e-6
    assert worst(get_gradients(net).W_hc, truth.W_hc) < 1e-6

    def loss(h, c, W_xc, b_c, W_hc):
        for _ in range(T):
            trace = lstm_forward(h[None], h, c, W_xc, b_c, W_hc)
            h, c = trace.h[0], trace.c[0]
        return (data["dh_T"] * h).sum()
    assert_central_differences(loss, [data["h0"], data["c0"], *square],
                               [net.blobs["h0"].diff[0], net.blobs["c0"].diff[0],
                                *get_gradients(net)])


@pytest.mark.parametrize("options", [dict(cont="cont"), dict(hold="hold")])
@variants
def test_a_mask_of_ones_changes_nothing(cell, project, options, weights, data):
    plain = run(unrolled_net(weights, cell=cell, project=project), data)
    masked = run(net_with(weights, cell=cell, project=project,
                          **{name: np.ones((T, B), "f") for name in options}), data)
    for name, array in plain.items():
        assert np.array_equal(array, masked[name]), name


def test_two_directions_share_one_set_of_weights_by_name(weights, data):
    ns, tops = inputs_of_steps()
    first = unroll(ns, tops, T, H)
    unroll(ns, tops[::-1], T, H, prefix="back/", weight_names=first.weight_names)
    net, zero = load_net(ns, force_backward=True), np.zeros((B, H), "f")
    set_weights(net, weights)
    for t in range(T):
        net.blobs[f"x{t + 1}"].data[...] = data["x"][t]
    net.forward()
    ways = [(data["x"], "H"), (data["x"][::-1], "back/H")]
    truths = [lstm_forward(x, zero, zero, *weights) for x, _ in ways]
    for truth, (_, name) in zip(truths, ways):
        assert worst(net.blobs[name].data, truth.h) < 2e-7
        net.blobs[name].diff[...] = data["dH"]
    net.backward()
    both = sum(lstm_backward(truth, data["dH"]).W_hc for truth in truths)
    assert worst(get_gradients(net).W_hc, both) < 2e-6


@pytest.mark.parametrize("wrong, said", [
    (dict(project="once", x="list"), "one blob"), (dict(x="short"), "lists 1 inputs"),
    (dict(x="function"), "initial_state")])
def test_wrong_inputs_are_named(wrong, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(1, B, D)
    x = {"list": [ns.x] * T, "short": [ns.x], "function": lambda t, h: ns.x}[wrong.pop("x")]
    with pytest.raises(ValueError, match=said):
        unroll(ns, x, T, H, **wrong)


def test_lengths_longer_than_the_net_are_an_error():
    with pytest.raises(ValueError, match="5 steps and T is 4"):
        mask_from_lengths([5, 1], 4)
    with pytest.raises(ValueError, match="stream 1"):
        cont_from_lengths([[4], [3, 2]], 4)


def test_a_scale_of_a_state_is_made_of_stock_layers_only(weights):
    types = {layer.type for layer in net_with(weights, cont=CONT, hold=HOLD).spec.layer}
    assert types <= {"Input", "InnerProduct", "Slice", "Eltwise", "Sigmoid", "TanH", "Scale",
                     "Power", "Concat", "Split"}

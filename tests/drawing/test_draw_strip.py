"""States over time and the sweep of the forget bias: equal to NumPy's in float64."""
import base64
import json

import matplotlib
import numpy as np
import pytest
from conftest import B, D, H, T, input_layer, run, unrolled_net, unrolled_spec

from lstm_lib import (
    Cell, NetError, add_layer_to_net_spec, caffe, load_net, lstm_backward, lstm_forward,
    set_weights, unroll, views)
from lstm_lib.drawing.maps import GATE, NO_NUMBER, SIGNED, TOP, in_words, maps
from lstm_lib.drawing.strip import MOST_STEPS, MOST_UNITS, states_over_time
from lstm_lib.drawing.sweep import forget_bias_sweep

GATES = "ifog"


def in_64_bits(weights, data):
    """(the trace, dL/dh_t and dL/dc_t (T, B, H)) through time, by lstm_backward from each t on."""
    weights = [array.astype("f8") for array in weights]
    x, h0, c0, dH, dh_T, dc_T = (data[name].astype("f8")
                                 for name in ("x", "h0", "c0", "dH", "dh_T", "dc_T"))
    trace = lstm_forward(x, h0, c0, *weights)
    dh, dc = [dH[-1] + dh_T], [dc_T]
    for t in range(T - 1, 0, -1):  # what the steps after t send into h_t and c_t
        after = lstm_backward(lstm_forward(x[t:], trace.h[t - 1], trace.c[t - 1], *weights),
                              dH[t:], dh_T, dc_T)
        dh.insert(0, dH[t - 1] + after.h0)
        dc.insert(0, after.c0)
    dh, dc = np.array(dh), np.array(dc)
    return trace, dh, dc + dh * trace.o * (1 - trace.tanh_c ** 2)


@pytest.fixture
def net(weights, data):
    made = unrolled_net(weights)
    run(made, data)
    return made


def row(cell, name, what="data"):
    """(units, columns) of a gate or state."""
    return np.array(next(row[what] for row in cell["rows"] if row["name"] == name), float)


def sizes(cell, name):
    return next(size["values"] for size in cell["sizes"] if size["name"] == name)


@pytest.mark.parametrize("options", [{}, {"project": "once"}, {"prefix": "low/"}], ids=str)
def test_gates_and_states_are_those_of_the_reference(options, weights, data):
    net = load_net(unrolled_spec(**options))
    prefix = options.get("prefix", "")
    set_weights(net, weights, [f"w_{prefix}{name}" for name in ("Mxw", "Mxb", "Mhw")])
    net.forward(x=data["x"])
    zero = np.zeros((B, H))
    truth = lstm_forward(data["x"].astype("f8"), zero, zero, *weights)
    states = states_over_time(net)
    (cell,) = states["cells"]
    assert (states["sequence"], states["batch"]) == (1, B)
    assert (cell["unit"], cell["T"], cell["H"], cell["pool"]) == ("LSTM", T, H, 1)
    assert [row["name"] for row in cell["rows"]] == [*GATES, "c", "h"]
    for name in (*GATES, "c", "h"):
        assert np.allclose(row(cell, name), getattr(truth, name)[:, 0].T, atol=1e-6), name


def test_gradients_are_those_of_the_reference_and_of_a_gate_in_place_before_its_function(
        net, weights, data):
    trace, dh, dc = in_64_bits(weights, data)
    before = {"c": np.concatenate([trace.c0[None], trace.c[:-1]])}
    raw = {"i": dc * trace.g * trace.i * (1 - trace.i),
           "f": dc * before["c"] * trace.f * (1 - trace.f),
           "o": dh * trace.tanh_c * trace.o * (1 - trace.o), "g": dc * trace.i * (1 - trace.g ** 2),
           "c": dc, "h": dh}
    (cell,) = states_over_time(net)["cells"]
    assert [row["inside"] for row in cell["rows"]] == ["sigmoid"] * 3 + ["tanh", "", ""]
    for name, gradient in raw.items():
        assert np.allclose(row(cell, name, "diff"), gradient[:, 0].T, atol=1e-6), name
    for name in "ch":
        assert np.allclose(sizes(cell, name), np.linalg.norm(raw[name][:, 0], axis=1), atol=1e-6)


@pytest.mark.parametrize("cell", ["composed", "rnn", "gru", "peephole"])
@pytest.mark.parametrize("project", ["per_step", "once"])
def test_the_strip_and_views_read_the_same_gates(cell, project):
    net = load_net(unrolled_spec(cell=cell, project=project))
    net.forward(x=np.random.default_rng(0).standard_normal((T, B, D)))
    (states,) = states_over_time(net)["cells"]
    _, *axes = views.gates_over_time(net)
    assert [row["name"] for row in states["rows"]] == [ax.get_ylabel() for ax in axes]
    for ax, shown in zip(axes, states["rows"]):
        assert np.array_equal(ax.images[0].get_array(), np.array(shown["data"], "f4"))
        assert (ax.images[0].get_clim() == (0, 1)) == (shown["kind"] == "gate")


def test_a_fused_step_and_caffes_layer_show_what_they_have_and_say_what_not(weights, data):
    (fused,) = states_over_time(ran(unrolled_spec(cell="fused"), data))["cells"]
    assert [row["name"] for row in fused["rows"]] == ["c", "h"] and "from later steps" in fused["note"]
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(T, B, D), input_layer(T, B)
    ns.y = caffe.layers.LSTM(ns.x, ns.cont, recurrent_param=dict(
        num_output=H, weight_filler=dict(type="uniform", min=-1, max=1)))
    net = ran(ns, data)
    (layer,) = states_over_time(net)["cells"]
    assert (layer["unit"], layer["name"], layer["sizes"]) == ("LSTM layer", "y", [])
    assert np.array_equal(row(layer, "h"), net.blobs["y"].data[:, 0].T) and "own layer" in layer["note"]


def two_states(ns, Mx, states, p, H, w):
    """A unit that a learner may write: s and h add up what came."""
    s = add_layer_to_net_spec(ns, caffe.layers.Eltwise, p + "s", states["s"], Mx)
    h = add_layer_to_net_spec(ns, caffe.layers.Eltwise, p + "h", states["h"], s)
    return dict(h=h, s=s)


@pytest.mark.parametrize("steps", [1, T])
def test_of_a_learners_own_cell_the_states_are_shown_and_its_gradients(steps):
    ns = caffe.NetSpec()
    ns.x = input_layer(steps, B, D)
    unroll(ns, ns.x, steps, H, cell=Cell("own", two_states, states=("h", "s")), prefix="mine/")
    net = load_net(ns, force_backward=True)
    net.forward(x=np.random.default_rng(0).standard_normal((steps, B, D)))
    net.blobs["mine/H"].diff[...] = 1
    net.backward()
    (cell,) = states_over_time(net)["cells"]
    assert (cell["name"], cell["unit"], cell["T"]) == ("mine/", "", steps)
    assert [row["name"] for row in cell["rows"]] == ["h", "s"]
    for name in ("h", "s"):
        blobs = [net.blobs[f"mine/{name}{t}"] for t in range(1, steps + 1)]
        for what in ("data", "diff"):
            right = np.array([getattr(blob, what)[0, 0] for blob in blobs])
            assert right.any() and np.array_equal(row(cell, name, what), right.T)
        assert np.allclose(sizes(cell, name), np.linalg.norm(right, axis=1), rtol=1e-6)


@pytest.mark.parametrize("cell", ["composed", "fused", "gru"])
def test_one_step_is_shown_like_the_first_of_several(cell):
    x, shown = np.random.default_rng(0).standard_normal((T, B, D)), []
    for steps in (1, T):
        caffe.set_random_seed(0)
        net = load_net(unrolled_spec(steps, B, D, H, cell=cell))
        net.forward(x=x[:steps])
        shown += states_over_time(net)["cells"]
    one, several = shown
    assert (one["T"], one["unit"]) == (1, several["unit"])
    for mine, theirs in zip(one["rows"], several["rows"]):
        assert mine["name"] == theirs["name"]
        assert np.allclose(np.array(mine["data"])[:, 0], np.array(theirs["data"])[:, 0])
    words = in_words(one, B)
    assert f"{H} units in 1 step, sequence 1 of {B}: mean" in words and " to " not in words


def ran(ns, data):
    net = load_net(ns)
    net.forward(x=data["x"])
    return net


def test_a_net_that_has_not_run_and_one_without_steps_show_nothing():
    assert states_over_time(unrolled_net())["cells"] == []
    ns = caffe.NetSpec()
    ns.x = input_layer(2, 3)
    ns.y = caffe.layers.TanH(ns.x)
    net = load_net(ns)
    net.forward(x=np.ones((2, 3)))
    assert states_over_time(net)["cells"] == []


def test_what_is_no_number_is_none_so_that_json_can_hold_it(net):
    net.blobs["h2"].data[0, 0, 1], net.blobs["h3"].diff[0, 0] = np.nan, np.inf
    (cell,) = json.loads(json.dumps(states_over_time(net), allow_nan=False))["cells"]
    assert np.argwhere(np.isnan(row(cell, "h"))).tolist() == [[1, 1]]
    assert sizes(cell, "h")[2] is None and None not in sizes(cell, "c")


def test_of_many_units_some_are_shown_and_of_many_steps_the_mean():
    steps, units = 2 * MOST_STEPS + 1, MOST_UNITS + 8
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(steps, 1, 1), input_layer(steps, 1)
    ns.y = caffe.layers.LSTM(ns.x, ns.cont, recurrent_param=dict(
        num_output=units, weight_filler=dict(type="uniform", min=-1, max=1)))
    net = load_net(ns)
    net.forward(x=np.random.default_rng(0).standard_normal((steps, 1, 1)))
    (cell,) = states_over_time(net)["cells"]
    assert (cell["T"], cell["pool"], cell["H"]) == (steps, 3, units)
    assert len(cell["units"]) == MOST_UNITS and {1, units} <= set(cell["units"])
    h = net.blobs["y"].data[:, 0].T[np.array(cell["units"]) - 1]  # (units, steps)
    assert np.allclose(row(cell, "h")[:, 1], h[:, 3:6].mean(1), atol=1e-6)
    assert np.allclose(row(cell, "h")[:, -1], h[:, 255:].mean(1), atol=1e-6)


@pytest.mark.parametrize("project", ["per_step", "once"])
def test_the_sweep_shows_what_the_reference_does_with_each_forget_bias(project, weights, data):
    net = unrolled_net(weights, project=project)
    run(net, data)
    sweep = forget_bias_sweep(net, [-1, 3])
    assert sweep["biases"] == [-1, 3]
    assert sweep["own"] == pytest.approx(float(weights.b_c[H:2 * H].mean()), abs=1e-6)
    for bias, states in zip((-1, 3), sweep["runs"]):
        b_c = weights.b_c.copy()
        b_c[H:2 * H] = bias
        trace, dh, dc = in_64_bits(weights._replace(b_c=b_c), data)
        (cell,) = states["cells"]
        assert np.allclose(row(cell, "f"), trace.f[:, 0].T, atol=1e-6)
        for name, gradient in (("h", dh), ("c", dc)):
            assert np.allclose(sizes(cell, name), np.linalg.norm(gradient[:, 0], axis=1), atol=1e-5)


def test_the_sweep_leaves_the_net_as_it_was(net):
    def all_of_it():
        return [array.copy() for blob in [*net.blobs.values(), *(
            blob for blobs in net.params.values() for blob in blobs)]
            for array in (blob.data, blob.diff)]

    before = all_of_it()
    assert any(array.any() for array in before)
    forget_bias_sweep(net, [0, 2])
    assert all(map(np.array_equal, before, all_of_it()))


@pytest.mark.parametrize("cell", ["fused", "peephole"])
def test_a_larger_forget_bias_opens_the_gate_of_each_kind_of_lstm(cell):
    net = load_net(unrolled_spec(cell=cell))
    net.forward(x=np.ones((T, B, D)))  # what g adds has one sign at all steps
    closed, open_ = (abs(row(run["cells"][0], "c")).mean()
                     for run in forget_bias_sweep(net, [-5, 5])["runs"])
    assert open_ > 1.2 * closed


@pytest.mark.parametrize("cell", ["gru", "rnn"])
def test_a_unit_without_a_forget_gate_has_no_forget_bias(cell):
    with pytest.raises(NetError, match="no LSTM with a bias"):
        forget_bias_sweep(load_net(unrolled_spec(cell=cell)), [1])


def test_a_sweep_over_nothing_and_over_words_raises(net):
    with pytest.raises(NetError, match="there is none"):
        forget_bias_sweep(net, [])
    with pytest.raises((NetError, ValueError)):
        forget_bias_sweep(net, ["much"])


def codes(row, what, units):
    return np.frombuffer(base64.b64decode(row[what]["runs"][0]), np.uint8).reshape(units, -1)


def test_the_bytes_of_the_page_hold_the_numbers_to_half_a_step_of_their_scale(net):
    states = states_over_time(net)
    (cell,), (packed,) = states["cells"], maps([states])["cells"]
    for name, shown in zip((*GATES, "c", "h"), packed["rows"]):
        places = codes(shown, "data", H) / TOP
        numbers = places if name in "ifo" else (2 * places - 1) * shown["data"]["largest"]
        assert np.allclose(numbers, row(cell, name), atol=1.01 * shown["data"]["largest"] / TOP)
        parts = codes(shown, "diff", H) / TOP * 2 - 1
        numbers = np.sign(parts) * shown["diff"]["largest"] * 10 ** (6 * (abs(parts) - 1))
        true = row(cell, name, "diff")
        assert np.allclose(numbers, true, rtol=0.06, atol=1.1e-6 * abs(true).max())


def test_what_is_no_number_has_a_byte_of_its_own(net):
    net.blobs["h2"].data[0, 0, 1], net.blobs["h3"].diff[0, 0, 2] = np.nan, -np.inf
    h = maps([states_over_time(net)])["cells"][0]["rows"][-1]
    assert np.argwhere(codes(h, "data", H) == NO_NUMBER).tolist() == [[1, 1]]
    assert np.argwhere(codes(h, "diff", H) == NO_NUMBER).tolist() == [[2, 2]]


@pytest.mark.parametrize("ours, name", [(GATE, "cividis"), (SIGNED, "PuOr_r")])
def test_the_colours_are_those_of_views(ours, name):
    colours = matplotlib.colormaps[name]
    assert [matplotlib.colors.to_hex(colours(k / 10)).upper() for k in range(11)] == list(ours)


def test_a_sweep_has_one_scale_for_all_its_biases(net):
    sweep = forget_bias_sweep(net, [-2, 2])
    (cell,) = maps(sweep["runs"], sweep["biases"], sweep["own"])["cells"]
    both = [row(run["cells"][0], "c") for run in sweep["runs"]]
    assert cell["rows"][4]["data"]["largest"] == pytest.approx(max(abs(c).max() for c in both))
    assert len(cell["rows"][4]["data"]["runs"]) == len(cell["words"]) == 2


def test_the_words_say_where_states_and_gradients_begin_and_end(net):
    states = states_over_time(net)
    cell, words = states["cells"][0], maps([states])["cells"][0]["words"][0]
    assert words.startswith(f"LSTM: {H} units over {T} steps, sequence 1 of {B}. ")
    first, last = row(cell, "c")[:, [0, -1]].mean(0)
    assert f"mean c {first:.2f} to {last:.2f}" in words
    first, last = sizes(cell, "c")[0], sizes(cell, "c")[-1]
    assert f"size of dL/dc {first:.1e} to {last:.1e}" in words

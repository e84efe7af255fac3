"""The pictures of what happens inside: they show the numbers of the net."""
import matplotlib
import numpy as np
import pytest
from conftest import B, D, H, T, input_layer, run, unrolled_net, unrolled_spec

from lstm_lib import (NetError, caffe, load_net, lstm_backward, lstm_forward, set_weights, unroll,
                      views, xavier_start)

matplotlib.use("Agg")


@pytest.fixture
def net(weights, data):
    made = unrolled_net(weights)
    run(made, data)
    return made


def shown(ax):
    return np.asarray(ax.images[0].get_array())


def test_gates_over_time_show_the_gates_of_the_reference(net, weights, data):
    truth = lstm_forward(data["x"], data["h0"], data["c0"], *weights)
    axes = views.gates_over_time(net, sequence=1)
    assert [ax.get_ylabel() for ax in axes] == ["x", "i", "f", "o", "g", "c", "h"]
    for ax in axes:
        values = getattr(truth, ax.get_ylabel())[:, 1].T  # (units, T)
        assert np.allclose(shown(ax), values, atol=1e-6)


def test_gates_have_the_scale_of_their_function(net):
    for ax in views.gates_over_time(net)[1:4]:
        assert ax.images[0].get_clim() == (0, 1)


def test_pixels_have_no_colours_for_numbers_below_0_and_other_inputs_have_0_in_the_middle(net):
    low, high = views.gates_over_time(net)[0].images[0].get_clim()
    assert low == -high < 0
    net.blobs["x"].data[...] = abs(net.blobs["x"].data)
    net.forward()
    assert views.gates_over_time(net)[0].images[0].get_clim()[0] == 0


def gradient_of_c(weights, data, t):
    """dL/dc_t: what comes back from the steps after t, and from h_t's own gradient."""
    trace = lstm_forward(data["x"], data["h0"], data["c0"], *weights)
    after = lstm_backward(lstm_forward(data["x"][t:], trace.h[t - 1], trace.c[t - 1], *weights),
                          data["dH"][t:], data["dh_T"], data["dc_T"])
    dh = data["dH"][t - 1] + after.h0
    return after.c0 + dh * trace.o[t - 1] * (1 - trace.tanh_c[t - 1] ** 2)


def test_gradient_sizes_are_those_of_the_reference(net, weights, data):
    expected = [abs(gradient_of_c(weights, data, t)).mean() for t in range(1, T)]
    assert np.allclose(views.gradient_sizes(net)[:-1], expected, atol=1e-6)


def test_gradient_sizes_of_one_sequence_are_of_that_sequence(net):
    diffs = np.array([net.blobs[f"h{t}"].diff[0] for t in range(1, T + 1)])  # (T, B, H)
    for sequence in range(diffs.shape[1]):
        sizes = views.gradient_sizes(net, "h", sequence)
        assert np.allclose(sizes, abs(diffs[:, sequence]).mean(1), atol=0)


def test_gradients_over_time_draw_a_line_for_each_net(net, weights):
    ax = views.gradients_over_time({"ours": net, "still": unrolled_net(weights)}, sequence=2)
    assert [line.get_label() for line in ax.lines] == ["ours", "still"]
    assert np.array_equal(ax.lines[0].get_ydata(), views.gradient_sizes(net, "c", 2))
    assert np.array_equal(ax.lines[0].get_xdata(), range(1, T + 1))
    assert not ax.lines[1].get_ydata().any()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time step t", "mean |dL/dc_t|")


@pytest.mark.parametrize("form", ["once", "list", "not first"])
def test_the_input_is_shown_however_it_comes_into_the_net(form, weights, data):
    ns = caffe.NetSpec()
    if form == "list":
        for t in range(T):
            ns[f"x_{t}"] = input_layer(1, B, D)
        x = [ns[f"x_{t}"] for t in range(T)]
    else:
        ns.other, ns.x = input_layer(1, 1), input_layer(T, B, D)
        x = ns.x
    unroll(ns, x, T, H, project="once" if form == "once" else "per_step")
    made = load_net(ns)
    set_weights(made, weights)
    for t in range(T):
        blob = made.blobs[f"x_{t}"].data[0] if form == "list" else made.blobs["x"].data[t]
        blob[...] = data["x"][t]
    made.forward()
    assert np.array_equal(shown(views.gates_over_time(made, 2)[0]), data["x"][:, 2].T)


@pytest.mark.parametrize("cell, rows", [
    ("rnn", "xh"), ("gru", "xrznh"), ("peephole", "xifogch")])
@pytest.mark.parametrize("project", ["per_step", "once"])
def test_each_cell_shows_its_gates_and_states(cell, rows, project):
    net = load_net(unrolled_spec(cell=cell, project=project))
    net.forward(x=np.random.default_rng(0).standard_normal((T, B, D)))
    axes = views.gates_over_time(net, sequence=1)
    assert [ax.get_ylabel() for ax in axes] == list(rows)
    assert np.array_equal(shown(axes[-1]), net.blobs["H"].data[:, 1].T)
    assert np.array_equal(shown(axes[0]), net.blobs["x"].data[:, 1].T)


@pytest.mark.parametrize("cell, rows", [("rnn", "h"), ("gru", "rzn"), ("peephole", "ifog")])
def test_weights_of_each_cell_are_cut_at_its_gates(cell, rows):
    weights = xavier_start(D, H, np.random.default_rng(0), cell=cell)
    for ax, place in zip(views.weights_by_gate(weights), (0, 2)):
        assert np.array_equal(shown(ax), weights[place])
        assert ax.get_title() == weights._fields[place] and len(ax.lines) == len(rows) - 1
        assert [label.get_text() for label in ax.get_yticklabels()] == list(rows)


def test_time_is_numbered_from_one_and_rows_are_explained(net):
    axes = views.gates_over_time(net)
    assert [label.get_text() for label in axes[-1].get_xticklabels()] == list("1234")
    assert axes[-1].get_xlabel() == "time step t"
    assert axes[0].figure._supylabel.get_text() == "each row is one unit"


def test_lines_differ_in_colour_and_in_style():
    ax = views.lines({name: [1, 2] for name in "abcd"}, "t", "y", log=True)
    assert len({line.get_color() for line in ax.lines}) == 4
    assert len({line.get_linestyle() for line in ax.lines}) == 4
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("t", "y", "log")


def test_weights_by_gate_show_both_matrices_on_one_scale(weights):
    axes = views.weights_by_gate(weights)
    assert np.array_equal(shown(axes[0]), weights.W_xc)
    assert np.array_equal(shown(axes[1]), weights.W_hc)
    assert axes[0].images[0].get_clim() == axes[1].images[0].get_clim()
    assert [ax.get_title() for ax in axes] == ["W_xc", "W_hc"]
    for ax in axes:
        assert [line.get_ydata()[0] for line in ax.lines] == [H - 0.5, 2 * H - 0.5, 3 * H - 0.5]
        assert [label.get_text() for label in ax.get_yticklabels()] == list("ifog")
        assert [tick + 0.5 for tick in ax.get_yticks()] == [H / 2 + gate * H for gate in range(4)]


def test_a_net_without_visible_gates_and_a_missing_sequence_raise(net, weights):
    with pytest.raises(NetError, match="composed"):
        views.gates_over_time(unrolled_net(weights, cell="fused"))
    with pytest.raises(NetError, match="sequence 9"):
        views.gates_over_time(net, sequence=9)
    with pytest.raises(NetError, match="sequence 3"):
        views.gradient_sizes(net, sequence=3)
    with pytest.raises(NetError, match="prefix"):
        views.gradient_sizes(net, prefix="second/")


def test_a_scale_of_powers_has_labels_to_read_a_value_by():
    for values in ([0.5, 0.02], [1, 1e-12]):
        ax = views.lines({"loss": values}, "iteration", "loss", log=True)
        ax.figure.canvas.draw()
        low, high = ax.get_ylim()
        assert 3 <= sum(bool(label.get_text()) for label, tick in zip(
            ax.get_yticklabels(), ax.get_yticks()) if low <= tick <= high)

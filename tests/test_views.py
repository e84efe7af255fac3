"""The pictures of what happens inside: they show the numbers of the net."""
import matplotlib
import numpy as np
import pytest
from conftest import T, run, unrolled_net

from lstm_lib import NetError, lstm_backward, lstm_forward, views

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


def test_a_net_without_visible_gates_and_a_missing_sequence_raise(net, weights):
    with pytest.raises(NetError, match="composed"):
        views.gates_over_time(unrolled_net(weights, cell="fused"))
    with pytest.raises(NetError, match="sequence 9"):
        views.gates_over_time(net, sequence=9)
    with pytest.raises(NetError, match="prefix"):
        views.gradient_sizes(net, prefix="second/")

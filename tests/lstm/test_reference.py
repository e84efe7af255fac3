"""The oracle itself: NumPy's LSTM against central differences."""
import numpy as np
import pytest
from conftest import worst

from lstm_lib import compare, lstm_backward, lstm_forward, xavier_start
from lstm_lib.reference import central_difference

NAMES = ("x", "h0", "c0", "W_xc", "b_c", "W_hc")


@pytest.fixture
def case(rng):
    T, B, D, H = 3, 2, 4, 3
    W = xavier_start(D, H, rng, forget_bias=0.5)
    arrays = [rng.standard_normal(s) for s in ((T, B, D), (B, H), (B, H))]
    arrays += [np.float64(w) for w in W]
    pulls = [rng.standard_normal(s) for s in ((T, B, H), (B, H), (B, H))]
    return dict(zip(NAMES, arrays)), pulls


def loss(arrays, pulls):
    trace = lstm_forward(*[arrays[name] for name in NAMES])
    dh, dh_T, dc_T = pulls
    return (dh * trace.h).sum() + (dh_T * trace.h[-1]).sum() + (dc_T * trace.c[-1]).sum()


@pytest.mark.parametrize("name", NAMES)
def test_gradient_equals_central_differences(case, name):
    arrays, pulls = case
    analytic = getattr(lstm_backward(lstm_forward(*[arrays[n] for n in NAMES]), *pulls), name)
    numeric, step = np.zeros_like(arrays[name]), 1e-6
    for place in np.ndindex(arrays[name].shape):
        numeric[place] = central_difference(lambda: loss(arrays, pulls), arrays[name], place, step)
    assert worst(analytic, numeric) < 1e-8


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_numbers_stay_in_the_type_they_came_in(case, kind):
    arrays, pulls = case
    trace = lstm_forward(*[arrays[name].astype(kind) for name in NAMES])
    gradients = lstm_backward(trace, pulls[0].astype(kind))
    assert {trace.h.dtype, trace.c.dtype, *[g.dtype for g in gradients]} == {np.dtype(kind)}


def test_an_open_forget_gate_and_a_shut_input_gate_keep_the_cell_state():
    H, large = 2, 50.0
    bias = np.repeat([-large, large, large, 0.0], H)  # i shut, f open, o open
    c0 = np.array([[0.3, -0.7]])
    trace = lstm_forward(np.zeros((5, 1, 1)), np.zeros((1, H)), c0,
                         np.zeros((4 * H, 1)), bias, np.zeros((4 * H, H)))
    assert worst(trace.c[-1], c0) < 1e-12 and worst(trace.h[-1], np.tanh(c0)) < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_an_array_of_another_shape_raises_with_all_shapes(case, name):
    arrays = {**case[0], name: np.ones((7, 7))}
    with pytest.raises(ValueError, match=r"expected x \(T, B, D\).*\(7, 7\)"):
        lstm_forward(*[arrays[n] for n in NAMES])


def test_a_gradient_of_another_shape_raises(case):
    trace = lstm_forward(*[case[0][n] for n in NAMES])
    with pytest.raises(ValueError, match=r"\(3, 2, 3\) of all outputs, got \(2, 3\)"):
        lstm_backward(trace, np.ones((2, 3)))


def test_compare_raises_where_a_difference_is_too_large_or_no_number(capsys):
    for theirs, tolerance in [(1 + 2e-6, 1e-6), (np.nan, 1), (np.ones(3), 1)]:
        with pytest.raises(AssertionError, match="it"):
            compare("it", 1.0, theirs, tolerance)
    compare("it", np.ones(2), np.ones(2), tolerance=0)
    assert "exactly equal" in capsys.readouterr().out.splitlines()[-1]


def test_a_central_difference_leaves_every_number_as_it_was():
    w = np.array([0.1, 0.7], "f4")
    before = w.copy()
    assert central_difference(lambda: w[0] ** 3 * w[1], w, 0, 0.3) == pytest.approx(0.084, rel=1e-5)
    assert np.array_equal(w, before)

"""Notebook 10: its solutions are right, its stubs are missing, each mistake has its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib import add_layer_to_net_spec as add
from lstm_lib import caffe
from lstm_lib.exercises import other_units as check
from lstm_lib.exercises.verdict import MISSING

L, P = caffe.layers, caffe.params
EXERCISES = [(check.rnn_step, "my_step"), (check.gru_state, "my_state"),
             (check.gru_weights, "my_count")]
NEEDS = ["add_layer_to_net_spec as add"]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers("10_other_units", needs=NEEDS)[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers("10_other_units", stubs=True, needs=NEEDS)[name])
    assert not verdict and verdict.text == MISSING


def step(squash=L.TanH, join=P.Eltwise.SUM, read=lambda Mx, h: h, bias=False, name="Mhw", size=None,
         product=True):
    """A step in which one thing may be wrong."""
    def my_step(ns, Mx, states, p, H, w):
        shared, top = dict(param=dict(name=w[name])) if name else {}, Mx
        if product:
            Mh = add(ns, L.InnerProduct, p + "Mh", read(Mx, states["h"]), num_output=size or H,
                     axis=2, bias_term=bias, **shared)
            top = add(ns, L.Eltwise, p + "z", Mx, Mh, operation=join)
        return dict(h=add(ns, squash, p + "h", top) if squash else top)
    return my_step


def without_x(ns, Mx, states, p, H, w):
    ns[p + "unused"] = L.Silence(Mx, ntop=0)
    Mh = add(ns, L.InnerProduct, p + "Mh", states["h"], num_output=H, axis=2, bias_term=False,
             param=dict(name=w["Mhw"]))
    return dict(h=add(ns, L.TanH, p + "h", Mh))


@pytest.mark.parametrize("my_step, hint", [
    (step(squash=None), "nothing squashes it"), (step(squash=L.Sigmoid), "that is a sigmoid"),
    (step(join=P.Eltwise.PROD), "they are added"), (step(name=None), "belongs to one step alone"),
    (step(product=False), "which product does h_{t-1} go through"), (step(bias=True), "bias"),
    (step(size=3), "does not build"), (step(name="Mhx"), "raised KeyError"),
    (without_x, "does not see x"),
    (lambda ns, Mx, states, p, H, w: step()(ns, Mx, states, p, H, w)["h"], "returns a dict"),
    ("tanh", "expected a function")])
def test_a_wrong_step_gets_the_hint_that_fits(my_step, hint):
    verdict = check.rnn_step(my_step)
    assert not verdict and hint in verdict.text, verdict


@pytest.mark.parametrize("my_state, hint", [
    (lambda z, h, n: (1 - z) * h + z * n, "z = 1 keeps the old state"),
    (lambda z, h, n: z * h, "the candidate n is missing"),
    (lambda z, h, n: z * h + n, "comes in whole"),
    (lambda z, h, n: n - z * (h - n), "a sign"),
    (lambda z, h, n: (n + z * (h - n)).T, "axes are swapped"),
    (lambda z, h, n: np.tanh(h), "numbers differ")])
def test_a_wrong_state_gets_the_hint_that_fits(my_state, hint):
    verdict = check.gru_state(my_state)
    assert not verdict and hint in verdict.text, verdict


@pytest.mark.parametrize("my_count, hint", [
    (3 * 32 * (8 + 32 + 1), "has its own"), (4 * 32 * (8 + 32 + 1), "that is the LSTM"),
    (32 * (8 + 32 + 1), "that is the plain net"), (3 * 32 * (8 + 32), "biases are missing"),
    ("many", "got str"), (7, "differ")])
def test_a_wrong_count_gets_the_hint_that_fits(my_count, hint):
    verdict = check.gru_weights(my_count)
    assert not verdict and hint in verdict.text, verdict

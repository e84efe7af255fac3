"""Notebook 05: its solutions are right, its stubs are missing, each mistake has its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib.exercises import forward_and_backward as check
from lstm_lib.exercises.verdict import MISSING
from lstm_lib.reference import central_difference

EXERCISES = [(check.to_last_output, "to_last_output"), (check.slope, "slope"),
             (check.step, "my_step")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers("05_forward_and_backward")[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers("05_forward_and_backward", stubs=True)[name])
    assert not verdict and verdict.text == MISSING


def one(labels, V):
    """1 at the right class."""
    return np.eye(len(V))[labels]


@pytest.mark.parametrize("answer, hint", [
    (lambda p, labels, V: (p - one(labels, V)) @ V, "divide by B."),
    (lambda p, labels, V: (p - one(labels, V)) @ V / len(V), "not by the classes"),
    (lambda p, labels, V: (p - one(labels, V)) @ V / p.size, "by nothing else"),
    (lambda p, labels, V: (one(labels, V) - p) @ V / len(p), "the sign is turned"),
    (lambda p, labels, V: p @ V / len(p), "missing at the right class"),
    (lambda p, labels, V: -one(labels, V) @ V / len(p), "and no p"),
    (lambda p, labels, V: (p - 1) @ V / len(p), "at the right class alone"),
    (lambda p, labels, V: (p - np.eye(p.shape[1])[labels].sum(0)) @ V / len(p), "of every image"),
    (lambda p, labels, V: (p - labels[:, None]) @ V / len(p), "in the column of the label"),
    (lambda p, labels, V: (p - one(labels, V)) / len(p), "stops at the scores"),
    (lambda p, labels, V: V.T @ (p - one(labels, V)).T / len(p), "axes are swapped"),
    (lambda p, labels, V: (p - one(labels, V)) @ V.T / len(p), "raised ValueError"),
    (lambda p, labels, V: ((p - one(labels, V)) @ V).mean(0), "the shape (4,)")])
def test_a_wrong_gradient_at_the_last_output_gets_the_hint_that_fits(answer, hint):
    verdict = check.to_last_output(answer)
    assert not verdict and hint in verdict.text


def slope(formula, put_back=True, in_place=True):
    """A slope by the loss here, higher and lower; it leaves w moved if it does not put back."""
    def my_slope(loss, w, place, step):
        kept, losses = w[place], []
        for by in (0, step, -step):
            (w if in_place else w.copy())[place] = kept + by
            losses.append(loss())
        if put_back:
            w[place] = kept
        return formula(*losses, step)
    return my_slope


def right(now, up, down, step):
    return (up - down) / (2 * step)


@pytest.mark.parametrize("answer, hint", [
    (slope(lambda now, up, down, step: (up - down) / step), "is twice the step"),
    (slope(lambda now, up, down, step: (up - now) / step), "the forward difference"),
    (slope(lambda now, up, down, step: (now - down) / step), "the backward difference"),
    (slope(lambda now, up, down, step: (up - now) / (2 * step)), "divides by both"),
    (slope(lambda now, up, down, step: (down - up) / (2 * step)), "the sign is turned"),
    (slope(lambda now, up, down, step: up - down), "divide by the way"),
    (slope(right, put_back=False), "is not put back"),
    (slope(right, in_place=False), "write into w[place]"),
    (lambda loss, w, place, step: central_difference(loss, w, place, 1e-6), "another step"),
    (lambda loss, w, place, step: loss(), "its numbers differ"),
    (lambda loss, w, place, step: w, "the shape (16, 4)")])
def test_a_wrong_slope_gets_the_hint_that_fits(answer, hint):
    verdict = check.slope(answer)
    assert not verdict and hint in verdict.text


def test_a_check_of_a_slope_leaves_the_next_one_the_same_weights():
    assert not check.slope(slope(right, put_back=False))
    assert check.slope(slope(right))


@pytest.mark.parametrize("answer, hint", [
    (1e-6, "See the left"), (1e-5, "See the left"), (1e-4, "See the left"), (1e-3, "See the left"),
    (0.3, "See the right"), (1, "See the right"), (0, "a positive number"),
    (-0.01, "a positive number"), ([0.01, 0.02], "the shape (2,)"), ("small", "got str")])
def test_a_wrong_step_gets_the_hint_that_fits(answer, hint):
    verdict = check.step(answer)
    assert not verdict and hint in verdict.text


@pytest.mark.parametrize("answer", [2e-3, 1e-2, 2e-2])
def test_a_step_with_some_distance_to_both_arms_is_right(answer):
    assert check.step(answer)

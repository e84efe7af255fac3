"""Notebook 07: its solutions are right, its stubs are missing, each mistake has its hint."""
import pytest
from solved import answers

from lstm_lib.exercises import training as check
from lstm_lib.exercises.verdict import MISSING

EXERCISES = [(check.update, "update"), (check.forget_bias, "open_gates"),
             (check.clip_value, "clip_value")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers("07_training")[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers("07_training", stubs=True)[name])
    assert not verdict and verdict.text == MISSING


def update(velocity, weights=lambda W, V, new: W + new, kept=lambda V, new: new):
    """An update by its parts: the new V, what is done with it, which V is returned."""
    def my_update(W, V, gradient, base_lr, momentum):
        new = velocity(V, gradient, base_lr, momentum)
        return weights(W, V, new), kept(V, new)
    return my_update


def right(V, gradient, base_lr, momentum):
    return momentum * V - base_lr * gradient


@pytest.mark.parametrize("answer, hint", [
    (update(lambda V, g, lr, m: m * V + lr * g), "the sign is turned"),
    (update(right, lambda W, V, new: W - new), "the sign is turned"),
    (update(lambda V, g, lr, m: -lr * g), "of the iteration before is missing"),
    (update(lambda V, g, lr, m: m * V - (1 - m) * lr * g), "a running mean"),
    (update(lambda V, g, lr, m: V - lr * g), "multiply it by momentum"),
    (update(lambda V, g, lr, m: lr * (m * V - g)), "in the old V already"),
    (update(lambda V, g, lr, m: m * V - g), "base_lr is missing"),
    (update(right, lambda W, V, new: W), "W is as it was"),
    (update(right, lambda W, V, new: W + V), "compute the new V first"),
    (update(right, kept=lambda V, new: V), "V is the old one"),
    (update(right, kept=lambda V, new: -new), "the other sign"),
    (lambda W, V, g, lr, m: W + m * V - lr * g, "return two arrays"),
    (lambda W, V, g, lr, m: ((W + m * V - lr * g).T, V), "its axes are swapped")])
def test_a_wrong_update_gets_the_hint_that_fits(answer, hint):
    verdict = check.update(answer)
    assert not verdict and hint in verdict.text


def biases(value, rows):
    def open_gates(b_c):
        b_c[rows] = value
        return b_c
    return open_gates


@pytest.mark.parametrize("answer, hint", [
    (biases(3, slice(0, 32)), "these are the rows of i:"),
    (biases(3, slice(64, 96)), "these are the rows of o:"),
    (biases(3, slice(96, 128)), "these are the rows of g:"),
    (biases(3, slice(0, 64)), "these are the rows of i:"),
    (biases(3, slice(None)), "all four gates"),
    (biases(3, slice(1, None, 4)), "every fourth bias"),
    (biases(3, slice(32, 48)), "set all H of them"),
    (biases(-3, slice(32, 64)), "closes the forget gates"),
    (biases(0, slice(32, 64)), "still 0"),
    (biases(0.2, slice(32, 64)), "f is 0.55 at first"),
    (lambda b_c: b_c[32:64] + 3, "the shape (32,)"),
    (lambda b_c: b_c.__setitem__(slice(32, 64), 3), "returns nothing")])
def test_a_wrong_forget_bias_gets_the_hint_that_fits(answer, hint):
    verdict = check.forget_bias(answer)
    assert not verdict and hint in verdict.text


@pytest.mark.parametrize("answer, hint", [
    (-1, "do not clip"), (0, "a norm is positive"), (0.001, "so that every step is cut"),
    (1000, "the spikes are below this value"), ([1, 2], "the shape (2,)"), ("low", "got str")])
def test_a_wrong_clip_value_gets_the_hint_that_fits(answer, hint):
    verdict = check.clip_value(answer)
    assert not verdict and hint in verdict.text

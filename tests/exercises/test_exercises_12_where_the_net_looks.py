"""Notebook 12: its solutions are right, its stubs are missing, each mistake has its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib.exercises import where_the_net_looks as check
from lstm_lib.exercises.verdict import MISSING

STEM = "12_where_the_net_looks"
MAPS = np.eye(9)[[[4, 4, 4, 4], [3, 8, 1, 6], [3, 8, 1, 6]]]  # (T, fields, places)
EXERCISES = [(check.look, "my_look"), (check.uniform, "my_uniform"),
             (lambda digits: check.said(digits, MAPS), "my_digits")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers(STEM)[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers(STEM, stubs=True)[name])
    assert not verdict and verdict.text == MISSING


def look(weights, read=lambda l, places: np.einsum("bk,bck->bc", l, places), turned=False):
    """A look with other weights of the places, or another way to read."""
    def my_look(h, X, W_l, b_l):
        X = X.swapaxes(2, 3) if turned else X
        return read(weights(h @ W_l.T + b_l), X.reshape(*X.shape[:2], -1))
    return my_look


def softmax(scores, axis=1):
    return np.exp(scores) / np.exp(scores).sum(axis, keepdims=True)


@pytest.mark.parametrize("answer, hint", [
    (look(lambda scores: softmax(scores, 0)), "goes over the sequences"),
    (look(lambda scores: softmax(scores, (0, 1))), "all weights of the batch together"),
    (look(np.exp), "what divides it?"),
    (look(lambda scores: scores), "the softmax is missing"),
    (lambda h, X, W_l, b_l: look(softmax)(h, X, W_l, 0 * b_l), "b_l is not used"),
    (look(lambda scores: np.eye(scores.shape[1])[scores.argmax(1)]), "has no gradient"),
    (look(softmax, lambda l, places: places.sum(2)), "are added as they are"),
    (look(softmax, lambda l, places: places.mean(2)), "the mean of the places"),
    (look(softmax, lambda l, places: (places * l[:, None]).mean(2)), "nothing more to divide"),
    (look(softmax, turned=True), "row by row"),
    (look(softmax, lambda l, places: l), "the shape (3, 4)"),
    (look(softmax, lambda l, places: places * l[:, None]), "the shape (3, 5, 4)"),
    (look(softmax, lambda l, places: (places * l[:, None]).sum(2).T), "axes are swapped"),
    (lambda h, X, W_l, b_l: W_l @ h, "raised ValueError")])
def test_a_wrong_look_gets_the_hint_that_fits(answer, hint):
    verdict = check.look(answer)
    assert not verdict and hint in verdict.text, verdict


@pytest.mark.parametrize("answer, hint", [
    (lambda X: X.sum((2, 3)), "counts each place as 1"),
    (lambda X: 0 * X[:, :, 0, 0], "exp(0) is not"),
    (lambda X: X.max((2, 3)), "no place is picked"),
    (lambda X: X[:, :, 0, 0], "no place is picked"),
    (lambda X: X.sum((2, 3)) / X.shape[2], "K times K places"),
    (lambda X: X.mean(1), "the shape (3, 2, 2)"),
    (lambda X: X.mean((0, 2, 3)), "the shape (5,)")])
def test_a_wrong_prediction_for_uniform_weights_gets_the_hint_that_fits(answer, hint):
    verdict = check.uniform(answer)
    assert not verdict and hint in verdict.text, verdict


@pytest.mark.parametrize("answer, hint", [
    ([5, 5, 5, 5], "where the first step looks"),
    ([3, 8, 1, 6], "counted from 1"),
    ([2, 9, 4, 3], "row by row"),
    ([6, 1, 8, 3], "at the upper left"),
    ([4, 9, 2], "the shape (3,)"), ("four", "got str"), ([4, 9, 2, 8], "differ by up to 1")])
def test_digits_read_wrongly_off_the_maps_get_the_hint_that_fits(answer, hint):
    verdict = check.said(answer, MAPS)
    assert not verdict and hint in verdict.text, verdict

"""Notebook 08: its solutions are right, its stubs are missing, each mistake has its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib.exercises import lengths_and_states as check
from lstm_lib.exercises.verdict import MISSING

EXERCISES = [(check.cont, "my_cont"), (check.masked_loss, "my_masked_loss"),
             (check.season, "my_season")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers("08_lengths_and_states")[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers("08_lengths_and_states", stubs=True)[name])
    assert not verdict and verdict.text == MISSING


def cont(place=lambda first, length: first, skip=0, further=lambda first, length: first + length):
    """A cont in which one thing may be wrong: where a 0 stands, or where the next one does."""
    def my_cont(lengths, T):
        made = np.ones((T, len(lengths)))
        for b, stream in enumerate(lengths):
            first = 0
            for k, length in enumerate(stream):
                if k >= skip:
                    made[place(first, length), b] = 0
                first = further(first, length)
        return made
    return my_cont


@pytest.mark.parametrize("my_cont, hint", [
    (lambda lengths, T: 1 - cont()(lengths, T), "0 and 1 are the wrong way round"),
    (lambda lengths, T: cont()([[T]] * len(lengths), T), "only step 1 is 0"),
    (cont(lambda first, length: first + length - 1), "at the last step of a sequence"),
    (cont(further=lambda first, length: length), "the sum of all lengths before it"),
    (cont(skip=1), "step 1 of each stream begins a sequence, too"),
    (lambda lengths, T: cont()(lengths, T).T, "axes are swapped"),
    (cont(lambda first, length: first + length), "raised IndexError")])
def test_a_wrong_cont_gets_the_hint_that_fits(my_cont, hint):
    verdict = check.cont(my_cont)
    assert not verdict and hint in verdict.text


def masked(mask=lambda T, lengths: np.arange(T)[:, None] < lengths,
           loss=lambda squares, mask: 0.5 * squares.sum() / mask.sum()):
    """A loss of which the mask, or what is done with the sum, may be wrong."""
    def my_masked_loss(y, target, lengths):
        made = mask(len(y), np.array(lengths))
        return loss((y - target) ** 2 * made, made)
    return my_masked_loss


@pytest.mark.parametrize("my_masked_loss, hint", [
    (masked(loss=lambda squares, mask: 0.5 * squares.mean()), "you divide by T * B"),
    (masked(loss=lambda squares, mask: 0.5 * squares.sum()), "that is the sum"),
    (masked(loss=lambda squares, mask: 0.5 * squares.sum() / len(mask)), "you divide by T, as"),
    (masked(loss=lambda squares, mask: squares.sum() / mask.sum()), "the half is missing"),
    (masked(lambda T, lengths: np.arange(T)[::-1, None] < lengths), "stands at the end"),
    (masked(lambda T, lengths: np.arange(T)[:, None] >= T - lengths), "stands at the end"),
    (masked(lambda T, lengths: np.ones((T, len(lengths)))), "the padding counts, too"),
    (masked(lambda T, lengths: np.arange(T)[:, None] <= lengths), "a step too many"),
    (masked(lambda T, lengths: (np.arange(T)[:, None] < lengths)
            & (np.arange(T)[:, None] > 0)), "lacks a step"),
    (masked(lambda T, lengths: np.arange(T) < lengths[:, None]), "is your mask (B, T)?"),
    (lambda y, target, lengths: ((y - target)[np.arange(len(y)) < np.array(lengths)[:, None]]
                                 ** 2).mean() / 2, "is your mask (B, T)?"),
    (masked(loss=lambda squares, mask: squares.sum(0)), "the shape (3,), expected one number")])
def test_a_wrong_loss_gets_the_hint_that_fits(my_masked_loss, hint):
    verdict = check.masked_loss(my_masked_loss)
    assert not verdict and hint in verdict.text


def season(*lags, total=np.mean):
    return lambda months, n: total([np.roll(months, lag) for lag in lags], axis=0)


@pytest.mark.parametrize("my_season, hint", [
    (season(0, 12), "is among those of the mean"), (season(0), "each month by itself"),
    (season(12), "last year alone"), (season(24), "one year alone, n years ago"),
    (season(12, 24, total=np.sum), "the sum, not the mean"),
    (season(1, 2), "the last n months, not years"), (season(11, 23), "the month after"),
    (season(13, 25), "the month before"), (season(0, 12, 24, 36, 48), "those to come"),
    (lambda months, n: season(12, 24)(months, n)[12 * n:], "expected (60,)"),
    (lambda months, n: np.full(len(months), np.nan), "behind the first n years is NaN")])
def test_a_wrong_forecast_gets_the_hint_that_fits(my_season, hint):
    verdict = check.season(my_season)
    assert not verdict and hint in verdict.text

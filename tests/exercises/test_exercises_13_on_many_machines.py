"""The exercises of notebook 13: solutions are right, and the hint fits the mistake."""
import pytest
from solved import answers

from lstm_lib.exercises import on_many_machines as check
from lstm_lib.exercises.verdict import MISSING

STEM = "13_on_many_machines"


def test_the_committed_combination_is_right():
    assert check.combined(answers(STEM)["combined"])


def test_the_stub_of_the_combination_says_that_it_is_empty():
    assert MISSING in str(check.combined(answers(STEM, stubs=True)["combined"]))


@pytest.mark.parametrize("combined, hint", [
    (lambda gradients, counts: sum(gradients), "that is the sum"),
    (lambda gradients, counts: sum(gradients) / len(counts), "that is the plain mean"),
    (lambda gradients, counts: sum(n * g for g, n in zip(gradients, counts)),
     "divide by the whole batch"),
    (lambda gradients, counts: sum(n * g for g, n in zip(gradients, counts)) / 3,
     "not of parts"),
    (lambda gradients, counts: sum(g / n for g, n in zip(gradients, counts)), "not less"),
    (lambda gradients, counts: gradients[0], "the first part alone"),
    (lambda gradients, counts: gradients[0].T, "its axes are swapped")])
def test_a_wrong_combination_gets_the_hint_that_fits(combined, hint):
    verdict = check.combined(combined)
    assert not verdict and hint in str(verdict)


def test_the_committed_step_time_is_right():
    assert check.step_time(answers(STEM)["step_time"])


def test_the_stub_of_the_step_time_says_that_it_is_empty():
    assert MISSING in str(check.step_time(answers(STEM, stubs=True)["step_time"]))


@pytest.mark.parametrize("step_time, hint", [
    (lambda N, compute, numbers, bandwidth: compute / N, "the computing alone"),
    (lambda N, compute, numbers, bandwidth: compute + 8 * (N - 1) / N * numbers / bandwidth,
     "its part of the batch only"),
    (lambda N, compute, numbers, bandwidth: compute / N + 4 * (N - 1) / N * numbers / bandwidth,
     "goes round twice"),
    (lambda N, compute, numbers, bandwidth: compute / N + 8 * (N - 1) * numbers / bandwidth,
     "one N-th of them"),
    (lambda N, compute, numbers, bandwidth: compute / N + 2 * (N - 1) / N * numbers / bandwidth,
     "a float32 has four"),
    (lambda N, compute, numbers, bandwidth: compute / N + 64 * (N - 1) / N * numbers / bandwidth,
     "not in bits"),
    (lambda N, compute, numbers, bandwidth: compute / N + 8 * numbers / bandwidth,
     "nobody to send to")])
def test_a_wrong_step_time_gets_the_hint_that_fits(step_time, hint):
    verdict = check.step_time(step_time)
    assert not verdict and hint in str(verdict)

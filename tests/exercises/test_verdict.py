"""What all checks of exercises share: right, wrong with a hint, missing, and nbgrader."""
import numpy as np
import pytest

from lstm_lib.exercises.verdict import (MISSING, Hint, judged, must_be, must_have_shape,
                                        result_of)


@judged
def twice(function):
    must_be("twice(3)", result_of(function, 3), 6, [(9, "that is the square.")])
    return "2 * 3 = 6."


def test_a_right_answer_is_true_and_says_why():
    verdict = twice(lambda x: 2 * x)
    assert verdict and str(verdict) == "Right. 2 * 3 = 6."


def stub(x):
    ...  # your answer here


def without_return(x):
    x = 2 * x


@pytest.mark.parametrize("answer, hint", [
    (without_return, "without_return returns nothing"), (lambda x: "6", "one number, got str"),
    (lambda x: ([x], [x, x]), "one number, got tuple"),
    (lambda x: x * x, "that is the square."), (lambda x: x + 1, "numbers differ by up to 2"),
    (lambda x: [x, x], "the shape (2,), expected one number"), (lambda x: "six", "got str"),
    (lambda x: x / 0, "raised ZeroDivisionError"), (lambda: 6, "raised TypeError"),
    (6, "expected a function"), (stub, MISSING), (None, MISSING), (..., MISSING)])
def test_another_answer_is_not_and_its_hint_says_what_went_wrong(answer, hint):
    verdict = twice(answer)
    assert not verdict and hint in str(verdict) and str(verdict).startswith("Not yet.")


def test_swapped_axes_are_named():
    with pytest.raises(Hint, match="its axes are swapped"):
        must_have_shape("h", np.zeros((2, 4)), (4, 2))


def test_where_nbgrader_runs_it_a_wrong_answer_raises_and_a_right_one_is_printed(
        monkeypatch, capsys):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert twice(lambda x: 2 * x) is None  # nbgrader takes a result for points
    assert capsys.readouterr().out.startswith("Right.")
    with pytest.raises(AssertionError, match="that is the square"):
        twice(lambda x: x * x)


def test_what_a_page_shows_holds_no_markup_of_the_answer():
    assert "<b>x" not in judged(must_not)("<b>x")._repr_html_()


def must_not(answer):
    raise Hint(answer)

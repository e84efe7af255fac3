"""Judge an answer: right, wrong with a hint that fits, or not there yet."""
import functools
import html
import inspect
import os

import numpy as np

MISSING = "Nothing here yet: put your answer in the place of `...`, run that cell, then this one."


class Hint(Exception):
    """An answer is not right; the text says what went wrong."""


class Verdict:
    """What a check says of an answer; true if the answer is right."""

    def __init__(self, right, text):
        self.right, self.text = right, text

    def __bool__(self):
        return self.right

    def __repr__(self):
        return f"{'Right.' if self.right else 'Not yet.'} {self.text}".rstrip()

    def _repr_html_(self):
        color = "#009E73" if self.right else "#D55E00"
        head, text = "Right." if self.right else "Not yet.", html.escape(self.text)
        return (f'<div style="border-left: 4px solid {color}; padding: 2px 10px">'
                f"<b>{head}</b> {text}</div>")


def judged(check):
    """Make of a check a function that returns a Verdict.

    The check raises `Hint` if an answer is wrong, and returns what there is to say about a
    right one (or nothing). Where nbgrader runs the notebook, a wrong answer raises and a right
    one is printed, for nbgrader gives no point for an error, and takes a result for points.
    """
    @functools.wraps(check)
    def judge(*answers):
        verdict = verdict_on(check, answers)
        if not os.environ.get("NBGRADER_EXECUTION"):
            return verdict
        if not verdict:
            raise AssertionError(verdict.text)
        print(verdict)
        return None
    return judge


def verdict_on(check, answers):
    """The Verdict of a check; an answer that is None or `...` is missing."""
    try:
        if any(answer is None or answer is ... for answer in answers):
            raise Hint(MISSING)
        return Verdict(True, check(*answers) or "")
    except Hint as hint:
        return Verdict(False, str(hint))


def result_of(function, *arguments):
    """What the learner's function returns; nothing, or an exception, becomes a Hint."""
    if not callable(function):
        raise Hint(f"expected a function, got {function!r}.")
    name = getattr(function, "__name__", "the function")
    try:
        result = function(*arguments)
    except Exception as error:
        raise Hint(f"{name} raised {type(error).__name__}: {error}") from error
    if result is None:
        raise Hint(MISSING if is_stub(function) else
                   f"{name} returns nothing: does it end with return?")
    return result


def is_stub(function):
    """True if the `...` still stands in the learner's function, or its text is not to be had."""
    try:
        lines = inspect.getsource(function).splitlines()
    except (OSError, TypeError):
        return True
    return any(line.strip().startswith("...") for line in lines)


def must_have_shape(name, answer, shape):
    """Raise a Hint if these are no numbers or have another shape; swapped axes are named."""
    given = shape_of(answer)
    if given is None:
        raise Hint(f"{name} is {f'an array {shape}' if shape else 'one number'}, got "
                   f"{type(answer).__name__}.")
    if given == shape:
        return
    if sorted(given) == sorted(shape):
        raise Hint(f"{name} has the shape {given}, expected {shape}: its axes are swapped.")
    raise Hint(f"{name} has the shape {given}, expected {shape or 'one number'}.")


def shape_of(answer):
    """The shape of an array or of lists of numbers; None if they are no such thing."""
    try:
        array = np.asarray(answer)
    except ValueError:  # lists of different lengths
        return None
    return array.shape if array.dtype.kind in "biuf" else None


def must_be(name, answer, truth, mistakes=(), tolerance=1e-5):
    """Raise a Hint if `answer` is not `truth`: that of the mistake whose result it is.

    `mistakes` are pairs: what a typical mistake gives, and the hint that helps.
    """
    must_have_shape(name, answer, np.shape(truth))
    if near(answer, truth, tolerance):
        return
    for wrong, hint in mistakes:
        if np.shape(wrong) == np.shape(truth) and near(answer, wrong, tolerance):
            raise Hint(hint)
    largest = np.max(np.abs(np.asarray(answer, "f8") - np.asarray(truth, "f8")))
    raise Hint(f"{name} has the right shape, but its numbers differ by up to {largest:.2g}.")


def near(ours, theirs, tolerance):
    """True if no number differs by more than the tolerance."""
    return np.allclose(np.asarray(ours, "f8"), np.asarray(theirs, "f8"), 0, tolerance)


def made_by(net, name):
    """The numbers that the layer called `name` made; in place, they lie in its bottom's blob."""
    top = next((layer.top[0] for layer in net.spec.layer if layer.name == name), name)
    return net.blobs[top].data.copy()

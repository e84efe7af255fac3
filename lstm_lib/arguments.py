"""Is this what the function asks for? One check each, with what was given."""
import operator

import numpy as np

from .errors import NetError

MOST_TOPS = 1_000_000  # of one layer; Caffe would take hours


def check_top(caffe, top, what):
    """Raise unless it is a Top, which is what a layer takes as a bottom."""
    if not isinstance(top, caffe.net_spec.Top):
        raise NetError(f"{what} must be a Top, like ns.x, got {short(top)}.")


def check_net_spec(caffe, ns):
    """Raise unless it is a NetSpec."""
    if not isinstance(ns, caffe.NetSpec):
        raise NetError(f"expected a NetSpec, like ns = caffe.NetSpec(), got {short(ns)}.")


def check_count(name, value):
    """Raise unless it is a whole number of 1 or more."""
    if _whole(value) < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}.")


def check_ntop(what, ntop):
    """Raise unless a layer can have so many tops."""
    if not 0 <= _whole(ntop) <= MOST_TOPS:
        raise NetError(f"{what}: ntop must be a whole number from 0 to {MOST_TOPS:,}, got "
                       f"{short(ntop)}.")


def _whole(value):
    """The whole number, or -1 where it is none."""
    try:
        return -1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return -1


def check_iterations(count):
    """Raise unless it is a whole number of 0 or more."""
    if count != 0:
        check_count("the number of iterations", count)


def check_name(kind, name):
    """Raise unless it is text."""
    if not isinstance(name, str):
        raise NetError(f"{kind} must be text, got {short(name)}.")


def numbers(name, array):
    """The array, if it is one of numbers; `NetError` for None, text, or rows of unequal length."""
    try:
        given = np.asarray(array)
    except Exception:  # whatever the object raises that is no array
        given = np.asarray(None)
    if given.dtype.kind in "OUScMm":  # objects, text, complex numbers, dates
        raise NetError(f"{name} must be an array of numbers, got {short(array)}.")
    return given


def short(value):
    """A value in an error's text: its type and its beginning."""
    try:
        return f"{type(value).__name__} {value!r}"[:60]
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return f"{type(value).__name__} of many digits"

"""How do sequences of different lengths go into one blob?"""
import numpy as np

from .checks import check_count


def mask_from_lengths(lengths, T):
    """For `hold`: (T, B), 1 in the first `lengths[b]` steps of sequence b and 0 after.

    >>> mask_from_lengths([2, 3], T=3).tolist()
    [[1.0, 1.0], [1.0, 1.0], [0.0, 1.0]]
    """
    check_count("T", T)
    _check_lengths(lengths)
    if max(lengths) > T:
        raise ValueError(f"a sequence has {max(lengths)} steps and T is {T}.")
    return (np.arange(T)[:, None] < np.asarray(lengths)).astype(np.float32)


def cont_from_lengths(lengths, T):
    """For `cont`: (T, B), 0 at the first step of each sequence and 1 where it goes on.

    `lengths[b]` lists the sequences that stand one after the other in stream b.

    >>> cont_from_lengths([[2, 1], [3]], T=3).tolist()
    [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    """
    check_count("T", T)
    if not isinstance(lengths, (list, tuple)):
        raise ValueError(f"lengths is a list of lists, like [[2, 1], [3]], got {lengths!r}.")
    cont = np.ones((T, len(lengths)), np.float32)
    for b, stream in enumerate(lengths):
        _check_lengths(stream)
        if sum(stream) > T:
            raise ValueError(f"stream {b} has {sum(stream)} steps and T is {T}.")
        cont[np.cumsum([0, *stream[:-1]]), b] = 0
    return cont


def _check_lengths(lengths):
    if not np.size(lengths) or np.ndim(lengths) != 1:
        raise ValueError(f"lengths of sequences are a list of whole numbers, got {lengths!r}.")
    for length in lengths:
        check_count("the length of a sequence", length)

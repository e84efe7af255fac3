"""How do sequences of different lengths go into one blob?"""
import numpy as np

from .arguments import check_count
from .netspec import add_layer_to_net_spec, slice_steps
from .safe_caffe.engine import caffe

L, P = caffe.layers, caffe.params


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


def cut_steps(ns, top, T, name):
    """The T pieces (1, B) of a blob (T, B), or a list of them; without a blob, T times None."""
    if top is None:
        return [None] * T
    if isinstance(top, (list, tuple)):
        return top
    return slice_steps(ns, top, name + "/slice", [f"{name}/t{t}" for t in range(1, T + 1)])


def scale_state(ns, name, state, factor):
    """state (1, B, H) times factor (1, B), a number for each sequence."""
    return add_layer_to_net_spec(ns, L.Scale, name, state, factor, axis=0)


def always_continue(ns, h0, name):
    """A blob `cont` (1, B) of ones, made from h0 (1, B, H) so that it follows B."""
    batch = add_layer_to_net_spec(ns, L.Reduction, name + "batch", h0, axis=2)
    return add_layer_to_net_spec(ns, L.Power, name + "cont", batch, scale=0, shift=1)


def hold_states(ns, name, new, old, m):
    """m new + (1 - m) old, for each state."""
    rest = add_layer_to_net_spec(ns, L.Power, name + "rest", m, scale=-1, shift=1)
    return {state: add_layer_to_net_spec(
        ns, L.Eltwise, name + state, scale_state(ns, f"{name}new_{state}", new[state], m),
        scale_state(ns, f"{name}old_{state}", old[state], rest), operation=P.Eltwise.SUM)
        for state in new}

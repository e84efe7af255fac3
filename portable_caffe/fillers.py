"""What a new weight holds. Source: Caffe's filler.hpp."""
import numpy as np

from . import arrays
from .errors import check


def constant(p, shape):
    """value"""
    return np.full(shape, p.value)


def uniform(p, shape):
    """U(min, max)"""
    return arrays.random.uniform(p.min, p.max, shape)


def gaussian(p, shape):
    """N(mean, std); with `sparse` s about s values per output are kept, the others are 0."""
    values = arrays.random.normal(p.mean, p.std, shape)
    if p.sparse >= 0:
        values *= arrays.random.random(shape) < p.sparse / shape[0]
    return values


def xavier(p, shape):
    """U(-a, a), a = sqrt(3 / n), n = inputs, outputs or their mean"""
    a = np.sqrt(3 / _fan(p, shape))
    return arrays.random.uniform(-a, a, shape)


def msra(p, shape):
    """N(0, std), std = sqrt(2 / n), n = inputs, outputs or their mean"""
    return arrays.random.normal(0, np.sqrt(2 / _fan(p, shape)), shape)


def _fan(p, shape):
    """n: how many numbers go into one output, or leave one input (Caffe's count / axis)."""
    count = np.prod(shape)
    fan_in, fan_out = count / shape[0], count / (shape[1] if len(shape) > 1 else 1)
    return {p.FAN_IN: fan_in, p.FAN_OUT: fan_out, p.AVERAGE: (fan_in + fan_out) / 2}[
        p.variance_norm]


FILLERS = {f.__name__: f for f in (constant, uniform, gaussian, xavier, msra)}


def filled(p, shape):
    """A float32 array of this shape by a FillerParameter."""
    check(p.type in FILLERS, f"unknown filler {p.type!r}; there are {', '.join(FILLERS)}.")
    return FILLERS[p.type](p, tuple(shape)).astype(np.float32)

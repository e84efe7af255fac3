"""What a new weight holds. Source: Caffe's filler.hpp."""
from math import ceil, prod, sqrt

import numpy as np

from . import arrays
from .errors import check


def constant(p, shape):
    """value"""
    return np.full(shape, p.value, np.float32)


def uniform(p, shape):
    """U(min, max)"""
    return _between(p.min, p.max, shape)


def gaussian(p, shape):
    """N(mean, std); with `sparse` s about s values per output are kept, the others are 0."""
    values = _normal(p.std, shape)
    values += p.mean
    if p.sparse >= 0:
        values *= arrays.random().random(shape, np.float32) < p.sparse / (shape + (1,))[0]
    return values


def xavier(p, shape):
    """U(-a, a), a = sqrt(3 / n), n = inputs, outputs or their mean"""
    a = sqrt(3 / _fan(p, shape))
    return _between(-a, a, shape)


def msra(p, shape):
    """N(0, std), std = sqrt(2 / n), n = inputs, outputs or their mean"""
    return _normal(sqrt(2 / _fan(p, shape)), shape)


def positive_unitball(p, shape):
    """U(0, 1), divided so that those of each output have the sum 1"""
    values = _between(0, 1, shape).reshape((shape + (1,))[0], -1)
    return (values / values.sum(axis=1, keepdims=True)).reshape(shape)


def bilinear(p, shape):
    """(1 - |i / f - c|) (1 - |j / f - c|), f = ceil(k / 2), c = (k - 1) / 2 f, in a k by k window

    A Deconvolution that has it, stride f and one group a channel, enlarges pictures f times.
    """
    check(len(shape) == 4 and shape[2] == shape[3], "the filler bilinear needs square windows: a "
                                                    f"weight (M, C, k, k), not {shape}.")
    f = ceil(shape[3] / 2)
    line = 1 - abs(np.arange(shape[3]) / f - (shape[3] - 1) / (2 * f))
    return np.broadcast_to(np.outer(line, line), shape).astype(np.float32)


def _between(least, most, shape):
    values = np.asarray(arrays.random().random(shape, np.float32))
    values *= most - least
    values += least
    return values


def _normal(std, shape):
    values = np.asarray(arrays.random().standard_normal(shape, np.float32))
    values *= std
    return values


def _fan(p, shape):
    """n: how many numbers go into one output, or leave one input (Caffe's count / axis)."""
    outputs, inputs = (shape + (1, 1))[:2]
    count = max(prod(shape), 1)
    fan_in, fan_out = count / max(outputs, 1), count / max(inputs, 1)
    return {p.FAN_IN: fan_in, p.FAN_OUT: fan_out, p.AVERAGE: (fan_in + fan_out) / 2}[
        p.variance_norm]


FILLERS = {f.__name__: f for f in (constant, uniform, gaussian, xavier, msra,
                                   positive_unitball, bilinear)}


def filled(p, shape):
    """A float32 array of this shape by a FillerParameter."""
    check(p.type in FILLERS, f"unknown filler {p.type!r}; there are {', '.join(FILLERS)}.")
    return FILLERS[p.type](p, tuple(shape))

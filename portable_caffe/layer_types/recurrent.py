"""Recurrent layers: LSTMUnit, LSTM, RNN.

T steps, B streams, D inputs, H = num_output; k = cont (T, B) is 0 where a sequence begins
and 1 where it goes on.
"""
import functools
from math import prod

import numpy as np

from .. import arrays
from ..memory import Memory
from .base import Layer, check, check_numbers, times_rows


def unit_functions():
    """`lstm_unit` and `lstm_unit_gradients`; on a CUDA GPU, kernels that do the same at once."""
    now = arrays.current
    kernels = _kernels(now) if now.library == "torch" and now.device == "cuda" else None
    if kernels:
        return kernels.lstm_unit, kernels.lstm_unit_gradients
    return lstm_unit, lstm_unit_gradients


@functools.lru_cache(maxsize=None)
def _kernels(now):
    """The module of the kernels, if Triton is there and they compute what they should."""
    try:
        from ..gpu import kernels
    except ImportError:
        return None
    right = kernels.are_right(now.device, lstm_unit, lstm_unit_gradients)
    return kernels if right else None


@functools.lru_cache(maxsize=None)
def _numbers(now):
    """What `lstm_unit` computes with: a factor for z of each gate, 1, 2.

    As arrays, for a Python number takes NumPy longer than a step's arithmetic with B = 1.
    """
    return [now.from_host(np.asarray(numbers, np.float32))
            for numbers in ([[-1], [-1], [-1], [-2]], [1], [2])]


def lstm_unit(c_prev, z, k):
    """One step from the gate inputs z (..., 4H): c, h, and what the gradient needs.

    i, f, o = sigmoid, g = tanh of the quarters of z;   c = k f c_prev + i g;   h = o tanh(c)

    As in lstm_unit_layer.cpp, tanh(x) = 2 / (1 + exp(-2 x)) - 1, so one exp does all gates.
    """
    xp, (factors, one, two) = arrays.current.xp, _numbers(arrays.current)
    e = xp.exp(z.reshape((*z.shape[:-1], 4, -1)) * factors)
    e += one
    i, o = one / e[..., 0, :], one / e[..., 2, :]
    f = k[..., None] / e[..., 1, :]
    g = two / e[..., 3, :]
    g -= one
    c = f * c_prev
    c += i * g
    tanh_c = xp.tanh(c)
    return c, o * tanh_c, (c_prev, i, f, o, g, tanh_c)


def lstm_unit_gradients(dc, dh, saved):
    """The gradients of c_prev and z from those of c and h.

    dc += dh o (1 - tanh(c)^2);   dc_prev = dc f
    di = dc g,   df = dc c_prev,   do = dh tanh(c),   each times gate (1 - gate)
    dg = dc i (1 - g^2)
    """
    c_prev, i, f, o, g, tanh_c = saved
    do = dh * tanh_c
    dc_and_h = dh - do * tanh_c
    dc_and_h *= o
    dc_and_h += dc
    dc = dc_and_h
    dc_prev = dc * f
    di, df, dg = dc * g, dc_prev * c_prev, dc * i
    di *= i
    do *= o
    dg -= di * g
    dz = [di - di * i, df - df * f, do - do * o, dg]
    return dc_prev, arrays.current.xp.concat(dz, axis=-1)


class LSTMUnit(Layer):
    """i, f, o = sigmoid, g = tanh of the quarters of z;   c = k f c_prev + i g;   h = o tanh(c)

    Bottoms c_prev: (1, B, H); z: (1, B, 4H); k: (1, B). Tops c, h: (1, B, H).
    Source: lstm_unit_layer.cpp
    """

    keeps = True
    bottoms, tops, not_backward, always_backward, reads = 3, 2, (2,), (0, 1), ()

    def shapes(self, c_prev, z, k):
        check(len(c_prev) == len(z) == 3 and c_prev[0] == z[0] == 1,
              "c_prev must be (1, B, H) and the gate inputs (1, B, 4H).")
        check(z == (1, c_prev[1], 4 * c_prev[2]),
              f"the gate inputs must be {(1, c_prev[1], 4 * c_prev[2])}, i, f, o, g in turn.")
        check(k == c_prev[:2], f"cont must be {c_prev[:2]}.")
        return [c_prev, c_prev]

    def forward(self, c_prev, z, k):
        unit, _ = unit_functions()
        c, h, self.saved = unit(c_prev, z, k)
        return [c, h]

    def backward(self, dtops, bottoms, tops):
        _, gradients = unit_functions()
        return [*gradients(*dtops, self.saved), None]


class _Recurrent(Layer):
    """What LSTM and RNN share: bottoms, weights for x, and the state between two forwards.

    Bottoms x: (T, B, ...); k: (T, B); [x_static: (B, ...)]; with expose_hidden the states
    before, (1, B, H) each. Tops: (T, B, H); with expose_hidden the states after. Without,
    a forward begins with the states the last one ended with. As in Caffe no gradient
    passes through the exposed states. Source: recurrent_layer.cpp
    """

    keeps = True
    options, not_backward, always_backward = "recurrent_param", (1,), (0, 2)
    gates, states = 1, 1

    def setup(self, x, k, *more):
        self.exposed = self.states if self.p.expose_hidden else 0
        self.static = len(more) > self.exposed
        check(self.p.num_output > 0, "give num_output, the number of units H.")
        check(len(more) - self.static == self.exposed,
              f"it needs {self.exposed} states as bottoms after x, cont [and x_static].")
        check(len(self.spec.top) == 1 + self.exposed,
              f"it gives {1 + self.exposed} tops, not {len(self.spec.top)}; the last states are "
              "tops with expose_hidden: true.")
        check(len(x) >= 3, "x must be (T, B, ...): steps, streams, and at least one axis more.")
        check_numbers(*x)
        self.T, self.H = x[0], self.p.num_output
        self.rows, self.D = self.gates * self.H, prod(x[2:])
        self.add_weight((self.rows, self.D), self.p.weight_filler)
        self.add_weight((self.rows,), self.p.bias_filler)
        if self.static:
            self.add_weight((self.rows, prod(more[0][1:])), self.p.weight_filler)
        self.add_weight((self.rows, self.H), self.p.weight_filler)
        self.hidden = len(self.blobs) - 1  # which weight multiplies the state
        self.carried = [Memory((1, x[1], self.H)) for _ in range(self.states)]

    def shapes(self, x, k, *more):
        state = (1, x[1], self.H)
        check(x[0] == self.T, f"T is fixed when the net is built: {self.T}, not {x[0]}.")
        check(prod(x[2:]) == self.D, f"the inputs of a step must stay {self.D}.")
        check(k == x[:2], f"cont must be (T, B) = {x[:2]}.")
        if self.static:
            check(len(more[0]) > 1 and more[0][:1] == x[1:2], f"x_static must be (B, ...) with B = {x[1]}.")
        for given in more[self.static:]:
            check(given == state, f"the states must be (1, B, H) = {state}.")
        for memory in self.carried:
            memory.reshape(state)
        return [(*x[:2], self.H), *[state] * self.exposed]

    def _project(self, x, more):
        """W_x x_t + b [+ W_static x_static] for all t: (T, B, rows)."""
        z = times_rows(self.weight(0), x.reshape((-1, self.D)))
        z += self.weight(1)
        z = z.reshape((self.T, -1, self.rows))
        if self.static:
            z = z + arrays.current.product(self._flat_static(more), self.weight(2).T)
        return z

    def _flat_static(self, more):
        return more[0].reshape((more[0].shape[0], -1))

    def _begin(self, more):
        """The states before the first step, (B, H) each; `_end` overwrites those carried."""
        given = more[self.static:] or [self.xp.asarray(memory.read(), copy=True)
                                       for memory in self.carried]
        return [state[0, ...] for state in given]

    def _end(self, states):
        """Keep the states after the last step; the tops that show them."""
        states = [state[None, ...] for state in states]
        if self.exposed:
            return states
        for memory, state in zip(self.carried, states):
            memory.overwrite(state)
        return []

    def _project_gradients(self, dz, bottoms):
        """Add to the gradients of the weights for x; those of the bottoms."""
        x, dz_rows = bottoms[0], dz.reshape((-1, self.rows))
        self.add_product(0, dz_rows, x.reshape((-1, self.D)))
        self.add_gradient(1, self.xp.sum(dz_rows, axis=0))
        gradients = [None] * len(bottoms)
        gradients[0] = arrays.current.product(dz_rows, self.weight(0)).reshape(x.shape)
        if self.static:
            dz = self.xp.sum(dz, axis=0)
            self.add_product(2, dz, self._flat_static(bottoms[2:]))
            gradients[2] = arrays.current.product(dz, self.weight(2)).reshape(
                bottoms[2].shape)
        return gradients


class LSTM(_Recurrent):
    """z_t = W_xc x_t + b_c + W_hc (k_t h_(t-1)) [+ W_xc_static x_static]
    i, f, o = sigmoid, g = tanh of the quarters of z_t
    c_t = k_t f c_(t-1) + i g,      h_t = o tanh(c_t)

    Weights W_xc: (4H, D), b_c: (4H), [W_xc_static], W_hc: (4H, H). Tops h: (T, B, H), [h_T,
    c_T]. Bottoms as `_Recurrent`, states h_0, c_0. Source: lstm_layer.cpp
    """

    bottoms, tops, gates, states = (2, 5), (1, 3), 4, 2

    def forward(self, x, k, *more):
        z, (h, c), W = self._project(x, more), self._begin(more), self.weight(self.hidden)
        self.saved, self.h_before, outputs = [], [], []
        unit, _ = unit_functions()
        for t in range(self.T):
            h = h * k[t, :, None]
            self.h_before.append(h)
            c, h, saved = unit(c, z[t, ...] + times_rows(W, h), k[t, ...])
            self.saved.append(saved)
            outputs.append(h)
        return [self.xp.stack(outputs), *self._end([h, c])]

    def backward(self, dtops, bottoms, tops):
        dh_all, k, (_, gradients) = dtops[0], bottoms[1], unit_functions()
        dh = dc = self.xp.zeros_like(dh_all[0, ...])
        dz = [None] * self.T
        for t in reversed(range(self.T)):
            dc, dz[t] = gradients(dc, dh + dh_all[t, ...], self.saved[t])
            dh = self.through_weight(dz[t], self.hidden, self.T) * k[t, :, None]
            self.add_product(self.hidden, dz[t], self.h_before[t])
        return self._project_gradients(self.xp.stack(dz), bottoms)


class RNN(_Recurrent):
    """h_t = tanh(W_hh (k_t h_(t-1)) + W_xh x_t + b_h [+ W_xh_static x_static])
    o_t = tanh(W_ho h_t + b_o)

    Weights W_xh: (H, D), b_h: (H), [W_xh_static], W_hh: (H, H), W_ho: (H, H), b_o: (H).
    Tops o: (T, B, H), [h_T]. Bottoms as `_Recurrent`, state h_0. Source: rnn_layer.cpp
    """

    bottoms, tops = (2, 4), (1, 2)

    def setup(self, x, k, *more):
        super().setup(x, k, *more)
        self.add_weight((self.H, self.H), self.p.weight_filler)
        self.add_weight((self.H,), self.p.bias_filler)

    def forward(self, x, k, *more):
        z, (h,), W = self._project(x, more), self._begin(more), self.weight(self.hidden)
        self.h_before, hs = [], []
        for t in range(self.T):
            h = h * k[t, :, None]
            self.h_before.append(h)
            h = self.xp.tanh(z[t, ...] + times_rows(W, h))
            hs.append(h)
        self.h = self.xp.stack(hs)
        self.o = self.xp.tanh(self.h @ self.weight(self.hidden + 1).T
                              + self.weight(self.hidden + 2))  # a layer in place may follow
        return [self.o, *self._end([h])]

    def backward(self, dtops, bottoms, tops):
        k, dz = bottoms[1], [None] * self.T
        do = (dtops[0] * (1 - self.o * self.o)).reshape((-1, self.H))
        self.add_product(self.hidden + 1, do, self.h.reshape((-1, self.H)))
        self.add_gradient(self.hidden + 2, self.xp.sum(do, axis=0))
        dh_all = arrays.current.product(do, self.weight(self.hidden + 1)).reshape(self.h.shape)
        dh = self.xp.zeros_like(dh_all[0, ...])
        for t in reversed(range(self.T)):
            dz[t] = (dh + dh_all[t, ...]) * (1 - self.h[t, ...] * self.h[t, ...])
            dh = self.through_weight(dz[t], self.hidden, self.T) * k[t, :, None]
            self.add_product(self.hidden, dz[t], self.h_before[t])
        return self._project_gradients(self.xp.stack(dz), bottoms)

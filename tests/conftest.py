"""What several test modules use: one tiny LSTM, its data, and the four ways to unroll it."""
import itertools

import numpy as np
import pytest

from lstm_lib import caffe, load_net, set_weights, unroll, xavier_start

L = caffe.layers
VARIANTS = list(itertools.product(("composed", "fused"), ("per_step", "once")))
T, B, D, H = 4, 3, 5, 6
on_real_caffe = pytest.mark.skipif(caffe.engine != "real", reason="a fact of real Caffe only")


def input_layer(*shape):
    return L.Input(input_param=dict(shape=dict(dim=list(shape))))


def unrolled_spec(T=T, B=B, D=D, H=H, **options):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    unroll(ns, ns.x, T, H, **options)
    return ns


def unrolled_net(weights=None, T=T, B=B, D=D, H=H, **options):
    net = load_net(unrolled_spec(T, B, D, H, **options), force_backward=True)
    if weights is not None:
        set_weights(net, weights)
    return net


def lstm_layer_net(T=T, B=B, D=D, H=H):
    """Caffe's own LSTM layer with initial states, as `expose_hidden` gives them."""
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(T, B, D), input_layer(T, B)
    ns.h0, ns.c0 = input_layer(1, B, H), input_layer(1, B, H)
    ns.H, ns.h_T, ns.c_T = L.LSTM(ns.x, ns.cont, ns.h0, ns.c0, name="lstm", ntop=3,
                                  recurrent_param=dict(num_output=H, expose_hidden=True))
    net = load_net(ns, force_backward=True)
    net.blobs["cont"].data[...] = 1
    return net


@pytest.fixture
def rng():
    return np.random.default_rng(1)


@pytest.fixture
def weights(rng):
    return xavier_start(D, H, rng, forget_bias=1.0)


@pytest.fixture
def data(rng):
    """Input, initial states, and gradients for outputs and final states."""
    shapes = dict(x=(T, B, D), h0=(B, H), c0=(B, H), dH=(T, B, H), dh_T=(B, H), dc_T=(B, H))
    return {name: rng.standard_normal(shape).astype("f") for name, shape in shapes.items()}


def run(net, data):
    """Forward, then backward from the given gradients; everything that came out."""
    for name in ("x", "h0", "c0"):
        net.blobs[name].data[...] = data[name]
    net.forward()
    for name in ("H", "h_T", "c_T"):
        net.blobs[name].diff[...] = data["d" + name]
    net.clear_param_diffs()
    net.backward()
    return {**{name: net.blobs[name].data.copy() for name in ("H", "h_T", "c_T")},
            **{"d" + name: net.blobs[name].diff.copy() for name in ("x", "h0", "c0")}}


def worst(a, b):
    """Largest absolute difference."""
    return float(np.max(np.abs(np.asarray(a, "f8") - np.asarray(b, "f8"))))

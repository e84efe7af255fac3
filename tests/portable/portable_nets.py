"""Nets for the tests of portable_caffe, written with its own NetSpec."""
import os

import numpy as np

import portable_caffe as pc
from portable_caffe import layers as L

UNIFORM = dict(type="uniform", min=-0.5, max=0.5)


def inputs(ns, make=L.Input, **shapes):
    """An `Input` of each name and shape."""
    for name, shape in shapes.items():
        ns[name] = make(input_param=dict(shape=dict(dim=list(shape))))
    return ns


def lstm_by_units(ns, T, B, H):
    """An LSTM as T LSTMUnits that share W_hc, x projected once; needs x, cont, h0, c0."""
    z = L.InnerProduct(ns.x, num_output=4 * H, axis=2, weight_filler=UNIFORM,
                       bias_filler=UNIFORM, param=[dict(name="W_xc"), dict(name="b_c")])
    zs, conts = L.Slice(z, ntop=T, axis=0), L.Slice(ns.cont, ntop=T, axis=0)
    h, c, hs = ns.h0, ns.c0, []
    for z_t, k_t in zip(zs, conts):
        Wh = L.InnerProduct(L.Scale(h, k_t, axis=0), num_output=4 * H, axis=2, bias_term=False,
                            weight_filler=UNIFORM, param=[dict(name="W_hc")])
        c, h = L.LSTMUnit(c, L.Eltwise(z_t, Wh), k_t, ntop=2)
        hs.append(h)
    ns.h = L.Concat(*hs, axis=0)
    return ns


def lstm_by_gates(ns, T, B, H):
    """An LSTM as T steps of plain layers that share their weights; needs x, h0, c0."""
    shared = dict(num_output=4 * H, axis=2, weight_filler=UNIFORM, bias_filler=UNIFORM)
    h, c, hs = ns.h0, ns.c0, []
    for x_t in L.Slice(ns.x, ntop=T, axis=0):
        z = L.Eltwise(L.InnerProduct(x_t, param=[dict(name="W_xc"), dict(name="b_c")], **shared),
                      L.InnerProduct(h, bias_term=False, param=dict(name="W_hc"), **shared))
        raw = L.Slice(z, ntop=4, axis=2, slice_point=[H, 2 * H, 3 * H])
        i, f, o = (L.Sigmoid(gate, in_place=True) for gate in raw[:3])
        g = L.TanH(raw[3], in_place=True)
        c = L.Eltwise(L.Eltwise(f, c, operation=0), L.Eltwise(i, g, operation=0))
        h = L.Eltwise(o, L.TanH(c), operation=0)
        hs.append(h)
    ns.h = L.Concat(*hs, axis=0)
    return ns


def sliced_net():
    """p = 2 x (4, 3), cut into a and b (2, 3); y = tanh(a) and q = tanh(p)."""
    ns = inputs(pc.NetSpec(), x=(4, 3))
    ns.p = L.Power(ns.x, scale=2)
    ns.a, ns.b = L.Slice(ns.p, ntop=2, axis=0)
    ns.q, ns.y = L.TanH(ns.p), L.TanH(ns.a)
    return ns.to_proto()


def learning_net(batch=8):
    """A net that classifies random inputs by a rule it can learn; two phases."""
    ns = inputs(pc.NetSpec(), x=(batch, 5), label=(batch,))
    fillers = dict(weight_filler=dict(type="xavier"), bias_filler=dict(type="constant"))
    ns.a = L.InnerProduct(ns.x, num_output=7, param=[dict(lr_mult=1, decay_mult=1),
                                                     dict(lr_mult=2, decay_mult=0)], **fillers)
    ns.b = L.TanH(ns.a)
    ns.score = L.InnerProduct(ns.b, num_output=3, **fillers)
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    ns.accuracy = L.Accuracy(ns.score, ns.label, include=dict(phase=pc.TEST))
    return ns.to_proto()


def write(folder, message, name="net.prototxt"):
    """The path of a text file that holds a message."""
    path = os.path.join(str(folder), name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(str(message))
    return path


def unshared_weights(net):
    """Each weight of a net once, by layer and index."""
    found = {}
    for name, blobs in net.params.items():
        for index, blob in enumerate(blobs):
            found.setdefault(blob.data.ctypes.data, ((name, index), blob))
    return dict(found.values())


def fill(net, seed=0):
    """Random numbers in all inputs and weights, classes 0 to 2 in labels."""
    random = np.random.default_rng(seed)
    for blob in [net.blobs[name] for name in net.inputs] + list(unshared_weights(net).values()):
        blob.data[...] = random.standard_normal(blob.data.shape)
    for name, blobs in net.params.items():
        if net.layer_dict[name].type == "BatchNorm":  # a variance, and a count
            for blob in blobs:
                blob.data[...] = abs(blob.data) + 0.1
    if "label" in net.inputs:
        net.blobs["label"].data[...] = random.integers(0, 3, net.blobs["label"].data.shape)
    return net

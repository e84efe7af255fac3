"""Nets on which replay is tried, as functions that make their NetParameter."""
import numpy as np

import portable_caffe as pc
from portable_caffe import layers as L

from portable_nets import fill, inputs, learning_net, lstm_by_gates, lstm_by_units

T, B, D, H = 3, 2, 4, 3


def unrolled(make):
    shapes = dict(x=(T, B, D), h0=(1, B, H), c0=(1, B, H), target=(T, B, H))
    if make is lstm_by_units:
        shapes["cont"] = (T, B)
    ns = make(inputs(pc.NetSpec(), **shapes), T, B, H)
    ns.loss = L.EuclideanLoss(ns.h, ns.target)
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def recurrent(layer):
    def spec():
        ns = inputs(pc.NetSpec(), x=(T, B, D), cont=(T, B), target=(T, B, H))
        ns.h = layer(ns.x, ns.cont, recurrent_param=dict(num_output=H, weight_filler=dict(
            type="uniform", min=-0.5, max=0.5)))
        ns.loss = L.EuclideanLoss(ns.h, ns.target)
        return ns.to_proto()
    return spec


def lone_layer():
    """A layer that keeps all its gradients need to itself: backward reads no computed blob."""
    ns = inputs(pc.NetSpec(), c0=(1, B, H), x=(1, B, 4 * H), one=(1, B))
    ns.c, ns.h = L.LSTMUnit(ns.c0, ns.x, ns.one, ntop=2)
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def large_blobs():
    """Blobs of more than 4 MB, whose arrays go before new ones come; one is in place."""
    ns = inputs(pc.NetSpec(), x=(2100, 512), target=(2100, 512))
    ns.a = L.Power(ns.x, scale=0.1)
    ns.tanh = L.TanH(ns.a, in_place=True)
    ns.y = L.InnerProduct(ns.tanh, num_output=512, weight_filler=dict(type="xavier"))
    ns.loss = L.EuclideanLoss(ns.y, ns.target)
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def many_layers():
    """What unrolled nets have around them: constants, sums, a softmax loss, shared memory."""
    ns = inputs(pc.NetSpec(), x=(B, 6), label=(B,))
    ns.one = L.DummyData(shape=dict(dim=[6]), data_filler=dict(value=0.5))
    ns.a = L.InnerProduct(L.Bias(ns.x, ns.one), num_output=6,
                          weight_filler=dict(type="xavier"))
    ns.folded = L.Reshape(ns.a, reshape_param=dict(shape=dict(dim=[0, 2, 3])))
    ns.soft = L.Softmax(ns.folded, axis=2)
    ns.sum = L.Reduction(L.Scale(ns.soft, bias_term=True), axis=2, operation=4)
    ns.tiled = L.Tile(L.Power(L.Bias(ns.sum), scale=2, shift=1, power=2), tiles=2)
    ns.score = L.InnerProduct(L.Concat(ns.tiled, L.Flatten(ns.folded)), num_output=3,
                              weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    ns.accuracy = L.Accuracy(ns.score, ns.label)
    return ns.to_proto()


def pictures():
    """Windows, and layers that bring numbers to one size; BatchNorm writes its statistics."""
    window = dict(num_output=4, kernel_size=3, weight_filler=dict(type="xavier"))
    ns = inputs(pc.NetSpec(), x=(B, 2, 5, 6), target=(B, 4, 5, 6))
    ns.a = L.Convolution(ns.x, **window)
    ns.norm = L.BatchNorm(ns.a, moving_average_fraction=0.5)
    ns.scaled = L.Scale(ns.norm, bias_term=True, in_place=True)
    ns.bent = L.Swish(L.BNLL(L.PReLU(ns.scaled, in_place=True), in_place=True))
    ns.across = L.LRN(L.Clip(ns.bent, min=-1, max=2), local_size=3)
    ns.within = L.LRN(L.AbsVal(ns.across), norm_region=1, local_size=3)
    ns.y = L.Deconvolution(L.MVN(ns.within), convolution_param=window)
    ns.loss = L.EuclideanLoss(ns.y, ns.target)
    return ns.to_proto()


SPECS = {"gates": lambda: unrolled(lstm_by_gates), "units": lambda: unrolled(lstm_by_units),
         "LSTM": recurrent(L.LSTM), "RNN": recurrent(L.RNN), "classifier": learning_net,
         "lone layer": lone_layer, "large blobs": large_blobs, "many layers": many_layers, "pictures": pictures}


def made(spec):
    """A net with given numbers."""
    net = fill(pc.Net(spec, pc.TRAIN))
    if "cont" in net.blobs:
        net.blobs["cont"].data[...] = np.arange(T * B).reshape(T, B) % 4 > 0
    return net

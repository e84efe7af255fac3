"""portable_caffe's layers and nets against real Caffe, forward and backward."""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe.judge import compare
from portable_caffe import layers as L
from portable_caffe.judge.cases import CASES

from portable_nets import inputs

pytest.importorskip("caffe", reason="real Caffe, the judge, is not installed here")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
@pytest.mark.parametrize("seed", range(10, 13))
def test_layer_computes_what_real_caffe_computes(case, seed):
    forward, backward = compare.judge(case, seed)
    assert forward <= compare.FORWARD and backward <= compare.BACKWARD


@pytest.mark.parametrize("what, make", compare.NETS, ids=[what for what, _ in compare.NETS])
@pytest.mark.parametrize("phase", [pc.TRAIN, pc.TEST])
def test_net_computes_what_real_caffe_computes(what, make, phase):
    if phase == pc.TEST and "origin" in what:
        pytest.skip("large, and the same net in both phases")
    forward, backward = compare.judge_net(make(), seed=1, phase=phase)
    assert forward <= compare.FORWARD and backward <= compare.BACKWARD


def test_every_layer_type_is_judged():
    judged = {case[0] for case in CASES}
    judged |= {layer.type for _, make in compare.NETS for layer in make().layer}
    # see test_portable_data and test_portable_normalise
    assert set(pc.layer_type_list()) - judged == {"HDF5Output", "MemoryData", "Clip"}


def agree(spec, seed=0, **kwargs):
    random = np.random.default_rng(seed)
    values = {layer.top[0]: random.standard_normal(tuple(layer.input_param.shape[0].dim))
              for layer in spec.layer if layer.type == "Input"}
    for name in values:
        if name.startswith("cont"):
            values[name] = values[name] > 0
    forward, backward = compare.compare(spec, values, random, **kwargs)
    assert forward <= compare.FORWARD and backward <= compare.BACKWARD


@pytest.mark.parametrize("cell", ["composed", "fused"])
@pytest.mark.parametrize("project", ["per_step", "once"])
@pytest.mark.parametrize("T", [1, 3])
def test_unrolled_lstm_computes_what_real_caffe_computes(cell, project, T):
    from lstm_lib import caffe, unroll

    ns = inputs(caffe.NetSpec(), caffe.layers.Input, x=(T, 4, 5))
    unroll(ns, ns.x, T, 6, cell=cell, project=project)
    spec = ns.to_proto()
    spec.force_backward = True
    agree(spec)


def test_stacked_unrolls_with_a_loss_compute_what_real_caffe_computes():
    from lstm_lib import caffe, unroll

    make = caffe.layers.Input
    ns = inputs(caffe.NetSpec(), make, x=(3, 4, 5), target=(3, 4, 6), h=(1, 4, 6), c=(1, 4, 6))
    first = unroll(ns, ns.x, 3, 7, cell="fused", project="once", prefix="first/")
    second = unroll(ns, first.H, 3, 6, h0=ns.h, c0=ns.c, prefix="second/")
    ns.loss = caffe.layers.EuclideanLoss(second.H, ns.target)
    agree(ns.to_proto())


def test_stacked_recurrent_layers_compute_what_real_caffe_computes():
    ns = inputs(pc.NetSpec(), x=(4, 3, 5), cont=(4, 3), x_static=(3, 2))
    ns.h = L.LSTM(ns.x, ns.cont, ns.x_static, recurrent_param=dict(num_output=4))
    ns.o = L.RNN(ns.h, ns.cont, recurrent_param=dict(num_output=3))
    spec = ns.to_proto()
    spec.force_backward = True
    agree(spec, times=3)


def test_gradients_add_up_over_shared_parameters_and_readers_as_in_real_caffe():
    ns = inputs(pc.NetSpec(), x=(3, 4))
    shared = [dict(name="w"), dict(name="b", lr_mult=2)]
    ns.a = L.InnerProduct(ns.x, num_output=4, param=shared)
    ns.b = L.InnerProduct(ns.a, num_output=4, param=shared)
    ns.c = L.InnerProduct(L.Eltwise(ns.a, ns.b), num_output=4, param=shared)
    ns.loss = L.EuclideanLoss(ns.c, ns.x)
    agree(ns.to_proto())


def test_permissive_sharing_takes_another_shape_as_in_real_caffe():
    ns = inputs(pc.NetSpec(), x=(2, 3))
    ns.a = L.InnerProduct(ns.x, num_output=4, bias_term=False, param=dict(name="w"))
    ns.b = L.InnerProduct(ns.a, num_output=3, bias_term=False,
                          param=dict(name="w", share_mode=1))
    ns.loss = L.EuclideanLoss(ns.b, ns.x)
    agree(ns.to_proto())


@pytest.mark.parametrize("options", [
    dict(propagate_down=False), dict(propagate_down=True), dict(param=dict(lr_mult=0)),
    dict(param=[dict(lr_mult=1), dict(lr_mult=0)]), {}])
def test_backward_stops_where_real_caffe_stops(options):
    ns = inputs(pc.NetSpec(), x=(2, 3), y=(2, 4))
    ns.a = L.InnerProduct(ns.x, num_output=5)
    ns.b = L.InnerProduct(ns.a, num_output=4, **options)
    ns.unused = L.InnerProduct(ns.a, num_output=2)
    ns.loss = L.EuclideanLoss(ns.b, ns.y, loss_weight=0.5)
    agree(ns.to_proto())


def test_a_loss_that_is_read_again_counts_as_in_real_caffe():
    ns = inputs(pc.NetSpec(), x=(2, 3), y=(2, 3))
    ns.a = L.InnerProduct(ns.x, num_output=3)
    ns.loss = L.EuclideanLoss(ns.a, ns.y, loss_weight=2)
    ns.twice = L.Power(ns.loss, scale=2, loss_weight=1)
    agree(ns.to_proto())


def test_in_place_layers_in_a_row_compute_what_real_caffe_computes():
    ns = inputs(pc.NetSpec(), x=(2, 3))
    ns.a = L.InnerProduct(ns.x, num_output=5)
    ns.r = L.ReLU(ns.a, in_place=True, negative_slope=0.1)
    ns.s = L.Scale(ns.r, in_place=True, bias_term=True)
    ns.t = L.TanH(ns.s, in_place=True)
    spec = ns.to_proto()
    spec.force_backward = True
    agree(spec)


def test_the_slope_of_prelu_gets_a_gradient_that_is_not_a_number_as_in_real_caffe():
    ns = inputs(pc.NetSpec(), x=(2, 3))
    ns.y = L.PReLU(ns.x, channel_shared=True)
    spec = ns.to_proto()
    spec.force_backward = True
    for net in compare.both_nets(spec):
        net.blobs["x"].data[...] = 1
        net.forward()
        net.blobs["y"].diff[...] = np.nan
        net.backward()
        assert np.isnan(net.params["y"][0].diff)


def test_layers_in_place_behind_an_lstm_unit_leave_its_gradient_right():
    gradients = []
    for in_place in (False, True):
        ns = inputs(pc.NetSpec(), c0=(1, 2, 3), z=(1, 2, 12), cont=(1, 2))
        ns.c, ns.h = L.LSTMUnit(ns.c0, ns.z, ns.cont, ntop=2)
        ns.c_after = L.TanH(ns.c, in_place=in_place)
        ns.h_after = L.ReLU(ns.h, in_place=in_place)
        spec = ns.to_proto()
        spec.force_backward = True
        net = pc.Net(spec, pc.TRAIN)
        rng = np.random.default_rng(0)
        net.forward(c0=rng.standard_normal((1, 2, 3)), z=rng.standard_normal((1, 2, 12)),
                    cont=np.ones((1, 2)))
        for name in net.outputs:
            net.blobs[name].diff[...] = 1
        net.backward()
        gradients.append(net.blobs["z"].diff.copy())
    assert np.any(gradients[0]) and np.array_equal(*gradients)


def test_dropout_drops_the_asked_part_and_keeps_the_mean():
    ns = inputs(pc.NetSpec(), x=(100, 100))
    ns.y = L.Dropout(ns.x, dropout_ratio=0.25)
    spec = ns.to_proto()
    spec.force_backward = True
    for net in compare.both_nets(spec):
        net.blobs["x"].data[...] = 1
        net.blobs["y"].diff[...] = 2
        y = net.forward()["y"].copy()
        dx = net.backward()["x"]
        assert abs(np.mean(y == 0) - 0.25) < 0.03
        np.testing.assert_allclose(dx, 2 * y, rtol=1e-6)
        np.testing.assert_allclose(y[y != 0], 1 / 0.75, rtol=1e-6)


@pytest.mark.parametrize("filler", [
    dict(type="constant", value=3), dict(type="uniform", min=-2, max=3),
    dict(type="gaussian", mean=1, std=2), dict(type="gaussian", std=2, sparse=30),
    dict(type="xavier"), dict(type="xavier", variance_norm=1), dict(type="msra"),
    dict(type="msra", variance_norm=2)], ids=str)
def test_filler_has_the_distribution_of_real_caffes(filler):
    ns = inputs(pc.NetSpec(), x=(1, 300))
    ns.y = L.InnerProduct(ns.x, num_output=200, weight_filler=filler)
    real, own = compare.both_nets(ns.to_proto())
    own = pc.Net(ns.to_proto(), pc.TRAIN)  # with weights of its own
    theirs, mine = (net.params["y"][0].data for net in (real, own))
    levels = [0.001, 0.1, 0.4, 0.6, 0.9, 0.999]
    np.testing.assert_allclose(np.quantile(mine, levels), np.quantile(theirs, levels),
                               atol=0.05 * np.ptp(theirs))
    assert np.mean(mine == 0) == pytest.approx(np.mean(theirs == 0), abs=0.01)


def test_dummy_data_fills_constants_once_and_random_numbers_each_time():
    spec = pc.NetSpec()
    spec.a, spec.b = L.DummyData(ntop=2, shape=dict(dim=[2, 3]), data_filler=[
        dict(type="constant", value=4), dict(type="gaussian", std=1)])
    for net in compare.both_nets(spec.to_proto()):
        assert net.inputs == [] and np.all(net.blobs["a"].data == 4)
        before = net.blobs["b"].data.copy()
        net.blobs["a"].data[...] = 5
        net.forward()
        assert np.all(net.blobs["a"].data == 5) and np.all(net.blobs["b"].data != before)

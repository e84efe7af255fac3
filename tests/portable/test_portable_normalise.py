"""BatchNorm by its source, central differences and PyTorch; Clip by its formula; their errors.

Real Caffe judges the other layers (test_portable_layers.py). The wheel's BatchNorm is broken in
TRAIN without global statistics (tests/safe_caffe/test_wheel_layers.py), and it has no Clip.
"""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import layers as L
from portable_caffe.fillers import filled
from portable_caffe.proto import caffe_pb2

from portable_nets import fill, inputs, write

SHAPES = [(4, 3), (3, 2, 5), (2, 3, 4, 2), (1, 2)]


def batch_norm(shape, phase=pc.TRAIN, **options):
    ns = inputs(pc.NetSpec(), x=shape)
    ns.y = L.BatchNorm(ns.x, **options)
    spec = ns.to_proto()
    spec.force_backward = True
    return pc.Net(spec, phase)


def by_the_source(x, M, V, F, fraction, eps):
    """y and the three weights after a forward pass in TRAIN, in double precision."""
    channels = x.shape[1]
    rows = np.moveaxis(x, 1, 0).reshape(channels, -1)
    n = rows.shape[1]
    m = rows.sum(axis=1) / n
    v = ((rows - m[:, None]) ** 2).sum(axis=1) / n
    beside = (1, channels) + (1,) * (x.ndim - 2)
    y = (x - m.reshape(beside)) / np.sqrt(v + eps).reshape(beside)
    return y, M * fraction + m, V * fraction + v * (n / (n - 1) if n > 1 else 1), F * fraction + 1


@pytest.mark.parametrize("options", [{}, dict(moving_average_fraction=0.6, eps=0.01),
                                     dict(in_place=True)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_counts_its_batches_as_the_source_says(shape, options):
    net, random = batch_norm(shape, **options), np.random.default_rng(0)
    weights = np.zeros(shape[1]), np.zeros(shape[1]), 0
    for size in (1, 5, 0.2):
        x = random.normal(size, size, shape)
        y, *weights = by_the_source(x.astype(np.float32).astype(float), *weights,
                                    options.get("moving_average_fraction", 0.999),
                                    options.get("eps", 1e-5))
        net.blobs["x"].data[...] = x
        net.forward()
        out = net.blobs[net.outputs[0]].data
        np.testing.assert_allclose(out, y, rtol=1e-3, atol=1e-4)
        for blob, wanted in zip(net.params["y"], weights):
            np.testing.assert_allclose(blob.data, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("options", [{}, dict(eps=0.3), dict(use_global_stats=True)], ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_has_the_gradient_of_central_differences(shape, options):
    net, random = fill(batch_norm(shape, **{"eps": 0.1, **options})), np.random.default_rng(1)
    x, dy = random.standard_normal(shape), random.standard_normal(shape)
    net.blobs["x"].data[...] = x
    net.forward()
    net.blobs["y"].diff[...] = dy
    dx, step = net.backward()["x"].copy(), 1e-2

    def loss(x):
        net.blobs["x"].data[...] = x
        return float(np.sum(net.forward()["y"].astype(float) * dy))

    for place in np.ndindex(*shape):
        moved = np.zeros(shape)
        moved[place] = step
        wanted = (loss(x + moved) - loss(x - moved)) / (2 * step)
        assert dx[place] == pytest.approx(wanted, rel=0.02, abs=5e-3)


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize("shape", SHAPES[:3], ids=str)
def test_batch_norm_is_pytorchs(shape, stored):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
    net, random = batch_norm(shape, use_global_stats=stored), np.random.default_rng(2)
    x, dy = (random.standard_normal(shape).astype(np.float32) for _ in range(2))
    for blob in net.params["y"]:
        blob.data[...] = random.random(blob.data.shape) + 0.5
    mean, var = (torch.tensor(net.params["y"][i].data / net.params["y"][2].data) for i in (0, 1))
    net.blobs["x"].data[...] = x
    net.forward()
    net.blobs["y"].diff[...] = dy
    dx = net.backward()["x"]
    theirs = torch.tensor(x, requires_grad=True)
    y = torch.nn.functional.batch_norm(theirs, mean, var, training=not stored, eps=1e-5)
    y.backward(torch.tensor(dy))
    np.testing.assert_allclose(net.blobs["y"].data, y.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(dx, theirs.grad.numpy(), atol=1e-5)


def test_batch_norm_in_test_uses_what_it_counted_in_train():
    train, test = batch_norm((400, 2)), batch_norm((5, 2), pc.TEST)
    test.share_with(train)
    random = np.random.default_rng(3)
    for _ in range(20):
        train.blobs["x"].data[...] = random.normal((5, -1), (2, 3), (400, 2))
        train.forward()
    before = [blob.data.copy() for blob in test.params["y"]]
    test.blobs["x"].data[...] = [5, -1]
    assert np.abs(test.forward()["y"]).max() < 0.05
    test.blobs["x"].data[...] = [7, 2]
    np.testing.assert_allclose(test.forward()["y"], 1, atol=0.05)
    for blob, numbers in zip(test.params["y"], before):
        np.testing.assert_array_equal(blob.data, numbers)


def test_batch_norm_without_any_statistics_divides_by_the_root_of_eps():
    net = batch_norm((2, 2), pc.TEST, eps=0.25)
    net.blobs["x"].data[...] = 3
    assert np.all(net.forward()["y"] == 6)


def test_a_solver_leaves_the_statistics_alone_and_they_are_saved(tmp_path):
    ns = inputs(pc.NetSpec(), x=(8, 3), target=(8, 2))
    ns.norm = L.BatchNorm(ns.x)
    ns.y = L.InnerProduct(ns.norm, num_output=2, weight_filler=dict(type="xavier"))
    ns.loss = L.EuclideanLoss(ns.y, ns.target)
    net = write(tmp_path, ns.to_proto())
    solver = pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 0.5 lr_policy: "fixed" '
                                           "momentum: 0.9 weight_decay: 0.5", "s.prototxt"))
    x = np.random.default_rng(4).normal(3, 2, (8, 3))
    solver.net.blobs["x"].data[...] = x
    solver.step(3)
    count = sum(0.999 ** k for k in range(3))
    M, V, F = (blob.data.copy() for blob in solver.net.params["norm"])
    np.testing.assert_allclose(M / count, x.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(V / count, x.var(axis=0, ddof=1), rtol=1e-5)
    assert F == pytest.approx(count)
    solver.net.save(str(tmp_path / "w.caffemodel"))
    other = pc.Net(net, pc.TEST, weights=str(tmp_path / "w.caffemodel"))
    for mine, theirs in zip(other.params["norm"], (M, V, F)):
        np.testing.assert_array_equal(mine.data, theirs)


@pytest.mark.parametrize("in_place", [False, True])
def test_clip_cuts_off_numbers_and_gradients_outside(in_place):
    ns = inputs(pc.NetSpec(), x=(7,))
    ns.y = L.Clip(ns.x, min=-1, max=2, in_place=in_place)
    spec = ns.to_proto()
    spec.force_backward = True
    net = pc.Net(spec, pc.TRAIN)
    net.blobs["x"].data[...] = [-9, -1, -0.5, 0, 1.5, 2, 2.5]
    y, = net.forward().values()
    np.testing.assert_array_equal(y, [-1, -1, -0.5, 0, 1.5, 2, 2])
    net.blobs[net.outputs[0]].diff[...] = range(1, 8)
    net.backward()
    np.testing.assert_array_equal(net.blobs["x"].diff, [0, 2, 3, 4, 5, 6, 0])


@pytest.mark.parametrize("kind", ["BNLL", "Log", "MVN"])
def test_a_gradient_in_place_is_that_of_another_top(kind):
    found = []
    for in_place in (False, True):
        ns = inputs(pc.NetSpec(), x=(2, 3, 4, 5))
        ns.a = L.Power(ns.x, scale=2)
        ns.y = getattr(L, kind)(ns.a, in_place=in_place)
        spec = ns.to_proto()
        spec.force_backward = True
        net = fill(pc.Net(spec, pc.TRAIN))
        net.forward()
        net.blobs[net.outputs[0]].diff[...] = np.arange(120).reshape(2, 3, 4, 5) % 7
        net.backward()
        found.append(net.blobs["x"].diff.copy())
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_the_bilinear_filler_holds_real_caffes_numbers(size, tmp_path):
    caffe = pytest.importorskip("caffe", reason="real Caffe, the judge, is not installed here")

    ns = inputs(pc.NetSpec(), x=(1, 3, 4, 5))
    ns.y = L.Deconvolution(ns.x, convolution_param=dict(
        num_output=3, kernel_size=size, group=3, weight_filler=dict(type="bilinear")))
    own = pc.Net(ns.to_proto(), pc.TEST)
    real = caffe.Net(write(tmp_path, ns.to_proto()), pc.TEST)
    np.testing.assert_allclose(own.params["y"][0].data, real.params["y"][0].data, rtol=1e-6)


def test_a_bilinear_deconvolution_enlarges_a_picture_and_keeps_a_plane():
    ns = inputs(pc.NetSpec(), x=(1, 1, 4, 4))
    ns.y = L.Deconvolution(ns.x, convolution_param=dict(
        num_output=1, kernel_size=4, stride=2, pad=1, bias_term=False,
        weight_filler=dict(type="bilinear")))
    net = pc.Net(ns.to_proto(), pc.TEST)
    net.blobs["x"].data[...] = np.arange(4)
    inner = net.forward()["y"][0, 0, 2:-2, 1:-1]
    np.testing.assert_allclose(inner, np.tile(0.25 + 0.5 * np.arange(6), (4, 1)), rtol=1e-6)


def test_the_unitball_filler_gives_each_output_positive_numbers_of_the_sum_1():
    values = filled(caffe_pb2.FillerParameter(type="positive_unitball"), (5, 3, 2))
    assert values.min() >= 0 and values.std() > 0.01
    np.testing.assert_allclose(values.sum(axis=(1, 2)), 1, rtol=1e-6)


WRONG = {
    "odd": ("LRN", (2, 3, 4, 4), dict(local_size=4), "LRN only supports odd values"),
    "no picture": ("LRN", (2, 3), {}, "Input must have 4 axes"),
    "learning statistics": ("BatchNorm", (2, 3), dict(param=dict(lr_mult=1)),
                            "Cannot configure batch normalization statistics"),
    "no channels": ("BatchNorm", (2,), {}, "axis 1 out of range"),
    "five axes": ("MVN", (2, 3, 4, 5, 6), {}, "MVN takes"),
    "one axis": ("PReLU", (2,), {}, "Number of axes of bottom blob must be >=2"),
    "in place": ("AbsVal", (2, 3), dict(in_place=True), "does not allow in-place computation"),
    "no base": ("Exp", (2, 3), dict(base=0), "strictly positive"),
    "base 1": ("Log", (2, 3), dict(base=1), "inf result"),
    "one bound": ("Clip", (2, 3), dict(min=0), "give both"),
    "groups": ("Deconvolution", (2, 3, 4, 4),
               dict(convolution_param=dict(num_output=4, kernel_size=2, group=2)), "by group 2"),
    "no top": ("Deconvolution", (2, 3, 1, 1),
               dict(convolution_param=dict(num_output=4, kernel_size=2, pad=1)), "takes away all"),
    "no square": ("Deconvolution", (2, 3, 4, 4), dict(convolution_param=dict(
        num_output=3, kernel_size=[2, 3], weight_filler=dict(type="bilinear"))), "square windows"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_layer_raises_and_says_what_would_be_right(what):
    kind, shape, options, said = WRONG[what]
    ns = inputs(pc.NetSpec(), x=shape)
    ns.t = getattr(L, kind)(ns.x, **options)
    with pytest.raises(pc.NetError, match=f"(?s)\\({kind}\\): .*{said}.*Given: x"):
        pc.Net(ns.to_proto(), pc.TRAIN)


@pytest.mark.parametrize("kind, said", [("PReLU", "made for"), ("BatchNorm", "with 3 channels"),
                                        ("Deconvolution", "made for 3 channels")])
def test_channels_cannot_change_once_there_are_weights(kind, said):
    ns = inputs(pc.NetSpec(), x=(2, 3, 4, 4))
    more = dict(convolution_param=dict(num_output=1, kernel_size=1)) if kind[0] == "D" else {}
    ns.t = getattr(L, kind)(ns.x, **more)
    net = pc.Net(ns.to_proto(), pc.TRAIN)
    net.blobs["x"].reshape(2, 4, 4, 4)
    with pytest.raises(pc.NetError, match=said):
        net.forward()

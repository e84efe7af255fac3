"""Each layer type of the wheel that the judge does not compare, against its formula in NumPy.

The wheel is a fork of BVLC's Caffe with types of its own, and faults that BVLC's has not: this
says which. (Data layers: test_data_layers.py. Dropout in TRAIN: test_portable_layers.py.)
"""
import itertools
import warnings

import numpy as np
import pytest
from conftest import on_real_caffe
from test_errors import layer
from test_kept_arrays import inputs

from lstm_lib import NetError, caffe, load_net, make_solver

pytestmark = on_real_caffe
N = 4  # pictures, labels
x = np.random.default_rng(5).standard_normal
labels = np.array([2, 0, 1, 2])
one_hot = np.eye(3)[labels]


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


def hinge(power):
    return lambda x, t: (np.maximum(0, 1 + x * (1 - 2 * one_hot)) ** power).sum() / N


def contrastive(margin, legacy=False):
    def loss(a, b, same):
        square = ((a - b) ** 2).sum(axis=1)
        apart = np.maximum(margin - square, 0) if legacy else (
            np.maximum(margin - np.sqrt(square), 0) ** 2)
        return (same * square + (1 - same) * apart).sum() / (2 * N)
    return loss


def columns(x):
    """Im2col with a window of 2 by 3."""
    B, C, H, W = x.shape
    parts = [x[:, :, i:i + H - 1, j:j + W - 2] for i in range(2) for j in range(3)]
    return np.stack(parts, axis=2).reshape(B, C * 6, H - 1, W - 2)


def pyramid(pick):
    """SPP of two levels: the whole picture, and its quarters."""
    def pool(x):
        quarters = [pick(x[:, :, i:i + 2, j:j + 2], axis=(2, 3)) for i in (0, 2) for j in (0, 2)]
        return np.concatenate([pick(x, axis=(2, 3)), np.stack(quarters, axis=2).reshape(2, -1)],
                              axis=1)
    return pool


def ctc(blank):
    """The negative log of the sum over all paths that say the labels, of x (T, N, C)."""
    def loss(x, labels):
        T, batch, C = x.shape
        p, total = softmax(x), 0
        for n in range(batch):
            paths = [path for path in itertools.product(range(C), repeat=T)
                     if [k for k, _ in itertools.groupby(path) if k != blank] == list(labels[n])]
            total -= np.log(sum(np.prod([p[t, n, k] for t, k in enumerate(path)])
                                for path in paths))
        return total / batch
    return loss


# type, options, bottoms, formula; whole numbers and the bottoms in `FIXED` have no gradient
CASES = [
    ("Permute", "permute_param { order: 2 order: 0 order: 3 order: 1 }", [x((2, 3, 4, 5))],
     lambda x: x.transpose(2, 0, 3, 1)),
    ("Reverse", "", [x((3, 2, 2))], lambda x: x[::-1]),
    ("Reverse", "reverse_param { axis: 2 }", [x((2, 2, 3))], lambda x: x[:, :, ::-1]),
    ("BatchReindex", "", [x((3, 2)), np.array([2, 0, 2, 1, 2])], lambda x, i: x[i.astype(int)]),
    ("Filter", "", [x((4, 2)), np.array([0, 1, 0, 1])], lambda x, s: x[s != 0]),
    ("Crop", "crop_param { axis: 2 offset: 1 offset: 0 }", [x((2, 2, 4, 4)), x((2, 2, 2, 3))],
     lambda x, like: x[:, :, 1:3, :3]),
    ("Im2col", "convolution_param { kernel_h: 2 kernel_w: 3 }", [x((2, 2, 4, 4))], columns),
    ("SPP", "spp_param { pyramid_height: 2 pool: MAX }", [x((2, 2, 4, 4))], pyramid(np.max)),
    ("SPP", "spp_param { pyramid_height: 2 pool: AVE }", [x((2, 2, 4, 4))], pyramid(np.mean)),
    ("ContrastiveLoss", "contrastive_loss_param { margin: 3 }",
     [x((N, 3)), x((N, 3)), np.array([0, 1, 1, 0])], contrastive(3)),
    ("ContrastiveLoss", "contrastive_loss_param { margin: 9 legacy_version: true }",
     [x((N, 3)), x((N, 3)), np.array([0, 1, 1, 0])], contrastive(9, legacy=True)),
    ("HingeLoss", "", [x((N, 3)), labels], hinge(1)),
    ("HingeLoss", "hinge_loss_param { norm: L2 }", [x((N, 3)), labels], hinge(2)),
    ("MultinomialLogisticLoss", "", [softmax(x((N, 3))), labels],
     lambda p, t: -np.log((p * one_hot).sum(axis=1)).mean()),
    ("InfogainLoss", "", [x((N, 3)), labels, abs(x((1, 1, 3, 3)))],
     lambda x, t, H: -(H[0, 0][labels] * np.log(softmax(x))).sum() / N),
    ("CtcLoss", "ctc_loss_param { time_step: 4 alphabet_size: 3 blank_label: 0 }",
     [x((4, 4, 3)), np.array([[1, 2], [1, 1], [2, 2], [2, 1]])], ctc(0)),
    ("Convolution", "convolution_param { num_output: 2 kernel_size: 2 }", [x((2, 3, 5))], None),
    ("Convolution", "convolution_param { num_output: 2 kernel_size: 2 force_nd_im2col: true }",
     [x((1, 2, 3, 3))], None),
    ("Deconvolution", "convolution_param { num_output: 2 kernel_size: 2 stride: 2 }",
     [x((1, 2, 2, 2, 2))], None),
]
FIXED = {("Crop", 1), ("InfogainLoss", 2)}  # only its shape counts; never has a gradient


def named(case):
    return f"{case[0]} {case[1][:60]}"


def has_gradient(kind, number, given):
    return given.dtype.kind == "f" and (kind, number) not in FIXED


def built(kind, options, bottoms):
    """The net of a case with its numbers in it, and random weights; its top is a loss.

    A weight of 1 stands before each bottom with a gradient: no gradient goes past the weights.
    """
    names = [f"x{i}" for i in range(len(bottoms))]
    text = inputs(**{name: given.shape for name, given in zip(names, bottoms)})
    for i, given in enumerate(bottoms):
        if has_gradient(kind, i, given):
            names[i] = f"s{i}"
            text += layer("Scale", "scale_param { num_axes: 0 }", (f"x{i}",), (f"s{i}",), f"s{i}")
    net = load_net(text + layer(kind, options + " loss_weight: 1", names))
    for i, given in enumerate(bottoms):
        net.blobs[f"x{i}"].data[...] = given
    for blob in net.params.get("wrong", ()):
        blob.data[...] = x(blob.data.shape)
    return net


@pytest.mark.parametrize("case", [case for case in CASES if case[3]], ids=named)
def test_layer_computes_its_formula(case):
    *case, formula = case
    y = built(*case).forward()["y"]
    np.testing.assert_allclose(y, formula(*case[2]), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", [case for case in CASES if case[0] != "CtcLoss"], ids=named)
def test_layer_has_the_gradient_of_central_differences_and_adds_up_that_of_its_weights(case):
    kind, options, bottoms, _ = case
    net = built(kind, options, bottoms)
    dy = x(net.forward()["y"].shape)
    weights = net.params.get("wrong", ())
    once = run_backward(net, dy, weights)
    for blob, gradient in zip(weights, run_backward(net, dy, weights)):
        np.testing.assert_allclose(gradient, 2 * once.pop(0), rtol=1e-5, atol=1e-6)
        assert_slope(net, blob, gradient / 2, dy)
    for i, given in enumerate(bottoms):
        if has_gradient(kind, i, given):
            gradient, = run_backward(net, dy, [net.blobs[f"s{i}"]])
            assert_slope(net, net.blobs[f"x{i}"], gradient, dy)


def assert_slope(net, blob, gradient, dy):
    """Does sum dy y change with each third number as its gradient says?"""
    for place in list(np.ndindex(*gradient.shape))[::3]:
        assert gradient[place] == pytest.approx(slope(net, blob, place, dy), abs=5e-3, rel=0.01)


def run_backward(net, dy, blobs):
    """Copies of the gradients of these blobs after one more pass."""
    net.forward()
    net.blobs["y"].diff[...] = dy
    net.backward()
    return [blob.diff.copy() for blob in blobs]


def slope(net, blob, place, dy, step=4e-3):
    """How sum dy y changes with one number."""
    values, before = [], float(blob.data[place])
    for moved in (before + step, before - step):
        blob.data[place] = moved
        values.append(np.sum(net.forward()["y"].astype(float) * dy))
    blob.data[place] = before
    return (values[0] - values[1]) / (2 * step)


def test_every_layer_type_of_the_wheel_is_tried_somewhere():
    from portable_caffe.judge.cases import CASES as JUDGED

    elsewhere = {"Input", "DummyData", "Data", "ImageData", "WindowData", "MemoryData", "HDF5Data",
                 "HDF5Output", "Python", "ContinuationIndicator", "LabelsequenceAccuracy"}
    tried = {"Parameter", *(case[0] for case in (*JUDGED, *CASES))}
    assert set(caffe.layer_type_list()) - tried == elsewhere - tried


def test_continuation_indicator_begins_anew_after_so_many_steps():
    net = load_net(layer("ContinuationIndicator", "continuation_indicator_param { time_step: 3 "
                         "batch_size: 2 }", ()))
    for _ in range(2):
        assert net.forward()["y"].tolist() == [[0, 0], [1, 1], [1, 1]]


@pytest.mark.parametrize("kind, slope_of", [
    ("Exp", lambda x, y: y), ("Dropout", lambda x, y: y / x)])
def test_layer_in_place_has_its_gradient(kind, slope_of):
    net = load_net(inputs(x=(5, 6)) + layer(kind, tops=("x",)), force_backward=True)
    numbers, dy = abs(x((5, 6))) + 1, x((5, 6))
    net.blobs["x"].data[...] = numbers
    net.forward()
    y = net.blobs["x"].data.copy()
    net.blobs["x"].diff[...] = dy
    net.backward()
    np.testing.assert_allclose(net.blobs["x"].diff, dy * slope_of(numbers, y), rtol=1e-5)


def test_parameter_gives_its_weight_and_takes_the_gradient():
    net = load_net(layer("Parameter", "loss_weight: 1 parameter_param { shape { dim: 2 } }", ()))
    net.params["wrong"][0].data[...] = [3, 4]
    assert net.forward()["y"].tolist() == [3, 4]
    net.blobs["y"].diff[...] = [5, 6]
    net.backward()
    assert net.params["wrong"][0].diff.tolist() == [5, 6]


# faults that BVLC's Caffe has not ------------------------------------------------------


def test_ctc_loss_takes_as_many_steps_as_streams_only():
    with pytest.raises(NetError, match="same"):
        load_net(inputs(x=(4, 2, 3), u=(2, 2)) + layer(
            "CtcLoss", "ctc_loss_param { time_step: 4 alphabet_size: 3 }", ("x", "u")))


def test_ctc_loss_is_a_mean_over_the_streams_and_has_the_gradient_of_their_sum():
    case, = (case for case in CASES if case[0] == "CtcLoss")
    net = built(*case[:3])
    gradient, = run_backward(net, 1, [net.blobs["s0"]])
    assert_slope(net, net.blobs["x0"], gradient / 4, 1)


def test_labelsequence_accuracy_takes_streams_before_steps_other_than_ctc_loss():
    said = np.array([[1, 0, 2, 0], [1, 0, 1, 0], [2, 0, 0, 2], [0, 2, 0, 1]])  # (N, T)
    net = built("LabelsequenceAccuracy", "", [np.eye(3)[said], np.array([[1, 2], [1, 1], [2, 2],
                                                                         [1, 2]])])
    assert net.forward()["y"] == 0.75


@pytest.mark.filterwarnings("ignore:layer 'wrong' .BatchNorm")
def test_batch_norm_in_train_neither_computes_nor_keeps_statistics():
    net = load_net(inputs(x=(8, 3)) + layer("BatchNorm"), phase=caffe.TRAIN)
    numbers = x((8, 3)) * 2 + 5
    net.blobs["x"].data[...] = numbers
    v = 0
    for _ in range(4):
        y = net.forward()["y"]
        v = np.sqrt(v + 1e-5)  # it takes the root of what it had, again and again
        np.testing.assert_allclose(y, numbers / v, rtol=1e-4)
    assert all(not blob.data.any() for blob in net.params["wrong"])


STATS = "batch_norm_param {{ use_global_stats: {} }}"
LEARNS = layer("InnerProduct", "inner_product_param { num_output: 1 }", ("y",), ("z",), "z") + (
    layer("EuclideanLoss", "", ("z", "x"), ("loss",), "loss"))


def warned(make):
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        make()
    return [one for one in found if "BatchNorm" in str(one.message)]


@pytest.mark.parametrize("options, phase, is_wrong", [
    ("", caffe.TRAIN, True), ("", caffe.TEST, False), (STATS.format("true"), caffe.TRAIN, False),
    (STATS.format("false"), caffe.TEST, True), ("include { phase: TEST }", caffe.TRAIN, False)])
def test_a_net_warns_once_of_a_batch_norm_that_would_be_wrong(options, phase, is_wrong):
    net = inputs(x=(3, 1)) + layer("BatchNorm", options) + layer(
        "BatchNorm", options, tops=("u",), name="second")
    found = warned(lambda: load_net(net, phase=phase))
    assert len(found) == is_wrong
    if is_wrong:
        said = str(found[0].message)
        assert "'wrong' (BatchNorm)" in said and "second" in said and "=portable" in said
        assert found[0].filename == __file__


def test_the_net_of_a_solver_warns_and_its_test_net_does_not():
    text = inputs(x=(3, 1)) + layer("BatchNorm") + LEARNS
    made = []
    assert warned(lambda: made.append(make_solver(text, base_lr=0.1)))
    assert not warned(lambda: load_net(text, phase=caffe.TEST).share_with(made[0].net))

"""Layers whose shapes or numbers depend on indices, selectors and labels, on both array libraries."""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import layers as L, params as P
from portable_caffe.judge.data_nets import NETS

from portable_nets import fill, inputs
from test_portable_net import library, results  # noqa: F401  (a fixture)


def built(made, force=True, **shapes):
    """The net of `made(ns)` over inputs of these shapes, filled at random."""
    ns = inputs(pc.NetSpec(), **shapes)
    tops = made(ns)
    for number, top in enumerate(tops if isinstance(tops, (list, tuple)) else [tops]):
        ns[f"y{number}"] = top
    spec = ns.to_proto()
    spec.force_backward = force
    return fill(pc.Net(spec, pc.TRAIN))


NUMBERED = [net for net in NETS if "HDF5" not in net[0]]


@pytest.mark.parametrize("what, make", NUMBERED, ids=[what for what, _ in NUMBERED])
def test_net_computes_the_same_on_every_array_library(what, make, monkeypatch):
    random, spec = np.random.default_rng(6), make()
    values = {layer.top[0]: random.standard_normal(tuple(layer.input_param.shape[0].dim))
              for layer in spec.layer if layer.type == "Input"}
    values.update({name: random.integers(0, 2, values[name].shape)
                   for name in {"label", "cont"} & set(values)})
    found = results(spec, values)
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "numpy")
    pc.set_mode_cpu()
    for name, expected in results(spec, values).items():
        for mine, numpys in zip(found[name], expected):
            np.testing.assert_allclose(mine, numpys, rtol=1e-5, atol=1e-5, err_msg=str(name))


def test_filter_passes_the_selected_rows_and_a_layer_behind_it_gets_their_shape():
    net = built(lambda ns: L.TanH(L.Filter(ns.x, ns.selector)), x=(4, 2), selector=(4,))
    assert net.blobs["y0"].shape == (4, 2)  # nobody has selected yet
    for selector, rows in (([1, 0, 0, 1], [0, 3]), ([0, 0, 2, 0], [2]), ([1, -1, 1, 1], [0, 1, 2, 3])):
        net.blobs["selector"].data[...] = selector
        x = net.blobs["x"].data
        assert np.allclose(net.forward()["y0"], np.tanh(x[rows]))
        net.blobs["y0"].diff[...] = 1
        net.backward()
        expected = np.zeros((4, 2))
        expected[rows] = 1 - np.tanh(x[rows]) ** 2
        assert np.allclose(net.blobs["x"].diff, expected, atol=1e-6)


def test_filter_that_selects_nothing_gives_no_rows_and_no_gradient():
    net = built(lambda ns: L.Filter(ns.x, ns.selector), x=(3, 2), selector=(3,))
    net.blobs["selector"].data[...] = 0
    assert net.forward()["y0"].shape == (0, 2)
    net.backward()
    assert not net.blobs["x"].diff.any()


@pytest.mark.parametrize("read, said", [
    (lambda x: L.Reduction(x, operation=P.Reduction.MEAN), "no mean of no numbers"),
    (lambda x: L.Reshape(x, reshape_param=dict(shape=dict(dim=[0, -1]))), "-1 cannot be worked out")])
def test_what_cannot_be_computed_of_no_rows_raises_behind_a_filter_that_selects_none(read, said):
    net = built(lambda ns: read(L.Filter(ns.x, ns.selector)), x=(3, 2), selector=(3,))
    net.blobs["selector"].data[...] = 0
    with pytest.raises(pc.NetError, match=said):
        net.forward()


def test_a_part_of_a_net_run_with_other_rows_leaves_the_rest_to_the_next_run():
    net = built(lambda ns: L.TanH(L.Filter(ns.x, ns.selector, name="f"), name="t"),
                x=(3, 2), selector=(3,))
    net.blobs["selector"].data[...] = [0, 1, 1]
    net.forward()
    net.blobs["selector"].data[...] = [0, 1, 0]
    net.forward(end="f")
    assert net.forward(start="t")["y0"].shape == (1, 2)


def test_filter_behind_a_blob_that_was_reshaped_takes_its_rows():
    net = built(lambda ns: L.Filter(ns.x, ns.selector), x=(3, 2), selector=(3,))
    net.blobs["x"].reshape(5, 4)
    net.blobs["selector"].reshape(5)
    net.blobs["selector"].data[...] = [1, 1, 0, 0, 1]
    assert net.forward()["y0"].shape == (3, 4)


def test_an_index_that_is_no_row_raises():
    net = built(lambda ns: L.BatchReindex(ns.x, ns.index), x=(3, 2), index=(4,))
    net.blobs["index"].data[...] = [2, 0, 2, 1]
    assert np.array_equal(net.forward()["y0"], net.blobs["x"].data[[2, 0, 2, 1]])
    for wrong in (3, -1, 0.5):
        net.blobs["index"].data[0] = wrong
        with pytest.raises(pc.NetError, match=r"\(BatchReindex\).*'index'.*from 0 to 2, got"):
            net.forward()


LABELLED = {
    "HingeLoss": lambda ns: L.HingeLoss(ns.x, ns.label),
    "MultinomialLogisticLoss": lambda ns: L.MultinomialLogisticLoss(ns.x, ns.label),
    "InfogainLoss": lambda ns: L.InfogainLoss(ns.x, ns.label, ns.H)}


@pytest.mark.parametrize("name", LABELLED)
def test_a_label_that_is_no_class_raises(name):
    net = built(LABELLED[name], x=(4, 3), label=(4,), H=(3, 3))
    net.forward()
    net.blobs["label"].data[1] = 3
    with pytest.raises(pc.NetError, match=rf"\({name}\).*'label'.*from 0 to 2, got 3"):
        net.forward()


def test_infogain_with_the_identity_is_the_softmax_loss_and_gives_its_probabilities():
    net = built(lambda ns: [*L.InfogainLoss(ns.x, ns.label, ns.H, ntop=2, loss_weight=[1, 0]),
                            L.SoftmaxWithLoss(ns.x, ns.label), L.Softmax(ns.x)],
                x=(4, 3), label=(4,), H=(3, 3))
    net.blobs["H"].data[...] = np.eye(3)
    y = net.forward()
    assert np.allclose(y["y0"], y["y2"]) and np.allclose(y["y1"], y["y3"])


def test_a_label_to_ignore_counts_for_nothing_in_infogain():
    net = built(lambda ns: L.InfogainLoss(ns.x, ns.label, ns.H, loss_param=dict(ignore_label=9)),
                x=(2, 3), label=(2,), H=(3, 3))
    net.blobs["label"].data[...] = [9, 1]
    net.forward()
    net.backward()
    assert not net.blobs["x"].diff[0].any() and net.blobs["x"].diff[1].any()


WRONG = {
    "(Crop): the crop for dimension 2 is out of bounds": (
        lambda ns: L.Crop(ns.image, ns.image, offset=1)),
    "(Crop): give offset once, or for each of the 2 axes": (
        lambda ns: L.Crop(ns.image, ns.image, offset=[1, 0, 1])),
    "(Crop): axis 5 is out of range": lambda ns: L.Crop(ns.image, ns.image, axis=5),
    "(Im2col): give kernel_size once, or for each of the 2 axes": (
        lambda ns: L.Im2col(ns.image, convolution_param=dict(pad=1))),
    "(Im2col): the window (6, 6) is larger than the picture": (
        lambda ns: L.Im2col(ns.image, convolution_param=dict(kernel_size=6))),
    "(SPP): give pyramid_height": lambda ns: L.SPP(ns.image),
    "(SPP): pad must be smaller than the window": (
        lambda ns: L.SPP(ns.image, pyramid_height=3)),
    "(BatchReindex): the second bottom, the indices, must have one axis": (
        lambda ns: L.BatchReindex(ns.x, ns.x)),
    "(Filter): there must be a top for each of the 1 bottoms": (
        lambda ns: L.Filter(ns.x, ns.label, ntop=2)),
    "(Filter): the selector, the last bottom, has one number a row": (
        lambda ns: L.Filter(ns.x, ns.x)),
    "(Filter): each bottom must have the 4 rows": lambda ns: L.Filter(ns.H, ns.label),
    "(HingeLoss): both bottoms must have as many rows": (
        lambda ns: L.HingeLoss(ns.H, ns.label)),
    "(MultinomialLogisticLoss): there must be one label a row": (
        lambda ns: L.MultinomialLogisticLoss(ns.x, ns.x)),
    "(InfogainLoss): the infogain matrix must be the third bottom, or": (
        lambda ns: L.InfogainLoss(ns.x, ns.label)),
    "(InfogainLoss): the infogain matrix must be 3 by 3": (
        lambda ns: L.InfogainLoss(ns.x, ns.label, ns.x)),
    "(InfogainLoss): The data and label should have the same first dimension": (
        lambda ns: L.InfogainLoss(ns.H, ns.label, ns.H)),
    "(InfogainLoss): normalize is out of use": (
        lambda ns: L.InfogainLoss(ns.x, ns.label, ns.H, loss_param=dict(normalize=True))),
    "(InfogainLoss): Could not open file nowhere": (
        lambda ns: L.InfogainLoss(ns.x, ns.label, source="nowhere")),
    "(ContrastiveLoss): the first two bottoms must have one shape": (
        lambda ns: L.ContrastiveLoss(ns.x, ns.H, ns.label)),
    "(ContrastiveLoss): the labels, the third bottom, are one number each": (
        lambda ns: L.ContrastiveLoss(ns.x, ns.x, ns.x)),
}


@pytest.mark.parametrize("said", WRONG)
def test_what_does_not_fit_raises_with_the_layer_and_the_rule(said):
    with pytest.raises(pc.NetError) as raised:
        built(WRONG[said], x=(4, 3), label=(4,), H=(3, 3), image=(2, 2, 3, 3))
    assert said in str(raised.value)


@pytest.mark.parametrize("kind", ["Data", "ImageData", "WindowData"])
def test_layers_that_read_databases_and_pictures_are_named_as_real_caffe_s(kind):
    ns = pc.NetSpec()
    ns.x, ns.label = getattr(L, kind)(ntop=2)
    with pytest.raises(pc.NetError, match=f"portable_caffe does not run .*{kind}.*real Caffe does"):
        pc.Net(ns.to_proto(), pc.TRAIN)


def test_a_parameter_is_its_weight_number_for_number_whoever_writes_it():
    def made(ns):
        ns.w = L.Parameter(shape=dict(dim=[2, 3]))
        return L.Eltwise(ns.x, ns.w, operation=0)
    net = built(made, x=(2, 3))
    weight, top = net.params["w"][0], net.blobs["w"]
    weight.data[...] = 3
    assert (top.data == 3).all()
    top.data[...] = 4
    assert (weight.data == 4).all() and np.allclose(net.forward()["y0"], 4 * net.blobs["x"].data)
    net.blobs["y0"].diff[...] = 1
    for _ in range(2):
        net.backward()
        assert np.allclose(weight.diff, net.blobs["x"].data)


def test_a_parameter_uses_the_weight_of_another_layer_and_of_another_net():
    def made(ns):
        shared = dict(shape=dict(dim=[2]), param=dict(name="p"))
        return [L.Parameter(name="a", **shared), L.TanH(L.Parameter(name="b", **shared))]
    net, other = built(made), built(made)
    other.params["a"][0].data[...] = 0.5
    net.share_with(other)
    assert np.allclose(net.forward()["y1"], np.tanh(0.5))
    other.params["b"][0].data[...] = 2
    assert np.allclose(net.forward()["y1"], np.tanh(2))

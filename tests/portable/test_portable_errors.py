"""Whatever a learner types gives a NetError that says what is wrong, and the net lives on."""
import warnings

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L
from portable_caffe.judge.cases import CASES
from portable_caffe.judge.compare import spec_of

from portable_nets import fill, inputs, learning_net, write

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'


def layer(type_name, options=""):
    return X + f'layer {{ name: "t" type: "{type_name}" bottom: "x" top: "t" {options} }}'


def product(n):
    return layer("InnerProduct", f"inner_product_param {{ num_output: {n} }}")


TEXTS = {
    "an unknown field": (X + 'layer { name: "t" type: "InnerProduct"\n inner_product_param '
                         '{ num_outptu: 3 } }', "line 3:.*Did you mean 'num_output'"),
    "an unknown value": (layer("Eltwise", "eltwise_param { operation: PROOD }"),
                         "line 2:.*Known here: PROD, SUM, MAX. Did you mean 'PROD'"),
    "a wrong value": (layer("TanH", "loss_weight: big"), "line 2: .*big"),
    "an unknown type": (layer("InnerProdukt"), "'t' .*Did you mean 'InnerProduct'"),
    "no text": (" \n", "is empty"),
    "no layer": ('name: "net"', "holds no layer"),
    "other text": ("Dear Caffe,\nhello { }", 'line 1: .*no field named "Dear"'),
    "a cut text": (X[:-4], "line 1"),
    "a blob too large": (X.replace("2", "2000000000"), "'x' .*need 48.0 GB and .*are free"),
    "a weight too large": (product(2 * 10 ** 9), r"'t' .*need \d+\.\d GB.*\n.*x \(2, 3\)"),
    "numbers too many": ('layer { name: "d" type: "DummyData" top: "d" dummy_data_param { shape '
                         '{ dim: 2000000 dim: 2000000 } } }', "'d' .*do not fit"),
    "a blob of negative size": (X.replace("2", "-2"), "'x' .*no negative sizes"),
    "a dropout of all": (layer("Dropout", "dropout_param { dropout_ratio: 1 }"), "between 0 and 1"),
    "both rules": (layer("TanH", "include { phase: TEST } exclude { phase: TEST }"),
                   "either include or exclude"),
}


@pytest.mark.parametrize("what", TEXTS)
def test_a_bad_text_raises_and_says_what_would_be_right(what, tmp_path):
    text, said = TEXTS[what]
    with pytest.raises(pc.NetError, match="(?s)" + said):
        pc.Net(write(tmp_path, text), pc.TRAIN)


def test_files_that_cannot_be_read_raise(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "binary", tmp_path, tmp_path / "missing"):
        with pytest.raises(pc.NetError, match="Could not open file"):
            pc.Net(str(path), pc.TRAIN)
        for make in (pc.get_solver, pc.SGDSolver, pc.AdamSolver):
            with pytest.raises(pc.NetError, match="Could not open file"):
                make(str(path))


@pytest.mark.parametrize("keep", [0, 1, 5, 40, 0.5, -3])
def test_a_cut_caffemodel_raises_and_changes_no_weight(keep, tmp_path):
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    net.save(str(tmp_path / "w"))
    data = (tmp_path / "w").read_bytes()
    (tmp_path / "w").write_bytes(data[:int(keep * len(data)) if 0 < keep < 1 else keep])
    net.params["a"][0].data[...] = 7
    with pytest.raises(pc.NetError, match="is not a whole NetParameter|holds no weights"):
        net.copy_from(str(tmp_path / "w"))
    assert np.all(net.params["a"][0].data == 7)


def test_weights_of_other_sizes_change_nothing(tmp_path):
    ns = inputs(pc.NetSpec(), x=(2, 5))
    ns.a = L.InnerProduct(ns.x, num_output=7)
    ns.score = L.InnerProduct(ns.a, num_output=4)  # 3 in the other net
    net, other = pc.Net(ns.to_proto(), pc.TRAIN), fill(pc.Net(learning_net(), pc.TRAIN))
    other.save(str(tmp_path / "w"))
    for call in (lambda: net.copy_from(str(tmp_path / "w")), lambda: net.share_with(other)):
        with pytest.raises(pc.NetError, match="shape"):
            call()
        assert np.all(net.params["a"][0].data == 0)
    with pytest.raises(pc.NetError, match="got int"):
        net.share_with(3)


def test_a_reshape_that_does_not_fit_raises_until_it_is_taken_back():
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    before = net.forward()["loss"].copy()
    values = net.blobs["x"].data.copy()
    net.blobs["x"].reshape(8, 6)
    for call in (net.forward, net.reshape, net.backward, net.forward):
        with pytest.raises(pc.NetError, match=r"(?s)'a' .*5, not 6.*x \(8, 6\)"):
            call()
    net.blobs["x"].reshape(8, 5)
    net.blobs["x"].data[...] = values
    assert net.forward()["loss"] == before


def test_a_batch_too_large_for_memory_raises_before_it_is_made(monkeypatch):
    net = pc.Net(learning_net(), pc.TRAIN)
    net.blobs["x"].reshape(4 * 10 ** 8, 5)
    net.blobs["label"].reshape(4 * 10 ** 8)
    net._graph.room.free = 10 ** 9  # a small machine
    with pytest.raises(pc.NetError, match="(?s)need .* GB and 1.0 GB are free"):
        net.forward()
    net.blobs["x"].reshape(8, 5)
    net.blobs["label"].reshape(8)
    assert np.isfinite(net.forward()["loss"])


def test_an_allocation_that_fails_raises_with_the_layer_and_the_size(monkeypatch):
    net = pc.Net(product(4) and learning_net(), pc.TRAIN)

    def full(*_, **__):
        raise MemoryError("Unable to allocate 7.0 GiB")
    monkeypatch.setattr(type(net.layer_dict["a"]), "forward", full)
    with pytest.raises(pc.NetError, match="(?s)'a' .*7.0 GiB.*do not fit.*Given: x"):
        net.forward()
    monkeypatch.setattr(np, "zeros", full)
    with pytest.raises(pc.NetError, match=r"\(500, 1000, 1000\) needs 2.0 GB"):
        pc.Blob((500, 1000, 1000)).data


@pytest.mark.parametrize("shape", [(-1, 3), (100000, 100000), (1,) * 33])
def test_a_blob_refuses_the_shapes_that_real_caffe_dies_of(shape):
    with pytest.raises(pc.NetError, match="at most 32 axes, none negative"):
        pc.Net(learning_net(), pc.TRAIN).blobs["x"].reshape(*shape)


@pytest.mark.parametrize("text", ['layer { name: "x" type: "Input" top: "x" }',
                                  X.replace("2", "0")])
def test_an_input_without_numbers_raises_until_it_has_a_shape(text, tmp_path):
    net = pc.Net(write(tmp_path, text + layer("TanH")[len(X):]), pc.TRAIN)
    with pytest.raises(pc.NetError, match="'x' has the shape .* holds no number"):
        net.forward()
    net.blobs["x"].reshape(4, 5)
    assert net.forward()["t"].shape == (4, 5)


LABELLED = {
    "SoftmaxWithLoss": lambda ns: L.SoftmaxWithLoss(ns.x, ns.label),
    "Accuracy": lambda ns: L.Accuracy(ns.x, ns.label),
    "ignored": lambda ns: L.SoftmaxWithLoss(ns.x, ns.label, loss_param=dict(ignore_label=5)),
    "read twice": lambda ns: L.Eltwise(L.SoftmaxWithLoss(ns.x, ns.label, loss_weight=0),
                                       L.Accuracy(ns.x, ns.label)),
    "Embed": lambda ns: L.Embed(ns.label, input_dim=3, num_output=2)}


@pytest.mark.parametrize("what", LABELLED)
@pytest.mark.parametrize("label", [3, -1, 2e9, float("nan"), 1.5])
@pytest.mark.parametrize("is_host", [True, False])
def test_a_label_out_of_range_raises(what, label, is_host, monkeypatch):
    ns = inputs(pc.NetSpec(), x=(2, 3), label=(2,))
    ns.t = LABELLED[what](ns)
    net = pc.Net(ns.to_proto(), pc.TRAIN)
    monkeypatch.setattr(arrays.current, "is_host", is_host)
    net.blobs["label"].data[...] = [0, label]
    with pytest.raises(pc.NetError, match="(?s)whole numbers from 0 to 2, got .*Given: .*label"):
        net.forward()
    net.blobs["label"].data[...] = [0, 5 if what == "ignored" else 2]
    assert np.isfinite(net.forward()["t"]).all()


@pytest.mark.parametrize("loss", [L.SoftmaxWithLoss, L.SigmoidCrossEntropyLoss])
def test_labels_in_batches_of_another_size_raise_as_in_caffe(loss):
    ns = inputs(pc.NetSpec(), x=(4, 1), label=(2, 2))
    ns.loss = loss(ns.x, ns.label)
    with pytest.raises(pc.NetError, match="data and label should have the same first dimension"):
        pc.Net(ns.to_proto(), pc.TRAIN)


@pytest.mark.parametrize("type_name", ["ArgMax", "Accuracy", "Embed", "Threshold"])
def test_backward_through_a_layer_without_gradient_raises_and_the_next_run_is_right(type_name):
    ns = inputs(pc.NetSpec(), x=(2, 3), label=(2,))
    ns.a = L.InnerProduct(ns.x, num_output=3, weight_filler=dict(type="xavier"))
    ns.t = {"ArgMax": lambda: L.ArgMax(ns.a), "Threshold": lambda: L.Threshold(ns.a),
            "Accuracy": lambda: L.Accuracy(ns.a, ns.label),
            "Embed": lambda: L.Embed(L.ArgMax(ns.a), input_dim=3, num_output=2)}[type_name]()
    spec = ns.to_proto()
    spec.force_backward = True
    net = fill(pc.Net(spec, pc.TRAIN))
    net.forward()
    with pytest.raises(pc.NetError, match="has no gradient"):
        net.backward()


def test_products_of_a_backward_that_failed_do_not_count_in_the_next(monkeypatch):
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    net.forward()
    net.backward()
    expected = net.params["score"][0].diff.copy()
    net.clear_param_diffs()
    with monkeypatch.context() as patch:
        patch.setattr(type(net.layer_dict["b"]), "backward", None)
        with pytest.raises(pc.NetError, match="'b' .*TypeError"):
            net.backward()
    net.backward()
    np.testing.assert_array_equal(net.params["score"][0].diff, expected)


def test_backward_before_forward_raises():
    net = pc.Net(learning_net(), pc.TRAIN)
    with pytest.raises(pc.NetError, match="call forward.. before backward"):
        net.backward()
    fill(net).forward()
    net.blobs["x"].reshape(3, 5)
    net.blobs["label"].reshape(3)
    with pytest.raises(pc.NetError, match="call forward.. before backward"):
        net.backward()


def test_layers_that_keep_nothing_run_backward_without_a_forward_before_as_in_caffe():
    net = pc.Net(learning_net(), pc.TRAIN)
    net.blobs["score"].diff[...] = 1
    gradient = net.backward(start="score", end="score")["b"]
    weight = net.params["score"][0].data
    np.testing.assert_allclose(gradient, np.broadcast_to(weight.sum(0), gradient.shape), rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
def test_a_layer_whose_forward_leaves_something_in_it_says_that_it_keeps_it(case):
    spec, values = spec_of(case, np.random.default_rng(0))
    net = pc.Net(spec, pc.TEST if case[1] == "TEST" else pc.TRAIN)
    for name, value in values.items():
        net.blobs[name].data[...] = value
    layer = [layer for layer in net.layers if layer.type == case[0]][-1]
    before = dict(vars(layer))
    net.forward()
    left = [name for name, value in vars(layer).items() if before.get(name, 0) is not value]
    assert layer.keeps or not left


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
def test_backward_without_a_forward_runs_or_asks_for_one(case):
    from portable_caffe.judge import compare

    spec, _ = compare.spec_of(case, np.random.default_rng(3))
    try:
        pc.Net(spec, pc.TRAIN).backward()
    except pc.NetError as error:
        assert "call forward() before backward()" in str(error)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
def test_ordinary_and_infinite_numbers_warn_of_nothing(case):
    from portable_caffe.judge import compare

    spec, values = compare.spec_of(case, np.random.default_rng(0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net = pc.Net(spec, pc.TRAIN)
        for huge in (1, 1e30, np.inf):
            for name, value in values.items():
                labels = value.dtype.kind == "i"
                net.blobs[name].data[...] = value if labels else value * huge
            net.forward()
            if spec.force_backward:
                net.backward()

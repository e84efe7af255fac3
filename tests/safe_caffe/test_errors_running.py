"""A net that is built may still meet what Caffe dies of: each case raises instead."""
import os

import numpy as np
import pytest
from conftest import B, D, H, T, L, input_layer, on_real_caffe, unrolled_net
from test_errors import X, file, layer, product  # noqa: F401

from lstm_lib import NetError, caffe, load_net

pytestmark = on_real_caffe  # portable_caffe has tests of its own errors

BAD_LABELS = [4, -1, 2e9, float("nan"), 1.5]


def classifier(type_name, label, scores=4):
    """A net whose labels are made by `label(ns)`, so that no input holds them as they are."""
    ns = caffe.NetSpec()
    ns.x, ns.given = input_layer(3, 5), input_layer(3, 2)
    ns.y = L.InnerProduct(ns.x, num_output=scores, weight_filler=dict(type="xavier"))
    ns.first, ns.label = label(ns)
    ns.loss = getattr(L, type_name)(ns.y, ns.label)
    return load_net(ns)


def sliced(ns):
    return L.Slice(ns.given, ntop=2, axis=1)


@pytest.mark.parametrize("type_name", ["SoftmaxWithLoss", "Accuracy", "MultinomialLogisticLoss",
                                       "HingeLoss"])
@pytest.mark.parametrize("label", BAD_LABELS)
def test_a_computed_label_out_of_range_raises_before_it_is_looked_up(type_name, label):
    net = classifier(type_name, sliced)
    net.blobs["given"].data[0, 1] = 3
    assert np.isfinite(net.forward()["loss"])
    net.blobs["given"].data[1, 1] = label
    with pytest.raises(NetError, match="'loss': the labels in 'label' .* from 0 to 3"):
        net.forward()


def test_a_bad_label_is_found_in_every_way_to_run_a_part():
    net = classifier("SoftmaxWithLoss", sliced)
    net.forward()
    net.blobs["label"].data[...] = 2e9
    for run in (lambda: net.forward(start="loss"), net.backward,
                lambda: net._forward(len(net.layers) - 1, len(net.layers) - 1)):
        with pytest.raises(NetError, match="the labels in 'label'"):
            run()


def test_an_index_of_a_batch_that_is_not_there_raises():
    net = load_net(X + 'layer { name: "i" type: "Input" top: "i" input_param { shape { dim: 2 } } }'
                   + layer("BatchReindex", bottoms=("x", "i")))
    net.forward()
    net.blobs["i"].data[1] = 2
    with pytest.raises(NetError, match="from 0 to 1, got 2"):
        net.forward()


@pytest.mark.parametrize("type_name, options, reason", [
    ("Dropout", "dropout_param { dropout_ratio: -1 }", "p <= 1"),
    ("Pooling", "pooling_param { kernel_size: 2 pool: STOCHASTIC }", "Not Implemented"),
    ("Crop", "crop_param { offset: 4294967295 }", "indices")])
def test_what_caffe_dies_of_in_the_first_forward_raises_with_the_layer(type_name, options, reason):
    image = X.replace("dim: 4", "dim: 4 dim: 4")
    bottoms = ("x", "x") if type_name == "Crop" else ("x",)
    net = load_net(image + layer(type_name, options, bottoms=bottoms))
    with pytest.raises(NetError) as error:
        net.forward()
    for words in (f"'wrong' ({type_name})", reason, "x (2, 3, 4, 4)"):
        assert words in str(error.value)


def test_a_layer_that_fails_only_with_new_shapes_raises_then():
    net = unrolled_net()
    net.forward()
    net.backward()
    net.blobs["h0"].reshape(1, B + 1, H)
    with pytest.raises(NetError, match=r"h0 \(1, 4, 6\)"):
        net.forward()


@pytest.mark.parametrize("shape", [(1,), (24, 500), (4, 30)])
@pytest.mark.parametrize("call", ["forward", "backward"])
def test_a_weight_of_another_shape_raises(shape, call):
    net = unrolled_net()
    net.forward()
    net.params["t2/lstm/Mh"][0].reshape(*shape)
    with pytest.raises(NetError, match="a weight was reshaped"):
        getattr(net, call)()


@pytest.mark.parametrize("shape, said", [((1,), "run forward"), ((18,), "LSTM|axis 2")])
def test_a_blob_between_layers_of_another_shape_raises_in_backward_and_forward_puts_it_right(
        shape, said):
    net = unrolled_net()
    before = net.forward()["H"].copy()
    net.blobs["t1/lstm/raw_i"].reshape(*shape)
    with pytest.raises(NetError, match=said):
        net.backward()
    assert np.array_equal(net.forward()["H"], before)
    net.backward()


def test_backward_of_a_part_first_does_not_let_the_whole_pass():
    net = load_net(X + layer("ArgMax", tops=("a",)) + layer("TanH", tops=("b",), name="fine"),
                   force_backward=True)
    net.forward()
    net.backward(start="fine", end="fine")
    with pytest.raises(NetError, match=r"'wrong' \(ArgMax\) has no backward pass"):
        net.backward()


@pytest.mark.parametrize("numbers", [(-1, 0), (0, 999), (0, -1), ("a", 2), (1.5, 2), (None, None)])
@pytest.mark.parametrize("call", ["_forward", "_backward"])
def test_layer_numbers_that_are_not_there_raise(call, numbers):
    with pytest.raises(NetError, match="numbers 0 to"):
        getattr(unrolled_net(), call)(*numbers)


@pytest.mark.parametrize("arguments, said", [
    (dict(start="t2/lstm/Mz"), "no layer 't2/lstm/Mz'. Did you mean 't2/lstm/Mx'"),
    (dict(end="nothing"), "no layer 'nothing'"), (dict(blobs=["hh"]), "no blob 'hh'"),
    (dict(blobs="H"), "list of names"), (dict(X=np.ones((T, B, D))), "'X' is none of x, h0, c0"),
    (dict(x=np.ones((T, B, D + 1))), r"\(4, 3, 5\), got shape \(4, 3, 6\)"),
    (dict(x="three"), "got 'three'")])
def test_wrong_arguments_of_forward_are_named(arguments, said):
    with pytest.raises(NetError, match=said):
        unrolled_net().forward(**arguments)


def test_wrong_arguments_of_backward_and_the_batch_calls_are_named():
    net = unrolled_net()
    for call, said in [
            (lambda: net.backward(H=np.ones((1, 1, 1, 9))), r"'H' takes .* got shape"),
            (lambda: net.backward(diffs=["q"]), "no blob 'q'"),
            (lambda: net.forward_all(), "by name"),
            (lambda: net.forward_all(q=np.ones(3)), "'q' is none of"),
            (lambda: net.forward_all(x=np.ones((T, B, 9))), r"\(T?any, \*\(3, 5\)\)")]:
        with pytest.raises(NetError, match=said):
            call()


def test_all_batches_run_without_gradients_given_where_pycaffe_itself_fails():
    net = load_net(X + layer("TanH"), force_backward=True)
    x = np.arange(72, dtype="f").reshape(6, 3, 4) / 50
    outputs, diffs = net.forward_backward_all(x=x)
    assert np.allclose(outputs["y"], np.tanh(x)) and diffs["x"].shape == x.shape


def test_arrays_given_to_forward_and_backward_arrive():
    net = unrolled_net()
    x, dH = np.ones((T, B, D)), np.full((T, B, H), 2)
    net.forward(x=x)
    net.backward(H=dH)
    assert np.array_equal(net.blobs["x"].data, x) and np.array_equal(net.blobs["H"].diff, dH)


@pytest.mark.parametrize("call", [
    lambda path: load_net(path), lambda path: caffe.Net(path, caffe.TEST),
    lambda path: unrolled_net().copy_from(path), caffe.get_solver,
    lambda path: caffe.Classifier(path, path)])
def test_a_device_is_no_file_and_is_not_read_for_ever(call):
    with pytest.raises(NetError, match="is a device"):
        call("/dev/zero")


@pytest.mark.parametrize("path", [None, 7, b"bytes", "a\0b"])
def test_what_is_no_path_is_named(path):
    for call in (unrolled_net().save, unrolled_net().copy_from, caffe.get_solver):
        with pytest.raises(NetError, match="expected the path"):
            call(path)


@pytest.mark.parametrize("name", ["Classifier", "Detector"])
def test_a_classifier_of_a_bad_net_raises(name, file):  # noqa: F811
    path = file((X + layer("TanHH")).encode())
    with pytest.raises(NetError, match=f"makes no {name}.*TanHH"):
        getattr(caffe, name)(path, path)


@pytest.mark.parametrize("dims", [("a",), (None,), ([1, 2],), (1.5,), (float("nan"),)])
def test_a_shape_that_is_no_whole_numbers_raises(dims):
    with pytest.raises(NetError, match="whole number"):
        unrolled_net().blobs["x"].reshape(*dims)


def test_the_blobs_of_a_layer_stay_with_it():
    net = unrolled_net()
    place = list(net._layer_names).index("t1/lstm/Mx")
    with pytest.raises(NetError, match="cannot be taken away"):
        del net.layers[place].blobs[0]
    with pytest.raises(NetError, match="none negative"):
        net.layers[place].blobs.add_blob(-2)


def test_a_trial_leaves_state_and_random_numbers_as_they_were():
    """The first forward runs in a child as well: here only once."""
    ns = caffe.NetSpec()
    ns.x = L.DummyData(shape=dict(dim=[3]), data_filler=dict(type="gaussian", std=1))
    drawn = []
    for before in (lambda net: None, lambda net: net.reshape()):
        caffe.set_random_seed(4)
        net = load_net(ns)
        before(net)
        drawn.append([net.forward()["x"].copy() for _ in range(2)])
    assert np.array_equal(*drawn) and not np.array_equal(*drawn[0])


def test_no_file_is_left_in_the_folder_of_temporary_files(tmp_path, monkeypatch):
    import tempfile

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(NetError):
        load_net(X + product("first", 5, "a") + layer("Eltwise", bottoms=("x", "a")))
    unrolled_net().forward()
    assert os.listdir(tmp_path) == []


@pytest.fixture
def children(monkeypatch):
    """A list that grows with each child process."""
    from lstm_lib.safe_caffe import net as net_module

    made, real = [], net_module.in_child
    monkeypatch.setattr(net_module, "in_child", lambda work: made.append(1) or real(work))
    return made


def test_a_run_is_tried_once_and_again_with_other_shapes(children):
    net = unrolled_net()

    def runs():
        children.clear()
        for _ in range(3):
            net.forward()
            net.backward()
        return len(children)

    assert (runs(), runs()) == (2, 0), "forward and backward once each, then never"
    for name, shape in dict(x=(T, B + 1, D), h0=(1, B + 1, H), c0=(1, B + 1, H)).items():
        net.blobs[name].reshape(*shape)
    assert (runs(), runs()) == (3, 0), "once the shapes, then forward and backward"
    unrolled_net().blobs["x"].reshape(T, B + 5, D)
    assert (runs(), runs()) == (2, 0), "another net's blob could be one of this net's"


def test_a_layer_that_reads_files_in_a_thread_runs(tmp_path):
    from PIL import Image

    Image.new("RGB", (4, 4), (10, 20, 30)).save(tmp_path / "a.png")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/a.png 3\n")
    net = load_net(layer("ImageData", 'image_data_param { batch_size: 2 source: '
                         f'"{tmp_path}/list.txt" }}', bottoms=(), tops=("image", "label")))
    net.forward()
    assert net.blobs["image"].data[1, :, 0, 0].tolist() == [30, 20, 10]  # blue, green, red
    assert net.blobs["label"].data.tolist() == [3, 3]


def test_a_net_in_the_form_of_2014_has_its_labels_checked():
    net = load_net('input: "x" input_shape { dim: 2 dim: 3 } input: "l" input_shape { dim: 2 } '
                   'layers { name: "loss" type: SOFTMAX_LOSS bottom: "x" bottom: "l" top: "loss" }')
    net.blobs["l"].data[...] = 9
    with pytest.raises(NetError, match="'loss': the labels in 'l'"):
        net.forward()


def test_a_solver_looks_at_computed_labels_before_its_step():
    from lstm_lib import make_solver

    ns = caffe.NetSpec()
    ns.x, ns.given = input_layer(3, 5), input_layer(3)
    ns.label = L.Power(ns.given)
    ns.loss = L.SoftmaxWithLoss(L.InnerProduct(ns.x, num_output=4), ns.label)
    solver = make_solver(ns, base_lr=0.1)
    assert np.isfinite(solver.step())
    solver.net.blobs["given"].data[1] = 2e9
    with pytest.raises(NetError, match="the labels in 'label'"):
        solver.step()


def test_shared_weights_are_the_other_net_s_from_then_on():
    one, other = unrolled_net(), unrolled_net()
    one.share_with(other)
    other.params["t1/lstm/Mx"][1].data[...] = 7
    assert (one.params["t3/lstm/Mx"][1].data == 7).all()



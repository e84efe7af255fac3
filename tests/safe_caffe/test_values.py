"""What kills Caffe by its numbers, or by shapes a layer sets while it runs, raises each time."""

import gc

import numpy as np
import pytest
from conftest import on_real_caffe
from test_errors import layer
from test_kept_arrays import inputs

from lstm_lib import NetError, caffe, load_net, make_solver

POOL = "pooling_param {{ pool: MAX kernel_size: {} stride: {} }}"
FORCED = "force_backward: true "


def loss_of(bottom):
    return layer("InnerProduct", 'inner_product_param { num_output: 1 weight_filler { type: '
                 '"xavier" } }', (bottom,), ("s",), "s") + layer(
        "Reduction", "loss_weight: 1", ("s",), ("loss",), "loss")


# max pooling --------------------------------------------------------------------------


@on_real_caffe
def test_max_pooling_of_nothing_but_nan_runs_forward_and_refuses_to_run_backward():
    net = load_net(inputs(x=(1, 1, 2, 2)) + layer("Pooling", POOL.format(2, 1)),
                   force_backward=True)
    net.blobs["x"].data[...] = np.nan
    net.forward()
    net.blobs["y"].diff[...] = 1
    with pytest.raises(NetError, match=r"'wrong' \(Pooling\): a window .*not a number"):
        net.backward()
    net.blobs["x"].data[...] = [[1, 2], [3, 4]]
    net.forward()
    net.backward()
    assert (net.blobs["x"].diff == [[0, 0], [0, 1]]).all()


@on_real_caffe
def test_max_pooling_windows_outside_of_the_blob_refuse_backward_only():
    net = load_net(inputs(x=(1, 1, 4, 4)) + layer("Pooling", POOL.format(1, 2)),
                   force_backward=True)
    assert net.forward()["y"].shape == (1, 1, 3, 3)
    with pytest.raises(NetError, match="outside"):
        net.backward()


def test_a_net_that_needs_no_gradient_of_such_a_window_learns():
    text = inputs(x=(2, 1, 4, 4)) + layer("Pooling", POOL.format(1, 2)) + loss_of("y")
    solver = make_solver(text, base_lr=0.0001)
    solver.step(3)
    net = load_net(text)
    net.forward()
    net.backward()


@on_real_caffe
def test_a_solver_whose_numbers_explode_stops_at_max_pooling_with_its_name():
    text = inputs(x=(2, 1, 6, 6)) + layer(
        "Convolution", 'convolution_param { num_output: 2 kernel_size: 3 weight_filler { type: '
        '"xavier" } }', tops=("c",), name="conv") + layer(
        "Pooling", POOL.format(2, 2), ("c",), name="pool") + loss_of("y")
    solver = make_solver(text.replace('"Reduction"', '"Reduction" reduction_param { operation: '
                                      'SUMSQ }'), base_lr=1e3)
    solver.net.blobs["x"].data[...] = 1
    with pytest.raises(NetError, match=r"'pool' \(Pooling\): a window"):
        solver.step(50)


@on_real_caffe
@pytest.mark.parametrize("place", [-1, 4, 1e9, np.nan])
def test_a_mask_of_max_pooling_that_was_written_into_refuses_backward(place):
    net = load_net(inputs(x=(1, 1, 2, 2)) + layer("Pooling", POOL.format(2, 1), tops=("y", "m")),
                   force_backward=True)
    net.blobs["x"].data[...] = [[1, 2], [3, 4]]
    net.forward()
    net.backward()
    net.blobs["m"].data[...] = place
    with pytest.raises(NetError, match="'m' says where the largest numbers stood, 0 to 3"):
        net.backward()


# in place -----------------------------------------------------------------------------


@on_real_caffe
@pytest.mark.parametrize("type_name, options, shape", [
    ("Pooling", "pooling_param { kernel_size: 1 }", (1, 1, 4, 4)),
    ("InnerProduct", "inner_product_param { num_output: 3 }", (2, 3)),
    ("Tile", "tile_param { tiles: 2 }", (2, 3)), ("LRN", "", (1, 3, 4, 4)),
    ("Im2col", "convolution_param { kernel_size: 1 }", (1, 3, 4, 4)),
    ("Permute", "permute_param { order: 1 order: 0 }", (2, 3, 1, 1)),
    ("SPP", "spp_param { pyramid_height: 1 }", (1, 1, 1, 1))])
def test_a_layer_that_cannot_work_in_place_says_so(type_name, options, shape):
    with pytest.raises(NetError, match=rf"'wrong' \({type_name}\): it cannot work in place, "
                                       "from 'x' to 'x'"):
        load_net(inputs(x=shape) + layer(type_name, options, tops=("x",)))


def test_layers_of_two_bottoms_cannot_write_into_one_of_them():
    for type_name in ("Concat", "Eltwise"):
        with pytest.raises(NetError, match="cannot work in place"):
            load_net(inputs(x=(2, 3), u=(2, 3)) + layer(type_name, "", ("x", "u"), ("x",)))


@on_real_caffe
@pytest.mark.parametrize("type_name, options", [
    ("Power", "power_param { scale: 2 }"), ("Log", ""), ("BNLL", "")])
def test_in_place_layers_whose_gradient_would_be_wrong_run_forward_only(type_name, options):
    text = inputs(a=(2, 3)) + layer("Power", "power_param { shift: 1 }", ("a",), ("x",), "before")
    net = load_net(text + layer(type_name, options, tops=("x",)) + layer("TanH"),
                   force_backward=True)
    apart = load_net(text + layer(type_name, options, tops=("z",)) + layer("TanH", "", ("z",)))
    assert np.array_equal(net.forward()["y"], apart.forward()["y"])
    with pytest.raises(NetError, match=rf"'wrong' \({type_name}\): in place it overwrites"):
        net.backward()
    learns = load_net(text + layer(type_name, options, tops=("x",)) + loss_of("x"))
    learns.forward()
    learns.backward()  # no gradient goes through that layer


# shapes that depend on numbers -----------------------------------------------------------


@on_real_caffe
def test_contrastive_loss_refuses_a_batch_larger_than_it_was_built_for():
    net = load_net(inputs(x=(8, 5), u=(8, 5), same=(8,)) + layer(
        "ContrastiveLoss", bottoms=("x", "u", "same")))

    def run(batch):
        for name in ("x", "u"):
            net.blobs[name].reshape(batch, 5)
        net.blobs["same"].reshape(batch)
        return net.forward()

    run(8), run(4), run(8)
    for batch in (9, 1000):
        with pytest.raises(NetError, match="'wrong'.*has room for the batch"):
            run(batch)
    run(8)


def test_contrastive_loss_refuses_fewer_labels_than_pairs_and_takes_more():
    net = load_net(inputs(x=(3, 5), u=(3, 5), same=(4,)) + layer(
        "ContrastiveLoss", bottoms=("x", "u", "same")))
    net.forward()
    net.blobs["same"].reshape(2)
    with pytest.raises(NetError, match="'wrong' .ContrastiveLoss.*a label for each of the 3 pairs"):
        net.forward()


def test_prelu_refuses_channels_for_which_it_has_no_slope():
    net = load_net(inputs(x=(2, 3, 4)) + layer("PReLU"))
    for shape in ((5, 3, 2), (2, 4, 4), (2, 3, 4)):
        net.blobs["x"].reshape(*shape)
        if shape[1] == 3:
            net.forward()
        else:
            with pytest.raises(NetError, match=r"'wrong' \(PReLU\).*slopes"):
                net.forward()
    shared = load_net(inputs(x=(2, 3)) + layer("PReLU", "prelu_param { channel_shared: true }"))
    shared.blobs["x"].reshape(2, 9)
    shared.forward()


def test_filter_that_selects_other_numbers_of_items_is_tried_with_each():
    net = load_net(inputs(x=(2, 4), s=(2,)) + layer("Filter", "", ("x", "s"), ("f",), "filter")
                   + layer("Reshape", "reshape_param { shape { dim: 2 dim: 4 } }", ("f",)))
    net.blobs["s"].data[...] = 1
    assert net.forward()["y"].shape == (2, 4)
    net.blobs["s"].data[...] = [1, 0]
    with pytest.raises(NetError, match=r"'wrong' \(Reshape\).*\n?.*f \(1, 4\)"):
        net.forward()
    net.blobs["s"].data[...] = 1
    assert net.forward()["y"].shape == (2, 4)
    net.blobs["s"].data[...] = 0
    with pytest.raises(NetError, match="Reshape"):
        net.forward()


class Grows(caffe.Layer):
    """A Python layer whose top has as many rows as its first number says."""

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(max(1, int(bottom[0].data.flat[0])), 2)

    def forward(self, bottom, top):
        top[0].data[...] = 1

    def backward(self, top, propagate_down, bottom):
        pass


def test_a_python_layer_whose_shape_depends_on_numbers_is_tried_with_each():
    net = load_net(inputs(x=(1,)) + layer(
        "Python", 'python_param { module: "test_values" layer: "Grows" }', tops=("p",), name="p")
        + layer("Reshape", "reshape_param { shape { dim: 1 dim: 2 } }", ("p",)))
    net.forward()
    net.blobs["x"].data[...] = 5
    with pytest.raises(NetError, match=r"'wrong' \(Reshape\)"):
        net.forward()
    net.blobs["x"].data[...] = 1
    assert net.forward()["y"].shape == (1, 2)


# labels -------------------------------------------------------------------------------


@pytest.mark.parametrize("type_name, options, bottoms", [
    ("HingeLoss", "", "x label"), ("MultinomialLogisticLoss", "", "x label"),
    ("BatchReindex", "", "three label"),
    ("Embed", "embed_param { num_output: 2 input_dim: 3 }", "label")])
def test_a_layer_that_knows_no_ignored_label_refuses_it(type_name, options, bottoms):
    net = load_net(inputs(x=(2, 3), three=(3, 2), label=(2,)) + layer(
        type_name, "loss_param { ignore_label: 255 } " + options, bottoms.split()))
    net.forward()
    net.blobs["label"].data[...] = 255
    with pytest.raises(NetError, match="from 0 to 2, got 255"):
        net.forward()


def test_scores_of_several_axes_are_counted_as_their_layer_does():
    net = load_net('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 3 dim: 2 '
                   'dim: 2 } } } layer { name: "l" type: "Input" top: "l" input_param { shape { '
                   'dim: 3 } } }' + layer("HingeLoss", bottoms=("x", "l")))
    net.blobs["l"].data[...] = 3
    assert np.isfinite(net.forward()["y"])
    net.blobs["l"].data[...] = 4
    with pytest.raises(NetError, match="from 0 to 3, got 4"):
        net.forward()


@on_real_caffe
def test_labels_of_a_ctc_loss_that_it_would_die_of_raise_each_time():
    net = load_net(inputs(x=(4, 4, 5), label=(4, 4)) + layer(
        "CtcLoss", "ctc_loss_param { alphabet_size: 5 time_step: 4 blank_label: 4 }",
        ("x", "label")))
    for label, match in ((5, "from 0 to 4, got 5"), (4, r"\(CtcLoss\)"), (-1, "from 0 to 4")):
        net.blobs["label"].data[...] = 1
        net.forward()
        net.blobs["label"].data[...] = label
        with pytest.raises(NetError, match=match):
            net.forward()


@on_real_caffe
def test_a_callback_that_writes_a_wrong_label_or_another_shape_is_seen_through():
    text = inputs(x=(2, 3), label=(2,)) + layer(
        "InnerProduct", "inner_product_param { num_output: 3 }", tops=("s",), name="s") + layer(
        "SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss")
    net = load_net(text)
    net.forward()
    net.before_forward(lambda place: net.blobs["label"].data.fill(1e9))
    with pytest.raises(NetError, match="the labels in 'label'"):
        net.forward()
    net = load_net(text)
    net.forward()
    net.before_forward(lambda place: net.blobs["x"].reshape(2, 4))
    with pytest.raises(NetError, match="'s'"):
        net.forward()


@on_real_caffe
def test_callbacks_are_called_once_a_layer_and_by_no_reshape():
    net = load_net(inputs(x=(2, 3, 4)) + layer("Flatten") + layer("TanH", "", ("y",), ("z",)),
                   force_backward=True)
    seen = []
    for moment in ("before_forward", "after_forward", "before_backward", "after_backward"):
        getattr(net, moment)(lambda place, moment=moment: seen.append((moment, place)))
    net.blobs["x"].reshape(3, 3, 4)
    net.reshape()
    assert not seen
    net.forward()
    net.backward()
    places = range(len(net.layers))
    assert seen == [(f"{when}_forward", place) for place in places for when in (
        "before", "after")] + [(f"{when}_backward", place) for place in reversed(places)
                               for when in ("before", "after")]


def test_an_array_kept_while_its_blob_grows_beyond_memory_does_not_make_caffe_ask_for_it():
    net = load_net(inputs(x=(2, 3)) + layer("TanH"))
    kept = net.blobs["x"].data
    net.blobs["x"].reshape(46340, 46340)
    assert not kept.flags.writeable and not kept.any()


def solver_of(text):
    return make_solver(text, base_lr=0.1)


@on_real_caffe
def test_a_solvers_callback_that_writes_wrong_labels_or_shapes_raises():
    text = inputs(x=(2, 3), label=(2,)) + layer(
        "InnerProduct", "inner_product_param { num_output: 3 }", tops=("s",), name="s") + layer(
        "SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss")
    for act, match in (
            (lambda net: net.blobs["label"].data.fill(1e9), "the labels in 'label'"),
            (lambda net: net.blobs["x"].reshape(2, 4), "'s'"),
            (lambda net: net.params["s"][0].reshape(9, 9), "a weight was reshaped")):
        for first in (True, False):
            solver = solver_of(text)
            solver.step(2)
            acts = (lambda: act(solver.net)), (lambda: None)
            solver.add_callback(*(acts if first else acts[::-1]))
            if first or "weight" in match:
                with pytest.raises(NetError, match="reshaped" if not first else match):
                    solver.step(1)


# what a layer is given ------------------------------------------------------------------


def test_arrays_for_memory_data_that_do_not_fit_raise():
    net = load_net('layer { name: "m" type: "MemoryData" top: "x" top: "label" memory_data_param { '
                   'batch_size: 2 channels: 1 height: 1 width: 2 } }')
    for data, labels in ((np.ones((0, 1, 1, 2), "f"), np.ones(0, "f")), (None, None),
                         (np.ones((3, 1, 1, 2), "f"), np.ones(3, "f")),
                         (np.ones((2, 1, 5, 2), "f"), np.ones(2, "f")), ("x", "y")):
        with pytest.raises(NetError, match="MemoryData"):
            net.set_input_arrays(data, labels)


class Keeps(caffe.Layer):
    """A Python layer whose bottoms' and tops' arrays are kept for good."""

    kept = []

    def setup(self, bottom, top):
        self.kept += [blob.data for blob in bottom]

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)

    def forward(self, bottom, top):
        self.kept += [bottom[0].data, top[0].diff]

    backward = reshape


@on_real_caffe
def test_arrays_that_a_python_layer_keeps_outlive_its_net_and_no_other_net_looks_at_them():
    text = inputs(x=(2, 3)) + layer(
        "Python", 'python_param { module: "test_values" layer: "Keeps" }')
    net = load_net(text)
    net.forward()
    del net
    gc.collect()
    for _ in range(5):
        other = load_net(text)
        other.blobs["x"].reshape(40, 50)
        other.forward()
        for array in Keeps.kept:
            array[...] = 1


@on_real_caffe
@pytest.mark.parametrize("act", [
    lambda net: net.layers.append(net.layers[0]), lambda net: net.layers.__delitem__(0),
    lambda net: net.layers.__setitem__(0, net.layers[1])])
def test_the_layers_of_a_net_cannot_be_changed(act):
    net = load_net(inputs(x=(2, 3)) + layer("TanH"))
    with pytest.raises(NetError, match="cannot be changed"):
        act(net)
    net.forward()


@on_real_caffe
def test_a_weight_without_numbers_has_no_gradient_to_clear():
    net = load_net(layer("Parameter", "parameter_param { shape { dim: 0 } }", bottoms=()))
    with pytest.raises(NetError, match="a weight of layer 'wrong' holds no number"):
        net.clear_param_diffs()


@on_real_caffe
def test_a_shape_that_does_not_fit_is_refused_with_the_layers_name():
    net = load_net(inputs(x=(2, 3), u=(2, 3)) + layer("TanH", tops=("t",), name="t")
                   + layer("Eltwise", "", ("t", "u")))
    net.blobs["x"].reshape(2, 5)
    with pytest.raises(NetError, match=r"'wrong' \(Eltwise\).*t \(2, 5\), u \(2, 3\)"):
        net.forward()


@on_real_caffe
def test_a_recurrent_layer_that_would_go_on_with_its_own_weights_is_not_shared_into():
    text = inputs(x=(3, 2, 4), k=(3, 2)) + layer(
        "LSTM", 'recurrent_param { num_output: 5 weight_filler { type: "xavier" } }', ("x", "k"))
    one, other, tested = load_net(text), load_net(text), load_net(text, phase=caffe.TEST)
    with pytest.raises(NetError, match="'wrong' would compute with its own weights"):
        one.share_with(other)
    tested.share_with(other)
    for net in (other, tested):
        net.blobs["x"].data[...] = 1
        net.blobs["k"].data[...] = 1
    assert np.array_equal(tested.forward()["y"], other.forward()["y"])
    assert tested.blobs["y"].data.any()


def test_a_blob_of_scores_that_was_reshaped_gets_its_shape_back_before_labels_are_looked_at():
    net = load_net(inputs(x=(2, 3), label=(2,)) + layer(
        "InnerProduct", "inner_product_param { num_output: 3 }", ("x",), ("p",), "p") + layer(
        "Accuracy", "", ("p", "label"), ("right",), "right"))
    net.blobs["label"].data[...] = 2
    net.forward()
    net.blobs["p"].reshape(2, 1)
    assert net.forward()["right"] in (0, 1)
    assert tuple(net.blobs["p"].shape) == (2, 3)


@on_real_caffe  # portable_caffe does not read them
def test_weights_in_a_prototxt_that_are_too_small_raise_and_others_are_used():
    def given(count, data="data: 2 " * 6):
        blob = f"blobs {{ shape {{ dim: {count} }} {data} }}"
        return inputs(x=(1, 3)) + layer("InnerProduct", "inner_product_param { num_output: 2 "
                                        f"bias_term: false }} {blob}", name="p")

    net = load_net(given(6), force_backward=True)
    assert (net.forward(x=np.ones((1, 3)))["y"] == 6).all() and net.backward() is not None
    assert (load_net(given(7, "data: 2 " * 7)).forward(x=np.ones((1, 3)))["y"] == 6).all()
    loss = layer("Reduction", "loss_weight: 1", ("y",), ("z",), "sum")
    for make in (load_net, lambda text: make_solver(text + loss, base_lr=0.1)):
        with pytest.raises(NetError, match="'p': its weights have 6 numbers"):
            make(given(2, "data: 1 data: 2"))


@pytest.mark.parametrize("kind", ["Convolution", "Deconvolution"])
def test_where_a_filter_selects_no_picture_none_is_convolved(kind):
    net = load_net(inputs(x=(1, 2, 2, 2), s=(1,)) + layer("Filter", "", ("x", "s"), ("f",)) + layer(
        kind, "convolution_param { num_output: 3 kernel_size: 1 }", ("f",), ("y",), "conv"))
    net.forward()
    assert net.blobs["y"].data.shape == (0, 3, 2, 2)


def test_the_two_sides_of_pairs_keep_one_shape():
    net = load_net(inputs(a=(3, 4), b=(3, 4), same=(3,)) + layer(
        "ContrastiveLoss", "", ("a", "b", "same"), ("loss",), "pairs"), force_backward=True)
    for shape in ((3, 9), (3, 2), (2, 6)):
        net.blobs["b"].reshape(*shape)
        with pytest.raises(NetError, match="'pairs'"):
            net.forward()
    net.blobs["b"].reshape(3, 4)
    assert net.forward()["loss"] == 0.5  # the margin is 1

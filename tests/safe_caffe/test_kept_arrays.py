"""An array that was handed out is the net's memory for as long as it is held, or read-only."""
import gc

import numpy as np
import pytest
from conftest import on_real_caffe, unrolled_net

from lstm_lib import NetError, caffe, load_net, make_solver, save_weights
from portable_caffe.judge.cases import CASES
from portable_caffe.judge.compare import spec_of
from test_errors import layer


def inputs(**shapes):
    return "".join(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape {{ '
                   + " ".join(f"dim: {dim}" for dim in shape) + " } } } "
                   for name, shape in shapes.items())


X = inputs(x=(2, 3, 4, 5))
STATES = inputs(x=(3, 2, 4), k=(3, 2), h=(1, 2, 5), c=(1, 2, 5))
FURTHER = {  # what the judge's cases leave out, as they are of real Caffe only or by the way
    "Permute, the same order": X + layer("Permute", "permute_param { order: 0 order: 1 }"),
    "Permute": X + layer("Permute", "permute_param { order: 0 order: 2 order: 1 }"),
    "Reverse": X + layer("Reverse"),
    "Parameter": layer("Parameter", "parameter_param { shape { dim: 2 dim: 3 } }", bottoms=()),
    "DummyData": layer("DummyData", "dummy_data_param { shape { dim: 2 } }", bottoms=()),
    "Crop": X + inputs(r=(2, 3, 2, 2)) + layer("Crop", bottoms=("x", "r")),
    "SPP": X + layer("SPP", "spp_param { pyramid_height: 2 }"),
    "LRN": X + layer("LRN"), "MVN": X + layer("MVN"), "BatchNorm": X + layer("BatchNorm"),
    "PReLU": X + layer("PReLU"), "Deconvolution": X + layer(
        "Deconvolution", "convolution_param { num_output: 2 kernel_size: 2 }"),
    "Flatten of a split": X + layer("Flatten", tops=("y",), name="f") + layer("TanH", tops=("z",)),
    "Flatten twice": X + layer("Flatten", tops=("y",), name="f") + layer(
        "Flatten", bottoms=("y",), tops=("z",)),
    "exposed states": STATES + layer(
        "LSTM", "recurrent_param { num_output: 5 expose_hidden: true }",
        ("x", "k", "h", "c"), ("y", "hT", "cT")),
}


def judged(case):
    return str(spec_of(case, np.random.default_rng(1))[0])


NETS = [pytest.param(judged(case), id=" ".join(case[:2])) for case in CASES] + [
    pytest.param(text, id=name) for name, text in FURTHER.items()
    if caffe.engine == "real" or name == "exposed states"]


def held(net):
    """(blob, side, array) of all blobs and weights."""
    blobs = [*net.blobs.values(), *(blob for blobs in net.params.values() for blob in blobs)]
    return [(blob, side, getattr(blob, side)) for blob in blobs for side in ("data", "diff")]


def is_memory_or_read_only(blob, side, array):
    now = getattr(blob, side)
    return not array.flags.writeable or not array.size or (
        np.shares_memory(now, array) and now.ctypes.data == array.ctypes.data)


def check(arrays):
    wrong = [(tuple(blob.shape), side) for blob, side, array in arrays
             if not is_memory_or_read_only(blob, side, array)]
    assert not wrong
    for _, _, array in arrays:
        array.sum()
        if array.flags.writeable:
            array[...] = array  # were it freed, the heap would be damaged


@pytest.mark.parametrize("text", NETS)
def test_arrays_of_each_blob_and_weight_stay_the_nets_or_become_read_only(text, tmp_path):
    net, other = load_net(text), load_net(text)
    arrays = held(net)

    def grow():
        for name in net.inputs:
            net.blobs[name].reshape(2 * net.blobs[name].shape[0], *list(net.blobs[name].shape)[1:])
        net.reshape()

    def share():
        if net.params:
            net.share_with(other)

    def copy():
        if net.params:
            net.copy_from(save_weights(other, tmp_path / "w.caffemodel"))

    for act in (net.forward, net.backward, net.forward, share, net.forward, copy, grow,
                net.forward, net.backward):
        try:
            act()
        except NetError:  # these sizes cannot change, or this layer has no backward pass
            continue
        check(arrays)
        arrays += held(net)
    del net, other
    gc.collect()
    for _, _, array in arrays:
        array.sum()
        if array.flags.writeable:
            array[...] = 1


def test_the_last_state_kept_before_the_first_forward_shows_what_forward_computed(rng):
    net = unrolled_net()
    h_T, c_T = net.blobs["h_T"].data, net.blobs["c_T"].data
    net.blobs["x"].data[...] = rng.standard_normal(net.blobs["x"].data.shape)
    for blobs in net.params.values():
        for blob in blobs:
            blob.data[...] = rng.standard_normal(blob.data.shape)
    net.forward()
    assert h_T.any() and np.array_equal(h_T[0], net.blobs["H"].data[-1])
    assert np.array_equal(c_T, net.blobs["c_T"].data)


def test_an_array_kept_while_its_blob_grows_keeps_its_numbers_and_is_read_only():
    net = load_net(inputs(x=(2, 3)) + layer("TanH"))
    kept = net.blobs["x"].data
    kept[...] = 7
    net.blobs["x"].reshape(200, 300)
    net.forward()
    assert (kept == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        kept[...] = 1


@on_real_caffe
def test_a_part_of_an_array_kept_while_its_blob_grows_is_memory_still(rng):
    net = load_net(inputs(x=(2, 3)) + layer("TanH"))
    part = net.blobs["x"].data[1]
    part[...] = 7
    net.blobs["x"].reshape(500, 500)
    net.forward()
    for _ in range(20):
        load_net(inputs(x=(2, 3)) + layer("TanH")).forward()
    assert (part == 7).all()
    part[...] = 1


def test_an_input_that_gets_its_shape_later_gives_arrays_from_then_on():
    net = load_net('layer { name: "x" type: "Input" top: "x" }' + layer("TanH"))
    net.blobs["x"].reshape(2, 3)
    kept = net.blobs["x"].data
    kept[...] = 1
    net.forward()
    assert np.array_equal(kept, net.blobs["x"].data) and net.blobs["y"].data.all()


def test_weights_kept_from_before_share_with_are_read_only():
    text = inputs(x=(2, 3)) + layer("InnerProduct", "inner_product_param { num_output: 2 }")
    net, other = load_net(text), load_net(text)
    kept = net.params["wrong"][0].data
    net.share_with(other)
    del other
    gc.collect()
    with pytest.raises(ValueError, match="read-only"):
        kept[...] = 1
    assert net.params["wrong"][0].data.flags.writeable


def test_arrays_of_a_net_outlive_it(rng):
    net = unrolled_net()
    x, weight = net.blobs["x"].data, next(iter(net.params.values()))[0].data
    del net
    gc.collect()
    for _ in range(20):
        unrolled_net().forward()
    x[...], weight[...] = 3, 4
    assert (x == 3).all() and (weight == 4).all()


@on_real_caffe
def test_numbers_that_a_layer_lends_to_its_top_are_copies(tmp_path):
    net = load_net('layer { name: "m" type: "MemoryData" top: "x" top: "label" memory_data_param { '
                   'batch_size: 2 channels: 1 height: 1 width: 2 } } '
                   + layer("Flatten") + layer("Split", tops=("a", "b"), name="s"))
    kept = [net.blobs[name].data for name in ("x", "y", "a", "label")]
    for _ in range(3):
        net.set_input_arrays(np.ones((4, 1, 1, 2), "f"), np.zeros(4, "f"))
        net.forward()
        gc.collect()
        kept += [net.blobs[name].data for name in ("x", "y", "a", "label")]
    del net
    gc.collect()
    assert all(not array.flags.writeable for array in kept)
    assert all((array == 1).all() for array in kept[4::4])


def test_sizes_of_old_raise_an_attribute_error_where_there_are_more_than_four_axes():
    net = load_net(inputs(x=(1, 2, 3, 4, 5), y=(2, 3)))
    blob = net.blobs["x"]
    for name in ("num", "channels", "height", "width"):
        with pytest.raises(AttributeError, match="5 axes has no"):
            getattr(blob, name)
        assert not hasattr(blob, name) and name in dir(blob)
    assert (net.blobs["y"].num, net.blobs["y"].channels, net.blobs["y"].height) == (2, 3, 1)


def test_a_solver_leaves_arrays_that_are_its_nets_or_read_only(tmp_path):
    text = inputs(x=(4, 3)) + layer("InnerProduct", "inner_product_param { num_output: 2 }") + \
        layer("Flatten", bottoms=("y",), tops=("z",), name="flat") + \
        layer("Reduction", "loss_weight: 1", ("z",), ("loss",), "sum")
    solver = make_solver(load_net(text).spec, base_lr=0.1)
    arrays = [one for net in (solver.net, *solver.test_nets) for one in held(net)]
    solver.step(2)
    check(arrays)

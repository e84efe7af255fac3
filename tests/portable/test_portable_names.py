"""caffe.io, caffe.coord_map and the list of what is missing, against real Caffe."""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import real_caffe
from portable_caffe.coord_map import coord_map_from_to, crop
from portable_caffe.judge import names
from portable_nets import write

real = pytest.importorskip("caffe", reason="real Caffe is not installed here")
coord_map = pytest.importorskip("caffe.coord_map")
draw = pytest.importorskip("caffe.draw", reason="pydot is not installed here")
SIZES = [((2, 2), (4, 4)), ((4, 4), (2, 2)), ((7, 9), (5, 13)), ((31, 20), (7, 8)), ((5, 5), (1, 1)),
         ((1, 1), (3, 4)), ((6, 5), (6, 5))]


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize("channels", [1, 2, 3, 5])
@pytest.mark.parametrize("old, new", SIZES)
def test_images_are_resized_as_pycaffe_resizes_them(old, new, channels, rng):
    image = rng.uniform(-3, 200, (*old, channels)).astype("f")
    theirs, mine = (caffe.io.resize_image(image, new) for caffe in (real, pc))
    assert mine.dtype == theirs.dtype and mine.shape == theirs.shape == (*new, channels)
    np.testing.assert_allclose(mine, theirs, atol=1e-4)


@pytest.mark.parametrize("crop_dims", [(4, 5), (5, 4), (9, 11)])
def test_ten_crops_are_cut_as_pycaffe_cuts_them(crop_dims, rng):
    images = rng.random((2, 9, 11, 3))
    assert np.array_equal(real.io.oversample(images, crop_dims), pc.io.oversample(images, crop_dims))


def prepared(caffe, image, mean, options):
    transformer = caffe.io.Transformer({"data": (1, 3, 6, 5)})
    for name, value in options.items():
        getattr(transformer, "set_" + name)("data", value)
    if mean is not None:
        transformer.set_mean("data", mean)
    ready = transformer.preprocess("data", image.copy())
    return ready, transformer.deprocess("data", ready)


@pytest.mark.parametrize("mean", [None, (3,), (3, 6, 5), (3, 9, 8)])
@pytest.mark.parametrize("options", [
    dict(transpose=(2, 0, 1)), dict(transpose=(2, 0, 1), channel_swap=(2, 1, 0), raw_scale=255),
    dict(transpose=(2, 0, 1), raw_scale=2, input_scale=0.5)])
@pytest.mark.parametrize("size", [(6, 5), (12, 7)])
def test_a_transformer_prepares_and_gives_back_the_numbers_of_pycaffes(options, mean, size, rng):
    image = rng.random((*size, 3)).astype("f")
    mean = None if mean is None else rng.uniform(1, 50, mean)
    for theirs, mine in zip(*(prepared(caffe, image, mean, options) for caffe in (real, pc))):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-4)


def test_messages_of_arrays_are_pycaffes_byte_for_byte(rng):
    image, floats = rng.integers(0, 256, (3, 4, 5), dtype=np.uint8), rng.random((3, 4, 5))
    for array, label in ((image, 7), (image, None), (floats, 2)):
        theirs, mine = (caffe.io.array_to_datum(array, label) for caffe in (real, pc))
        assert mine.SerializeToString() == theirs.SerializeToString()
        assert np.array_equal(pc.io.datum_to_array(mine), real.io.datum_to_array(theirs))
    theirs, mine = (caffe.io.array_to_blobproto(floats, -floats) for caffe in (real, pc))
    assert mine.SerializeToString() == theirs.SerializeToString()
    for diff in (False, True):
        assert np.array_equal(pc.io.blobproto_to_array(mine, diff),
                              real.io.blobproto_to_array(theirs, diff))
    theirs, mine = (caffe.io.arraylist_to_blobprotovector_str([floats, image])
                    for caffe in (real, pc))
    assert mine == theirs
    assert [array.shape for array in pc.io.blobprotovector_str_to_arraylist(mine)] == [
        floats.shape, image.shape]


def places(caffe, **sizes):
    """Input, Convolution, Pooling, Deconvolution, Crop; options as coord_map reads them."""
    L, ns = caffe.layers, caffe.NetSpec()
    ns.data = L.Input(shape=dict(dim=[2, 1, 90, 90]))
    ns.conv = L.Convolution(ns.data, num_output=3, kernel_size=sizes.get("kernel", 3),
                            stride=sizes.get("stride", 1), pad=sizes.get("pad", 0),
                            dilation=sizes.get("dilation", 1))
    ns.relu = L.ReLU(ns.conv)
    ns.pool = L.Pooling(ns.relu, kernel_size=sizes.get("pool", 2), stride=sizes.get("pool", 2))
    ns.up = L.Deconvolution(ns.pool, convolution_param=dict(
        num_output=3, kernel_size=4, stride=2, pad=sizes.get("up_pad", 0)))
    ns.cut = L.Crop(ns.up, ns.data, crop_param=dict(axis=2, offset=[2]))
    ns.dense = L.InnerProduct(ns.up, num_output=2)
    return ns


@pytest.mark.parametrize("sizes", [
    {}, dict(kernel=5, stride=2, pad=3), dict(dilation=2, pad=1), dict(pool=4, up_pad=1),
    dict(kernel=[3, 5], stride=[1, 2], pad=[0, 4])], ids=str)
def test_places_are_mapped_as_pycaffe_maps_them(sizes):
    for start, end in (("up", "data"), ("conv", "data"), ("cut", "data"), ("up", "pool"),
                       ("relu", "conv"), ("cut", "up")):
        found = []
        for caffe, find in ((real, coord_map.coord_map_from_to), (pc, coord_map_from_to)):
            tops = places(caffe, **sizes).tops
            found.append(find(tops[start], tops[end]))
        for theirs, mine in zip(*found):
            assert np.array_equal(theirs, mine)


@pytest.mark.parametrize("sizes", [{}, dict(pad=10), dict(kernel=[3, 5], pad=[2, 4])], ids=str)
def test_a_crop_is_pycaffes(sizes):
    written = []
    for caffe, make in ((real, coord_map.crop), (pc, crop)):
        ns = places(caffe, **sizes)
        ns.crop = make(ns.up, ns.data)
        written.append(str(ns.to_proto()))
    assert written[0] == written[1] and "offset" in written[1]


@pytest.mark.parametrize("sizes, said", [
    (dict(pool=3), "scale mismatch"), (dict(up_pad=10), "negative offset"),
    (dict(kernel=2), "noninteger")])
def test_what_no_crop_makes_alike_raises_what_pycaffe_raises(sizes, said):
    for caffe, make in ((real, coord_map.crop), (pc, crop)):
        ns = places(caffe, **sizes)
        with pytest.raises(AssertionError, match=said):
            make(ns.up, ns.data)
        with pytest.raises(RuntimeError):
            make(ns.dense, ns.data)


def test_the_lists_of_what_real_caffe_has_are_real_caffes():
    assert real_caffe.LAYER_TYPES == {*real.layer_type_list()}
    assert real_caffe.NAMES == {name for name in dir(real) if not name.startswith("_")}


def test_the_readme_lists_exactly_what_is_missing():
    assert names.written()[1] == names.text(), "python -m portable_caffe.judge.names --write"


def test_the_list_of_what_is_missing_finds_a_name_that_is_taken_away(monkeypatch):
    before = dict(names.missing())
    monkeypatch.delattr(pc, "Timer")
    monkeypatch.delattr(pc.callbacks.Callbacks, "before_forward")
    monkeypatch.delattr(pc.io, "load_image")
    after = dict(names.missing())
    assert {where: {*after[where]} - {*before[where]} for where in after
            if after[where] != before[where]} == {
        "caffe": {"Timer"}, "caffe.Net": {"before_forward"}, "caffe.io": {"load_image"}}


def test_the_judge_writes_the_list_between_its_marks_alone(tmp_path, monkeypatch):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{names.BEGIN}- old\n{names.END}after\n")
    monkeypatch.setattr(names, "README", str(readme))
    names.main(["--write"])
    assert readme.read_text() == f"before\n{names.BEGIN}{names.text()}{names.END}after\n"


def test_nets_are_drawn_as_pycaffe_draws_them_with_the_sizes_of_their_kernels(tmp_path):
    text = str(places(real).to_proto())
    for options in (dict(rankdir="LR"), dict(rankdir="TB", display_lrm=True)):
        drawn = [module.get_pydot_graph(caffe_pb2.NetParameter.FromString(
            _parsed(caffe_pb2, text)), **options).to_string()
            for module, caffe_pb2 in ((draw, real.proto.caffe_pb2), (pc.draw, pc.caffe_pb2))]
        assert drawn[0] == drawn[1] and "kernel size: 3" in drawn[1]


def _parsed(caffe_pb2, text):
    from google.protobuf import text_format

    return text_format.Parse(text, caffe_pb2.NetParameter()).SerializeToString()


def test_a_classifier_says_what_pycaffes_says(tmp_path, rng):
    L, ns = pc.layers, pc.NetSpec()
    ns.data = L.Input(input_param=dict(shape=dict(dim=[4, 3, 8, 6])))
    ns.conv = L.Convolution(ns.data, num_output=2, kernel_size=3,
                            weight_filler=dict(type="gaussian", std=1))
    ns.score = L.InnerProduct(ns.conv, num_output=5, weight_filler=dict(type="gaussian", std=0.1))
    ns.prob = L.Softmax(ns.score)
    path, weights = write(tmp_path, ns.to_proto()), str(tmp_path / "w.caffemodel")
    pc.Net(path, pc.TEST).save(weights)
    options = dict(image_dims=(12, 10), mean=np.array([90, 100, 110]), raw_scale=255,
                   channel_swap=(2, 1, 0), input_scale=0.02)
    images = [rng.random((size, 13, 3)).astype("f") for size in (16, 9, 12)]
    theirs, mine = (caffe.Classifier(path, weights, **options) for caffe in (real, pc))
    for oversample in (True, False):
        np.testing.assert_allclose(mine.predict(images, oversample),
                                   theirs.predict(images, oversample), atol=1e-5)

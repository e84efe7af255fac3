"""What pycaffe allows is allowed: its arguments, its names, its ways of making layers."""
import numpy as np
import pytest
from conftest import L, input_layer

from lstm_lib import NetError, add_layer_to_net_spec, caffe, load_net

STAGED = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 4 weight_filler { type: "xavier" } } }
layer { name: "late" type: "TanH" bottom: "ip" top: "late" include { stage: "late" } }
layer { name: "high" type: "TanH" bottom: "ip" top: "high" include { min_level: 2 } }
layer { name: "test" type: "TanH" bottom: "ip" top: "test" include { phase: TEST } }
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(STAGED)
    return str(path)


@pytest.mark.parametrize("args, names, built", [
    ((caffe.TEST,), {}, {"test"}),
    ((), dict(phase=caffe.TRAIN, level=2), {"high"}),
    ((caffe.TRAIN, 0, ["late"]), {}, {"late"}),
    ((caffe.TEST, 3), dict(stages=["late"]), {"late", "high", "test"}),
])
def test_a_net_takes_phase_level_and_stages_by_place_or_by_name(path, args, names, built):
    net = caffe.Net(path, *args, **names)
    assert set(net._layer_names) - {"x", "ip"} - {n for n in net._layer_names if "split" in n} \
        == built
    assert set(caffe.Net(network_file=path, phase=caffe.TEST)._layer_names) >= {"x", "ip", "test"}


def test_a_net_takes_weights_by_name_or_in_the_old_order(path, tmp_path):
    net, weights = caffe.Net(path, caffe.TRAIN), str(tmp_path / "w.caffemodel")
    net.save(weights)
    for other in (caffe.Net(path, weights, caffe.TEST),
                  caffe.Net(path, caffe.TEST, weights=weights),
                  caffe.Net(path, caffe.TEST, 0, None, weights)):
        assert "test" in other._layer_names
        assert np.array_equal(other.params["ip"][0].data, net.params["ip"][0].data)


def test_a_deconvolution_can_be_made_as_coord_map_reads_it_and_says_so_when_it_is_written():
    ns = caffe.NetSpec()
    ns.x = input_layer(1, 1, 4, 4)
    ns.up = L.Deconvolution(ns.x, num_output=2, kernel_size=4, stride=2)
    right = r"layer 'up' \(Deconvolution\): num_output=2.*convolution_param=dict\(num_output=2\)"
    for write in (ns.to_proto, lambda: load_net(ns), ns.up.to_proto, lambda: caffe.to_proto(ns.up)):
        with pytest.raises(NetError, match=right.replace("'up'", "'up'|layer None")):
            write()
    with pytest.raises(NetError, match="no such option"):
        L.Deconvolution(ns.x, num_outputs=2)


def test_a_top_under_a_name_of_the_netspecs_own_is_no_other_netspec():
    ns = caffe.NetSpec()
    ns.fn = input_layer(1, 2)
    assert ns.to_proto().layer[0].top == ["fn"]


@pytest.mark.parametrize("kind, option, value, right", [
    ("LSTM", "num_output", 4, r"recurrent_param=dict\(num_output=4\)"),
    ("RNN", "expose_hidden", True, r"recurrent_param=dict\(expose_hidden=True\)"),
    ("SoftmaxWithLoss", "ignore_label", 255, r"loss_param=dict\(ignore_label=255\)"),
    ("SoftmaxWithLoss", "axis", 2, r"softmax_param=dict\(axis=2\)"),
    ("InnerProduct", "lr_mult", 2, r"param=dict\(lr_mult=2\)"),
])
def test_an_option_that_belongs_inside_another_says_inside_which(kind, option, value, right):
    x = input_layer(3, 2, 4)
    with pytest.raises(NetError, match=f"there is no such option. Did you mean {right}?"):
        getattr(L, kind)(x, **{option: value})
    with pytest.raises(NetError, match=f"layer 'y' .*Did you mean {right}?"):
        add_layer_to_net_spec(caffe.NetSpec(), getattr(L, kind), "y", x, **{option: value})


def test_one_top_taken_for_several_says_how_to_get_several():
    x = input_layer(2, 4)
    for take in (lambda a, b: None, lambda *all: None):
        with pytest.raises(NetError, match=r"this layer Slice .*give ntop=2 for two tops"):
            take(*L.Slice(x, axis=1))
    with pytest.raises(TypeError, match="give ntop=2"):
        L.Slice(x, axis=1)[0]
    a, b = L.Slice(x, axis=1, ntop=2)
    assert a and b and a != b


def test_what_is_no_top_raises_the_type_error_that_programs_for_pycaffe_expect():
    pair = L.DummyData(shape=dict(dim=[2]), ntop=2)
    with pytest.raises(TypeError, match=r"^Silence input 0 is not a Top \(type is .*tuple'>\)$"):
        L.Silence(pair, ntop=0)
    L.Silence(*pair, ntop=0)


def trained():
    ns = caffe.NetSpec()
    ns.x, ns.y = input_layer(4, 3), input_layer(4, 2)
    shared = dict(weight_filler=dict(type="xavier"), param=[dict(name="w"), dict(name="b")])
    ns.a = L.InnerProduct(ns.x, num_output=3, **shared)
    ns.b = L.InnerProduct(ns.a, num_output=3, **shared)
    ns.both = L.Eltwise(ns.a, ns.b)
    ns.c = L.InnerProduct(ns.both, num_output=2, weight_filler=dict(type="xavier"))
    ns.loss = L.EuclideanLoss(ns.c, ns.y)
    net = load_net(ns)
    net.blobs["x"].data[...] = np.arange(12).reshape(4, 3) / 6 - 1
    return net


@pytest.mark.parametrize("way", ["forward", "backward"])
def test_callbacks_are_called_with_the_number_of_each_layer_in_the_order_of_the_pass(way):
    net, calls = trained(), []
    net.forward()
    getattr(net, "before_" + way)(lambda number: calls.append(("before", number)))
    getattr(net, "after_" + way)(lambda number: calls.append(("after", number)))
    getattr(net, way)()
    numbers = range(len(net.layers))
    assert calls == [(when, number) for number in (numbers if way == "forward" else numbers[::-1])
                     for when in ("before", "after")]
    calls.clear()
    first, last = ("a", "c") if way == "forward" else ("c", "a")
    getattr(net, way)(start=first, end=last)
    places = [list(net._layer_names).index(name) for name in (first, last)]
    assert [calls[0], calls[-1]] == [("before", places[0]), ("after", places[1])]


def test_a_callback_sees_what_is_computed_so_far():
    net, data, gradients = trained(), {}, {}
    net.before_forward(lambda number: data.setdefault(number, net.blobs["a"].data.copy()))
    net.after_backward(lambda number: gradients.setdefault(
        net._layer_names[number], net.params["a"][0].diff.copy()))
    net.forward()
    place = list(net._layer_names).index("a")
    assert not data[place].any() and np.array_equal(data[place + 1], net.blobs["a"].data)
    net.clear_param_diffs()
    net.backward()
    assert not gradients["c"].any() and gradients["b"].any()
    assert np.array_equal(gradients["a"], net.params["a"][0].diff)
    assert not np.array_equal(gradients["b"], gradients["a"])  # both layers have this weight


def test_a_net_with_callbacks_computes_the_same_numbers():
    plain, watched = trained(), trained()
    for name, blobs in plain.params.items():
        for mine, theirs in zip(watched.params[name], blobs):
            mine.data[...] = theirs.data
    for add in (watched.before_forward, watched.after_backward):
        add(lambda number: None)
    for net in (plain, watched):
        net.forward()
        net.backward()
    assert np.array_equal(plain.blobs["loss"].data, watched.blobs["loss"].data)
    for name, blobs in plain.params.items():
        for mine, theirs in zip(watched.params[name], blobs):
            np.testing.assert_allclose(mine.diff, theirs.diff, rtol=1e-5, atol=1e-7)


def test_what_a_callback_raises_arrives_and_the_net_runs_on_without_it():
    net, wanted = trained(), [True]

    def stop(number):
        if wanted:
            raise KeyError("enough")

    net.after_forward(stop)
    with pytest.raises(Exception, match="enough"):
        net.forward()
    wanted.clear()
    assert np.isfinite(net.forward()["loss"])


def test_blobs_are_counted_as_pycaffe_counts_them():
    net = trained()
    names = list(net._blob_names)
    assert names == list(net.blobs)
    assert [tuple(b.shape) for b in net._blobs] == [tuple(b.shape) for b in net.blobs.values()]
    assert [names[i] for i in net._inputs] == net.inputs == ["x", "y"]
    assert [names[i] for i in net._outputs] == net.outputs == ["loss"]
    for number, name in enumerate(net._layer_names):
        assert [names[i] for i in net._top_ids(number)] == net.top_names[name]
        assert [names[i] for i in net._bottom_ids(number)] == net.bottom_names[name]
    assert dict(zip(names, net._blob_loss_weights)) == dict(net.blob_loss_weights)
    parts = list(net._batch({"x": np.ones((6, 3))}))
    assert [part["x"].shape for part in parts] == [(4, 3), (4, 3)] and parts[1]["x"].sum() == 6


def test_a_timer_measures_from_start_to_stop_and_begins_with_0():
    timer = caffe.Timer()
    assert timer.ms == 0
    timer.start()
    list(range(100_000))
    timer.stop()
    assert timer.ms == timer.ms >= 0


@pytest.mark.parametrize("mode, shape, color", [
    ("RGB", (4, 5, 3), True), ("RGB", (4, 5, 1), False), ("RGBA", (4, 5, 3), True),
    ("L", (4, 5, 3), True), ("L", (4, 5, 1), False), ("P", (4, 5, 3), True)])
def test_an_image_is_read_from_its_file_as_numbers_from_0_to_1(mode, shape, color, tmp_path):
    Image = pytest.importorskip("PIL.Image")
    path = str(tmp_path / "a.png")
    Image.new("RGB", (5, 4), (255, 0, 51)).convert(mode).save(path)
    image = caffe.io.load_image(path, color)
    assert image.shape == shape and image.dtype == np.float32
    if mode.startswith("RGB"):
        assert np.allclose(image[2, 3], [1, 0, 0.2] if color else 0.2125 + 0.2 * 0.0721)
    else:
        assert 0 <= image.min() and image.max() <= 1


def test_a_file_that_is_no_image_raises_with_its_path(tmp_path):
    (tmp_path / "a.png").write_text("no image")
    for name in ("a.png", "b.png"):
        with pytest.raises(NetError, match=f"cannot read an image from '.*{name}'"):
            caffe.io.load_image(str(tmp_path / name))


def test_a_transformer_takes_a_picture_to_a_blob_and_back():
    transformer = caffe.io.Transformer({"x": (1, 3, 4, 5)})
    transformer.set_transpose("x", (2, 0, 1))
    transformer.set_channel_swap("x", (2, 1, 0))
    transformer.set_raw_scale("x", 255)
    transformer.set_mean("x", np.array([1., 2, 3]))
    transformer.set_input_scale("x", 0.5)
    image = np.arange(60, dtype="f").reshape(4, 5, 3) / 60
    blob = transformer.preprocess("x", image.copy())
    expected = (255 * image.transpose(2, 0, 1)[::-1] - np.reshape([1, 2, 3], (3, 1, 1))) / 2
    assert np.allclose(blob, expected)
    assert np.allclose(transformer.deprocess("x", blob), image, atol=1e-5)
    for wrong in (lambda: transformer.preprocess("y", image),
                  lambda: transformer.set_transpose("x", (1, 0)),
                  lambda: transformer.set_channel_swap("x", (1, 0)),
                  lambda: transformer.set_mean("x", np.zeros((1, 2, 3, 4)))):
        with pytest.raises(Exception):
            wrong()


def test_an_image_goes_through_a_datum_with_its_label():
    image = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    for array in (image, image / 8):
        datum = caffe.io.array_to_datum(array, label=5)
        again = caffe.proto.caffe_pb2.Datum.FromString(datum.SerializeToString())
        assert again.label == 5 and np.array_equal(caffe.io.datum_to_array(again), array)
    with pytest.raises(ValueError):
        caffe.io.array_to_datum(image[0])


def test_arrays_go_through_the_messages_of_blobs():
    array = np.arange(6.).reshape(2, 3)
    blob = caffe.io.array_to_blobproto(array, diff=-array)
    assert np.array_equal(caffe.io.blobproto_to_array(blob), array)
    assert np.array_equal(caffe.io.blobproto_to_array(blob, return_diff=True), -array)
    old = caffe.proto.caffe_pb2.BlobProto(num=1, channels=1, height=2, width=3, data=range(6))
    assert caffe.io.blobproto_to_array(old).shape == (1, 1, 2, 3)
    with pytest.raises(ValueError):  # numbers without a shape
        caffe.io.blobproto_to_array(caffe.proto.caffe_pb2.BlobProto(data=range(6)))


def test_a_blob_is_cut_to_fit_another_by_where_its_pixels_lie():
    crop = caffe.coord_map.crop
    ns = caffe.NetSpec()
    ns.x = input_layer(1, 1, 20, 20)
    ns.conv = L.Convolution(ns.x, num_output=2, kernel_size=3, pad=5)
    ns.up = L.Deconvolution(L.Pooling(ns.conv, kernel_size=2, stride=2), num_output=1,
                            kernel_size=4, stride=2)
    layer = crop(ns.up, ns.x).fn
    assert layer.type_name == "Crop" and layer.params["crop_param"] == dict(axis=2, offset=[5])
    ns.other = L.Deconvolution(ns.conv, num_output=1, kernel_size=3, stride=3)
    with pytest.raises(AssertionError, match="scale mismatch"):
        crop(ns.other, ns.x)
    ns.dense = L.InnerProduct(ns.up, num_output=2)
    with pytest.raises(RuntimeError):
        crop(ns.dense, ns.x)


def test_more_images_than_a_batch_run_in_several_and_what_fills_up_the_last_is_left_out():
    net = trained()
    x = np.linspace(-1, 1, 21).reshape(7, 3)
    found = net.forward_all(["c"], x=x, y=np.zeros((7, 2)))
    one = np.concatenate([net.forward(["c"], x=np.resize(row, (4, 3)), y=np.zeros((4, 2)))["c"][:1].copy()
                          for row in x])
    assert found["c"].shape == (7, 2) and np.allclose(found["c"], one, atol=1e-6)
    found, gradients = net.forward_backward_all(["c"], ["c"], x=x, y=np.zeros((7, 2)))
    assert found["c"].shape == gradients["c"].shape == (7, 2) and gradients["c"].any()
    assert caffe.has_nccl() is False


def test_a_classifier_is_a_net_and_predicts(tmp_path):
    ns = caffe.NetSpec()
    ns.data = input_layer(2, 3, 6, 6)
    ns.prob = L.Softmax(L.InnerProduct(ns.data, num_output=4, weight_filler=dict(type="xavier")))
    path, weights = tmp_path / "net.prototxt", str(tmp_path / "w.caffemodel")
    path.write_text(str(ns.to_proto()))
    caffe.Net(str(path), caffe.TEST).save(weights)
    net = caffe.Classifier(str(path), weights, image_dims=(8, 8), raw_scale=255)
    images = [np.full((9, 7, 3), value, "f") for value in (0.1, 0.9, 0.5)]
    for oversample in (True, False):
        scores = net.predict(images, oversample)
        assert scores.shape == (3, 4) and np.allclose(scores.sum(1), 1)
    assert isinstance(net, caffe.Net)
    with pytest.raises(NetError, match="Did you mean 'prob'"):
        net.blobs["Prob"]


def test_a_solver_gives_the_weights_it_learns_to_another_net(tmp_path):
    from lstm_lib import make_solver
    ns = caffe.NetSpec()
    ns.x = input_layer(2, 3)
    ns.ip = L.InnerProduct(ns.x, num_output=2, weight_filler=dict(type="xavier"))
    ns.loss = L.Reduction(ns.ip, loss_weight=1)
    solver, other = make_solver(ns, base_lr=0.1), load_net(ns)
    solver.share_weights(other)
    solver.net.params["ip"][0].data[...] = 3
    assert (other.params["ip"][0].data == 3).all()


def test_a_name_that_caffe_lacks_has_a_spelling():
    with pytest.raises(AttributeError, match="Caffe has no 'layer_types_list'. Did you mean "
                                             "'layer_type_list'"):
        caffe.layer_types_list
    assert not hasattr(caffe, "no_such_name")


@pytest.mark.skipif(caffe.engine == "real", reason="there all names of pycaffe are")
def test_what_real_caffe_alone_has_is_said_to_be_there():
    for name in ("NCCL", "Detector"):
        with pytest.raises(AttributeError, match=f"^portable_caffe has no '{name}'; real Caffe "):
            getattr(caffe, name)
        with pytest.raises(AttributeError, match=f"^portable_caffe has no '{name}'; real Caffe "):
            getattr(caffe._caffe, name)


@pytest.mark.skipif(caffe.engine == "real", reason="it runs these layers")
@pytest.mark.parametrize("kind", ["WindowData", "Permute"])
def test_a_layer_that_real_caffe_alone_runs_can_be_written_and_is_said_to_run_there(kind):
    ns, said = caffe.NetSpec(), f"portable_caffe does not run layers of type '{kind}'; real Caffe "
    ns.y = getattr(L, kind)(input_layer(2, 3))
    assert ns.to_proto().layer[1].type == kind
    with pytest.raises(NetError, match=said):
        load_net(ns)
    with pytest.raises(NetError, match=said):
        caffe._caffe.Net(ns.to_proto(), caffe.TEST)
    with pytest.raises(NetError, match="'Permut': Caffe has no layer type|Did you mean 'Permute'"):
        L.Permut(input_layer(2, 3))


def test_a_part_of_a_net_runs_both_ways_on_numbers_that_were_written_into_its_blobs():
    net = trained()
    net.blobs["both"].data[...] = np.arange(12).reshape(4, 3)
    weight, bias = (blob.data for blob in net.params["c"])
    found = net.forward(start="c", end="c")
    assert set(found) == {"c"}
    assert np.allclose(found["c"], net.blobs["both"].data @ weight.T + bias, atol=1e-5)
    other = trained()  # in which nothing has run yet
    other.blobs["c"].diff[...] = [[1, -2]] * 4
    found = other.backward(start="c", end="c")
    assert set(found) == {"both"}
    assert np.allclose(found["both"], [[1, -2]] @ other.params["c"][0].data, atol=1e-5)


def test_a_net_without_outputs_gives_nothing_and_its_layers_are_found_by_name():
    ns = caffe.NetSpec()
    ns.x, ns.y = L.DummyData(shape=dict(dim=[3]), ntop=2)
    ns.quiet, ns.still = L.Silence(ns.x, ntop=0), L.Silence(ns.y, ntop=0)
    net = load_net(ns)
    assert len(net.forward()) == 0 and net.outputs == []
    assert [net.layer_dict[name].type for name in net._layer_names] == [
        layer.type for layer in net.layers] == ["DummyData", "Silence", "Silence"]


def test_an_update_is_the_gradient_times_the_rate_and_nets_outlive_their_solver():
    from lstm_lib import make_solver
    ns = caffe.NetSpec()
    ns.x = input_layer(2, 3)
    ns.ip = L.InnerProduct(ns.x, num_output=2, weight_filler=dict(type="xavier"))
    ns.loss = L.Reduction(ns.ip, loss_weight=1)
    solver = make_solver(ns, base_lr=0.01, momentum=0.9)
    weight = solver.net.params["ip"][0]
    weight.data[...], weight.diff[...] = 0, 1
    solver.apply_update()
    assert np.allclose(weight.data, -0.01, atol=1e-7)
    net = solver.net
    del solver
    assert np.isfinite(net.forward()["loss"]) and np.allclose(net.params["ip"][0].data, -0.01)


def test_the_names_of_all_layer_types_are_listed():
    assert {"Convolution", "InnerProduct", "LSTM"} <= set(caffe.layer_type_list())

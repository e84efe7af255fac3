"""ONNX files: ONNX Runtime computes what Caffe does; what no cell computes is refused by name."""
import io
import warnings

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import B, D, H, T, worst
from units import CASES, IDS, Net, one_layer, random_states, random_weights

from lstm_lib import NetError, from_onnx, reference, to_onnx, write_onnx
from lstm_lib.cells import cell_of

make = onnx.helper
each_case = pytest.mark.parametrize("case", CASES, ids=IDS)


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_forward(path, x, states):
    """H (T, B, ways H) and the last states of each layer, as ONNX Runtime computes them."""
    session, layers = session_of(path), len(states["h"])
    prefix = [f"layer{n}/" if layers > 1 else "" for n in range(1, layers + 1)]
    given = {f"{p}{name}0": array for name, arrays in states.items()
             for p, array in zip(prefix, arrays)}
    names = [output.name for output in session.get_outputs()]
    made = dict(zip(names, session.run(names, {"X": x, **given})))
    Y = made.pop("Y")  # (T, ways, B, H)
    last = {name: [made.pop(f"{p}{name}_T") for p in prefix] for name in states}
    assert not made
    return np.moveaxis(Y, 1, 2).reshape(*x.shape[:2], -1), last


def assert_same(theirs, ours):
    assert worst(theirs[0], ours[0]) <= 1e-6
    for name, arrays in ours[1].items():
        for mine, their in zip(arrays, theirs[1][name]):
            assert worst(mine, their) <= 1e-6 * max(1, np.abs(mine).max()), name  # c may be 3


@each_case
@pytest.mark.parametrize("steps, batch", [(T, B), (1, 1), (9, 2)])
def test_onnx_runtime_computes_what_caffe_does_from_the_written_file(case, steps, batch, tmp_path):
    weights, states = random_weights(*case), random_states(*case, B=batch)
    path = write_onnx(weights, tmp_path / "unit.onnx")
    net = Net(*case, T=steps, B=batch)
    net.set(weights)
    x = np.random.default_rng(3).standard_normal((steps, batch, D)).astype("f")
    assert_same(onnx_forward(path, x, states), net.run(x, states))


def test_a_file_of_layers_of_three_units_computes_what_numpy_does(tmp_path):
    draw = np.random.default_rng(6)
    forward, backward = one_layer("gru", D, H, draw), one_layer("gru", D, H, draw)
    above, last = one_layer("composed", 2 * H, 3, draw), one_layer("rnn", 3, 4, draw)
    x = draw.standard_normal((T, B, D)).astype("f")
    zero = {size: np.zeros((B, size)) for size in (3, 4, H)}
    h = np.concatenate([reference.gru_forward(x, zero[H], *forward).h,
                        reference.gru_forward(x[::-1], zero[H], *backward).h[::-1]], axis=2)
    h = reference.lstm_forward(h, zero[3], zero[3], *above).h
    h = reference.rnn_forward(h, zero[4], *last).h
    session = session_of(write_onnx([(forward, backward), above, last], tmp_path / "three.onnx"))
    states = {given.name: np.zeros([B if axis == "B" else axis for axis in given.shape], "f")
              for given in session.get_inputs() if given.name != "X"}
    assert worst(session.run(["Y"], {"X": x, **states})[0][:, 0], h) <= 1e-6


@each_case
def test_caffe_computes_what_onnx_runtime_does_with_the_weights_of_a_file(case, tmp_path):
    path = write_onnx(random_weights(*case), tmp_path / "theirs.onnx")
    model, draw = onnx.load(path), np.random.default_rng(4)
    for stored in model.graph.initializer:
        if stored.data_type == onnx.TensorProto.FLOAT:  # all biases are drawn: none is zero
            theirs = np.float32(draw.uniform(-0.5, 0.5, stored.dims))
            stored.CopyFrom(onnx.numpy_helper.from_array(theirs, stored.name))
    onnx.save(model, str(path))
    net, states = Net(*case), random_states(*case)
    net.set(from_onnx(path))
    x = draw.standard_normal((T, B, D)).astype("f")
    assert_same(onnx_forward(path, x, states), net.run(x, states))


@each_case
def test_a_file_and_its_model_give_the_weights_that_were_written(case, tmp_path):
    weights = random_weights(*case)
    path = write_onnx(weights, tmp_path / "unit.onnx")
    for read in (from_onnx(path), from_onnx(str(path)), from_onnx(onnx.load(path))):
        assert type(read) is type(weights)
        again = to_onnx(read), to_onnx(weights)
        one, other = ([array for layer in (made if isinstance(made, list) else [made])
                       for array in layer] for made in again)
        assert all(np.array_equal(*pair) for pair in zip(one, other))


@each_case
def test_the_file_is_valid_and_names_the_states_as_the_net_does(case, tmp_path):
    cell, sizes, both = case
    model = onnx.load(write_onnx(random_weights(*case), tmp_path / "unit.onnx"))
    onnx.checker.check_model(model, full_check=True)
    shapes = {value.name: [axis.dim_param or axis.dim_value
                           for axis in value.type.tensor_type.shape.dim]
              for value in [*model.graph.input, *model.graph.output]}
    ways, several = 1 + both, len(sizes) > 1
    expected = {"X": ["T", "B", D], "Y": ["T", ways, "B", sizes[-1]]}
    for n, H_n in enumerate(sizes, start=1):
        for name in cell_of(cell).states:
            for end in ("0", "_T"):
                expected[f"layer{n}/{name}{end}" if several else name + end] = [ways, "B", H_n]
    assert shapes == expected


@pytest.mark.parametrize("unit", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("both", [False, True])
def test_a_file_that_pytorch_wrote_is_read(unit, both, tmp_path):
    torch = pytest.importorskip("torch")
    torch.manual_seed(3)
    theirs = getattr(torch.nn, unit)(D, H, num_layers=2, bidirectional=both)
    x, file = torch.randn(T, B, D), io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(theirs, (x,), file, opset_version=14, dynamo=False)
    net = Net(dict(LSTM="composed", GRU="gru", RNN="rnn")[unit], [H, H], both)
    net.set(from_onnx(onnx.load_from_string(file.getvalue())))
    assert worst(net.run(x)[0], theirs(x)[0].detach()) <= 1e-6


def model_of(operator, drop=(), rows=None, inputs=("X", "W", "R", "B"), **settings):
    """A model of one node with random weights, from this very specification of ONNX."""
    rows, draw = dict(RNN=1, GRU=3, LSTM=4)[operator] * H, np.random.default_rng(5)
    ways = 2 if settings.get("direction") == "bidirectional" else 1
    shapes = dict(W=(ways, rows, D), R=(ways, rows, H), B=(ways, 2 * rows), P=(ways, 3 * H))
    node = make.make_node(operator, list(inputs), ["Y"], name="n", hidden_size=H, **settings)
    value = make.make_tensor_value_info
    given = [value(name, 1, shapes[name]) for name in drop]
    graph = make.make_graph([node], "g", [value("X", 1, ["T", "B", D]), *given],
                            [value("Y", 1, None)], [
        onnx.numpy_helper.from_array(draw.standard_normal(shapes[name]).astype("f"), name)
        for name in inputs if name in shapes and name not in drop])
    return make.make_model(graph, opset_imports=[make.make_opsetid("", 14)], ir_version=7)


@pytest.mark.parametrize("operator, settings, said", [
    ("LSTM", dict(clip=3.0), "the LSTM node 'n' has clip=3.0: no cell"),
    ("RNN", dict(clip=0.5), "clip=0.5"),
    ("LSTM", dict(input_forget=1), "input_forget=1: the LSTM of lstm_lib has a forget gate"),
    ("LSTM", dict(activations=["HardSigmoid", "Tanh", "Tanh"]), "activations=.'HardSigmoid'"),
    ("RNN", dict(activations=["Relu"]), "activations=.'Relu'.: the cells of lstm_lib have"),
    ("GRU", dict(linear_before_reset=1, direction="bidirectional",
                 activations=["Sigmoid", "Tanh", "Sigmoid", "Softsign"]), "'Softsign'"),
    ("GRU", {}, "linear_before_reset=0: the GRU of lstm_lib multiplies r after the product"),
    ("GRU", dict(linear_before_reset=0), "linear_before_reset=0"),
    ("RNN", dict(direction="reverse"), "direction='reverse': turn x round"),
    ("RNN", dict(drop=["R"]), "takes R from 'R', which is no stored array")])
def test_a_node_that_no_cell_stands_for_is_refused_by_name(operator, settings, said):
    with pytest.raises(NetError, match=said):
        from_onnx(model_of(operator, **settings))


@pytest.mark.parametrize("operator, settings", [
    ("LSTM", dict(activations=["Sigmoid", "Tanh", "Tanh"])),
    ("LSTM", dict(activations=["sigmoid", "tanh", "tanh"], input_forget=0)),
    ("GRU", dict(linear_before_reset=1)), ("RNN", dict(direction="forward", layout=1)),
    ("RNN", dict(direction="bidirectional", activations=["Tanh", "Tanh"]))])
def test_a_node_whose_settings_are_those_of_our_cells_is_read(operator, settings):
    model = model_of(operator, **settings)
    read = to_onnx(from_onnx(model))
    stored = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
    assert all(np.array_equal(*pair) for pair in zip(read[:2], stored))


def test_a_node_without_biases_has_zeros():
    read = from_onnx(model_of("GRU", inputs=("X", "W", "R"), linear_before_reset=1))
    assert not read.b_x.any() and not read.b_h.any() and read.W_x.any()


def test_weights_in_constant_nodes_are_found():
    model = model_of("LSTM")
    for tensor in model.graph.initializer:
        model.graph.node.insert(0, make.make_node("Constant", [], [tensor.name], value=tensor))
    whole = from_onnx(model_of("LSTM"))
    del model.graph.initializer[:]
    assert all(np.array_equal(*pair) for pair in zip(from_onnx(model), whole))


def test_a_graph_without_a_recurrent_node_names_its_nodes():
    graph = make.make_graph([make.make_node("Relu", ["x"], ["y"])], "g", [], [])
    with pytest.raises(NetError, match="no LSTM, GRU or RNN node in this graph; its nodes: Relu"):
        from_onnx(make.make_model(graph))


def test_a_file_that_is_none_is_named(tmp_path):
    with pytest.raises(NetError, match="there is no file .*nowhere.onnx"):
        from_onnx(tmp_path / "nowhere.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(NetError, match="text.onnx' cannot be read as an .onnx file"):
        from_onnx(tmp_path / "text.onnx")


def test_lstms_in_one_file_with_a_layer_that_does_not_fit_are_named():
    one, other = model_of("LSTM"), model_of("LSTM")
    for tensor in other.graph.initializer:
        tensor.name += "2"
    one.graph.initializer.extend(other.graph.initializer)
    one.graph.node.append(make.make_node("LSTM", ["Y", "W2", "R2", "B2"], ["Y2"], hidden_size=H))
    with pytest.raises(NetError, match="layer 1 gives 6 numbers a step"):
        from_onnx(one)


def test_half_precision_becomes_single(tmp_path):
    weights = one_layer("gru", D, H, np.random.default_rng(0))
    model = onnx.load(write_onnx(weights, tmp_path / "unit.onnx"))
    for tensor in model.graph.initializer:
        half = onnx.numpy_helper.to_array(tensor).astype("f2")
        tensor.CopyFrom(onnx.numpy_helper.from_array(half, tensor.name))
    for read, written in zip(from_onnx(model), weights):
        assert read.dtype == np.float32 and np.array_equal(read, np.float16(written))

"""Each cell: its numbers against NumPy in double precision, and against other libraries'."""
import numpy as np
import pytest
from conftest import B, D, H, T, L, input_layer, worst

from lstm_lib import (Cell, NetError, add_layer_to_net_spec, caffe, get_gradients, get_layer_weights,
                      get_weights, initial_state, load_net, mask_from_lengths, reference,
                      save_weights, set_layer_weights, set_weights, shared_weights, unroll, xavier_start)
from lstm_lib.cells import CELLS, cell_of

FORWARD = dict(composed=reference.lstm_forward, fused=reference.lstm_forward,
               rnn=reference.rnn_forward, gru=reference.gru_forward,
               peephole=reference.peephole_forward)
BACKWARD = dict(composed=reference.lstm_backward, fused=reference.lstm_backward,
                rnn=reference.rnn_backward, gru=reference.gru_backward,
                peephole=reference.peephole_backward)
cells = pytest.mark.parametrize("cell", CELLS)
projects = pytest.mark.parametrize("project", ["per_step", "once"])


def weights_of(cell, seed=0):
    """Xavier's matrices, and small random vectors: zeros would hide a wrong order."""
    rng = np.random.default_rng(seed)
    weights = xavier_start(D, H, rng, cell=cell)
    return weights._make([array if array.ndim > 1 else
                          rng.standard_normal(array.shape).astype("f") for array in weights])


def net_of(cell, weights=None, T=T, **options):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    masks = {}
    for name in options.pop("masks", ()):
        ns[name] = masks[name] = input_layer(T, B)
    unroll(ns, ns.x, T, H, cell=cell, **masks, **options)
    net = load_net(ns, force_backward=True)
    set_weights(net, weights if weights is not None else weights_of(cell))
    return net


def data_of(cell, T=T, seed=1):
    rng = np.random.default_rng(seed)
    states = {f"{name}0": rng.standard_normal((B, H)) for name in cell_of(cell).states}
    return dict(x=rng.standard_normal((T, B, D)), **states)


def passed(net, cell, data, seed=2):
    """Forward, then backward from random gradients at H and at the last states."""
    rng = np.random.default_rng(seed)
    ends = ["H", *[f"{name}_T" for name in cell_of(cell).states]]
    for name, array in data.items():
        net.blobs[name].data[...] = array
    net.forward()
    gradients = {name: rng.standard_normal(net.blobs[name].shape) for name in ends}
    for name, array in gradients.items():
        net.blobs[name].diff[...] = array
    net.clear_param_diffs()
    net.backward()
    return {name: array.reshape(array.shape[-3 if name == "H" else -2:])
            for name, array in gradients.items()}


@cells
@projects
def test_forward_and_all_gradients_equal_numpy_in_double_precision(cell, project):
    weights, data = weights_of(cell), data_of(cell)
    net = net_of(cell, weights, project=project)
    given = passed(net, cell, data)
    states = [data[f"{name}0"] for name in cell_of(cell).states]
    trace = FORWARD[cell](data["x"], *states, *[np.float64(array) for array in weights])
    truth = BACKWARD[cell](trace, *given.values())
    assert worst(net.blobs["H"].data, trace.h) < 5e-7
    for mine, true in zip(get_gradients(net), truth):
        assert worst(mine, true) < 5e-6
    for name in data:
        assert worst(net.blobs[name].diff.reshape(data[name].shape), getattr(truth, name)) < 5e-6


@cells
def test_the_gradients_in_numpy_equal_central_differences(cell):
    arrays = [np.float64(array) for array in weights_of(cell)]
    data, backward = data_of(cell), BACKWARD[cell]
    dh = np.random.default_rng(3).standard_normal((T, B, H))

    def loss():
        return np.sum(dh * FORWARD[cell](*data.values(), *arrays).h)

    truth = backward(FORWARD[cell](*data.values(), *arrays), dh)
    for array, gradient in zip(arrays + list(data.values()), truth):
        place = tuple(np.random.default_rng(4).integers(array.shape))
        kept, moved = array[place], []
        for step in (1e-5, -1e-5):
            array[place] = kept + step
            moved.append(loss())
        array[place] = kept
        assert abs((moved[0] - moved[1]) / 2e-5 - gradient[place]) < 1e-7


@cells
def test_a_state_is_cleared_by_cont_and_kept_by_hold(cell):
    data, weights = data_of(cell), weights_of(cell)
    net = net_of(cell, weights, masks=["cont", "hold"])
    cont, hold = np.ones((T, B)), mask_from_lengths([T, 2, 3], T)
    cont[1, 0] = 0  # sequence 0 begins anew at step 2
    for name, array in data.items():
        net.blobs[name].data[...] = array
    net.forward(cont=cont, hold=hold)
    whole, arrays = net.blobs["H"].data, [np.float64(array) for array in weights]
    states = [data[f"{name}0"] for name in cell_of(cell).states]
    plain = FORWARD[cell](data["x"], *states, *arrays).h
    anew = FORWARD[cell](data["x"][1:], *[0 * state for state in states], *arrays).h
    assert worst(whole[1:, 0], anew[:, 0]) < 5e-7
    assert worst(whole[:2, 1], plain[:2, 1]) < 5e-7
    assert np.array_equal(whole[2:, 1], np.stack([whole[1, 1]] * (T - 2)))


@cells
def test_a_file_of_weights_serves_any_number_of_steps_and_holds_each_once(cell, tmp_path):
    weights = weights_of(cell)
    path = save_weights(net_of(cell, weights), tmp_path / "w.caffemodel")
    ns = caffe.NetSpec()
    ns.x = input_layer(2, B, D)
    unroll(ns, ns.x, 2, H, cell=cell)
    other = load_net(ns, weights=path)
    assert all(np.array_equal(mine, theirs) for mine, theirs in zip(get_weights(other), weights))
    assert sum(len(blobs) for name, blobs in other.params.items()
               if name.startswith("t1/")) == len(weights)


@cells
def test_weights_have_the_shapes_the_cell_says_and_are_shared_over_all_steps(cell):
    net, shapes = net_of(cell), cell_of(cell).shapes(D, H)
    table = {name: (tuple(blob.shape), len(users))
             for name, (blob, users) in shared_weights(net).items()}
    assert table == {f"w_{name}": (shape, T) for name, shape in shapes.items()}
    assert {name: array.shape for name, array in zip(shapes, get_weights(net))} == shapes


@cells
def test_an_input_may_be_made_from_the_output_before(cell):
    ns, states = caffe.NetSpec(), len(cell_of(cell).states)
    ns.x = input_layer(1, B, D)
    first = dict(zip(("h0", "c0"), initial_state(ns, B, H)[:states]))

    def x(t, h):
        return ns.x if t == 1 else add_layer_to_net_spec(
            ns, L.InnerProduct, f"fed{t}", h, num_output=D, axis=2, weight_filler=dict(value=0.1),
            param=[dict(name="fed"), dict(name="fed_b")])

    unroll(ns, x, 3, H, cell=cell, **first)
    assert load_net(ns).forward()["H"].shape == (3, B, H)


def test_rnn_equals_caffes_layer_and_its_output():
    weights, data = weights_of("rnn"), data_of("rnn")
    W_ho, b_o = np.random.default_rng(5).standard_normal((H, H)), np.arange(H) / 10
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(T, B, D), input_layer(T, B)
    ns.h0 = input_layer(1, B, H)
    ns.o, ns.h_T = L.RNN(ns.x, ns.cont, ns.h0, name="rnn", ntop=2, recurrent_param=dict(
        num_output=H, expose_hidden=True))
    layer = load_net(ns)
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    made = unroll(ns, ns.x, T, H, cell="rnn")
    ns.o = L.TanH(L.InnerProduct(made.H, num_output=H, axis=2, name="Mo"))
    ours = load_net(ns)
    set_weights(ours, weights)
    for blob, array in zip(layer.params["rnn"], [*weights, W_ho, b_o]):
        blob.data[...] = array
    for blob, array in zip(ours.params["Mo"], [W_ho, b_o]):
        blob.data[...] = array
    layer.forward(cont=np.ones((T, B)), x=data["x"], h0=data["h0"][None])
    ours.forward(x=data["x"], h0=data["h0"][None])
    assert worst(layer.blobs["h_T"].data, ours.blobs["h_T"].data) < 1e-6
    assert worst(layer.blobs["o"].data, ours.blobs["o"].data) < 1e-6


@pytest.mark.parametrize("cell, name", [("composed", "LSTM"), ("rnn", "RNN"), ("gru", "GRU")])
def test_forward_and_gradients_equal_pytorch(cell, name):
    torch = pytest.importorskip("torch")
    weights, data = weights_of(cell), data_of(cell)
    order = {"composed": [0, 1, 3, 2]}.get(cell, range(cell_of(cell).rows))  # i, f, g, o there

    def reordered(array):
        parts = np.split(array, cell_of(cell).rows)
        return torch.tensor(np.concatenate([parts[part] for part in order]))

    unit = getattr(torch.nn, name)(D, H)
    arrays = list(weights) if cell == "gru" else [*weights, 0 * weights[1]]
    for parameter, array in zip((unit.weight_ih_l0, unit.bias_ih_l0, unit.weight_hh_l0,
                                 unit.bias_hh_l0), arrays):
        parameter.data = reordered(array)
    net = net_of(cell, weights)
    given = passed(net, cell, data)
    x, *states = [torch.tensor(np.float32(array), requires_grad=True) for array in data.values()]
    output, last = unit(x, tuple(state[None] for state in states) if cell == "composed"
                        else states[0][None])
    last = last if isinstance(last, tuple) else (last,)
    loss = sum((torch.tensor(np.float32(gradient)) * theirs.reshape(gradient.shape)).sum()
               for gradient, theirs in zip(given.values(), (output, *last)))
    loss.backward()
    assert worst(net.blobs["H"].data, output.detach()) < 1e-6
    for name, theirs in zip(data, (x, *states)):
        assert worst(net.blobs[name].diff.reshape(theirs.shape), theirs.grad) < 1e-5
    mine = get_gradients(net)
    for ours, parameter in zip(mine, (unit.weight_ih_l0, unit.bias_ih_l0, unit.weight_hh_l0)):
        assert worst(reordered(ours), parameter.grad) < 1e-5


def test_peepholes_equal_onnx_runtime():
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    weights, data = weights_of("peephole"), data_of("peephole")

    def ordered(array):
        i, f, o, g = np.split(array, 4)
        return np.concatenate([i, o, f, g])[None]  # i, o, f, c in ONNX

    inputs = dict(X=data["x"], W=ordered(weights.W_xc), R=ordered(weights.W_hc),
                  B=np.concatenate([ordered(weights.b_c), np.zeros((1, 4 * H))], axis=1),
                  h=data["h0"][None], c=data["c0"][None],
                  P=np.concatenate([weights.p_i, weights.p_o, weights.p_f])[None])
    inputs = {name: np.float32(array) for name, array in inputs.items()}
    make = onnx.helper
    node = make.make_node("LSTM", ["X", "W", "R", "B", "", "h", "c", "P"], ["Y", "Y_h", "Y_c"],
                          hidden_size=H)
    graph = make.make_graph(
        [node], "lstm", [make.make_tensor_value_info(name, 1, array.shape)
                         for name, array in inputs.items()],
        [make.make_tensor_value_info(name, 1, None) for name in ("Y", "Y_h", "Y_c")])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 14)], ir_version=8)
    session = runtime.InferenceSession(model.SerializeToString(),
                                       providers=["CPUExecutionProvider"])
    Y, _, Y_c = session.run(None, inputs)
    net = net_of("peephole", weights)
    passed(net, "peephole", data)
    assert worst(net.blobs["H"].data, Y[:, 0]) < 1e-6
    assert worst(net.blobs["c_T"].data, Y_c) < 1e-6


@cells
def test_a_static_input_is_added_to_the_input_product_of_every_step(cell):
    S, rng = 7, np.random.default_rng(6)
    ns = caffe.NetSpec()
    ns.x, ns.s = input_layer(T, B, D), input_layer(B, S)
    made = unroll(ns, ns.x, T, H, cell=cell, x_static=ns.s)
    net, weights = load_net(ns, force_backward=True), weights_of(cell)
    W_xs = rng.standard_normal((cell_of(cell).rows * H, S)).astype("f")
    set_weights(net, [*weights, W_xs], made.weight_names)
    data, s = data_of(cell), rng.standard_normal((B, S))
    passed(net, cell, dict(data, s=s))
    wide = [np.float64(array) for array in weights]
    wide[0] = np.concatenate([wide[0], W_xs], axis=1)  # the same as one long input
    x = np.concatenate([data["x"], np.tile(s, (T, 1, 1))], axis=2)
    truth = FORWARD[cell](x, *list(data.values())[1:], *wide).h
    assert worst(net.blobs["H"].data, truth) < 1e-6
    assert np.array_equal(get_weights(net).W_xs, W_xs)


def test_a_static_input_equals_that_of_caffes_lstm_layer_with_its_gradients():
    S, rng = 7, np.random.default_rng(6)
    ns = caffe.NetSpec()
    ns.x, ns.cont, ns.s = input_layer(T, B, D), input_layer(T, B), input_layer(B, S)
    ns.H = L.LSTM(ns.x, ns.cont, ns.s, name="lstm", recurrent_param=dict(num_output=H))
    layer = load_net(ns, force_backward=True)
    ns = caffe.NetSpec()
    ns.x, ns.s = input_layer(T, B, D), input_layer(B, S)
    unroll(ns, ns.x, T, H, x_static=ns.s)
    ours = load_net(ns, force_backward=True)
    weights = [*weights_of("composed"), rng.standard_normal((4 * H, S))]
    set_layer_weights(layer, "lstm", weights)
    set_weights(ours, get_layer_weights(layer, "lstm"))
    x, s = rng.standard_normal((T, B, D)), rng.standard_normal((B, S))
    layer.forward(x=x, s=s, cont=np.ones((T, B)))
    ours.forward(x=x, s=s)
    for net in (layer, ours):
        net.blobs["H"].diff[...] = 1
        net.clear_param_diffs()
        net.backward()
    assert worst(layer.blobs["H"].data, ours.blobs["H"].data) < 1e-6
    for name in ("x", "s"):
        assert worst(layer.blobs[name].diff, ours.blobs[name].diff) < 1e-5
    W_xc, b_c, W_xs, W_hc = [blob.diff for blob in layer.params["lstm"]]
    for theirs, mine in zip((W_xc, b_c, W_hc, W_xs), get_gradients(ours)):
        assert worst(theirs, mine) < 1e-5


def leak(ns, Mx, states, p, H, w):
    half = add_layer_to_net_spec(ns, L.Power, p + "half", states["m"], scale=0.5)
    return dict(m=add_layer_to_net_spec(ns, L.Eltwise, p + "m", half, Mx))


def test_a_learners_own_cell_is_unrolled_with_its_own_state():
    own = Cell("leak", leak, states=("m",))
    ns = caffe.NetSpec()
    ns.x, ns.hold = input_layer(3, B, D), input_layer(3, B)
    unroll(ns, ns.x, 3, D, cell=own, hold=ns.hold)
    net = load_net(ns)
    set_weights(net, [np.eye(D), np.zeros(D)], ["w_Mxw", "w_Mxb"])
    net.forward(x=np.ones((3, B, D)), hold=np.ones((3, B)), m0=np.ones((1, B, D)))
    assert np.allclose(net.blobs["H"].data[:, 0, 0], [1.5, 1.75, 1.875])
    assert np.array_equal(net.blobs["m_T"].data, net.blobs["m3"].data)


@pytest.mark.parametrize("step, said", [
    (lambda *given: None, "returns a dict of its states"),
    (lambda *given: dict(c=given[1]), "returns a dict of its states, h"),
    (lambda *given: dict(h="Mx"), "must be a Top"), ("step", "is a function step")])
def test_a_cell_that_is_none_says_what_a_step_is(step, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(3, B, D)
    with pytest.raises(NetError, match=said):
        unroll(ns, ns.x, 3, H, cell=Cell("mine", step))
    assert list(ns.tops) == ["x"]


def test_states_that_a_cell_has_not_are_named():
    ns = caffe.NetSpec()
    ns.x = input_layer(3, B, D)
    h0, c0 = initial_state(ns, B, H)
    with pytest.raises(ValueError, match="c0 was given, and 'gru' has the states h"):
        unroll(ns, ns.x, 3, H, cell="gru", h0=h0, c0=c0)

"""The cases by which ONNX itself tests an implementation of RNN, GRU and LSTM, run on Caffe.

Newer versions of onnx have more of them. A case that asks for what no cell computes is refused by
name: all those of GRU, whose r is multiplied before the product (linear_before_reset = 0). That
form is a cell of a learner's own here, with the weights of our GRU.
"""
import numpy as np
import onnx
import pytest
from conftest import input_layer, worst
from onnx.backend.test.case import node as cases
from onnx.backend.test.case.node import gru, lstm, rnn  # noqa: F401 - these fill its list

from lstm_lib import (Cell, NetError, both_directions, caffe, from_onnx, load_net,
                      mask_from_lengths, set_weights, unroll)
from lstm_lib.cells.cell import add, project_hidden, times
from lstm_lib.cells.gru import cut
from lstm_lib.exchange.layouts import CELL_OF, unit_of

L = caffe.layers
GIVEN = [case for case in cases._NodeTestCases  # the only list that takes no minute to make
         if case.model.graph.node[0].op_type in ("RNN", "GRU", "LSTM")]
CASES = {case.name: case for case in GIVEN}
REFUSED = {name for name in CASES if "reverse" in name or "gru" in name}
FIRST_STEP_ALONE = ["test_gru_defaults", "test_gru_with_initial_bias", "test_gru_batchwise"]


def settings_of(node):
    return {attribute.name: onnx.helper.get_attribute_value(attribute)
            for attribute in node.attribute}


def opened(name, **changed):
    """The model of a case with its weights stored in it, its other inputs, and its outputs."""
    case = CASES[name]
    model = onnx.ModelProto.FromString(case.model.SerializeToString())
    node, (inputs, outputs) = model.graph.node[0], case.data_sets[0]
    given = dict(zip([value.name for value in model.graph.input], inputs))
    for place in (1, 2, 3, 7):
        if place < len(node.input) and node.input[place]:
            weights = onnx.numpy_helper.from_array(given.pop(node.input[place]), node.input[place])
            model.graph.initializer.append(weights)
    node.attribute.extend(onnx.helper.make_attribute(*item) for item in changed.items())
    return model, given, dict(zip([value.name for value in model.graph.output], outputs))


def run(model, given, cell=None):
    """Y (T, ways, B, H), Y_h and Y_c (ways, B, H) on Caffe, in the layout of the node."""
    batch_first = settings_of(model.graph.node[0]).get("layout", 0) == 1
    weights, x = from_onnx(model), given["X"]
    ways = {"": weights} if type(weights) is not tuple else dict(
        zip(["forward/", "backward/"], weights))
    cell = cell or CELL_OF[unit_of(list(ways.values())[0])]
    net = net_of(np.swapaxes(x, 0, 1) if batch_first else x, ways, cell, given)
    net.forward()
    made = {f"Y_{name}": np.concatenate([net.blobs[f"{way}{name}_T"].data for way in ways])
            for name in cell.states}
    outputs = [net.blobs[f"{way}H"].data for way in ways]
    outputs[1:] = [array[::-1] for array in outputs[1:]]  # its step 1 is the last one
    made["Y"] = np.stack(outputs, axis=1)
    return {name: np.moveaxis(array, -2, 0) if batch_first else array
            for name, array in made.items()}


def net_of(x, ways, cell, given):
    """A net with the weights and all inputs of the case in it."""
    (T, B, D), ns = x.shape, caffe.NetSpec()
    ns.x, ns.hold = input_layer(T, B, D), input_layer(T, B)
    H = list(ways.values())[0][2].shape[1]
    options = dict(cell=cell, hold=ns.hold)
    made = both_directions(ns, ns.x, T, H, **options)[:2] if len(ways) == 2 else [
        unroll(ns, ns.x, T, H, **options)]
    net = load_net(ns)
    for unrolled, (prefix, weights), place in zip(made, ways.items(), range(2)):
        set_weights(net, cell.arrays(*weights), unrolled.weight_names)
        for name, full in (("h0", "initial_h"), ("c0", "initial_c")):
            if full in given:
                net.blobs[prefix + name].data[...] = given[full][place]
    net.blobs["x"].data[...] = x
    net.blobs["hold"].data[...] = mask_from_lengths(given.get("sequence_lens", [T] * B), T)
    return net


def assert_same(made, outputs):
    assert outputs
    for name, array in outputs.items():
        assert made[name].shape == array.shape
        assert worst(made[name], array) <= 1e-6, name


def test_onnx_has_the_cases_that_are_looked_for():
    assert {"test_simple_rnn_defaults", "test_simple_rnn_with_initial_bias", "test_rnn_seq_length",
            "test_simple_rnn_batchwise", "test_lstm_defaults", "test_lstm_with_initial_bias",
            "test_lstm_with_peepholes", "test_lstm_batchwise", "test_gru_seq_length",
            *FIRST_STEP_ALONE} <= set(CASES)


@pytest.mark.parametrize("name", sorted(set(CASES) - REFUSED))
def test_caffe_computes_what_the_case_says(name):
    model, given, outputs = opened(name)
    assert_same(run(model, given), outputs)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_case_needs_and_no_cell_computes_is_refused_by_name(name):
    with pytest.raises(NetError, match="linear_before_reset=0|direction='reverse'"):
        from_onnx(opened(name)[0])


@pytest.mark.parametrize("name", FIRST_STEP_ALONE)
def test_both_forms_of_the_gru_are_one_in_the_first_step_from_zero(name):
    model, given, outputs = opened(name, linear_before_reset=1)
    assert not from_onnx(model).b_h.any()
    assert_same(run(model, given), outputs)


def original_step(ns, Mx, states, p, H, w):
    """As the GRU, but for n = tanh(W_xn x_t + b_xn + W_hn (r * h_{t-1}) + b_hn)."""
    h = states["h"]
    x_r, x_z, x_n = cut(ns, Mx, p, "x", H)
    h_r, h_z = L.Slice(project_hidden(ns, h, p + "Mh", 2 * H, w["Mhw"], w["Mhb"]), ntop=2, axis=2,
                       slice_point=[H])
    r, z = L.Sigmoid(L.Eltwise(x_r, h_r)), L.Sigmoid(L.Eltwise(x_z, h_z))
    reset = project_hidden(ns, times(ns, p + "r_h", r, h), p + "Mn", H, w["Mnw"], w["Mnb"])
    n = L.TanH(L.Eltwise(x_n, reset))
    back = L.Eltwise(h, n, coeff=[1, -1])
    return dict(h=add(ns, p + "h", n, times(ns, p + "z_back", z, back)))


def original_arrays(W_x, b_x, W_h, b_h):
    """The weights of a GRU, those of n apart."""
    H = W_h.shape[1]
    return [W_x, b_x, W_h[:2 * H], b_h[:2 * H], W_h[2 * H:], b_h[2 * H:]]


ORIGINAL = Cell("original", original_step, rows=3, arrays=original_arrays, own={
    "Mhw": lambda H: (2 * H, H), "Mhb": lambda H: (2 * H,), "Mnw": lambda H: (H, H),
    "Mnb": lambda H: (H,)})


@pytest.mark.parametrize("name", sorted(name for name in REFUSED if "gru" in name
                                        and "reverse" not in name))
def test_a_learners_cell_of_the_first_form_computes_what_the_case_says(name):
    model, given, outputs = opened(name, linear_before_reset=1)  # the weights are the same
    assert_same(run(model, given, ORIGINAL), outputs)

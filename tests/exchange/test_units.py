"""Every unit, several layers, both directions: there and back to the last bit, gates in place."""
import numpy as np
import pytest
from conftest import D, H
from units import CASES, IDS, Net, flat, one_layer, random_weights

from lstm_lib import (NetError, from_keras, from_onnx, from_pytorch, get_weights, reorder_gates,
                      to_keras, to_onnx, to_pytorch, xavier_start)
from lstm_lib.cells import cell_of
from lstm_lib.exchange.layouts import CELL_OF, LAYOUTS

CARRIED = [pytest.param(case, to, back, id=f"{name}-{way}") for case, name in zip(CASES, IDS)
           for way, to, back in (("pytorch", to_pytorch, from_pytorch),
                                 ("keras", to_keras, from_keras), ("onnx", to_onnx, from_onnx))
           if (case[0] != "peephole" or way == "onnx")
           and not (way == "pytorch" and len(set(case[1])) > 1)]
LIKE_PYTORCH = [(cell, [6, 6], both) for cell in ("composed", "rnn", "gru")
                for both in (False, True)]
rng = np.random.default_rng


def equal(one, other):
    """The same kinds of list, tuple and array, and the same bits."""
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype == np.float32 and np.array_equal(one, other)
    return type(one) is type(other) and len(one) == len(other) and all(map(equal, one, other))


@pytest.mark.parametrize("case, to, back", CARRIED)
def test_there_and_back_gives_the_same_bits(case, to, back):
    weights = random_weights(*case)
    assert equal(back(to(weights)), weights)


@pytest.mark.parametrize("case", LIKE_PYTORCH)
def test_two_pytorch_layers_there_and_back_give_the_same_bits(case):
    weights = random_weights(*case)
    assert equal(from_pytorch(to_pytorch(weights)), weights)


@pytest.mark.parametrize("to, back", [(to_keras, from_keras), (to_onnx, from_onnx)])
def test_layers_of_several_units_and_directions_there_and_back_give_the_same_bits(to, back):
    both = one_layer("gru", D, H, rng(1)), one_layer("gru", D, H, rng(2))
    weights = [both, one_layer("composed", 2 * H, 3, rng(3)), one_layer("rnn", 3, 3, rng(4))]
    assert equal(back(to(weights)), weights)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_weights_out_of_a_net_are_taken_as_they_come_and_go_back_into_one(case):
    net, weights = Net(*case), random_weights(*case)
    net.set(weights)
    assert equal(from_onnx(to_onnx(net.get())), weights)
    net.set(from_onnx(to_onnx(net.get())))
    assert equal(net.get(), weights)


@pytest.mark.parametrize("library, to", [("PyTorch", to_pytorch), ("Keras", to_keras),
                                         ("ONNX", to_onnx)])
@pytest.mark.parametrize("cell, order", [
    ("rnn", dict(PyTorch="h", Keras="h", ONNX="h")),
    ("gru", dict(PyTorch="rzn", Keras="zrn", ONNX="zrn"))])
def test_the_gates_stand_in_the_order_that_the_library_documents(library, to, cell, order):
    letters = dict(rnn="h", gru="rzn")[cell]
    number = np.repeat(np.arange(len(letters), dtype="f"), H)
    start = xavier_start(D, H, rng(0), cell=cell)
    named = start._make([np.broadcast_to(number.reshape(-1, *[1] * (array.ndim - 1)), array.shape)
                         for array in start])

    def gates(rows):
        return "".join(letters[int(block)] for block in rows.reshape(len(letters), -1)[:, 0])

    made = to(named)
    if library == "PyTorch":
        rows = [made["weight_ih_l0"], made["weight_hh_l0"], made["bias_ih_l0"]]
    elif library == "Keras":
        rows = [made.kernel.T, made.recurrent_kernel.T, *np.atleast_2d(made.bias)]
    else:
        rows = [made.W[0], made.R[0], *(np.split(made.B[0], 2) if cell == "gru" else [
            made.B[0, :H]])]
    assert {gates(block) for block in rows} == {order[library]}


def test_the_peepholes_of_onnx_stand_in_the_order_i_o_f():
    weights = one_layer("peephole", D, H, rng(0))
    assert np.array_equal(to_onnx(weights).P[0], np.concatenate([weights.p_i, weights.p_o,
                                                                 weights.p_f]))


def test_a_gru_keeps_both_its_biases_and_an_rnn_their_sum():
    gru, plain = one_layer("gru", D, H, rng(0)), one_layer("rnn", D, H, rng(0))
    arrays = to_pytorch(plain)
    arrays["bias_hh_l0"] = np.arange(H, dtype="f")
    assert np.array_equal(to_keras(gru).bias[1], reorder_gates(gru.b_h, "rzn", "zrn"))
    assert np.array_equal(from_pytorch(to_pytorch(gru)).b_h, gru.b_h)
    assert np.array_equal(from_pytorch(arrays).b_h, plain.b_h + arrays["bias_hh_l0"])


@pytest.mark.parametrize("unit", LAYOUTS)
def test_the_table_names_the_arrays_and_shapes_that_the_cell_has(unit):
    cell, arrays = CELL_OF[unit], LAYOUTS[unit]["lstm_lib"].arrays
    table = {"": 1, "D": D, "H": H, "3H": 3 * H, "4H": 4 * H}
    assert cell.arrays._fields == tuple(arrays)
    assert [tuple(table[axis] for axis in axes.split()) for axes in arrays.values()] == list(
        cell.shapes(D, H).values())


@pytest.mark.parametrize("to", [to_pytorch, to_keras, to_onnx])
@pytest.mark.parametrize("cell", ["composed", "rnn", "gru"])
def test_what_goes_out_and_comes_back_is_a_copy_in_c_order(to, cell):
    back = {to_pytorch: from_pytorch, to_keras: from_keras, to_onnx: from_onnx}[to]
    weights = one_layer(cell, D, H, rng(0))
    kept = weights._make([array.copy() for array in weights])
    made = to(weights)
    for array in [*flat(list(made.values()) if isinstance(made, dict) else made), *back(made)]:
        assert array.dtype == np.float32 and array.flags.c_contiguous
        array[...] = 7
    assert equal(weights, kept)


@pytest.mark.parametrize("to, library", [(to_pytorch, "PyTorch"), (to_keras, "Keras")])
def test_peepholes_are_refused_where_there_are_none(to, library):
    with pytest.raises(NetError, match=f"{library} has no LSTM with peepholes; ONNX has"):
        to(one_layer("peephole", D, H, rng(0)))


lstm, small, gru, above = (one_layer(cell, D, H, rng(0)) for cell, D, H in (
    ("composed", 5, 6), ("composed", 5, 4), ("gru", 5, 6), ("composed", 6, 4)))


@pytest.mark.parametrize("to, weights, said", [
    (to_keras, [lstm, lstm], r"layer 1 gives 6 numbers a step, from 1 direction.*layer 2 is an "
                             "LSTM with D = 5, H = 6"),
    (to_onnx, [(lstm, lstm), above], "layer 1 gives 12 numbers a step, from 2 direction"),
    (to_onnx, (lstm, gru), "one unit with one D and one H, got an LSTM .* and a GRU with D = 5"),
    (to_pytorch, (lstm, small), "got an LSTM with D = 5, H = 6 and an LSTM with D = 5, H = 4"),
    (to_pytorch, [lstm, above], "layers are one unit with one H"),
    (to_keras, [lstm, above._replace(b_c=np.zeros(3))], r"^Layer 2: lstm_lib: b_c is \(3,\)"),
    (to_onnx, gru._replace(b_h=np.zeros(6)), r"b_h is \(6,\), expected \(3H,\) = \(18,\)"),
    (to_onnx, [lstm, "text"], "got a list of 2, with such weights at 1 places"),
    (to_keras, (lstm, lstm, lstm), "both directions a tuple of two; got a tuple of 3")])
def test_layers_and_directions_that_do_not_fit_are_named(to, weights, said):
    with pytest.raises(NetError, match=said):
        to(weights)


@pytest.mark.parametrize("given, wanted, said", [
    ("rzn", "ifog", "'ifog'"), ("rzn", "rzr", "'rzr'"), ("ifog", "zrn", "'zrn'"),
    ("h", "h", "'h'")])
def test_orders_of_two_units_are_not_mixed(given, wanted, said):
    with pytest.raises(NetError, match=f"i, f, o and g once each, or in both .*got {said}"):
        reorder_gates(np.zeros(12), given, wanted)


def test_the_rows_of_a_gru_are_reordered():
    assert reorder_gates(np.arange(6), "rzn", "zrn").tolist() == [2, 3, 0, 1, 4, 5]
    with pytest.raises(NetError, match=r"a GRU has 3 gates of H rows each; \(8,\) does not"):
        reorder_gates(np.arange(8), "rzn", "zrn")


def with_projection(arrays):
    return {**arrays, "weight_hr_l0": np.zeros((2, H))}


@pytest.mark.parametrize("back, given, said", [
    (from_pytorch, with_projection(to_pytorch(lstm)), "weight_hr_l0 .*proj_size"),
    (from_pytorch, {**to_pytorch(lstm), "bias_ih_l1": 0}, "also bias_ih_l1"),
    (from_pytorch, {**to_pytorch(lstm), "weight_ih_l7": np.zeros((24, 6))},
     "there is no bias_hh_l1, bias_ih_l1"),
    (from_pytorch, {name: array for name, array in to_pytorch((gru, gru)).items()
                    if name != "bias_hh_l0_reverse"}, "no bias_hh_l0_reverse"),
    (from_pytorch, {**to_pytorch(gru), "bias_hh_l0": np.zeros(H)},
     r"bias_hh_l0 is \(6,\), expected \(3H,\) = \(18,\)(.|\n)*A GRU has weight_ih"),
    (from_pytorch, 3, "expected a state_dict, got int 3"),
    (from_pytorch, {1: lstm}, "no bias_hh_l0, .* among the arrays 1"),
    (from_keras, to_keras(gru)[:2] + (np.zeros(3 * H),),
     r"bias is \(18,\), expected \(2, 3H\)\.(.|\n)*reset_after=False"),
    (from_keras, [to_keras(lstm), to_keras(above)[:2]], r"Layer 2: Keras: expected 3 arrays"),
    (from_keras, [to_keras(lstm), to_keras(lstm)], "layer 1 gives 6 numbers a step"),
    (from_onnx, {1: 2, 3: 4}, "no B, R, W among the arrays 1, 3"),
    (from_onnx, to_onnx(lstm)._replace(R=np.zeros((2, 24, 6))), r"R is \(2, 24, 6\), expected"),
    (from_onnx, [*to_onnx(gru), np.zeros((1, 18))], r"W is \(1, 18, 5\), expected \(1, 4H, D\)"
                                                    r"(.|\n)*with peepholes has")])
def test_arrays_of_no_unit_are_named(back, given, said):
    with pytest.raises(NetError, match=said):
        back(given)

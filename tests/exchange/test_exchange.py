"""Weights in other layouts: each gate in its place, and ONNX Runtime computes as Caffe does."""
import itertools
import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import D, H, run, unrolled_net, worst

from lstm_lib import (LSTMWeights, NetError, from_keras, from_onnx, from_pytorch, reorder_gates,
                      to_keras, to_onnx, to_pytorch, write_onnx, xavier_start)

PAIRS = [(to_pytorch, from_pytorch), (to_keras, from_keras), (to_onnx, from_onnx)]
each_library = pytest.mark.parametrize("to, back", PAIRS, ids=["pytorch", "keras", "onnx"])


def equal(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other))


def in_order(given):
    """The arrays of any of the three libraries, as a list."""
    return list(given.values() if isinstance(given, dict) else given)


def gates(rows):
    """Which gate each block of H rows holds, where the weights are those of `named_gates`."""
    return "".join("ifog"[int(number)] for number in rows.reshape(4, -1)[:, 0])


@pytest.fixture
def named_gates():
    """Weights whose every number says its gate: 0 for i, 1 for f, 2 for o, 3 for g."""
    gate = np.repeat(np.arange(4, dtype="f"), H)
    return LSTMWeights(np.tile(gate[:, None], D), gate, np.tile(gate[:, None], H))


def test_pytorch_has_the_gates_in_the_order_i_f_g_o(named_gates):
    arrays = to_pytorch(named_gates)
    assert [gates(arrays[name]) for name in
            ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0")] == ["ifgo"] * 3
    assert not arrays["bias_hh_l0"].any()


def test_keras_has_the_gates_in_the_order_i_f_c_o_along_the_last_axis(named_gates):
    kernel, recurrent_kernel, bias = to_keras(named_gates)
    assert [gates(rows) for rows in (kernel.T, recurrent_kernel.T, bias)] == ["ifgo"] * 3


def test_onnx_has_the_gates_in_the_order_i_o_f_c_behind_an_axis_for_the_direction(named_gates):
    W, R, bias = to_onnx(named_gates)
    assert [gates(rows) for rows in (W[0], R[0], bias[0, :4 * H])] == ["iofg"] * 3
    assert not bias[0, 4 * H:].any()


@each_library
def test_the_arrays_have_the_shapes_that_the_library_documents(to, back, weights):
    assert [array.shape for array in in_order(to(weights))] == {
        to_pytorch: [(4 * H, D), (4 * H, H), (4 * H,), (4 * H,)],
        to_keras: [(D, 4 * H), (H, 4 * H), (4 * H,)],
        to_onnx: [(1, 4 * H, D), (1, 4 * H, H), (1, 8 * H)]}[to]


@each_library
@pytest.mark.parametrize("sizes", [(D, H), (4, 4), (1, 1), (8, 2)])
def test_there_and_back_gives_the_same_bits(to, back, sizes, rng):
    start = xavier_start(*sizes, rng, forget_bias=0.3)
    start = start._replace(b_c=rng.standard_normal(4 * sizes[1]).astype("f"))
    assert equal(back(to(start)), start)
    assert all(array.dtype == np.float32 for array in back(to(start)))


@each_library
def test_the_arrays_are_whole_copies_in_float32(to, back, weights):
    kept = LSTMWeights(*[array.copy() for array in weights])
    made = in_order(to(weights))
    returned = back(to(weights))
    for array in [*made, *returned]:
        assert array.dtype == np.float32 and array.flags.c_contiguous
        array[...] = 7
    assert equal(weights, kept)


def test_two_biases_are_added(weights, rng):
    extra = rng.standard_normal(4 * H).astype("f")
    torch_like, onnx_like = to_pytorch(weights), to_onnx(weights)
    torch_like["bias_hh_l0"] = extra
    onnx_like.B[0, 4 * H:] = extra
    for b_c, order in ((from_pytorch(torch_like).b_c, "ifgo"), (from_onnx(onnx_like).b_c, "iofg")):
        assert np.array_equal(b_c, weights.b_c + reorder_gates(extra, order, "ifog"))


def test_numbers_of_another_type_arrive_as_float32(weights):
    for convert in (np.float64, np.ndarray.tolist):
        arrived = from_keras([convert(array) for array in to_keras(weights)])
        assert equal(arrived, weights) and {array.dtype.name for array in arrived} == {"float32"}


def test_an_npz_file_of_named_arrays_is_read_like_a_state_dict(weights, tmp_path):
    np.savez(tmp_path / "w.npz", **to_pytorch(weights))
    assert equal(from_pytorch(np.load(tmp_path / "w.npz")), weights)


def test_each_order_of_gates_is_undone_by_the_opposite_one():
    rows = np.arange(24).reshape(12, 2)
    for one, other in itertools.product(itertools.permutations("ifog"), repeat=2):
        there = reorder_gates(rows, one, other)
        assert np.array_equal(reorder_gates(there, other, one), rows)
        assert np.array_equal(there, rows) == (one == other)


@pytest.mark.parametrize("rows, given, wanted, said", [
    (np.zeros(8), "ifog", "ifoo", "'ifoo'"), (np.zeros(8), "ifo", "ifog", "'ifo'"),
    (np.zeros((6, 2)), "ifog", "ifgo", r"\(6, 2\) does not divide by 4"),
    (np.float32(1), "ifog", "ifgo", r"\(\) does not divide by 4")])
def test_a_reordering_that_makes_no_sense_is_refused(rows, given, wanted, said):
    with pytest.raises(NetError, match=said):
        reorder_gates(rows, given, wanted)


def two_gates(weights):
    return {name: array[:2 * H] for name, array in to_pytorch(weights).items()}


class NeedsGradient:
    """Stands for a torch parameter, which does not turn into an array."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("Can't call numpy() on Tensor that requires grad.")


@pytest.mark.parametrize("convert, spoil, said", [
    (from_pytorch, two_gates,
     rf"PyTorch: weight_ih_l0 is \({2 * H}, {D}\), expected \(4H, D\) = \({4 * H}, {D}\), for H"),
    (from_pytorch, lambda w: {"lstm." + name: array for name, array in to_pytorch(w).items()},
     r"there is no bias_hh_l0, .* among the arrays lstm\.weight_ih_l0(.|\n)*Hint: .*itself"),
    (from_pytorch, lambda w: {**to_pytorch(w), "weight_ih_l1": 0},
     "there is no bias_hh_l1, bias_ih_l1, weight_hh_l1 among the arrays"),
    (from_pytorch, lambda w: {}, r"arrays \(none\)"),
    (from_pytorch, lambda w: {**to_pytorch(w), "weight_hh_l0": NeedsGradient()},
     "weight_hh_l0 does not turn into a NumPy array: Can't call"),
    (from_keras, lambda w: to_keras(w)[:2], "expected 3 arrays, got a tuple of 2(.|\n)*use_bias"),
    (from_keras, lambda w: None, "expected 3 arrays, got a NoneType"),
    (from_keras, lambda w: list(to_keras(w)[:2]) + [np.zeros((2, 4 * H))],
     r"bias is \(2, 24\), expected \(4H,\)\."),
    (from_keras, lambda w: [array.T for array in to_keras(w)], r"kernel is .*expected \(D, 4H\)"),
    (from_onnx, lambda w: [np.concatenate([array] * 3) for array in to_onnx(w)],
     r"W is \(3, 24, 5\), expected \(1, 4H, D\)(.|\n)*one direction or both"),
    (from_onnx, lambda w: [array[0] for array in to_onnx(w)], r"expected \(1, 4H, D\)\."),
    (to_pytorch, lambda w: w._replace(b_c=np.zeros(5)), r"lstm_lib: b_c is \(5,\), expected"),
    (to_keras, lambda w: w._replace(W_hc=w.W_hc[0]), r"W_hc is \(6,\), expected \(4H, H\)\."),
    (to_onnx, lambda w: w.W_xc, "expected 3 arrays, got a ndarray")])
def test_arrays_that_are_no_lstm_are_named_with_what_was_expected(convert, spoil, said, weights):
    with pytest.raises(NetError, match=said) as caught:
        convert(spoil(weights))
    assert "Hint: Pass " in str(caught.value)


def onnx_forward(path, data):
    """H, h_T, c_T as ONNX Runtime computes them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options,
                                           providers=["CPUExecutionProvider"])
    Y, h_T, c_T = session.run(["Y", "h_T", "c_T"], {"X": data["x"], "h0": data["h0"][None],
                                                    "c0": data["c0"][None]})
    return dict(H=Y[:, 0], h_T=h_T, c_T=c_T)


def assert_same_forward(theirs, ours):
    for name in ("H", "h_T", "c_T"):
        assert worst(theirs[name], ours[name]) <= 1e-6, name


def test_onnx_runtime_computes_what_caffe_does_from_the_written_file(weights, data, tmp_path):
    theirs = onnx_forward(write_onnx(weights, tmp_path / "lstm.onnx"), data)
    assert_same_forward(theirs, run(unrolled_net(weights), data))


def test_caffe_computes_what_onnx_runtime_does_with_weights_from_a_file(weights, data, rng,
                                                                        tmp_path):
    path = tmp_path / "theirs.onnx"
    model = onnx.load(write_onnx(weights, path))
    theirs = [rng.standard_normal(stored.dims).astype("f") for stored in model.graph.initializer]
    for stored, array in zip(model.graph.initializer, theirs):  # both halves of B are non-zero
        stored.CopyFrom(onnx.numpy_helper.from_array(array, stored.name))
    onnx.save(model, str(path))
    assert_same_forward(run(unrolled_net(from_onnx(theirs)), data), onnx_forward(path, data))


def test_one_onnx_file_runs_any_number_of_steps_and_sequences(weights, rng, tmp_path):
    path = write_onnx(weights, tmp_path / "lstm.onnx")
    for steps, batch in ((1, 1), (7, 2), (50, 4)):
        given = {name: rng.standard_normal(shape).astype("f") for name, shape in dict(
            x=(steps, batch, D), h0=(batch, H), c0=(batch, H), dH=(steps, batch, H),
            dh_T=(batch, H), dc_T=(batch, H)).items()}
        ours = run(unrolled_net(weights, T=steps, B=batch), given)
        assert_same_forward(onnx_forward(path, given), ours)


def test_the_onnx_file_is_valid_and_says_its_shapes(weights, tmp_path):
    model = onnx.load(write_onnx(weights, tmp_path / "lstm.onnx"))
    onnx.checker.check_model(model, full_check=True)
    shapes = {value.name: [axis.dim_param or axis.dim_value
                           for axis in value.type.tensor_type.shape.dim]
              for value in [*model.graph.input, *model.graph.output]}
    state = [1, "B", H]
    assert shapes == {"X": ["T", "B", D], "h0": state, "c0": state, "Y": ["T", 1, "B", H],
                      "h_T": state, "c_T": state}
    assert (len(model.graph.node), model.opset_import[0].version) == (1, 14)


def test_an_onnx_file_that_cannot_be_finished_leaves_the_old_one(weights, tmp_path, monkeypatch):
    path = tmp_path / "lstm.onnx"
    path.write_text("the old one")

    def full_disk(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(NetError, match="No space left"):
        write_onnx(weights, path)
    assert path.read_text() == "the old one" and len(os.listdir(tmp_path)) == 1


def test_a_folder_that_is_not_there_is_named(weights, tmp_path):
    with pytest.raises(NetError, match="there is no folder .*nowhere"):
        write_onnx(weights, tmp_path / "nowhere" / "lstm.onnx")


def test_without_the_package_onnx_it_is_said_what_to_install(weights, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install 'onnx<1.18'"):
        write_onnx(weights, tmp_path / "lstm.onnx")
    assert os.listdir(tmp_path) == []


def test_lstm_lib_imports_none_of_the_other_libraries(monkeypatch):
    monkeypatch.delenv("LSTM_LIB_ARRAYS", raising=False)  # it may ask for PyTorch
    code = ("import sys; import lstm_lib; "
            "print([n for n in ('torch', 'keras', 'onnx', 'onnxruntime') if n in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True)
    assert done.stdout.strip() == "[]", done.stderr


"""The exercises of notebook 09: its solutions are right, and each mistake gets its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib import from_keras, reorder_gates, to_pytorch
from lstm_lib.exercises import weights_in_and_out as check
from lstm_lib.exercises.verdict import MISSING
from lstm_lib.weights import LSTMWeights

STEM = "09_weights_in_and_out"
NEEDS = "T, B, D, H =", "def run_caffe", "check.found()"


@pytest.fixture(scope="module")
def solutions():
    return answers(STEM, needs=NEEDS)


@pytest.fixture(scope="module")
def stubs():
    return answers(STEM, stubs=True, needs=NEEDS)


@pytest.mark.parametrize("judge, name", [
    (check.to_pytorch, "my_to_pytorch"), (check.from_keras, "my_from_keras"),
    (check.order, "order")])
def test_the_committed_solution_is_right_and_the_stub_is_empty(judge, name, solutions, stubs):
    assert judge(solutions[name])
    assert MISSING in str(judge(stubs[name]))


def in_pytorch_s_way(matrices="ifgo", bias="ifgo", split=lambda b: (b, 0 * b),
                     give=lambda *arrays: arrays):
    """A learner's four arrays with what may go wrong in them."""
    def my_to_pytorch(W_xc, b_c, W_hc):
        return give(reorder_gates(W_xc, "ifog", matrices), reorder_gates(W_hc, "ifog", matrices),
                    *split(reorder_gates(b_c, "ifog", bias)))
    return my_to_pytorch


@pytest.mark.parametrize("split", [lambda b: (0 * b, b), lambda b: (b / 2, b / 2),
                                   lambda b: (b - 3, 0 * b + 3)])
def test_two_biases_may_share_b_c_as_they_like(split):
    assert check.to_pytorch(in_pytorch_s_way(split=split))


def test_what_the_library_makes_of_the_weights_is_right():
    assert check.to_pytorch(lambda *arrays: list(to_pytorch(LSTMWeights(*arrays)).values()))
    assert check.from_keras(lambda *arrays: from_keras(arrays))


@pytest.mark.parametrize("my_to_pytorch, hint", [
    (in_pytorch_s_way("ifog"), "weight_ih: its blocks stand in the order i, f, o, g as they were"),
    (in_pytorch_s_way("iofg"), "weight_ih: its blocks stand in the order i, o, f, g; expected"),
    (in_pytorch_s_way(bias="ifog"), "biases: its blocks stand in the order i, f, o, g as they"),
    (in_pytorch_s_way(split=lambda b: (b, b)), "twice b_c"),
    (in_pytorch_s_way(split=lambda b: np.split(b, 2)), "bias_ih has the shape (8,)"),
    (in_pytorch_s_way(give=lambda a, b, c, d: (a.T, b.T, c, d)), "its axes are swapped"),
    (in_pytorch_s_way(give=lambda a, b, c, d: (a, b, c)), "returns 4 arrays"),
    (in_pytorch_s_way(give=lambda a, b, c, d: (a, 2 * b, c, d)), "weight_hh has the right shape"),
    (lambda W_xc, b_c, W_hc: W_xc @ b_c, "raised ValueError")])
def test_wrong_arrays_for_pytorch_get_the_hint_that_fits(my_to_pytorch, hint):
    verdict = check.to_pytorch(my_to_pytorch)
    assert not verdict and hint in str(verdict)


def caffe_s(array):
    return reorder_gates(array, "ifgo", "ifog")


@pytest.mark.parametrize("my_from_keras, hint", [
    (lambda k, r, b: (k.T, b, r.T), "W_xc: its blocks stand in the order i, f, g, o as they"),
    (lambda k, r, b: (caffe_s(k.T), b, caffe_s(r.T)), "b_c: its blocks stand in the order i, f, g"),
    (lambda k, r, b: (caffe_s(k.T), caffe_s(b), caffe_s(r).T), "along the axis of length 4;"),
    (lambda k, r, b: (k.reshape(16, 5), b, r.reshape(16, 4)), "W_xc has the right shape, but resh"),
    (lambda k, r, b: (caffe_s(k.T), caffe_s(b), caffe_s(r.reshape(16, 4))), "W_hc has the right s"),
    (lambda k, r, b: (k, b, r), "W_xc has the shape (5, 16), expected (16, 5): its axes are swap"),
    (lambda k, r, b: (caffe_s(k.T), caffe_s(r.T), caffe_s(b)), "W_hc has the shape (16,)"),
    (lambda k, r, b: np.split(k, 4), "raised ValueError"),
    (lambda k, r, b: k.T, "returns 3 arrays: W_xc, b_c, W_hc")])
def test_wrong_arrays_from_keras_get_the_hint_that_fits(my_from_keras, hint):
    verdict = check.from_keras(my_from_keras)
    assert not verdict and hint in str(verdict)


@pytest.mark.parametrize("order, hint", [
    ("ifog", "read in the order i, f, o, g the arrays make Caffe give other numbers"),
    ("fogi", "the other way round"), ("ifo", "names i, f, o and g once each"),
    (7, "names i, f, o and g once each"), ("gfio", "at the first step and")])
def test_a_wrong_order_gets_the_hint_that_fits(order, hint):
    verdict = check.order(order)
    assert not verdict and hint in str(verdict)


def test_the_order_may_be_given_as_letters_one_by_one():
    assert check.order(tuple(check.UNKNOWN)) and check.order(check.UNKNOWN)


def test_of_all_orders_one_gives_what_was_found():
    from itertools import permutations
    assert [order for order in map("".join, permutations("ifog")) if check.order(order)] == ["gifo"]

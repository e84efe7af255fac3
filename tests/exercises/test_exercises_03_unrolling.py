"""Notebook 03: its solutions are right, its stubs are missing, each mistake has its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib.exercises import unrolling as check
from lstm_lib.exercises.verdict import MISSING

EXERCISES = [(check.loop, "my_loop"), (check.layers, "my_layers"), (check.chunks, "my_chunks")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers("03_unrolling")[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers("03_unrolling", stubs=True)[name])
    assert not verdict and verdict.text == MISSING


def loop(advance=lambda step, x_t, h, c, h0, c0: step(x_t, h, c), order=1, zeros=False):
    """A loop in which one thing may be wrong."""
    def my_loop(step, x, h, c):
        h, c = (0 * h, 0 * c) if zeros else (h, c)
        h0, c0, outputs = h, c, []
        for x_t in x[::order]:
            h, c = advance(step, x_t, h, c, h0, c0)
            outputs.append(h)
        return np.array(outputs)
    return my_loop


def after(change):
    return lambda *given: change(loop()(*given))


@pytest.mark.parametrize("my_loop, hint", [
    (loop(lambda step, x_t, h, c, h0, c0: step(x_t, h0, c0)), "from the initial states"),
    (loop(lambda step, x_t, h, c, h0, c0: step(x_t, h, c0)), "h is handed on and c is not"),
    (loop(lambda step, x_t, h, c, h0, c0: step(x_t, h0, c)), "c is handed on and h is not"),
    (loop(lambda step, x_t, h, c, h0, c0: step(x_t, c, h)), "on their way into step"),
    (loop(lambda step, x_t, h, c, h0, c0: step(x_t, h, c)[::-1]), "step returns h first"),
    (loop(zeros=True), "starts from zeros"), (loop(order=-1), "from the last to the first"),
    (after(lambda H: H[::-1]), "the last one stands first"),
    (after(lambda H: np.stack(list(H), axis=1)), "axes are swapped"),
    (after(lambda H: np.concatenate(list(H))), "along the axis of the sequences"),
    (after(lambda H: H[-1]), "of one step alone"), (after(lambda H: H[1:]), "3 outputs for 4"),
    (after(lambda H: (H, H[-1], H[-1])), "got tuple"),
    (after(lambda H: None), "returns nothing"),
    (after(lambda H: H[-1:].repeat(4, 0)), "all outputs are the last one"),
    (lambda step, x, h, c: loop()(step, x[[0, 0, 0, 0]], h, c), "reads the first input"),
    (lambda step, x, h, c: loop()(step, x.swapaxes(0, 1), h, c), "raised NetError")])
def test_a_wrong_loop_gets_the_hint_that_fits(my_loop, hint):
    verdict = check.loop(my_loop)
    assert not verdict and hint in verdict.text


def test_a_loop_that_returns_the_states_c_is_told_so():
    def my_loop(step, x, h, c):
        states = []
        for x_t in x:
            h, c = step(x_t, h, c)
            states.append(c)
        return np.array(states)

    assert "these are the states c" in check.loop(my_loop).text


def test_a_list_of_outputs_is_an_array_too():
    assert check.loop(after(list))


@pytest.mark.parametrize("my_layers, hint", [
    (lambda T: 46, "grows by 0 layers"), (lambda T: 12 * T + 10, "grows by 12 layers"),
    (lambda T: 13 * T, "you count 0 layers, which is too few"),
    (lambda T: 13 * T + 8, "you count 8 layers, which is too many"),
    (lambda T: 13 * T + 7, "right from T = 2 on"), (lambda T: "13 T", "got str"),
    (lambda T: T ** 2, "how many layers is a step")])
def test_a_wrong_count_of_layers_gets_the_hint_that_fits(my_layers, hint):
    verdict = check.layers(my_layers)
    assert not verdict and hint in verdict.text


def chunks(clear=("h", "c"), carried=(("h", "h_T"), ("c", "c_T")), copy=True, order=1):
    """Two pieces with which one thing may be wrong."""
    def my_chunks(net, x):
        for state in clear:
            net.blobs[state + "0"].data[...] = 0
        net.blobs["x"].data[...] = x[:2]
        first = net.forward()["H"]
        first = first.copy() if copy else first
        for state, array in [(state, net.blobs[blob].data.copy()) for state, blob in carried]:
            net.blobs[state + "0"].data[...] = array
        net.blobs["x"].data[...] = x[2:]
        return np.concatenate([first, net.forward()["H"]][::order])
    return my_chunks


@pytest.mark.parametrize("my_chunks, hint", [
    (chunks(carried=()), "the second piece starts from zeros"),
    (chunks(carried=[("h", "h_T")]), "c is not carried over"),
    (chunks(carried=[("c", "c_T")]), "h is not carried over"),
    (chunks(carried=[("h", "c_T"), ("c", "h_T")]), "h and c have changed places"),
    (chunks(carried=[("h", "h1"), ("c", "c1")]), "after one step"),
    (chunks(clear=()), "left in the net; a sequence begins"),
    (chunks(clear=(), carried=()), "both pieces start from states that were left"),
    (chunks(order=-1), "joined in the wrong order"),
    (chunks(copy=False), "forward writes into the same memory again"),
    (lambda net, x: chunks()(net, x)[2:], "the outputs of two steps"),
    (lambda net, x: net.forward(x=x)["H"], "raised NetError")])
def test_wrong_pieces_get_the_hint_that_fits(my_chunks, hint):
    verdict = check.chunks(my_chunks)
    assert not verdict and hint in verdict.text

"""The exercises of notebook 11: its solutions are right, and each mistake gets its hint."""
import numpy as np
import pytest
from solved import answers

from lstm_lib.exercises import a_net_that_writes as check
from lstm_lib.exercises.verdict import MISSING

STEM = "11_a_net_that_writes"
BOTH = "h", "c"


@pytest.fixture(scope="module")
def solutions():
    return answers(STEM)


@pytest.fixture(scope="module")
def stubs():
    return answers(STEM, stubs=True)


@pytest.mark.parametrize("judge, name", [
    (check.bigram, "my_bigram"), (check.carry, "my_next"),
    (check.temperature, "my_probabilities")])
def test_the_committed_solution_is_right_and_the_stub_is_empty(judge, name, solutions, stubs):
    assert judge(solutions[name])
    assert MISSING in str(judge(stubs[name]))


def counted(code, D, start=0.1, ahead=1, swapped=False):
    """Counts with what may go wrong in them."""
    counts = np.full((D, D), start)
    pair = code[:-ahead], code[ahead:]
    np.add.at(counts, pair[::-1] if swapped else pair, 1)
    return counts


def rows(counts):
    return counts / counts.sum(1, keepdims=True)


def once(code, D):
    counts = np.full((D, D), 0.1)
    counts[code[:-1], code[1:]] += 1
    return rows(counts)


def test_a_table_made_by_a_loop_is_right():
    def loop(code, D):
        table = [[0.1] * D for _ in range(D)]
        for before, after in zip(code, code[1:]):
            table[before][after] += 1
        return [[count / sum(row) for count in row] for row in table]
    assert check.bigram(loop)


@pytest.mark.parametrize("my_bigram, hint", [
    (lambda code, D: counted(code, D), "these are counts"),
    (lambda code, D: counted(code, D, 0), "these are counts"),
    (once, "counted once"),
    (lambda code, D: counted(code, D) / counted(code, D).sum(), "all numbers together"),
    (lambda code, D: counted(code, D) / counted(code, D).sum(0), "the columns add up to 1"),
    (lambda code, D: rows(counted(code, D, swapped=True)), "the other way round"),
    (lambda code, D: rows(counted(code, D)).T, "its numbers differ"),
    (lambda code, D: rows(counted(code, D, 0)), "its bits are infinite"),
    (lambda code, D: rows(counted(code, D, 0)) + 0.1, "not to each probability"),
    (lambda code, D: rows(counted(code, D, ahead=2)), "one apart, not two"),
    (lambda code, D: rows(counted(code[:-1], D)), "the last pair is missing"),
    (lambda code, D: rows(counted(np.append(code, code[0]), D)), "after the last comes nothing"),
    (lambda code, D: rows(counted(code, D))[0], "has the shape (5,)"),
    (lambda code, D: code["a"], "raised IndexError")])
def test_a_wrong_table_gets_the_hint_that_fits(my_bigram, hint):
    verdict = check.bigram(my_bigram)
    assert not verdict and hint in str(verdict)


def going_on(layers=(1, 2), states=BOTH, of=lambda layer, state: (layer, state), upper=2,
             first=slice(None), run=True):
    """A learner's `my_next` with what may go wrong in it."""
    def my_next(net, x):
        last = {name: net.blobs[name].data.copy() for name in net.blobs if name.endswith("_T")}
        for layer in layers:
            for state in states:
                source = "layer{}/{}_T".format(*of(layer, state))
                net.blobs[f"layer{layer}/{state}0"].data[...] = last[source]
        if run:
            net.forward(x=x)
        return net.blobs[f"layer{upper}/H"].data[first].copy()
    return my_next


def test_what_goes_on_may_be_set_by_forward_too():
    def my_next(net, x):
        states = {name: net.blobs[name[:-1] + "_T"].data.copy()
                  for name in net.inputs if name.endswith("0")}
        net.forward(x=x, **states)
        return net.blobs["layer2/H"].data
    assert check.carry(my_next) and check.carry(going_on())


@pytest.mark.parametrize("my_next, hint", [
    (going_on(layers=()), "nothing was carried"),
    (going_on(layers=(1,)), "only the states of layer 1"),
    (going_on(layers=(2,)), "only the states of layer 2"),
    (going_on(states="h"), "only the states h were carried"),
    (going_on(states="c"), "only the states c were carried"),
    (going_on(of=lambda layer, state: (3 - layer, state)), "the layers have changed places"),
    (going_on(of=lambda layer, state: (layer, dict(h="c", c="h")[state])), "h and c have changed"),
    (going_on(run=False), "outputs of the first piece"),
    (going_on(upper=1), "outputs of the lower layer"),
    (going_on(first=slice(1)), "has the shape (1, 2, 4)"),
    (lambda net, x: net.blobs["layer3/H"].data, "raised")])
def test_a_piece_that_starts_wrong_gets_the_hint_that_fits(my_next, hint):
    verdict = check.carry(my_next)
    assert not verdict and hint in str(verdict)


def softmax(s):
    e = np.exp(s - s.max())
    return e / e.sum()


@pytest.mark.parametrize("my_probabilities, hint", [
    (lambda s, heat: softmax(s), "makes no difference"),
    (lambda s, heat: softmax(s * heat), "multiplied by the temperature"),
    (lambda s, heat: softmax(s) / heat, "the probabilities were divided"),
    (lambda s, heat: np.exp(s / heat), "do not add up to 1"),
    (lambda s, heat: np.exp((s - s.max()) / heat), "do not add up to 1"),
    (lambda s, heat: s / s.sum(), "where is exp?"),
    (lambda s, heat: np.eye(len(s))[s.argmax()], "always takes the likeliest"),
    (lambda s, heat: np.log(softmax(s / heat)), "logarithms"),
    (lambda s, heat: np.exp(s / heat) / np.exp(s / heat).sum(), "right for small scores"),
    (lambda s, heat: s.argmax(), "has the shape ()")])
def test_wrong_probabilities_get_the_hint_that_fits(my_probabilities, hint):
    verdict = check.temperature(my_probabilities)
    assert not verdict and hint in str(verdict)

"""The exercises of notebook 02: solutions are right, and the hint fits the mistake."""
import pytest
from solved import answers

from lstm_lib import caffe, lint
from lstm_lib.exercises import weight_sharing as check
from lstm_lib.exercises.verdict import MISSING

STEM = "02_weight_sharing"
L, P = caffe.layers, caffe.params


def test_the_committed_gradient_is_right():
    assert check.gradient(answers(STEM)["my_gradient"])


def test_the_stub_of_the_gradient_says_that_it_is_empty():
    assert MISSING in str(check.gradient(answers(STEM, stubs=True)["my_gradient"]))


@pytest.mark.parametrize("gradient, hint", [
    ([[2 / 3, 4 / 3], [2 / 3, 1 / 3]], "the mean of the three"),
    ([[1, 2], [0, 0]], "last use alone"),
    ([[1, 2], [2, 1]], "the first use"), ([[2, 2], [4, 1]], "transposed"),
    ([[4, 5], [0, 0]], "a gradient of its own"), ([[2, 4], [1, 2]], "an input of its own"),
    ([2, 4, 2, 1], "the shape (4,), expected (2, 2)"), ([[1, 1], [1, 1]], "differ by up to 3")])
def test_a_wrong_gradient_gets_the_hint_that_fits(gradient, hint):
    verdict = check.gradient(gradient)
    assert not verdict and hint in str(verdict)


def repair_of(names):
    return names["my_layer"], names["my_name"]


def test_the_committed_repair_is_right():
    assert check.repaired(*repair_of(answers(STEM)))


def test_the_stub_of_the_repair_says_that_it_is_empty():
    assert MISSING in str(check.repaired(*repair_of(answers(STEM, stubs=True))))


def test_lint_names_the_one_layer_that_is_broken():
    assert [found.layer for found in lint(check.broken_net())] == ["t2/lstm/Mh"]


@pytest.mark.parametrize("layer, name, hint", [
    ("Mh", "w_Mhw", "there is no layer 'Mh'"), ("t2/lstm/slice", "w_Mhw", "has no weight"),
    ("t2/lstm/Mx", "w_Mxw", "is right: 3 layers share its w_Mxw"),
    ("t1/lstm/Mh", "w_Mhw", "shares its w_Mhw with another layer"),
    ("t2/lstm/Mh", "w_Mwh", "is now used by 1 layer,"),
    ("t2/lstm/Mh", "w_Mxw", "Caffe cannot build it")])
def test_a_wrong_repair_gets_the_hint_that_fits(layer, name, hint):
    verdict = check.repaired(layer, name)
    assert not verdict and hint in str(verdict)


def a_net(W_x="W_x", W_h="W_h", carried=True, bias=False, squash=L.TanH, x_of=lambda t: t,
          last=3):
    """A learner's plain net with what may go wrong in it."""
    def my_rnn(ns, T, H):
        h = ns.h0
        for t in range(1, last + 1):
            Mx = L.InnerProduct(ns[f"x{x_of(t)}"], num_output=H, axis=2,
                                param=[dict(name=W_x.format(t=t)), dict(name="b")])
            Mh = L.InnerProduct(h, num_output=H, axis=2, bias_term=bias,
                                param=dict(name=W_h.format(t=t)))
            top = ns[f"h{t}"] = squash(L.Eltwise(Mx, Mh))
            h = top if carried else ns.h0
        return ns
    return my_rnn


def without_names(ns, T, H):
    h = ns.h0
    for t in range(1, T + 1):
        Mx = L.InnerProduct(ns[f"x{t}"], num_output=H, axis=2)
        Mh = L.InnerProduct(h, num_output=H, axis=2, bias_term=False)
        h = ns[f"h{t}"] = L.TanH(L.Eltwise(Mx, Mh))
    return ns


def without_weights(ns, T, H):
    for t in range(1, T + 1):
        ns[f"h{t}"] = L.TanH(ns.h0)
    return ns


def test_the_committed_plain_net_is_right():
    assert check.rnn(answers(STEM)["my_rnn"])


def test_a_plain_net_whose_tanh_works_in_place_is_right_too():
    assert check.rnn(a_net(squash=lambda z: L.TanH(z, in_place=True)))


def without_axis(ns, T, H):
    h = ns.h0
    for t in range(1, T + 1):
        Wx = L.InnerProduct(ns[f"x{t}"], num_output=H, param=[dict(name="W_x"), dict(name="b")])
        Wh = L.InnerProduct(h, num_output=H, bias_term=False, param=dict(name="W_h"))
        h = ns[f"h{t}"] = L.TanH(L.Eltwise(Wx, Wh))
    return ns


def without_tops(ns, T, H):
    h = ns.h0
    for _ in range(T):
        h = L.TanH(h)
    return ns


def test_the_stub_of_the_plain_net_says_that_it_is_empty():
    assert MISSING in str(check.rnn(answers(STEM, stubs=True)["my_rnn"]))


@pytest.mark.parametrize("my_rnn, hint", [
    (without_names, "the net has 9 weights: each step has its own"),
    (a_net(W_h="W_h{t}"), "expected W_x, b and W_h"), (a_net(bias=True), "bias_term=False"),
    (a_net(W_h="W_x"), "Caffe cannot build it"), (a_net(carried=False), "every step reads h0"),
    (a_net(squash=lambda z: L.Power(z)), "the tanh is missing"),
    (a_net(squash=L.Sigmoid), "that is a sigmoid"),
    (a_net(x_of=lambda t: 1), "every step reads x1"), (a_net(last=2), "no layer h3"),
    (a_net(W_x="W_h", W_h="W_x"), "the shape (4, 4), expected (4, 5)"),
    (without_axis, "without axis=2"), (without_tops, "no layer h1, h2, h3 in ns"),
    (without_weights, "the weights are none"), (lambda ns, T, H: 3, "my_rnn returns ns")])
def test_a_wrong_plain_net_gets_the_hint_that_fits(my_rnn, hint):
    verdict = check.rnn(my_rnn)
    assert not verdict and hint in str(verdict)

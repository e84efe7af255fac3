"""The exercises of notebook 01: solutions are right, and the hint fits the mistake."""
import numpy as np
import pytest
from solved import answers

from lstm_lib import caffe
from lstm_lib.exercises import gate_slicing as check
from lstm_lib.exercises.verdict import MISSING

STEM = "01_gate_slicing"
L, P = caffe.layers, caffe.params


def sigma(raw):
    return 1 / (1 + np.exp(-raw))


def a_step(order="ifog", bias=1, recurrent=1, carry=1, gate=sigma, candidate=np.tanh,
           shown=np.tanh, give=lambda h, c: (h, c)):
    """A learner's step with what may go wrong in it."""
    def my_step(x, h, c, W_xc, b_c, W_hc):
        z = x @ W_xc.T + bias * b_c + recurrent * h @ W_hc.T
        raw = dict(zip(order, np.split(z, 4, axis=1)))
        c = carry * gate(raw["f"]) * c + gate(raw["i"]) * candidate(raw["g"])
        return give(gate(raw["o"]) * shown(c), c)
    return my_step


def from_the_old_memory(x, h, c, W_xc, b_c, W_hc):
    _, new = a_step()(x, h, c, W_xc, b_c, W_hc)
    o = sigma(np.split(x @ W_xc.T + b_c + h @ W_hc.T, 4, axis=1)[2])
    return o * np.tanh(c), new


def test_the_committed_step_is_right():
    assert check.step(answers(STEM)["my_step"])


def test_the_stub_of_the_step_says_that_it_is_empty():
    assert MISSING in str(check.step(answers(STEM, stubs=True)["my_step"]))


@pytest.mark.parametrize("my_step, hint", [
    (a_step(order="ifgo"), "i, f, g, o (PyTorch's)"), (a_step(order="fiog"), "f, i, o, g"),
    (a_step(order="gifo"), "g, i, f, o"),
    (a_step(carry=0), "the old state is not carried over"),
    (a_step(recurrent=0), "h of the step before plays no part"),
    (a_step(bias=0), "the bias b_c is missing"), (a_step(shown=lambda c: c), "the tanh of c"),
    (a_step(candidate=sigma), "g went through a sigmoid"),
    (a_step(candidate=lambda raw: raw), "g is still raw"),
    (a_step(gate=lambda raw: raw), "i, f and o are still raw"),
    (a_step(gate=lambda raw: raw, candidate=lambda raw: raw), "all four are still raw"),
    (from_the_old_memory, "from the old c"), (a_step(give=lambda h, c: (c, h)), "order is h, c"),
    (a_step(give=lambda h, c: h), "two arrays"),
    (a_step(give=lambda h, c: (h.T, c.T)), "its axes are swapped"),
    (lambda x, h, c, W_xc, b_c, W_hc: x @ W_xc, "raised ValueError")])
def test_a_wrong_step_gets_the_hint_that_fits(my_step, hint):
    verdict = check.step(my_step)
    assert not verdict and hint in str(verdict)


def names_of_memory(names):
    return [names[f"my_raw_{gate}"] for gate in "ifo"]


def test_the_committed_raw_numbers_keep_the_memory():
    assert check.memory(*names_of_memory(answers(STEM)))


def test_the_stub_of_the_memory_says_that_it_is_empty():
    assert MISSING in str(check.memory(*names_of_memory(answers(STEM, stubs=True))))


@pytest.mark.parametrize("raw, hint", [
    ((0, 1, 0), "these look like gates"), ((-20, -20, -20), "forgets"),
    ((0, 20, -20), "lets the candidate in"), ((-20, 5, -20), "100 steps multiply"),
    ((-20, 20, 20), "shows it"), (([-20, -20], 20, 0), "the shape (2,), expected one number"),
    (("-20", "20", "-20"), "got str"), (([-20], [20, 20], 0), "expected one number")])
def test_raw_numbers_that_lose_or_show_the_memory_get_the_hint_that_fits(raw, hint):
    verdict = check.memory(*raw)
    assert not verdict and hint in str(verdict)


def a_cell(minus=-1, shift=1, over_f=False, keep="PROD", write="PROD", join="SUM", in_place=False,
           show=("o", "act_c"), shown="PROD"):
    """A learner's coupled cell with what may go wrong in it."""
    def my_coupled(ns):
        ns.i = L.Power(ns.f, scale=minus, shift=shift, in_place=over_f)
        ns.c_f = L.Eltwise(ns.f, ns.c0, operation=getattr(P.Eltwise, keep))
        ns.c_i = L.Eltwise(ns.i, ns.g, operation=getattr(P.Eltwise, write))
        ns.c = L.Eltwise(ns.c_f, ns.c_i, operation=getattr(P.Eltwise, join))
        ns.act_c = L.TanH(ns.c, in_place=in_place)
        ns.h = L.Eltwise(*[ns[name] for name in show], operation=getattr(P.Eltwise, shown))
        return ns
    return my_coupled


def without_a_state(ns):
    ns.i = L.Power(ns.f, scale=-1, shift=1)
    return ns


def of_two_sizes(ns):
    ns.i = L.Power(ns.f, scale=-1, shift=1)
    ns.flat = L.Flatten(ns.c0)
    ns.c = ns.h = L.Eltwise(ns.f, ns.flat, operation=P.Eltwise.PROD)
    return ns


def test_the_committed_coupled_cell_is_right():
    assert check.coupled(answers(STEM)["my_coupled"])


def test_the_stub_of_the_coupled_cell_says_that_it_is_empty():
    assert MISSING in str(check.coupled(answers(STEM, stubs=True)["my_coupled"]))


@pytest.mark.parametrize("my_coupled, hint", [
    (a_cell(minus=1, shift=0), "i equals f"), (a_cell(shift=0), "the 1 is missing"),
    (a_cell(minus=1, shift=-1), "the sign"), (a_cell(over_f=True), "written over f"),
    (a_cell(keep="SUM"), "an Eltwise adds"), (a_cell(write="SUM"), "an Eltwise adds"),
    (a_cell(keep="SUM", write="SUM"), "an Eltwise adds"),
    (a_cell(join="PROD"), "c is their sum"), (a_cell(in_place=True), "worked in place"),
    (a_cell(shown="SUM"), "an Eltwise adds"), (a_cell(show=("o", "c")), "the tanh of c is missing"),
    (without_a_state, "no layer 'c'"), (of_two_sizes, "Caffe cannot run it")])
def test_a_wrong_coupled_cell_gets_the_hint_that_fits(my_coupled, hint):
    verdict = check.coupled(my_coupled)
    assert not verdict and hint in str(verdict)

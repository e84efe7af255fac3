"""Notebook 04: its solutions are right, its stubs are missing, each mistake has its hint."""
import pytest
from solved import answers

from lstm_lib import caffe
from lstm_lib.exercises import prototxt_and_drawing as check
from lstm_lib.exercises.verdict import MISSING

L, P = caffe.layers, caffe.params
EXERCISES = [(check.count, ["my_count"]), (check.repaired, ["my_layer", "my_bottom"]),
             (check.net, ["my_net"])]


@pytest.mark.parametrize("judge, names", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, names):
    left = answers("04_prototxt_and_drawing")
    verdict = judge(*[left[name] for name in names])
    assert verdict, verdict


@pytest.mark.parametrize("judge, names", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, names):
    left = answers("04_prototxt_and_drawing", stubs=True)
    verdict = judge(*[left[name] for name in names])
    assert not verdict and verdict.text == MISSING


def learnt(T, B, D, H):
    return 4 * H * (D + H + 1)


@pytest.mark.parametrize("my_count, hint", [
    (lambda *sizes: sizes[0] * learnt(*sizes), "the steps share their weights"),
    (lambda *sizes: sizes[1] * learnt(*sizes), "B plays no part"),
    (lambda T, B, D, H: 4 * H * (D + H), "the bias is missing"),
    (lambda T, B, D, H: 4 * H * (D + H + 2), "a bias too many"),
    (lambda T, B, D, H: 4 * H * (D + H) + H, "a number for each row"),
    (lambda T, B, D, H: H * (D + H + 1), "each weight has 4H rows"),
    (lambda T, B, D, H: 3 * H * (D + H + 1), "the candidate g has weights"),
    (lambda T, B, D, H: 4 * H * D, "there are two more weights"),
    (lambda T, B, D, H: 4 * H * (2 * D + 1), "h, which has H numbers"),
    (lambda T, B, D, H: 4 * D * (D + H + 1), "the rows are 4H, not 4D"),
    (lambda T, B, D, H: 160, "add up the shapes"),
    (lambda T, B, D, H: (16, 5), "expected one number")])
def test_a_wrong_count_gets_the_hint_that_fits(my_count, hint):
    verdict = check.count(my_count)
    assert not verdict and hint in verdict.text


@pytest.mark.parametrize("my_layer, my_bottom, hint", [
    ("t2/lstm/c_f", "c1", "t2/lstm/c_f reads t2/lstm/raw_f and c1, and that is right"),
    ("t3/lstm/Mh", "c2", "t3/lstm/Mh reads h2, and that is right"),
    ("t3/lstm/c", "c2", "and that is right"), ("c_f", "c2", "there is no layer 'c_f'"),
    ("t3/lstm/c_f", "c1", "is not what it should read"),
    ("t3/lstm/c_f", "h2", "is not what it should read"),
    ("t3/lstm/c_f", "c3", "Caffe cannot build it"), ("t3/lstm/c_f", "x", "Caffe cannot build it")])
def test_a_fault_that_is_not_found_or_not_mended_gets_the_hint_that_fits(
        my_layer, my_bottom, hint):
    verdict = check.repaired(my_layer, my_bottom)
    assert not verdict and hint in verdict.text


def net(**changed):
    """The net of the picture, some of its layers made by other functions of the NetSpec."""
    layers = dict(
        to_gate=lambda ns: L.InnerProduct(ns.x, num_output=5),
        gate=lambda ns: L.Sigmoid(ns.to_gate),
        to_new=lambda ns: L.InnerProduct(ns.x, num_output=5), new=lambda ns: L.TanH(ns.to_new),
        change=lambda ns: L.Eltwise(ns.gate, ns.new, operation=P.Eltwise.PROD),
        y=lambda ns: L.Eltwise(ns.x, ns.change))

    def my_net():
        ns = caffe.NetSpec()
        ns.x = L.Input(input_param=dict(shape=dict(dim=[3, 5])))
        for name, layer in {**layers, **changed}.items():
            if layer:
                ns[name] = layer(ns)
        return ns
    return my_net


@pytest.mark.parametrize("changed, hint", [
    (dict(change=lambda ns: L.Eltwise(ns.gate, ns.new)), "change adds"),
    (dict(gate=lambda ns: L.TanH(ns.to_gate)), "gate is a TanH"),
    (dict(new=lambda ns: L.Sigmoid(ns.to_new)), "new is a Sigmoid"),
    (dict(new=lambda ns: L.TanH(ns.to_gate)), "new reads to_gate"),
    (dict(y=lambda ns: L.Eltwise(ns.x, ns.change, operation=P.Eltwise.PROD)), "y multiplies"),
    (dict(y=lambda ns: L.Eltwise(ns.gate, ns.change)), "y reads gate"),
    (dict(y=lambda ns: L.Eltwise(ns.new, ns.change)), "y reads new"),
    (dict(y=lambda ns: L.Power(ns.change)), "y is change alone"),
    (dict(y=lambda ns: L.Eltwise(ns.x, ns.change, operation=P.Eltwise.MAX)), "takes the larger"),
    (dict(y=None), "no box y"), (dict.fromkeys(check.BOXES), "no box to_gate"),
    (dict(to_new=lambda ns: L.InnerProduct(ns.x, num_output=5, bias_term=False)), "no bias"),
    (dict(gate=lambda ns: L.Sigmoid(ns.to_gate, in_place=True)), "a layer in place"),
    (dict(to_new=lambda ns: L.InnerProduct(ns.x, num_output=4)), "Caffe cannot build it"),
    (dict(to_new=lambda ns: L.TanH(ns.x)), "to_new is an InnerProduct")])
def test_a_net_that_is_not_the_one_in_the_picture_gets_the_hint_that_fits(changed, hint):
    verdict = check.net(net(**changed))
    assert not verdict and hint in verdict.text


def test_what_is_no_netspec_is_told_so():
    assert "my_net returns ns" in check.net(lambda: 5).text

"""What is no array, name or count is refused with what was expected, on both engines alike."""
import copy

import numpy as np
import pytest
from conftest import input_layer, unrolled_net, unrolled_spec

from lstm_lib import (LSTMWeights, NetError, add_layer_to_net_spec, caffe, compare, draw,
                      initial_state, lstm_backward, lstm_forward, reorder_gates, summary, views,
                      xavier_start)

L, P = caffe.layers, caffe.params
NO_NUMBERS = [None, "text", b"bytes", {}, [[1], [1, 2]], [None], ["a"], object(), caffe.NetSpec()]
NO_NUMBER = [*NO_NUMBERS, [], (1, 2, 3)]
D, H = 5, 4
ARRAYS = dict(x=np.ones((3, 2, D)), h0=np.zeros((2, H)), c0=np.zeros((2, H)),
              **LSTMWeights(np.ones((4 * H, D)), np.zeros(4 * H), np.ones((4 * H, H)))._asdict())
RNG = np.random.default_rng(0)


def named(values):
    return pytest.mark.parametrize("wrong", values, ids=lambda value: type(value).__name__)


@named(NO_NUMBERS)
def test_compare_takes_arrays_of_numbers(wrong):
    for ours, theirs in ((wrong, 1.0), (1.0, wrong), (wrong, wrong)):
        with pytest.raises(NetError, match="must be an array of numbers, got"):
            compare("h", ours, theirs)


@named(NO_NUMBER)
def test_compare_takes_one_number_as_tolerance(wrong):
    with pytest.raises(NetError, match="tolerance"):
        compare("h", 1.0, 1.0, wrong)


@pytest.mark.parametrize("name", ARRAYS)
@named(NO_NUMBERS)
def test_the_reference_names_the_array_that_is_none(name, wrong):
    with pytest.raises(NetError, match=f"^{name} must be an array of numbers"):
        lstm_forward(**{**ARRAYS, name: wrong})


def test_the_reference_takes_lists_and_computes_in_the_type_of_its_arrays():
    lists = {name: array.tolist() for name, array in ARRAYS.items()}
    assert np.array_equal(lstm_forward(**lists).h, lstm_forward(**ARRAYS).h)
    single = lstm_forward(**{name: array.astype("f") for name, array in ARRAYS.items()})
    gradients = lstm_backward(single, np.ones_like(single.h))
    assert {array.dtype for array in (*single, *gradients)} == {np.dtype("f")}


@named(NO_NUMBERS)
def test_the_references_gradients_are_numbers(wrong):
    trace = lstm_forward(**ARRAYS)
    with pytest.raises(NetError, match="lstm_forward returned"):
        lstm_backward(wrong, np.ones((3, 2, H)))
    for name in ("dh", "dh_T", "dc_T"):
        with pytest.raises(NetError, match=f"^{name} must be"):
            lstm_backward(trace, **{"dh": np.ones((3, 2, H)), name: wrong})


@named([*NO_NUMBERS[:-2], "ifo", "iiog", 5, ["i", "f", "o", None]])
def test_an_order_of_gates_is_four_letters_and_what_is_ordered_is_numbers(wrong):
    for orders in ((wrong, "ifog"), ("ifog", wrong)):
        with pytest.raises(NetError, match="names i, f, o and g once each"):
            reorder_gates(np.arange(8), *orders)
    with pytest.raises(NetError):
        reorder_gates(wrong, "ifog", "iofg")
    assert reorder_gates([0, 1, 2, 3], list("ifog"), "iofg").tolist() == [0, 2, 1, 3]


@named(NO_NUMBERS)
def test_the_start_functions_say_which_argument_is_wrong(wrong):
    with pytest.raises(NetError, match="^forget_bias must be"):
        xavier_start(D, H, RNG, wrong)
    for D_and_H in ((wrong, H), (D, wrong)):
        with pytest.raises(ValueError, match="^[DH] must be a whole number"):
            xavier_start(*D_and_H, RNG)
    with pytest.raises(ValueError, match="expected rng"):
        xavier_start(D, H, wrong)
    for B_and_H in ((wrong, H), (2, wrong)):
        with pytest.raises(ValueError, match="must be a whole number"):
            initial_state(caffe.NetSpec(), *B_and_H)


def test_a_forget_bias_is_one_number_or_one_for_each_unit():
    assert xavier_start(D, H, RNG, np.arange(4)).b_c[H:2 * H].tolist() == [0, 1, 2, 3]
    with pytest.raises(NetError, match="one number, or H = 4"):
        xavier_start(D, H, RNG, [1, 2, 3])


@named([*NO_NUMBERS[:1], 0, True, 1.5, [], object()])
def test_a_picture_is_saved_under_a_path(wrong):
    picture = draw(unrolled_spec(2))
    with pytest.raises(NetError, match="expected the path of a file"):
        picture.save(wrong)
    if wrong is not None:  # which stands for no file
        with pytest.raises(NetError, match="expected the path of a file"):
            draw(unrolled_spec(2), path=wrong)


@named([None, "x", 0, [], caffe.NetSpec()])
def test_a_bottom_is_a_top_and_the_error_names_the_layer(wrong):
    with pytest.raises(NetError, match="TanH input 0 is not a Top") as raised:
        L.TanH(wrong)
    assert "a layer TanH: bottom 0 must be a Top, like ns.x, got" in str(raised.value.__cause__)
    with pytest.raises(NetError, match="layer 'y': bottom 0 must be a Top"):
        L.TanH(wrong, name="y")


@named([-1, None, "2", 1.5, [1], 10 ** 30, True])
def test_ntop_is_a_count(wrong):
    x, raw = input_layer(2), caffe._caffe.layers.TanH
    for make in (lambda: L.TanH(x, ntop=wrong),
                 lambda: add_layer_to_net_spec(caffe.NetSpec(), raw, "y", x, ntop=wrong)):
        with pytest.raises(NetError, match="ntop must be a whole number from 0"):
            make()
    assert L.Silence(x, ntop=0).type_name == "Silence"


def test_a_top_that_is_not_there_is_named_with_its_nearest():
    ns = caffe.NetSpec()
    ns.hidden = input_layer(2)
    for ask in (lambda: ns.hiden, lambda: ns["hiden"]):
        for expected in (NetError, AttributeError, KeyError):
            with pytest.raises(expected) as raised:
                ask()
        assert str(raised.value) == "this NetSpec has no top 'hiden'. Did you mean 'hidden'?"
    with pytest.raises(NetError):
        ns[[]]


def test_python_asks_a_netspec_for_names_as_it_asks_any_object():
    ns = caffe.NetSpec()
    ns.x = input_layer(2)
    assert hasattr(ns, "x") and not hasattr(ns, "z") and getattr(ns, "z", 5) == 5
    assert str(copy.deepcopy(ns).to_proto()) == str(ns.to_proto()) and summary(ns)


def test_a_constant_that_is_not_there_is_named_with_its_nearest():
    assert (P.Eltwise.SUM, P.Pooling.MAX) == (1, 0)
    with pytest.raises(AttributeError, match="Eltwise has no 'SUMM'.*PROD, SUM, MAX.* 'SUM'?"):
        P.Eltwise.SUMM
    with pytest.raises(NetError, match="no 'Eltwis'. Did you mean 'Eltwise'?"):
        P.Eltwis.SUM
    assert not hasattr(P, "__deepcopy__") and not hasattr(P.Eltwise, "SUMM") and not hasattr(P.TanH, "SUM")


@named([None, "x", 0, []])
def test_a_view_of_several_series_or_of_weights_takes_no_other_thing(wrong):
    for view in (views.gradients_over_time, lambda wrong: views.lines(wrong, "x", "y"),
                 views.weights_by_gate):
        with pytest.raises(NetError, match="^expected (a dict|weights)"):
            view(wrong)


@named([None, "x", {}, caffe.NetSpec()])
def test_a_view_takes_a_loaded_net_and_the_number_of_a_sequence(wrong):
    net = unrolled_net()
    for view in (lambda: views.gates_over_time(wrong), lambda: views.gradient_sizes(wrong),
                 lambda: views.gates_over_time(net, wrong),
                 lambda: views.gradient_sizes(net, "c", wrong or "none")):
        with pytest.raises(NetError, match="expected a net|is asked for"):
            view()

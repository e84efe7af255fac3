"""What lint says happens does happen: each trap run once, beside a net without it."""
import numpy as np
import pytest
from conftest import on_real_caffe
from lint_nets import (FLAT, ONE_STEP, TRAPS, cell_state, in_place, inputs, layer, lstm,
                       product, softmax, summed)

from lstm_lib.linting.in_place import NEED_TOP
from lstm_lib import NetError, caffe, lint, load_net, make_solver, save_weights

FORGETS = {"weights without a filler": "a", "a ReLU that begins dead": "a",
           "an RNN layer without a filler": "r"}
NO_GRADIENT = {"every lr_mult 0": "a", "propagate_down: false everywhere": "a",
               "initial states that learn": "h1",
               "weights beside the loss": "b", "no loss": "a", "a loss that does not count": "a",
               "data of zeros": "a", **FORGETS}


def falls(trap):
    return TRAPS[trap][2]


def nearly(trap):
    return TRAPS[trap][3]


def filled(text, seed=0, **options):
    """The loaded net, random numbers in its inputs, cont 1 but at the first step, labels 0."""
    net, rng = load_net(text, **options), np.random.default_rng(seed)
    for name in net.inputs:
        net.blobs[name].data[...] = rng.standard_normal(net.blobs[name].shape)
        if name == "label":
            net.blobs[name].data[...] = 0
        if name == "cont":
            net.blobs[name].data[...] = 1
            net.blobs[name].data[0] = 0
    return net


def gradient(net, layer):
    """The gradient of the first weight of a layer, after a forward and a backward pass."""
    net.clear_param_diffs()
    net.forward()
    net.backward()
    return net.params[layer][0].diff.copy()


@pytest.mark.parametrize("trap", NO_GRADIENT)
def test_no_gradient_comes_to_the_weight(trap):
    net = filled(falls(trap))
    assert not gradient(net, NO_GRADIENT[trap]).any()


@pytest.mark.parametrize("trap", sorted(
    set(NO_GRADIENT) - {"initial states that learn"}))
def test_beside_the_trap_there_is_a_gradient(trap):
    net = filled(nearly(trap))
    assert any(gradient(net, name).any() for name in net.params)


def test_an_lstm_layer_does_not_look_at_the_gradient_of_its_last_state():
    assert not gradient(filled(falls("a loss on the last state")), "r").any()
    assert gradient(filled(nearly("a loss on the last state")), "r").any()


@on_real_caffe
@pytest.mark.parametrize("trap, weight", [("Flatten on an LSTM", "r"),
                                          ("Flatten on a Reshape", "a")])
def test_real_caffe_loses_the_gradient_below_a_flatten(trap, weight):
    assert not gradient(filled(falls(trap)), weight).any()
    assert gradient(filled(nearly(trap)), weight).any()


@on_real_caffe
@pytest.mark.parametrize("between, lost", [
    ("", True), (in_place("Dropout", "r"), True), (layer("p", "Power", "r"), False),
    (layer("p", "Power", "r", tops="p") + layer("more", "Power", "r"), False)])
def test_what_lint_says_of_a_flatten_is_what_caffe_does(between, lost):
    bottom = "p" if '"p"' in between and "more" not in between else "r"
    text = inputs("s", "cont") + lstm() + between
    text += layer("f", "Flatten", bottom, FLAT) + summed("f")
    assert bool(lint(text)) == lost == (not gradient(filled(text), "r").any())


@pytest.mark.parametrize("trap", FORGETS)
def test_weights_that_start_as_zeros_stay_so_in_training(trap):
    def after(text):
        solver = make_solver(text, base_lr=0.1)
        for name in solver.net.inputs:
            solver.net.blobs[name].data[...] = 1
        solver.step(3)
        return solver.net.params[FORGETS[trap]][0].data

    assert not after(falls(trap)).any()
    assert after(nearly(trap)).any()


def test_steps_that_do_not_share_hold_different_numbers():
    net = load_net(falls("a misspelt name"))
    first, second, third = (net.params[f"t{t}/Mh"][0].data for t in (1, 2, 3))
    assert np.array_equal(first, third) and not np.array_equal(first, second)


def test_lr_mult_0_of_a_later_step_holds_all_steps():
    for trap, moves in (("lr_mult of a later step", False), ("the filler of a later step", True)):
        text = TRAPS[trap][3 if moves else 2] + summed("b")
        solver = make_solver(text, base_lr=0.1)
        solver.net.blobs["x"].data[...] = 1
        before = solver.net.params["a"][0].data.copy()
        solver.step(1)
        assert np.array_equal(before, solver.net.params["a"][0].data) != moves


def test_the_first_step_fills_a_shared_weight():
    assert not load_net(falls("the filler of a later step")).params["b"][0].data.any()
    assert load_net(nearly("the filler of a later step")).params["b"][0].data.any()


def test_unequal_multipliers_of_a_shared_weight_do_not_build():
    with pytest.raises(NetError, match="mismatched decay_mult"):
        load_net(falls("unequal decay_mult"))


def test_of_two_layers_of_one_name_params_has_one():
    assert len(load_net(falls("two layers of one name")).params) == 1


def test_tanh_in_place_squashes_the_cell_state():
    squashed, sound = (filled(cell_state(last)) for last in (
        in_place("TanH", "c", "act_c"), layer("act_c", "TanH", "c")))
    squashed.forward(), sound.forward()
    assert np.allclose(squashed.blobs["c"].data, np.tanh(sound.blobs["c"].data))
    assert not np.allclose(squashed.blobs["c"].data, sound.blobs["c"].data)


def test_a_flattened_blob_and_its_origin_are_one_memory():
    net = filled(falls("another name for the same memory"))
    net.forward()
    assert net.blobs["late"].data.min() >= 0  # it reads what ReLU left
    assert (net.blobs["x"].data @ net.params["a"][0].data.T).min() < 0


WRONG = {"gradient of a TanH that Dropout overwrites": ("a", "Dropout"),
         "gradient of a product whose input is overwritten": ("w", "Sigmoid"),
         "ReLU, then Scale, all in place": ("a", "Scale")}
WRONG_ON_REAL = {"c of an LSTM layer overwritten": ("r", "Sigmoid"),
                 "c of an LSTMUnit overwritten": ("z", "Sigmoid")}


@pytest.mark.parametrize("trap", [*WRONG, *(pytest.param(trap, marks=on_real_caffe)
                                            for trap in WRONG_ON_REAL)])
def test_a_gradient_is_wrong_where_its_numbers_are_overwritten(trap):
    weight, kind = {**WRONG, **WRONG_ON_REAL}[trap]
    start = load_net(falls(trap))
    if kind == "Scale":
        start.params["n"][0].data[...] = -2  # else the signs, all that ReLU looks at, stay
    name = next(name for name, one in zip(start._layer_names, start.layers) if one.type == kind)
    blob = start.top_names[name][0]
    cured = falls(trap).replace(f'name: "{name}" type: "{kind}" bottom: "{blob}" top: "{blob}"',
                                f'name: "{name}" type: "{kind}" bottom: "{blob}" top: "new"')
    head, _, tail = cured.partition('top: "new"')
    cured = head + 'top: "new"' + tail.replace(f'bottom: "{blob}"', 'bottom: "new"')
    gradients = []
    for text in (falls(trap), cured):
        net = filled(text)
        for weights, given in zip(net.params.values(), start.params.values()):
            weights[0].data[...] = given[0].data
        caffe.set_random_seed(3)
        gradients.append(gradient(net, weight))
    assert not lint(cured) and not np.allclose(*gradients, atol=1e-3)


OPTIONS = {"LRN": "lrn_param { alpha: 1 local_size: 3 }", "Exp": "", "InnerProduct": (
    'inner_product_param { num_output: 3 weight_filler { type: "uniform" min: -1 } }')}


@pytest.mark.parametrize("kind", sorted(NEED_TOP) + [
    "AbsVal", "BNLL", "Dropout", "InnerProduct", "Log", "PReLU", "Pooling", "Power", "ReLU"])
@pytest.mark.parametrize("follower", ["ReLU", "Scale"])
def test_lint_knows_which_gradients_are_wrong_when_their_output_is_overwritten(kind, follower):
    """Each type with another in place on its top, and with that not in place."""
    if kind not in caffe.layer_type_list():
        pytest.skip("portable_caffe does not run it")
    middle = layer("p", kind, "x", OPTIONS.get(kind, "pooling_param { kernel_size: 1 }"
                                               if kind == "Pooling" else ""))
    more = "scale_param { filler { value: -2 } }" if follower == "Scale" else ""
    gradients = []
    for top in ("p", "q"):
        text = (layer("x", "Input", more="input_param { shape { dim: 4 dim: 3 dim: 1 dim: 2 } }")
                + middle + layer("q", follower, "p", more, tops=top) + product("e", top)
                + summed("e", "reduction_param { operation: SUMSQ }"))
        caffe.set_random_seed(5)  # the same weights, the same that Dropout drops
        net = filled(text, force_backward=True)
        net.blobs["x"].data[...] += 10 * (kind == "Log")
        gradient(net, "e")
        gradients.append(net.blobs["x"].diff.copy())
        if top == "p":
            named = any("is computed" in one.what for one in lint(net))
    assert named == (not np.allclose(*gradients, rtol=1e-3, atol=1e-5))


@on_real_caffe
def test_the_output_of_one_step_is_the_state_of_the_next():
    results = []
    for blob, text in (("r", falls("the output of one step overwritten")),
                       ("q", ONE_STEP + lstm() + layer("q", "ReLU", "r"))):
        caffe.set_random_seed(1)
        net = filled(text)
        net.blobs["cont"].data[...] = 1
        net.forward()
        net.forward()
        results.append(net.blobs[blob].data.copy())
    assert not np.allclose(*results)


def test_an_input_that_is_overwritten_is_another_at_the_next_forward():
    for text, same in ((falls("an input overwritten"), False),
                       (nearly("an input overwritten"), True)):
        net = filled(text)
        first = net.forward()["x"].copy()
        assert np.array_equal(first, net.forward()["x"]) == same


def test_random_dummy_data_is_never_the_same_twice():
    for text, same in ((falls("data drawn anew"), False), (nearly("data drawn anew"), True)):
        net = load_net(text)
        first = net.forward()["a"].copy()
        assert np.array_equal(first, net.forward()["a"]) == same


def test_a_state_of_dummy_data_is_no_input():
    net = filled(falls("states nobody can set"))
    with pytest.raises(NetError):
        net.forward(h0=np.ones((1, 2, 5)))


def test_without_a_0_in_cont_the_second_call_goes_on_from_the_first():
    for text, same in ((falls("cont always 1"), False), (nearly("cont always 1"), True)):
        net = filled(text)
        first = net.forward()["r"].copy()
        assert np.allclose(first, net.forward()["r"]) == same


def test_with_cont_0_no_step_knows_of_the_one_before():
    for text, same in ((falls("cont always 0"), True), (nearly("cont always 0"), False)):
        net = filled(text)
        last = net.forward()["r"][2].copy()
        net.blobs["s"].data[:2] = 7
        assert np.allclose(last, net.forward()["r"][2]) == same


@pytest.mark.parametrize("trap", [
    "a loss of an ArgMax", pytest.param("a label that learns", marks=on_real_caffe)])
def test_the_backward_pass_fails(trap):
    net = filled(falls(trap))
    net.forward()
    with pytest.raises(NetError):
        net.backward()
    assert gradient(filled(nearly(trap)), "a").any()


@on_real_caffe
def test_batch_norm_of_this_build_does_not_normalise_in_training():
    norm = layer("n", "BatchNorm", "x")
    (one,) = lint(inputs("x") + norm)
    net = load_net(inputs("x") + norm)
    net.blobs["x"].data[...] = np.random.default_rng(0).normal(5, 2, (4, 3))
    assert "neither computes nor keeps" in one.what and net.forward()["n"].mean() > 100
    assert lint(inputs("x") + norm, phase=caffe.TEST) == []
    assert lint(inputs("x") + layer("n", "BatchNorm", "x",
                                    "batch_norm_param { use_global_stats: true }")) == []


def test_sequences_of_one_step_do_not_know_of_each_other():
    net = filled(falls("one step of many sequences"))
    net.forward()
    first = net.blobs["r"].data[0, ::-1].copy()
    net.blobs["s"].data[...] = net.blobs["s"].data[:, ::-1].copy()
    net.forward()
    assert np.allclose(first, net.blobs["r"].data[0])  # in another order the same


def test_a_product_over_axis_1_mixes_the_sequences_of_a_step():
    for text, mixed in ((falls("sequences mixed up"), True), (nearly("sequences mixed up"), False)):
        net = filled(text)
        before = net.forward()["score"].copy()
        net.blobs["s"].data[:, 1] += 1  # the second of two sequences
        changed = net.forward()["score"] != before
        assert changed[:, 0].any() == mixed and changed.any()


def test_a_gradient_written_into_an_output_in_vain_is_named():
    net = filled(inputs("x") + product("a", "x"))
    assert lint(net) == []
    net.forward()
    net.blobs["a"].diff[...] = 1
    net.backward()
    assert "written into an output" in lint(net)[0].what and not net.params["a"][0].diff.any()


def test_weights_that_were_set_are_no_weights_of_zeros(tmp_path):
    net = load_net(falls("weights without a filler"))
    assert len(lint(net)) == 1
    for blobs in net.params.values():
        blobs[0].data[...] = 1
    assert lint(net) == []
    path = save_weights(net, tmp_path / "w.caffemodel")
    assert lint(load_net(falls("weights without a filler"), weights=path)) == []


def test_the_net_of_a_solver_is_judged_as_it_is():
    solver = make_solver(inputs("x", "label") + product("a", "x") + softmax("a"), base_lr=0.1)
    assert lint(solver.net) == []

"""What notebooks 07 and 08 say of trained nets is true: accuracy, errors, equal curves."""
import numpy as np
import pytest
from played import cell_of, play

import portable_caffe
from lstm_lib import caffe, get_weights, load_net, make_solver, save_weights, set_weights
from lstm_lib import write_prototxt, xavier_start


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return play("07_training", tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    return play("08_lengths_and_states", tmp_path_factory.mktemp("series"))


def test_unseen_digits_are_read_with_96_percent_or_more_after_30_epochs(digits):
    assert digits["curve"].shape == (30, 2) and digits["curve"][-1, 1] >= 0.96
    assert (digits["said"] == digits["y_test"]).mean() == pytest.approx(digits["curve"][-1, 1])


def test_no_test_image_is_a_training_image(digits):
    assert sorted(digits["order"]) == list(range(1797))
    assert digits["x_train"].shape[1] + digits["x_test"].shape[1] == 1797


def test_the_progress_bar_tells_loss_and_accuracy(digits):
    bar = digits["printed"][cell_of(digits, "curve = train(solver, 30)")]
    loss, accuracy = digits["curve"][-1]
    assert f"accuracy={accuracy:.3f}" in bar and f"loss={loss:.3f}" in bar and "30/30" in bar


def test_every_mistake_is_shown_and_counted(digits):
    wrong = digits["wrong"]
    assert 0 < len(wrong) == round(450 * (1 - digits["curve"][-1, 1]))
    assert f"{len(wrong)} mistakes" in digits["display"].ax_.get_title()
    assert digits["display"].confusion_matrix.sum() == 450
    assert np.trace(digits["display"].confusion_matrix) == 450 - len(wrong)


def test_a_resumed_training_gives_the_bits_of_an_uninterrupted_one(digits):
    for one, other in zip(get_weights(digits["through"].net), get_weights(digits["resumed"].net)):
        assert np.array_equal(one, other)


def test_an_open_forget_gate_learns_sooner(digits):
    low, high = digits["biases"]["forget bias -2"], digits["biases"]["forget bias 1"]
    assert high[:4].mean() > low[:4].mean() + 0.05 and abs(high[-1] - low[-1]) < 0.05


@pytest.mark.parametrize("seed", range(1, 5))
def test_it_learns_sooner_from_other_starts_too(digits, seed):
    curves = []
    for forget_bias in (-2, 1):
        solver = digits["start"]()[0]
        set_weights(solver.net, xavier_start(digits["D"], digits["H"],
                                             np.random.default_rng(seed), forget_bias))
        curves.append(digits["train"](solver, 4, seed)[:, 1])
    assert curves[1].mean() > curves[0].mean() + 0.05


def test_clipping_saves_a_training_with_too_large_a_rate(digits):
    clipped, free = digits["runs"]["clipped at 0.1"], digits["runs"]["not clipped"]
    assert clipped[-4:].min() > 0.9 and clipped.mean() > free.mean() + 0.1
    assert (np.diff(free) < 0).any()
    if caffe.engine == "real":  # as the notebook says
        assert clipped[4:].min() > 0.9 > free.max()


def test_the_losses_of_caffe_s_layer_are_the_same_numbers(digits):
    assert len(digits["loss_ours"]) == 8
    assert np.array_equal(digits["loss_ours"], digits["loss_theirs"])


def test_the_traps_show_what_they_say(digits):
    def said(part):
        return digits["printed"][cell_of(digits, part)].split("\n")

    assert [line.split()[-1] for line in said("has the new weights")[:3]] == [
        "True", "True", "False"]
    assert [line.split()[-1] for line in said("of the test net has")[:3]] == [
        "True", "True", "False"]
    assert said("steps with the trained weights")[0].endswith(" 12")
    piled, cleared = [[float(n.strip("[],'")) for n in line.split()[-3:]]
                      for line in said("not cleared")[:2]]
    assert piled == pytest.approx([piled[0], 2 * piled[0], 3 * piled[0]], abs=2e-4)
    assert cleared == [cleared[0]] * 3 == [piled[0]] * 3


def test_the_portable_engine_learns_as_well_within_a_percent(digits, tmp_path):
    solver = portable_solver(digits["digit_net"](64), tmp_path)
    start = digits["start"]()[0].net
    copy_weights(start, solver.net)
    rng = np.random.default_rng(1)
    for _ in range(30):
        images = rng.permutation(1347)
        for first in range(0, 1347 - 63, 64):
            batch = images[first:first + 64]
            solver.net.blobs["x"].data[...] = digits["x_train"][:, batch]
            solver.net.blobs["label"].data[...] = digits["y_train"][batch]
            solver.step(1)
    net = digits["test_net"](digits["start"]()[0])
    copy_weights(solver.net, net)
    accuracy = float(net.forward()["accuracy"])
    assert abs(accuracy - digits["curve"][-1, 1]) <= 0.01


def portable_solver(spec, folder):
    write_prototxt(spec, folder / "net.prototxt")
    (folder / "solver.prototxt").write_text(
        f'base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" train_net: "{folder}/net.prototxt"')
    return portable_caffe.get_solver(str(folder / "solver.prototxt"))


def copy_weights(one, other):
    for name, blobs in one.params.items():
        for mine, theirs in zip(blobs, other.params[name]):
            theirs.data[...] = mine.data


def error(forecast, truth):
    return np.sqrt(np.mean((forecast - truth) ** 2))


def test_the_forecast_beats_the_naive_rules_and_not_the_fair_one(series):
    months, split, rules = series["months"], series["split"], series["rules"]
    errors = {name: error(values, months[split:]) for name, values in rules.items()}
    net = errors.pop("LSTM")
    assert net < 0.6 * errors["last month"] and net < 0.4 * errors["same month last year"]
    assert errors["last month + usual change"] < net < errors["last month + usual change"] + 0.2


def test_the_fair_rule_is_a_little_better_from_whichever_start(series, tmp_path):
    errors = [forecast_error(series, seed, str(tmp_path / "w")) for seed in range(6)]
    assert 0.49 < min(errors) and max(errors) < 0.7
    if caffe.engine == "real":  # as the notebook says
        assert [round(min(errors), 2), round(max(errors), 2)] == [0.53, 0.64]


def forecast_error(series, seed, path):
    """The error over the test months of a net trained as in the notebook, from another start."""
    T, B, z, split = (series[name] for name in ("T", "B", "z", "split"))
    caffe.set_random_seed(seed)
    solver = make_solver(series["forecaster"](T, B, loss=True), type="Adam", base_lr=0.01,
                         momentum2=0.999, momentum=0.9, clip_gradients=5)
    set_weights(solver.net, xavier_start(1, 16, np.random.default_rng(seed), forget_bias=1.0))
    rng = np.random.default_rng(seed)
    for _ in range(series["iterations"]):
        windows = np.array([z[s:s + T + 1] for s in rng.integers(0, split - T, B)]).T[:, :, None]
        solver.net.blobs["x"].data[...] = windows[:-1]
        solver.net.blobs["target"].data[...] = windows[1:]
        solver.step()
    net = load_net(series["forecaster"](len(z) - 1, 1), phase=caffe.TEST,
                   weights=save_weights(solver.net, path))
    net.blobs["x"].data[...] = z[:-1, None, None]
    months = net.forward()["y"].ravel() * series["spread"] + series["mean"]
    return error(months[split - 1:], series["months"][split:])


def test_the_rules_know_nothing_of_the_month_they_forecast(series):
    months, split, rules = series["months"], series["split"], series["rules"]
    for t in (split, split + 7, len(months) - 1):
        assert rules["last month"][t - split] == months[t - 1]
        assert rules["same month last year"][t - split] == months[t - 12]
        usual = series["year"][t % 12] - series["year"][(t - 1) % 12]
        assert rules["last month + usual change"][t - split] == pytest.approx(
            months[t - 1] + usual)


def test_training_reads_no_test_month(series):
    assert series["split"] == 540 and len(series["months"]) == 732
    assert series["starts"].max() + series["T"] < 540


def test_one_step_at_a_time_gives_the_forecasts_of_the_long_net(series):
    scaled = (series["forecast"] - series["mean"]) / series["spread"]
    assert len(series["one_by_one"]) == 731
    assert np.abs(series["one_by_one"] - scaled).max() <= 1e-5


def test_the_free_run_inside_the_net_equals_the_loop_outside(series):
    assert np.abs(np.subtract(series["inside"], series["outside"])).max() <= 1e-5
    assert np.std(series["story"]) > 1  # it lives on for ten years


def test_the_series_is_61_whole_years_of_sea_temperatures(series):
    assert series["table"].shape == (61, 13) and list(series["table"][[0, -1], 0]) == [1950, 2010]
    assert 18 < series["months"].min() and series["months"].max() < 30

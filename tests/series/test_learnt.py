"""What notebooks 07 and 08 say of trained nets is true: accuracy, errors, equal curves."""
import os

import numpy as np
import pytest
from played import cell_of, play

import portable_caffe
from lstm_lib import get_weights, load_net, write_prototxt


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return play("07_training", tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    return {**play("08_lengths_and_states", folder), "left": os.listdir(folder)}


def last_50(curves):
    return np.array(curves)[:, -50:].mean(1)


def test_unseen_digits_are_read_with_94_percent_or_more_from_each_of_five_seeds(digits):
    assert digits["curve"].shape == (30, 3) and digits["curve"][-1, 2] >= 0.93
    assert len(digits["on_test"]) == 5 and min(digits["on_test"]) >= 0.94
    assert (digits["said"] == digits["y_test"]).mean() == pytest.approx(digits["on_test"][0])


def test_no_image_is_in_two_parts(digits):
    assert sorted(digits["order"]) == list(range(1797))
    for parts in (digits["parts"], digits["in_order"]):
        assert [len(y) for _, y in parts] == [x.shape[1] for x, _ in parts] == [1100, 250, 447]


def test_the_progress_bar_tells_loss_and_accuracy(digits):
    bar = digits["printed"][cell_of(digits, "curve = train(solver, 30)")]
    loss, _, accuracy = digits["curve"][-1]
    assert f"accuracy={accuracy:.3f}" in bar and f"loss={loss:.3f}" in bar and "30/30" in bar


def test_the_training_loss_ends_far_below_the_validation_loss(digits):
    training, validation, _ = digits["curve"].T
    assert training[-1] < training[15] and validation[-1] > 3 * training[-1]


def test_the_learning_rate_was_chosen_on_the_validation_images(digits):
    means = {rate: np.mean(accuracies) for rate, accuracies in digits["valid"].items()}
    assert max(means, key=means.get) == 0.1
    assert all(len(accuracies) == 3 for accuracies in digits["valid"].values())


def test_simple_rules_are_better_and_a_random_split_flatters_all(digits):
    mixed, in_order = digits["rules"](digits["parts"]), digits["rules"](digits["in_order"])
    for name in ("KNeighborsClassifier", "SVC"):
        assert mixed[name] > np.mean(digits["on_test"])
    assert all(mixed[name] > in_order[name] + 0.01 for name in mixed)
    assert np.mean(digits["on_test"]) > np.mean(digits["filed"]) + 0.03


def test_every_mistake_is_shown_and_counted(digits):
    wrong = digits["wrong"]
    assert 0 < len(wrong) == round(447 * (1 - digits["on_test"][0]))
    assert f"{len(wrong)} mistakes" in digits["display"].ax_.get_title()
    assert digits["display"].confusion_matrix.sum() == 447
    assert np.trace(digits["display"].confusion_matrix) == 447 - len(wrong)


def test_from_each_seed_both_matrices_change_most_in_g_and_least_in_f(digits):
    for name in ("W_xc", "W_hc"):
        for gates in digits["changed"][name]:
            assert "ifog"[np.argmax(gates)] == "g" and "ifog"[np.argmin(gates)] == "f"


def test_a_resumed_training_gives_the_bits_of_an_uninterrupted_one(digits):
    for one, other in zip(get_weights(digits["through"].net), get_weights(digits["resumed"].net)):
        assert np.array_equal(one, other)


def test_an_lstm_recalls_with_an_open_forget_gate_and_never_with_a_half_open_one(digits):
    recalled = digits["recalled"]
    assert (last_50(recalled["LSTM, forget bias 3"]) > 0.95).all()
    assert (last_50(recalled["LSTM, forget bias 0"]) < 0.3).all()
    assert last_50(recalled["LSTM, forget bias 1"]).min() < 0.7


def test_a_plain_net_beats_an_lstm_that_starts_badly(digits):
    plain = last_50(digits["recalled"]["plain RNN"])
    assert plain.max() > 0.95 and plain.min() < 0.7
    assert plain.mean() > last_50(digits["recalled"]["LSTM, forget bias 0"]).mean() + 0.2


def test_the_gradient_spikes_and_clipping_at_its_usual_norm_saves_the_training(digits):
    assert max(digits["norms"]) > 4 * np.median(digits["norms"])
    clipped = {value: np.array(last) for value, last in digits["clipped"].items()}
    assert (clipped[1] > 0.95).all() and (clipped[-1] < 0.5).sum() >= 4
    assert (clipped[0.01] < 0.95).all()


def test_clipping_harms_where_nothing_spikes(digits):
    assert min(digits["digit_norms"]) > 0.1
    lines = digits["printed"][cell_of(digits, "accuracy after 8 epochs")].split("\n")
    free, clipped = [[float(number) for number in line.split("[")[1].strip("]").split()]
                     for line in lines if "8 epochs" in line]
    assert all(one > other for one, other in zip(free, clipped))


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


def test_the_portable_engine_learns_as_well_within_two_percent(digits, tmp_path):
    solver = portable_solver(digits["digit_net"](50), tmp_path)
    copy_weights(digits["start"]()[0].net, solver.net)
    rng = np.random.default_rng(0)
    for _ in range(30):
        images = rng.permutation(1100)
        for first in range(0, 1100, 50):
            batch = images[first:first + 50]
            solver.net.blobs["x"].data[...] = digits["x_train"][:, batch]
            solver.net.blobs["label"].data[...] = digits["y_train"][batch]
            solver.step(1)
    trained = digits["start"]()[0]
    copy_weights(solver.net, trained.net)
    accuracy = float(digits["asking"](trained, *digits["parts"][1]).forward()["accuracy"])
    assert abs(accuracy - digits["curve"][-1, 2]) <= 0.02


def portable_solver(spec, folder):
    write_prototxt(spec, folder / "net.prototxt")
    (folder / "solver.prototxt").write_text(
        f'base_lr: 0.1 momentum: 0.9 lr_policy: "fixed" train_net: "{folder}/net.prototxt"')
    return portable_caffe.get_solver(str(folder / "solver.prototxt"))


def copy_weights(one, other):
    for name, blobs in one.params.items():
        for mine, theirs in zip(blobs, other.params[name]):
            theirs.data[...] = mine.data


def test_the_errors_are_those_the_notebook_tells(series):
    test = {name: series["errors"](values)[2] for name, values in series["rules"].items()}
    starts = series["chosen"][:, 2]
    assert [round(test[name], 2) for name in (
        "usual + linear, 2 months", "last month + usual change", "linear, 13 months",
        "last month", "usual for the month", "same month last year")] == [
        0.47, 0.49, 0.53, 1.16, 1.25, 1.7]
    assert starts.min() == pytest.approx(0.50, abs=0.03)
    assert starts.mean() == pytest.approx(0.55, abs=0.03)
    assert starts.max() == pytest.approx(0.58, abs=0.03)
    assert test["last month + usual change"] < starts.mean() < 0.6 * test["last month"]
    assert series["chosen"][:, 0].mean() == pytest.approx(0.39, abs=0.02)
    assert series["errors"](series["rules"]["last month + usual change"])[0] == pytest.approx(
        0.44, abs=0.005)


def test_an_iteration_chosen_on_the_test_years_flatters(series):
    looked_at = series["curves"][:, :, 2].min(1)
    assert looked_at.min() == pytest.approx(0.48, abs=0.03)
    assert looked_at.max() == pytest.approx(0.56, abs=0.03)
    assert looked_at.mean() < series["chosen"][:, 2].mean()


def test_from_some_iteration_on_the_validation_error_rises_and_the_training_error_falls(series):
    training, validation = series["curves"].mean(0)[:, :2].T
    lowest = validation.argmin()
    assert 2 <= lowest <= 10 and validation[-1] > validation[lowest] + 0.03
    assert training[-1] < training[lowest] - 0.05


def test_the_weights_that_are_kept_are_best_on_validation_whatever_they_do_on_test(series):
    assert np.array_equal(series["best"], series["curves"][:, :, 1].argmin(1))
    kept = series["errors"](series["forecast"](series["kept"]))
    assert np.allclose(kept, series["chosen"][series["chosen"][:, 1].argmin()], atol=1e-5)


def test_no_training_of_the_series_reads_a_month_after_1984(series, monkeypatch):
    unread = series["z"].copy()
    unread[35 * 12:] = np.nan
    monkeypatch.setitem(series["iterate"].__globals__, "z", unread)
    solver = series["adam"](series["forecaster"](60, 16, loss=True), 1)
    series["iterate"](solver, np.random.default_rng(1), 60)
    chunks = load_net(series["forecaster"](5, 7), series["train_in_chunks"](5, True, 1, 60))
    lengths = series["adam"](series["reader"](400), 1)
    series["fill"](lengths.net, np.arange(20, 420), [20] * 400, True)
    lengths.step()
    for net in (solver.net, chunks, lengths.net):
        assert all(np.isfinite(weight).all() for weight in get_weights(net))


def test_no_rule_reads_the_month_it_forecasts_nor_a_later_one(series):
    months, rules = series["months"], series["rules"]
    later = months.copy()
    later[600:] += 5
    for n in (2, 13):
        same = series["regression"](later, n) == series["regression"](months, n)
        assert same[n:601].all() and not same[601:].any()
    assert np.allclose(series["usual"][600:612], months[:420].reshape(-1, 12).mean(0))
    for t in (540, 547, 731):
        assert rules["last month"][t] == months[t - 1]
        assert rules["same month last year"][t] == months[t - 12]
        assert rules["last month + usual change"][t] == pytest.approx(
            months[t - 1] + series["usual"][t] - series["usual"][t - 1])


def test_with_sequences_of_unequal_length_the_state_must_be_held(series):
    held, read = series["by_length"].values()
    assert held[0] == pytest.approx(1.13, abs=0.05) and held[2] == pytest.approx(0.45, abs=0.05)
    assert held[9:] == pytest.approx(0.41, abs=0.05)
    assert (read > held + 0.1).all()


def test_with_carried_states_a_series_longer_than_t_is_learnt_whatever_t_is(series):
    carried, anew, last_months = series["found"].mean(0).T
    assert (carried < anew).all() and (carried < last_months).all()
    assert carried[0] == pytest.approx(0.5, abs=0.05) and carried[-1] < carried[0]
    assert anew.min() > 0.7 and last_months[0] == pytest.approx(1.1, abs=0.05)


def test_one_step_at_a_time_gives_the_forecasts_of_the_long_net(series):
    assert len(series["one_by_one"]) == 731
    scaled = (series["lstm_says"][1:] - series["mean"]) / series["spread"]
    assert np.abs(series["one_by_one"] - scaled).max() <= 1e-5


def test_a_free_run_tells_the_same_story_twice_and_is_worse_than_what_is_usual(series):
    assert np.array_equal(series["run_free"](series["kept"]), series["stories"][series["winner"]])
    assert min(series["free_errors"]) > series["errors"](series["usual"])[2]
    assert max(series["free_errors"]) < 2.5
    assert all(np.std(story) > 1 for story in series["stories"])  # each lives on for 16 years
    assert len(series["stories"]) == 6


def test_the_free_run_inside_the_net_equals_the_loop_outside(series):
    inside = np.array(series["inside"]) * series["spread"] + series["mean"]
    assert np.abs(inside - series["stories"][series["winner"]][:12]).max() <= 1e-5


def test_it_leaves_no_file_behind_where_it_runs(series):
    assert series["left"] == ["data"]


def test_the_series_is_61_whole_years_of_sea_temperatures(series):
    assert series["table"].shape == (61, 13) and list(series["table"][[0, -1], 0]) == [1950, 2010]
    assert 18 < series["months"].min() and series["months"].max() < 30

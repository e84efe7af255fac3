"""What notebook 12 says of the net that looks is true: figures of held-out fields, and maps."""
import numpy as np
import pytest
from conftest import on_real_caffe
from played import cell_of, play

from lstm_lib import attention_start, unroll
from lstm_lib.exercises import where_the_net_looks as check


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return play("12_where_the_net_looks", tmp_path_factory.mktemp("looking"))


def trained(book, way, seed=0, **options):
    """The curve of another training, and its net of the test fields."""
    solver, test = book["start"](*way, seed)
    return book["train"](solver, test, seed, **options), test


def changed(book, monkeypatch, **names):
    """Let the notebook's functions see other values of these names."""
    for name, value in names.items():
        monkeypatch.setitem(book["start"].__globals__, name, value)


def test_by_hand_and_the_library_agree(book):
    for part in ('compare("h0"', 'compare("l_1"'):
        said = book["printed"][cell_of(book, part)].strip().split("\n")
        assert all("equal" in line or "agrees" in line for line in said), said


def test_the_answer_of_a_field_is_the_digit_at_the_place_that_the_middle_names(book):
    images, labels = book["held_out"]
    known = {image.tobytes(): label for image, label in zip(images, labels)}
    places = book["seen"].reshape(-1, 64, 9).transpose(0, 2, 1)
    digits = np.array([[known[np.ascontiguousarray(place).tobytes()] for place in field]
                       for field in places])
    rows = np.arange(len(digits))
    assert (digits[:, 4] == book["says"]).all() and not np.isin(book["says"], (0, 5)).any()
    assert (digits[rows, book["says"] - 1] == book["answer"]).all()


def test_no_test_field_holds_a_digit_of_training(book):
    assert sorted(book["order"]) == list(range(1797))
    assert len(book["training"][0]) == 1347 and len(book["held_out"][0]) == 450


def test_the_nets_have_about_as_many_weights(book):
    counts = [int(line.split()[-2]) for line in
              book["printed"][cell_of(book, "in nets.items():\n    table")].strip().split("\n")]
    assert len(counts) == 3 and max(counts) < 1.06 * min(counts)


def test_looking_reads_nine_in_ten_and_the_others_less_than_three_in_ten(book):
    results = book["results"]
    assert {name: len(values) for name, values in results.items()} == {
        "looks": 3, "uniform weights": 3, "whole field": 3}
    assert min(results["looks"]) > 0.9
    assert max(results["uniform weights"] + results["whole field"]) < 0.3
    gap = min(results["looks"]) - max(results["uniform weights"] + results["whole field"])
    assert gap > 10 * max(np.ptp(values) for values in results.values())


def test_it_waits_before_it_rises(book):
    curve = np.array(book["curves"]["looks"])
    assert curve[:5].max() < 0.3 and curve[-1] > 0.9
    assert np.mean(book["most"]) == pytest.approx(0.30, abs=0.01)


def test_before_training_it_looks_everywhere_and_after_it_at_the_middle_then_where_it_says(book):
    before, after, says = book["before"], book["after"], book["says"]
    assert before.max() < 0.3 and np.allclose(before[0], 1 / 9, atol=1e-6)
    assert np.allclose(after.sum(2), 1, atol=1e-5)
    assert after[0, :, 4].min() > 0.8 and np.ptp(after[0], axis=0).max() < 1e-6
    for step in (1, 2):
        assert after[step, np.arange(len(says)), says - 1].mean() > 0.8
    for digit in set(says):
        assert after[1, says == digit].mean(0).argmax() == digit - 1


def test_the_hidden_fields_can_be_read_off_their_maps(book):
    assert check.said(book["my_digits"], book["maps"])
    assert book["maps"].max(2).min() > 0.8  # no doubt where it looks


def test_a_five_in_the_middle_is_a_case_that_it_has_not_learnt(book):
    lines = book["printed"][cell_of(book, "np.full(len(seen), 5)")].split("\n")
    assert int(lines[0].split()[1]) < 50
    step_2 = book["where"](book["test"])[1].mean(0)
    assert step_2.argmax() != 4 and step_2.max() < 0.6


def test_two_looks_are_enough_and_one_is_not(book, monkeypatch):
    changed(book, monkeypatch, T=2)
    assert trained(book, book["nets"]["looks"])[0][-1] > 0.9
    changed(book, monkeypatch, T=1)
    curve, test = trained(book, book["nets"]["looks"])
    assert curve[-1] < 0.3 and book["where"](test)[0, :, 4].max() < 0.05


@on_real_caffe  # once is enough: both engines compute the same steps
def test_the_whole_field_is_no_better_with_another_step_size(book):
    for rate in (0.005, 0.01):
        assert trained(book, (book["whole"], 576, 15, rate))[0][-1] < 0.3


@on_real_caffe  # once is enough: both engines compute the same steps
def test_the_whole_field_with_64_units_and_more_time_gets_to_a_third(book):
    curve = trained(book, (book["whole"], 576, 64, 0.002), iterations=3000)[0]
    assert 0.27 < curve[-1] < 0.45
    assert curve[-1] > curve[23]  # it is still learning


@on_real_caffe
def test_a_start_by_equation_6_leads_from_most_seeds_to_the_middle_first(book, monkeypatch):
    def start(ns, B, H):
        return attention_start(ns, ns.X, 3, 64, 9, H)

    def composed(*arguments, cell, **options):
        return unroll(*arguments, **options)

    changed(book, monkeypatch, initial_state=start, unroll=composed)
    found = [trained(book, book["nets"]["looks"], seed) for seed in range(4)]
    assert sum(curve[-1] > 0.9 and book["where"](test)[0, :, 4].min() > 0.9
               for curve, test in found) >= 2


def test_the_progress_bar_tells_loss_and_accuracy(book):
    bar = book["printed"][cell_of(book, "solver, test = start")]
    assert f"accuracy={book['curves']['looks'][-1]:.3f}" in bar and "1200/1200" in bar

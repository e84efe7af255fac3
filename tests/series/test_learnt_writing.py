"""What notebook 11 says of its language model is true: bits, texts, units, on either engine."""
import re
from collections import Counter

import nbformat
import numpy as np
import pytest
from played import FOLDER, cell_of, play

from lstm_lib import caffe, load_net, make_solver, save_weights

STEM = "11_a_net_that_writes"


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    return play(STEM, tmp_path_factory.mktemp("writing"))


@pytest.fixture(scope="module")
def answers():
    """The code in the folded answers."""
    cells = nbformat.read(FOLDER / f"{STEM}.ipynb", 4).cells
    return re.findall(r"```python\n(.*?)```", "\n".join(cell.source for cell in cells), re.S)


def said(series, part):
    return series["printed"][cell_of(series, part)]


def test_what_is_held_out_is_not_learnt_and_nothing_is_lost(series):
    text, tenth, letters = series["text"], series["tenth"], series["letters"]
    assert "".join(letters[n] for n in series["test"]) == text[5 * tenth:6 * tenth]
    assert ("".join(letters[n] for n in series["train"])
            == text[:5 * tenth] + text[6 * tenth:])


@pytest.mark.parametrize("n, name", [(1, "unigram"), (2, "bigram"), (3, "trigram")])
def test_the_tables_are_those_that_a_dictionary_counts(series, n, name):
    train, test = series["train"].tolist(), series["test"].tolist()
    runs = Counter(zip(*[train[k:] for k in range(n)]))
    before = Counter()
    for run, times in runs.items():
        before[run[:-1]] += times
    p = [(runs[run] + 0.1) / (before[run[:-1]] + 0.1 * series["D"])
         for run in zip(*[test[k:] for k in range(n)])]
    assert series["rivals"][name] == pytest.approx(-np.log2(p).mean(), abs=1e-9)


def test_the_rivals_are_as_good_as_the_notebook_says(series):
    values = [series["rivals"][name] for name in ("unigram", "bigram", "trigram")]
    assert values == pytest.approx([4.34, 3.10, 2.08], abs=0.05)
    assert 0.45 < values[2] / values[0] < 0.5  # "a little less than half"


def test_on_text_it_has_never_read_the_net_beats_all_three(series):
    assert 1.2 < series["rivals"]["net"] < 1.5 < series["rivals"]["trigram"]
    assert series["size"] < series["tables"]["trigram"].size / 3
    assert 2 < 2 ** series["rivals"]["net"] < 3


def test_the_carried_states_are_worth_a_third_of_a_bit(series):
    assert series["rivals"]["net, empty states"] - series["rivals"]["net"] > 0.3


def test_it_passes_the_bigram_after_100_pieces_and_the_trigram_after_300(series):
    held_out = np.array(series["curve"])[:, 1]
    assert len(held_out) == 15 and held_out[1] < series["rivals"]["bigram"] < held_out[0]
    assert held_out[5] < series["rivals"]["trigram"] < held_out[2]


@pytest.mark.parametrize("seed", [1, 2])
def test_one_round_is_enough_to_pass_the_bigram_from_another_start(series, seed):
    solver = series["start"](seed)
    for x, y in series["pieces"](series["train"], series["T"], series["B"]):
        series["put"](solver.net, x, y)
        solver.step()
        series["carry"](solver.net)
    net = reader(series, solver, caffe.TEST)
    assert series["held_out"](net) < series["rivals"]["bigram"] - 0.5


def reader(series, solver, phase):
    """A net of many steps that uses the weights of this solver."""
    net = load_net(series["writer"](series["T"], series["B"], learn=True), phase=phase)
    net.share_with(solver.net)
    return net


def test_before_training_it_knows_nothing(series):
    bits = float(said(series, 'print(f"{held_out(reader):.2f} bits').split()[0])
    assert bits == pytest.approx(np.log2(series["D"]), abs=0.02)


def test_each_stream_goes_on_from_piece_to_piece_and_labels_are_the_next_letters(series):
    T, B, train = series["T"], series["B"], series["train"]
    made = series["pieces"](train, T, B)
    x, y = (np.concatenate([pair[k] for pair in made]) for k in (0, 1))  # (length, B)
    assert np.array_equal(x.T.ravel(), train[:x.size])
    assert np.array_equal(y.T.ravel(), train[1:x.size + 1])
    assert len(train) - x.size <= T * B


def test_the_bar_tells_the_bits_of_the_last_look(series):
    training, held_out = series["curve"][-1]
    bar = said(series, "with tqdm(")
    assert f"training={training:.2f}" in bar and f"held_out={held_out:.2f}" in bar


def test_the_net_of_one_step_finds_each_letter_as_likely_as_the_long_net(series):
    T, p = series["T"], -np.log2(series["p"][range(series["T"]), series["test"][1:26]])
    assert len(series["one_by_one"]) == T
    assert np.abs(series["one_by_one"] - p).max() <= 1e-4


def test_the_hotter_the_more_words_and_the_fewer_of_them_exist(series):
    found = [series["words"](written) for written in series["texts"].values()]
    known = [len(some & series["words"](series["text"])) / len(some) for some in found]
    assert [len(some) for some in found] == sorted(len(some) for some in found)
    assert known[0] > 0.8 > known[1] > 0.35 > known[2]


def test_without_the_phase_test_the_same_letter_has_other_and_worse_probabilities(
        series, tmp_path):
    ns = series["writer"](1, 1)
    ns.p = caffe.layers.Softmax(ns.scores, axis=2)
    net = load_net(ns, weights=save_weights(series["solver"].net, str(tmp_path / "w")))
    asked = []
    for _ in range(2):
        series["clear"](net)
        asked.append([series["read"](net, letter) for letter in "def "])
    assert np.abs(np.subtract(*asked)).max() > 1e-4
    dropped = reader(series, series["solver"], caffe.TRAIN)
    assert series["held_out"](dropped) > series["rivals"]["net"] + 0.01


def test_a_unit_follows_the_blanks_before_a_line_and_others_less(series):
    later = {name: abs(series["correlations"](thing, series["second"])[series["best"][name]])
             for name, thing in series["things"].items()}
    assert later["in the blanks before a line"] > 0.7
    assert later["in the blanks before a line"] == max(later.values())
    assert min(later["how far along the line"], later["inside brackets"]) > 0.3
    assert max(later["in a comment"], later["a capital letter"]) < 0.5


def test_mixed_counts_of_six_letters_are_nearly_as_good_as_the_net(series, answers):
    names = dict(series)
    exec(next(code for code in answers if "probability" in code), names)
    assert names["mixed"] == pytest.approx(1.44, abs=0.03)
    assert series["rivals"]["net"] < names["mixed"] + 0.05


def test_the_net_with_an_embed_layer_learns_as_well(series, answers):
    names = dict(series)
    exec(next(code for code in answers if "Embed" in code), names)
    ns = with_scores(names["ns"], names["layers"][-1].H, *[series[n] for n in "TBD"])
    solver = make_solver(ns, type="Adam", base_lr=0.02, momentum=0.9, momentum2=0.999)
    losses = []
    for x, y in series["pieces"](series["train"], series["T"], series["B"])[:40]:
        solver.net.blobs["x"].data[...], solver.net.blobs["label"].data[...] = x, y
        losses.append(solver.step())
        series["carry"](solver.net)
    assert losses[0] == pytest.approx(np.log(series["D"]), abs=0.05)
    assert np.mean(losses[-5:]) < 0.75 * losses[0]


def with_scores(ns, H, T, B, D):
    """Scores, labels and the loss, as the notebook's net has them."""
    ns.scores = caffe.layers.InnerProduct(H, num_output=D, axis=2,
                                          weight_filler=dict(type="xavier"))
    ns.label = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B])))
    ns.loss = caffe.layers.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    return ns

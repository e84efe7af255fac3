"""Random nets, good and broken: none ends the process, hangs, or raises what nobody explains."""
import compare
import program
import pytest
import run
from breaks import ALL

BATCHES = [range(first, first + 50) for first in range(1, 301, 50)]


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"{seeds[0]} to {seeds[-1]}")
def test_no_net_ends_the_process_hangs_is_unexplained_or_differs_between_the_engines(seeds):
    counts, bad = run.fuzz(seeds)
    assert not bad
    assert all(counts[engine, "ok"] > 10 and counts[engine, "explained"] > 10
               for engine in run.engines())


def test_a_seed_gives_the_same_net_and_steps_each_time():
    assert program.case(7) == program.case(7) != program.case(8)


def compared(step, outcomes=("ok", "ok"), said="", differs=()):
    """What is said of two engines that come to this, with these blobs of `TEXT` differing."""
    def steps(outcome, number):
        return [[step, outcome, said, {name: [[1], [number if name in differs else 0]]
                                       for name in ("x", "a", "b", "weights of p, 0")}]]

    return compare.first_difference(TEXT, steps(outcomes[0], 1), steps(outcomes[1], 2))


TEXT = """layer { name: "x" type: "Input" top: "x" }
layer { name: "p" type: "InnerProduct" bottom: "x" top: "a" }
layer { name: "d" type: "Dropout" bottom: "a" top: "b" }
"""


def test_random_numbers_of_a_layer_excuse_no_other_layer():
    assert compared("forward") is compared("forward", differs="b") is None
    assert compared("forward", differs="ab") == "forward: numbers of InnerProduct, a"
    assert compared("backward", differs=["a", "weights of p, 0"]) is None
    assert compared("backward", differs=["weights of p, 0"]) is None  # it comes from behind
    assert compared("backward", differs="x") == "backward: numbers of Input/InnerProduct, x"


def test_a_refusal_that_is_known_of_one_engine_is_not_of_the_other():
    assert compared("part forward x p", ("explained", "ok"), "layer 'd'") is None
    assert "portable explained: layer 'd'" in compared(
        "part forward x p", ("ok", "explained"), "layer 'd'")
    assert "real explained" in compared("forward", ("explained", "ok"), "layer 'd'")


def test_a_backward_after_a_forward_that_failed_is_not_compared_and_after_one_that_ran_is():
    def steps(outcome, number):
        return [["forward", outcome, "", {}], ["backward", "ok", "", {"x": [[1], [number]]}]]

    failed, ran = [[steps(outcome, number) for number in (1, 2)] for outcome in ("explained", "ok")]
    assert compare.first_difference(TEXT, *failed) is None
    assert compare.first_difference(TEXT, *ran) == "backward: numbers of Input/InnerProduct, x"


def test_what_ends_a_worker_is_counted_and_the_next_case_runs(monkeypatch, tmp_path):
    for source in run.FOLDER.glob("*.py"):
        text = source.read_text(encoding="utf-8")
        if source.name == "program.py":
            text = text.replace("    text, steps = case(seed)\n",
                                "    if seed == 2:\n        os.abort()\n"
                                "    text, steps = case(seed)\n")
        (tmp_path / source.name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(run.FOLDER.parents[1]))
    monkeypatch.setattr(run, "FOLDER", tmp_path)
    counts, bad = run.fuzz([1, 2, 3])
    assert [(seed, kind) for seed, *_, kind in bad] == [(2, "death")] * len(run.engines())
    assert all(counts[engine, "ok"] + counts[engine, "explained"] for engine in run.engines())


def test_each_way_to_break_a_net_changes_some_net():
    import random

    import nets
    for breaks in ALL:
        changed = 0
        for seed in range(40):
            chance = random.Random(seed)
            layers = nets.make(chance, sorted(nets.ALL)).layers
            before = repr(layers)
            breaks(chance, layers)
            changed += repr(layers) != before
        assert changed

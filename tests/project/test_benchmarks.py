"""The figures on the pages are those of the benchmarks' files, and of no other."""
import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import on_real_caffe, unrolled_net

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "cpu"))

import report  # noqa: E402

RESULTS = report.load()
SHAPES = {(3, 10, 12800, 500), (20, 32, 128, 256), (100, 32, 128, 256), (100, 1, 64, 64)}
WAYS = ["unrolled, the origin's way", "unrolled, x once", "unrolled, fused",
        "unrolled, fused, x once", "Caffe's LSTM layer", "portable_caffe on NumPy",
        "NumPy, by hand", "PyTorch", "ONNX Runtime"]


@pytest.mark.parametrize("path", report.pages(RESULTS), ids=lambda path: path.parent.name)
def test_what_a_page_says_is_made_of_the_measured_files(path):
    page, measured = path.read_text(encoding="utf-8"), report.pages(RESULTS)[path]
    assert measured in page and report.with_measured(page, measured) == page


@pytest.mark.parametrize("name, change", [
    ("speed", lambda file: file["rows"][0].update(forward_ms=12345.0)),
    ("speed", lambda file: file["rows"][0].update(memory_mb=12345.0)),
    ("cells", lambda file: file["rows"][0].update(forward_ms=12345.0)),
    ("build", lambda file: [row.update(load_s=12.345) for row in file["rows"]]),
    ("parallel", lambda file: file["rows"][0].update(reduce_ms=12345.0)),
    ("cable", lambda file: file["rows"][0].update(reduce_ms=12345.0)),
    ("site", lambda file: file["visits"][0]["first"].update(mb=12345.0)),
    ("site", lambda file: file["answers"][0].update(picture_s=12345.0)),
    ("draw", lambda file: [row.update(ms=12345) for row in file["rows"]])])
def test_another_measurement_would_make_another_page(name, change):
    other = copy.deepcopy(RESULTS)
    change(other[name])
    assert report.pages(other) != report.pages(RESULTS)


def test_the_readme_s_sentence_has_the_least_and_the_greatest_ratio():
    other = copy.deepcopy(RESULTS["speed"])
    rows = [row for row in other["rows"] if row["way"] == report.ORIGIN]
    for row, ratio in zip(rows, (3.0, 2.5, 7.25, 4.0)):
        row["ratio"] = ratio
    assert "the origin's way 2.50 to 7.25 times" in report.summary(other)


@on_real_caffe  # with the reference world's matplotlib
def test_the_picture_is_drawn_from_the_measured_files():
    assert report.PICTURE.read_text(encoding="utf-8") == report.picture(RESULTS)


def test_every_cell_is_measured_on_both_engines_and_in_pytorch_where_that_has_it():
    from lstm_lib.cells import CELLS

    found = {(row["cell"], row["engine"]) for row in RESULTS["cells"]["rows"]}
    for cell in CELLS:
        assert {(cell, "real Caffe"), (cell, "portable_caffe on NumPy")} <= found
        assert ((cell, "PyTorch") in found) == (cell != "peephole")


def test_every_way_is_measured_at_every_shape():
    for way in WAYS:
        rows = [row for row in RESULTS["speed"]["rows"] if row["way"].startswith(way)]
        assert {tuple(row["shape"]) for row in rows} == SHAPES, way
        assert all(row["forward_ms"] > 0 and row["ratio"] > 0 for row in rows)
        assert all((row["both_ms"] is None) == (way == "ONNX Runtime") for row in rows)


def test_the_curve_goes_from_one_step_to_a_thousand():
    for way in WAYS:
        steps = {row["shape"][0] for row in RESULTS["speed"]["curve"]
                 if row["way"].startswith(way)}
        assert (min(steps), max(steps)) == (1, 1000) and len(steps) >= 7, way


def test_the_measurement_says_on_what_it_ran():
    result = RESULTS["speed"]
    assert result["threads"] == 1 and result["rounds"] >= 10
    assert all(row["passes"] >= 10 for row in result["rows"] + result["curve"])
    assert all(result["machine"][name] for name in ("engine", "processor", "cores", "numpy"))


def test_a_pass_does_not_look_through_the_layers_again():
    net = unrolled_net()
    net.forward()
    net.backward()
    net.spec = None  # what tells the safe net which blobs come from outside
    net.forward()
    net.backward()


def test_a_worker_answers_what_it_was_asked():
    speed = pytest.importorskip("speed")
    worker = speed.Worker(sys.executable, ROOT / "benchmarks" / "cpu" / "ways.py", 7)
    made, times = worker.ask("3 2 5 4"), worker.ask()
    worker.close()
    assert made["way"] == "NumPy, by hand" and made["memory_mb"] < 50
    assert times and all(len(pair) == 2 and min(pair) > 0 for pair in times)


def test_a_worker_computes_with_as_many_threads_as_it_is_told():
    show = "import os, worker; print(worker.THREADS, os.environ['OPENBLAS_NUM_THREADS'])"
    for told, threads in ((dict(), "1"), (dict(BENCHMARK_THREADS="3"), "3")):
        env = {**os.environ, "OPENBLAS_NUM_THREADS": "2", **told}
        said = subprocess.run([sys.executable, "-c", show], cwd=ROOT / "benchmarks" / "cpu",
                              env=env, capture_output=True, text=True, check=True).stdout
        assert said.split() == [threads, threads]


def test_a_worker_warms_up_and_then_runs_for_60_ms_but_once_at_least(monkeypatch):
    import worker
    ran, clock = [], iter(range(10 ** 6))
    monkeypatch.setattr(worker.time, "perf_counter", lambda: next(clock) / 100)  # 10 ms a look
    works = [lambda: ran.append("forward"), lambda: ran.append("backward")]
    times = worker.passes(works)
    assert len(times) == 2 and ran == 3 * ["forward", "backward"]
    assert times == [pytest.approx([0.01, 0.01])] * 2
    assert len(worker.passes(works, least=0)) == 1


def test_every_way_computes_the_same_numbers():
    import numpy as np
    import ways
    shape = 4, 3, 5, 6
    weights, x, _ = ways.numbers(*shape)
    zero = np.zeros((3, 6), "f")
    truth = ways.lstm_forward(x, zero, zero, *weights).h
    for name, make in ways.WAYS.items():
        forward, backward = make(*shape)
        made = forward()
        if made is None:
            continue  # by hand: that is the truth itself
        H = made[0][:, 0] if isinstance(made, list) else made["H"]
        assert abs(H - truth).max() < 1e-6, name
        assert backward is None or backward() is not False

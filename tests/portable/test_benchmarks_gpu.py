"""The GPU's benchmark runs to its end on a CPU, and records nothing where there is no GPU."""
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))

import gpu  # noqa: E402


def program(*options):
    return subprocess.run([sys.executable, str(ROOT / "benchmarks" / "gpu.py"), *options],
                          capture_output=True, text=True, timeout=300)


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """What the whole program writes and prints at toy sizes."""
    pytest.importorskip("torch")
    path = tmp_path_factory.mktemp("gpu") / "gpu.json"
    done = program("--quick", "--device", "cpu", "--out", str(path))
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text()), done.stdout


def test_without_a_gpu_it_says_so_in_a_line_and_leaves_the_recording_alone(tmp_path):
    try:
        import torch
        if torch.cuda.is_available():
            pytest.skip("there is a GPU here")
    except ImportError:
        pass  # then the line says so
    path = tmp_path / "gpu.json"
    path.write_text("recorded")
    done = program("--out", str(path))
    assert done.returncode == 1 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "here" in done.stderr
    assert path.read_text() == "recorded" and list(tmp_path.iterdir()) == [path]


def test_the_whole_program_measures_every_way(quick):
    result, printed = quick
    assert result["complete"] and "holds" in printed
    ways = {(row["way"], row["arrays"], row["tf32"], row["graph"]) for row in result["rows"]}
    portable = {f"{cell} + {x}" for cell in ("composed", "fused") for x in ("once", "per step")}
    flags = [(tf32, graph) for tf32 in (False, True) for graph in (False, True)]
    assert {(way, "torch", *flag) for way in portable for flag in flags} <= ways
    assert {("torch.nn.LSTM", "torch", tf32, False) for tf32 in (False, True)} <= ways
    assert ("fused + once", "numpy", False, False) in ways
    assert all(row["ms"] > 0 and row["runs"] >= 20 for row in result["rows"] + result["grid"])


def test_what_ran_on_a_cpu_does_not_look_like_a_gpu_s(quick):
    result, _ = quick
    assert result["about"]["measured_on"] == "cpu" and result["about"]["gpu"] is None
    assert {row["device"] for row in result["rows"] + result["grid"]} == {"cpu"}
    assert result["goals"] == []


def test_every_way_gives_the_numbers_of_numpy(quick):
    rows = quick[0]["correctness"]
    assert len(rows) == 2 * (4 + 5) and max(row["error"] for row in rows) < 1e-5


def test_a_wrong_number_is_an_error():
    pytest.importorskip("torch")
    import gpu_ways
    wanted = gpu_ways.truth((3, 2, 3, 4))
    run, read, _ = gpu_ways.make("fused + once", (3, 2, 3, 4), "cpu")
    run()
    found = read()
    assert gpu_ways.error(found, wanted) < 1e-5
    found["c0"][0, 0] += 0.01
    assert gpu_ways.error(found, wanted) > 0.009
    found["x"][0, 0, 0] = np.nan
    assert np.isnan(gpu_ways.error(found, wanted))


def test_an_input_that_does_not_arrive_is_an_error():
    pytest.importorskip("torch")
    import gpu_ways
    for way in ("fused + once", gpu_ways.TORCH):
        run, read, feed = gpu_ways.make(way, (3, 2, 3, 4), "cpu")
        feed(2)
        run()
        assert gpu_ways.error(read(), gpu_ways.truth((3, 2, 3, 4))) > 1e-3


def test_a_way_that_fails_the_check_is_named_and_nan_does_not_hold(monkeypatch):
    pytest.importorskip("torch")

    def third_run(way, *rest):
        raise ValueError("no such kernel\nand more")
    monkeypatch.setattr(gpu, "third_run", third_run)
    rows = gpu.checked((3, 2, 3, 4), "cpu")
    assert {row["failed"] for row in rows} == {"ValueError: no such kernel"}
    rows[1]["error"] = 1e-7
    result = dict(correctness=rows, goals=[])
    assert np.isnan(gpu.worst_error(result)) and "FAILED" in gpu.summary(result)[0]


def test_fused_and_once_ask_for_fewer_operations(quick):
    counts = {row["way"]: row["operations_per_step"] for row in quick[0]["operations"]}
    assert counts["fused + once"] < counts["composed + once"] < counts["composed + per step"]
    assert counts["fused + once"] >= 10


def test_what_cannot_run_is_named_and_the_rest_goes_on():
    torch = pytest.importorskip("torch")
    job = ("rows", (3, 2, 3, 4), "fused + once", "gpu", "cupy", False, False)
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    assert "NoGPU" in gpu.row_of(job, "gpu", float("inf"))["failed"]
    assert "over" in gpu.row_of(job, "gpu", 0)["skipped"]
    huge = ("rows", (500, 256, 512, 1024), "fused + once", "cpu", "numpy", False, False)
    assert "CPU" in gpu.row_of(huge, "gpu", float("inf"))["skipped"]


def test_every_size_is_measured_and_what_the_goals_need_comes_first():
    pytest.importorskip("torch")
    jobs = gpu.jobs(gpu.SHAPES, gpu.GRID)
    assert {job[1] for job in jobs if job[0] == "rows"} == {
        (T, *rest) for T in (3, 20, 100, 500) for rest in gpu.BATCHES}
    needed = [place for place, (_, shape, way, device, _, tf32, graph) in enumerate(jobs)
              if shape in gpu.GOALS and device == "gpu"
              and (way, graph) in ((gpu.BEST, True), ("torch.nn.LSTM", False))]
    grid = [place for place, job in enumerate(jobs) if job[0] == "grid"]
    rest = [place for place, job in enumerate(jobs) if job[1][0] == 500 or (
        job[0] == "rows" and job[3] == "cpu")]
    assert len(needed) == 8 and max(needed) < min(grid) and max(grid) < min(rest)


def test_the_goals_are_ratios_to_cudnn_in_the_same_precision():
    def row(way, tf32, graph, ms):
        return dict(shape=[100, 32, 128, 256], way=way, device="gpu", tf32=tf32, graph=graph, ms=ms)
    rows = [row("fused + once", False, True, 3.0), row("fused + once", False, False, 9.0),
            row("fused + once", True, True, 5.0), row("torch.nn.LSTM", False, False, 2.0),
            row("torch.nn.LSTM", True, False, 1.0)]
    assert [goal["ratio"] for goal in gpu.goals(rows)] == [1.5, 5.0]
    result = dict(correctness=[dict(error=2e-5, tf32=False), dict(error=1e-3, tf32=True)],
                  goals=gpu.goals(rows))
    error, reached, missed = gpu.summary(result)
    assert "holds" in error and "reached" in reached and "MISSED" in missed
    assert gpu.goals([dict(entry, device="cpu") for entry in rows]) == []


def test_runs_are_twenty_or_more_unless_they_are_very_slow():
    assert [gpu.rounds_for(seconds) for seconds in (1e-4, 0.02, 0.3, 1, 60)] == [100, 50, 20, 6, 3]


def test_a_row_that_was_not_replayed_is_marked():
    row = dict(shape=[3, 2, 3, 4], way="fused + once", device="gpu", arrays="torch", tf32=True,
               graph=True, ms=1.0, peak_mb=2.0, replayed=False)
    assert "NOT REPLAYED" in gpu.line(row) and "NOT" not in gpu.line({**row, "replayed": True})


def test_a_recording_that_exists_is_one_of_a_gpu():
    if gpu.RESULT.exists():
        result = json.loads(gpu.RESULT.read_text())
        assert result["complete"] and result["about"]["gpu"] and gpu.worst_error(result) <= 1e-4

"""The GPU's check and benchmark run to their end on a CPU, and record nothing without a GPU."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from portable_caffe import arrays

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks" / "gpu"))

import gpu  # noqa: E402
import gpu_cupy  # noqa: E402
import gpu_training  # noqa: E402


def program(*options):
    return subprocess.run([sys.executable, str(ROOT / "benchmarks" / "gpu" / "gpu.py"), *options],
                          capture_output=True, text=True, timeout=600)


@pytest.fixture(autouse=True)
def arrays_as_before(monkeypatch):
    """The benchmark chooses arrays for its process; here the next test finds those it knows."""
    for name in ("LSTM_LIB_ARRAYS", "LSTM_LIB_GRAPHS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(arrays, "current", arrays.current)


def needs_torch_once():
    """Skip without PyTorch, and where the suite runs anew for other arrays: these choose theirs."""
    pytest.importorskip("torch")
    if os.environ.get("LSTM_LIB_ARRAYS") == "torch":
        pytest.skip("it chooses its arrays itself, and is tried with NumPy's")


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """The folder that the whole GPU check leaves when it is tried on a CPU, and how it ended."""
    needs_torch_once()
    if not (shutil.which("bash") and shutil.which("timeout")):
        pytest.skip("there is no bash or no timeout here")
    folder = tmp_path_factory.mktemp("gpu")
    env = dict(os.environ, PYTHON=sys.executable, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    return folder, subprocess.run(
        ["bash", str(ROOT / "tools" / "gpu_check.sh"), str(folder), "--device", "cpu", "--quick"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600)


@pytest.fixture
def quick(checked):
    """What the benchmark writes and prints at toy sizes."""
    return [read(checked[0] / name) for name in ("gpu.json", "benchmark.log")]


def read(path):
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else text


def test_the_whole_check_runs_on_a_cpu_and_says_what_it_did(checked):
    folder, done = checked
    table = [line.split(maxsplit=1) for line in read(folder / "summary.txt").splitlines()]
    results = {part: rest.rstrip("0123456789 ") for part, rest in table[1:]}
    assert results.pop("cupy") in ("left out", "ok")  # where there is a GPU it computes there
    assert results == dict(tests="ok", benchmark="ok", training="ok"), done.stdout
    assert done.returncode == 0 and done.stdout.endswith(read(folder / "summary.txt"))
    assert " passed" in read(folder / "tests.log")
    assert {path.name for path in folder.iterdir()} - {"cupy.json"} == {
        "summary.txt", "gpu.json", "training.json",
        *(f"{part}.log" for part in ("tests", "benchmark", "cupy", "training"))}


def test_nothing_warns_on_the_way(checked):
    assert "arning" not in checked[1].stdout


def test_ten_steps_of_the_notebook_s_training_agree(checked):
    result = read(checked[0] / "training.json")
    losses, numpys = result["losses"], result["numpy_losses"]
    assert len(losses) == len(numpys) == 10 and losses[-1] < 0.97 * losses[0]
    assert max(abs(a - b) for a, b in zip(losses, numpys)) <= result["errors"]["losses"] * 3
    assert result["holds"] and max(result["errors"].values()) < 1e-5 and result["moved"] > 0.05


@pytest.mark.parametrize("change", [dict(losses=2e-4), dict(weights=2e-4), dict(weights=np.nan),
                                    dict(moved=1e-3)], ids=str)
def test_a_training_that_differs_or_stands_still_does_not_hold(change, monkeypatch):
    pytest.importorskip("torch")
    sizes = {**dict(losses=0.0, weights=0.0, moved=0.5), **change}
    numpys = np.array([2.0, 1.5]), np.zeros(3), np.full(3, sizes["moved"])
    other = numpys[0] * (1 + sizes["losses"]), numpys[1], numpys[2] + sizes["weights"]
    monkeypatch.setattr(gpu_training, "names_of", lambda notebook: None)
    monkeypatch.setattr(gpu_training, "trained", lambda *rest: next(runs))
    for runs, holds in ((iter([numpys, numpys]), sizes["moved"] > 0.1),
                        (iter([numpys, other]), False)):
        assert gpu_training.compared(2, "cpu")["holds"] == holds


def ended(monkeypatch, *options):
    """The exit status of gpu_cupy.py."""
    monkeypatch.setattr(sys, "argv", ["gpu_cupy.py", *map(str, options)])
    with pytest.raises(SystemExit) as end:
        gpu_cupy.main()
    return int(end.value.code)


@pytest.mark.parametrize("device, installed, status", [("cpu", True, 77), ("gpu", False, 77),
                                                       ("gpu", True, 1)])
def test_cupy_without_a_gpu_is_a_failure_only_where_one_was_expected(
        device, installed, status, monkeypatch, capsys):
    monkeypatch.setattr(gpu_cupy, "no_cupy", lambda: "CuPy finds no GPU")
    monkeypatch.setattr(gpu_cupy, "find_spec", lambda name: installed)
    assert ended(monkeypatch, "--device", device) == status
    assert capsys.readouterr().out == "CuPy is left out: CuPy finds no GPU.\n"


@pytest.mark.parametrize("error, status", [(1e-6, 0), (1e-3, 1), (np.nan, 1)])
def test_cupy_s_numbers_are_held_against_numpy_s(error, status, monkeypatch, tmp_path):
    pytest.importorskip("torch")
    import gpu_about
    monkeypatch.setattr(gpu_cupy, "no_cupy", lambda: None)
    monkeypatch.setattr(gpu_about, "about", lambda device: dict(gpu="a GPU"))
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(__version__="14.0"))
    monkeypatch.setattr(gpu, "third_run", lambda way, shape, *rest: (way, shape, rest))
    monkeypatch.setattr("gpu_ways.truth", lambda shape: shape)
    monkeypatch.setattr("gpu_ways.error", lambda found, wanted: error)
    assert ended(monkeypatch, "--out", tmp_path / "cupy.json") == status
    result = read(tmp_path / "cupy.json")
    assert result["about"] == dict(gpu="a GPU", cupy="14.0") and len(result["correctness"]) == 4


UNIX_ONLY = """
import sys
import torch, matplotlib.pyplot, sklearn.datasets
sys.modules.update(fcntl=None, resource=None)  # to import them raises
sys.path.insert(0, "benchmarks/gpu")
import gpu, gpu_about, gpu_cupy, gpu_needs, gpu_training, gpu_ways
gpu.write(dict(rows=gpu.checked((2, 1, 2, 2), "cpu")), sys.argv[1])
gpu_training.compared(1, "cpu")
unwanted = {f"lstm_lib.safe_caffe.{name}" for name in ("child", "net", "pycaffe", "real")}
print(sorted(unwanted & set(sys.modules)))
"""


def test_nothing_of_real_caffe_s_side_is_imported(tmp_path):
    needs_torch_once()
    env = dict(os.environ, LSTM_LIB_ENGINE="portable", PYTHONPATH=str(ROOT), MPLBACKEND="Agg")
    done = subprocess.run([sys.executable, "-c", UNIX_ONLY, str(tmp_path / "rows.json")], cwd=ROOT,
                          env=env, capture_output=True, text=True, timeout=600)
    assert done.stdout == "[]\n", done.stderr
    assert all(row["error"] < 1e-5 for row in read(tmp_path / "rows.json")["rows"])


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
    assert result["complete"] and printed.count("holds") == 2
    ways = {(row["way"], row["arrays"], row["tf32"], row["graph"]) for row in result["rows"]}
    portable = {f"{cell} + {x}" for cell in ("composed", "fused") for x in ("once", "per step")}
    flags = [(tf32, graph) for tf32 in (False, True) for graph in (False, True)]
    assert {(way, "torch", *flag) for way in portable for flag in flags} <= ways
    assert {("torch.nn.LSTM", "torch", tf32, False) for tf32 in (False, True)} <= ways
    assert ("fused + once", "numpy", False, False) in ways
    assert all(row["ms"] > 0 and row["runs"] >= 3 for row in result["rows"] + result["grid"])


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

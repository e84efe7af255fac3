"""tools/gpu_check.sh: each part runs whatever the others do, and the table says how it went.

The parts themselves are tried in test_benchmarks_gpu.py; here a stand-in for Python ends them.
"""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = dict(tests="-m pytest", benchmark="benchmarks/gpu/gpu.py", cupy="benchmarks/gpu/gpu_cupy.py",
             training="benchmarks/gpu/gpu_training.py")
pytestmark = pytest.mark.skipif(not (shutil.which("bash") and shutil.which("timeout")),
                                reason="there is no bash or no timeout here")


def check(*arguments, **env):
    return subprocess.run(["bash", str(ROOT / "tools" / "gpu_check.sh"), *map(str, arguments)],
                          env={**os.environ, **env}, capture_output=True, text=True, timeout=600)


def program(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def python(folder, **ends):
    """A Python that says what it is asked for, and ends some parts with an exit status."""
    cases = "".join(f"*'{PARTS[part]}'*) exit {status} ;; " for part, status in ends.items())
    return program(folder / "python", 'echo "asked for $*"\necho "device $GPU_CHECK_DEVICE, engine '
                   f'$LSTM_LIB_ENGINE"\ncase "$*" in {cases} esac\n')


def results(folder):
    """The table: part -> how it went."""
    lines = (folder / "summary.txt").read_text().splitlines()
    assert lines[0].split() == ["part", "result", "seconds"]
    return {line.split()[0]: line[10:20].strip() for line in lines[1:]}


def test_all_parts_run_in_turn_with_the_options_given(tmp_path):
    done = check(tmp_path / "out", "--device", "cpu", "--quick", PYTHON=python(tmp_path))
    assert done.returncode == 0 and done.stderr == ""
    assert list(results(tmp_path / "out").items()) == [(part, "ok") for part in PARTS]
    assert done.stdout.endswith((tmp_path / "out" / "summary.txt").read_text())
    for part, word in PARTS.items():
        log = (tmp_path / "out" / f"{part}.log").read_text()
        assert word in log and "device cpu, engine portable" in log and log in done.stdout
        assert part == "tests" or "--device cpu" in log
    assert "--quick --out" in (tmp_path / "out" / "benchmark.log").read_text()


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_fails_is_named_and_stops_no_other(part, tmp_path):
    done = check(tmp_path / "out", "--device", "cpu", PYTHON=python(tmp_path, **{part: 3}))
    assert done.returncode == 1
    assert results(tmp_path / "out") == {**dict.fromkeys(PARTS, "ok"), part: "FAILED"}


def test_what_an_earlier_run_found_does_not_stay(tmp_path):
    for name in ("gpu.json", "training.json", "mine.json"):
        (tmp_path / name).write_text("{}")
    check(tmp_path, "--device", "cpu", PYTHON=python(tmp_path, benchmark=1))
    assert {path.name for path in tmp_path.glob("*.json")} == {"mine.json"}


def test_what_is_left_out_is_no_failure(tmp_path):
    done = check(tmp_path / "out", PYTHON=python(tmp_path, cupy=77))
    assert done.returncode == 0
    assert results(tmp_path / "out") == {**dict.fromkeys(PARTS, "ok"), "cupy": "left out"}


def test_on_a_gpu_all_parts_together_may_take_eight_minutes_and_what_hangs_is_ended(tmp_path):
    program(tmp_path / "timeout", 'echo "$3" >> "$0.limits"\nexit 124\n')
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    done = check(tmp_path / "out", PYTHON=python(tmp_path), PATH=path)
    limits = [int(line) for line in (tmp_path / "timeout.limits").read_text().split()]
    assert len(limits) == 4 and 300 < sum(limits) <= 480
    assert done.returncode == 1 and set(results(tmp_path / "out").values()) == {"FAILED"}
    assert f"benchmark: ended after {limits[1]} seconds" in done.stdout


def test_a_missing_package_is_named_with_its_cure_before_anything_runs(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("""
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name in ("array_api_compat", "google", "google.protobuf"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hide())
""")
    done = check(tmp_path / "out", "--device", "cpu", PYTHON=sys.executable,
                 PYTHONPATH=str(tmp_path))
    assert done.returncode == 2 and done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and "google.protobuf, array_api_compat" in done.stderr
    assert "-m pip install" in done.stderr and "protobuf array-api-compat" in done.stderr
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("arguments", [[], ["--quick"], ["out", "--device"], ["out", "--fast"],
                                       ["out", "--device", "tpu"]], ids=" ".join)
def test_wrong_arguments_are_answered_with_the_usage(arguments, tmp_path):
    done = check(*[str(tmp_path) if word == "out" else word for word in arguments],
                 PYTHON=python(tmp_path))
    assert done.returncode == 2 and done.stderr.startswith("usage:") and done.stdout == ""


def test_a_python_that_is_not_there_is_named(tmp_path):
    done = check(tmp_path, PYTHON="no-such-python")
    assert done.returncode == 2 and "no-such-python" in done.stderr

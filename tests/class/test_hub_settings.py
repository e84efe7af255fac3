"""The settings of deploy/: the classes of hubs take them, and they hold what was measured."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import setup_env
import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "deploy" / "load"))

import memory_tables  # noqa: E402

MB = 1 << 20
CLUSTER = {"current-context": "none", "users": [], "contexts": [
    {"name": "none", "context": {"cluster": "none", "user": "none"}}],
    "clusters": [{"name": "none", "cluster": {"server": "http://127.0.0.1:1"}}]}
RESULTS = memory_tables.load()
PAGE = memory_tables.PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What the classes of JupyterHub, of its spawners make of the settings."""
    if not setup_env.is_ready(setup_env.HUB):
        pytest.skip("there is no JupyterHub here; `make load` sets it up")
    cluster = tmp_path_factory.mktemp("kube") / "config"
    cluster.write_text(yaml.safe_dump(CLUSTER))
    done = subprocess.run([setup_env.python_of(setup_env.HUB),
                           Path(__file__).with_name("hub_settings.py")], text=True,
                          capture_output=True, env=dict(os.environ, KUBECONFIG=str(cluster)))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_student_may_take_a_third_more_than_any_took_with_four_notebooks_open(read):
    most = max(one["student"] for one in RESULTS.values())
    assert all(limit >= 4 / 3 * most * MB for limit in read["limits"])


def test_what_is_kept_for_a_student_holds_one_notebook(read):
    assert read["guarantee"] >= max(memory_tables.one_open(one) for one in RESULTS.values()) * MB


def test_both_kinds_of_hub_give_a_kernel_the_same_number_of_threads(read):
    of_kubernetes, of_all = read["environments"]
    assert of_kubernetes == of_all == dict(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")


def test_the_page_says_what_was_measured_and_nothing_else():
    measured = memory_tables.tables(RESULTS)
    assert measured in PAGE and memory_tables.with_measured(PAGE, measured) == PAGE


def test_four_students_worked_at_once_on_each_engine_and_all_their_answers_were_right():
    assert list(RESULTS) == ["real Caffe", "portable_caffe"]
    for measured in RESULTS.values():
        assert measured["students"] >= 4
        assert {stem[:2] for stem in measured["kernels"]} >= {"00", "01", "02", "03"}


def test_a_class_takes_what_the_hub_its_proxy_and_each_student_take():
    assert memory_tables.needed(dict(hub=100, proxy=50), 30, student=300) == 9150
    assert memory_tables.one_open(dict(server=150, kernels={"00_a": 200, "03_b": 250, "07_c": 400})) == 400

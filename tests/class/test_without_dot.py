"""Where nobody installed Graphviz, the notebook about drawing runs to its end and says so."""
import os
import shutil
import sys
from pathlib import Path

import matplotlib.font_manager  # noqa: F401 - a kernel that looks for fonts first says so
import nbformat
import pytest
from conftest import on_real_caffe

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "series"))

from executed import execute, outputs, verdicts  # noqa: E402


@on_real_caffe  # once is enough
def test_notebook_04_runs_without_dot_and_names_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", os.path.dirname(sys.executable))
    if shutil.which("dot"):
        pytest.skip("this environment has a dot of its own")
    notebook = nbformat.read(next((ROOT / "notebooks").glob("04_*.ipynb")), 4)
    execute(notebook, tmp_path, monkeypatch)
    said = "".join(output.get("text", "") for output in outputs(notebook))
    assert "graphviz" in said
    assert all(verdict.startswith("Right.") for verdict in verdicts(notebook))

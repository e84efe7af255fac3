"""The README's figures are those of the benchmark's file, and of no other."""
import json
import sys
from pathlib import Path

from conftest import on_real_caffe

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import report  # noqa: E402


def test_the_readme_s_table_is_made_of_the_measured_file():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert report.table(report.load()) in readme
    assert report.readme_with(readme, report.load()) == readme


def test_another_measurement_would_make_another_table():
    other = json.loads(report.RESULT.read_text())
    other["rows"][0]["forward_ms"] += 100
    assert report.table(other) != report.table(report.load())


@on_real_caffe  # with the reference world's matplotlib
def test_the_readme_s_picture_is_drawn_from_the_measured_file():
    assert report.PICTURE.read_text(encoding="utf-8") == report.picture(report.load())


def test_the_measurement_says_on_what_it_ran():
    result = report.load()
    assert result["threads"] == 1 and result["rounds"] >= 10
    assert all(result[name] for name in ("engine", "processor", "cores", "numpy"))

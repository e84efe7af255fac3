"""Every notebook runs in a fresh kernel, and is what a reader may expect of it."""
import json
import os
import re
import sys
from pathlib import Path

import matplotlib.font_manager  # noqa: F401 - a kernel that looks for fonts first says so
import pytest
from executed import PATHS, code_cells, execute, outputs, read, tagged, verdicts

GUIDE = (Path(__file__).resolve().parents[2] / "deploy" / "README.md").read_text(encoding="utf-8")
CEILINGS = {name: int(most) for name, most in re.findall(r"^\| (\d\d) \| at most (\d+) MB \|",
                                                        GUIDE, re.M)}
notebooks = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])


def prose(notebook):
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


@pytest.fixture(scope="module", params=PATHS, ids=[path.stem for path in PATHS])
def ran(request, tmp_path_factory):
    """(path, the notebook executed in a fresh kernel, MB that the kernel took at most)."""
    notebook = read(request.param)
    with pytest.MonkeyPatch.context() as patch:
        peak = execute(notebook, tmp_path_factory.mktemp("ran"), patch)
    return request.param, notebook, peak


def test_it_runs_in_a_fresh_kernel_and_shows_what_is_committed(ran):
    path, notebook, _ = ran
    assert [output for output in outputs(notebook) if output.get("name") == "stderr"] == []
    for cell, kept in zip(code_cells(notebook), code_cells(read(path))):
        assert ({output.output_type for output in cell.outputs}
                == {output.output_type for output in kept.outputs}), cell.source
    checks = tagged(notebook, "check")
    assert [said.startswith("Right.") for said in verdicts(notebook)] == [True] * len(checks)


@pytest.mark.skipif(sys.platform != "linux" or os.environ.get("LSTM_LIB_ARRAYS") == "torch",
                    reason="Linux counts a kernel's memory, and a class computes without PyTorch")
def test_its_kernel_takes_no_more_memory_than_a_class_is_told(ran):
    path, _, peak = ran
    assert peak <= CEILINGS[path.stem[:2]]


def test_a_class_is_told_of_each_notebook():
    assert {path.stem[:2] for path in PATHS} <= set(CEILINGS)


@notebooks
def test_its_cells_were_run_once_each_in_order(path):
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


@notebooks
def test_its_outputs_hold_no_error_no_noise_and_no_widget(path):
    notebook = read(path)
    assert [output for output in outputs(notebook)
            if output.output_type == "error" or output.get("name") == "stderr"] == []
    assert "widgets" not in notebook.metadata


@notebooks
def test_it_holds_no_path_of_a_machine(path):
    assert not re.search(r"/(home|root|tmp|Users|work)/", path.read_text(encoding="utf-8"))


@notebooks
def test_its_outputs_show_no_address_of_an_object(path):
    shown = [output.get("text", "") + output.get("data", {}).get("text/plain", "")
             for output in outputs(read(path))]
    assert [text for text in shown if re.search(r" at 0x[0-9a-f]+>", text)] == []


@notebooks
def test_it_is_under_a_megabyte(path):
    assert os.path.getsize(path) < 1_000_000


@notebooks
def test_its_cells_are_short(path):
    lengths = sorted(len(cell.source.splitlines()) for cell in code_cells(read(path)))
    assert lengths[-1] <= 13 and lengths[len(lengths) // 2] <= 8


@notebooks
def test_text_stands_around_the_code(path):
    kinds = "".join(cell.cell_type[0] for cell in read(path).cells)
    assert "ccc" not in kinds and kinds[0] == kinds[-1] == "m"
    assert kinds.count("m") >= 0.8 * kinds.count("c")


@notebooks
def test_it_has_the_frame_of_the_series(path):
    text = prose(read(path))
    for part in ("# ", "## What you'll do", "## What you'll learn", "## What you'll need",
                 "## On your own", "## In practice", "## Further reading", "Run time:"):
        assert part in text, part


@notebooks
def test_it_asks_three_questions_or_more_and_folds_the_answers(path):
    assert prose(read(path)).count("<details><summary>Answer</summary>") >= 3


@notebooks
def test_each_fold_is_an_answer_or_for_the_teacher_and_closes_in_its_cell(path):
    for cell in read(path).cells:
        folds = cell.source.count("<details><summary>Answer</summary>\n\n")
        teacher = cell.source.count("<details><summary>For the teacher</summary>\n\n")
        assert cell.source.count("<details") == cell.source.count("</details>") == folds + teacher
        assert bool(teacher) == ("teacher" in cell.metadata.get("tags", []))


@notebooks
def test_its_folds_stand_alone_for_in_a_list_item_some_viewers_show_the_answer(path):
    assert not re.search(r"[^\n]\n<details>", prose(read(path)))


@notebooks
def test_its_images_have_an_alternative_text(path):
    assert not re.search(r"!\[\s*\]\(|<img(?![^>]*alt=)", path.read_text(encoding="utf-8"))


@notebooks
def test_each_picture_in_its_outputs_has_an_alternative_text(path):
    for output in outputs(read(path)):
        data = output.get("data", {})
        if {"image/svg+xml", "image/png"} & set(data):
            assert re.search(r'<img alt="[^"]{20,}"', data.get("text/html", "")), data["text/plain"]


@notebooks
def test_its_figures_are_described_in_words(path):
    cells = read(path).cells
    for cell, following in zip(cells, cells[1:]):
        if any("image/png" in output.get("data", {}) for output in cell.get("outputs", [])):
            assert "picture shows" in following.source, cell.source


@notebooks
def test_its_links_lead_to_files_that_exist(path):
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", prose(read(path))):
        assert (path.parent / target).exists(), target


def test_each_notebook_leads_to_the_next_and_back():
    for before, after in zip(PATHS, PATHS[1:]):
        assert f"Next: [{after.stem[:2]}" in prose(read(before)).splitlines()[-1]
        assert f"Previous: [{before.stem[:2]}" in prose(read(after)).splitlines()[-1]
        assert after.name in prose(read(before)) and before.name in prose(read(after))


def test_notebooks_import_the_package_as_installed():
    for path in PATHS:
        assert "sys.path" not in json.dumps([cell.source for cell in read(path).cells])

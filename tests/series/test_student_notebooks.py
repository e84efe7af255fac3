"""The exercises of the series: student copies run as they are, and hold no answer."""
import ast
import collections
import re

import matplotlib.font_manager  # noqa: F401 - a kernel that looks for fonts first says so
import pytest
from class_copies import student_copy, with_stubs
from conftest import on_real_caffe
from executed import PATHS, code_cells, execute, outputs, read, tagged, verdicts
from small_notebooks import exercise_metadata

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
notebooks = pytest.mark.parametrize("path", PATHS, ids=[path.stem for path in PATHS])
decks = pytest.mark.parametrize("path", PATHS[1:6], ids=[path.stem for path in PATHS[1:6]])


def test_the_names_are_those_of_the_series():
    assert [path.stem[:2] for path in PATHS] == [f"{number:02}" for number in range(14)]


@on_real_caffe  # once is enough: the hints are tested on both engines, in tests/exercises
@notebooks
def test_with_its_stubs_as_they_are_each_check_says_not_yet_and_it_runs_to_its_end(
        path, tmp_path, monkeypatch):
    notebook = student_copy(read(path))
    checks = tagged(notebook, "check")
    if not checks:
        pytest.skip("no exercise here: a student's copy is the committed notebook")
    execute(notebook, tmp_path, monkeypatch)
    assert [said.split(".")[0] for said in verdicts(notebook)] == ["Not yet"] * len(checks)
    assert [output for output in outputs(notebook) if output.get("name") == "stderr"] == []


@notebooks
def test_with_its_solutions_put_back_a_student_s_copy_computes_what_is_committed(path):
    committed, copy = read(path), student_copy(read(path))
    for ours, theirs in zip(tagged(committed, "exercise"), tagged(copy, "exercise")):
        theirs.source = ours.source
    assert ([cell.source for cell in code_cells(copy)]
            == [cell.source for cell in code_cells(committed)])


@notebooks
def test_a_student_s_copy_holds_no_answer_no_solution_no_note_and_no_output(path):
    answers = [fold.strip() for cell in read(path).cells for fold in re.findall(
        r"<details><summary>.*?</summary>(.*?)</details>", cell.source, re.DOTALL)]
    copy = student_copy(read(path))
    text = "\n".join(cell.source for cell in copy.cells)
    assert answers and not [answer for answer in answers if answer in text]
    assert "<details" not in text
    assert "SOLUTION" not in text and not tagged(copy, "teacher") and outputs(copy) == []


@notebooks
def test_marks_stand_in_exercises_only_and_once_in_each(path):
    for cell in read(path).cells:
        lines = [line.strip() for line in cell.source.split("\n")]
        marks = int("exercise" in cell.metadata.get("tags", []))
        assert lines.count(BEGIN) == lines.count(END) == marks, cell.source
        assert cell.source.count("SOLUTION") == 2 * marks, cell.source


@pytest.mark.parametrize("path", PATHS[1:], ids=[path.stem for path in PATHS[1:]])
def test_each_notebook_from_01_on_has_two_or_three_exercises_each_with_its_check(path):
    notebook = read(path)
    exercises, checks = len(tagged(notebook, "exercise")), len(tagged(notebook, "check"))
    assert 2 <= exercises <= 3 and checks == exercises


@notebooks
def test_an_exercise_is_announced_and_the_next_code_cell_is_its_check(path):
    cells, said = read(path).cells, ""
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            said += cell.source
        if "exercise" in cell.metadata.get("tags", []):
            check = next(one for one in cells[place + 1:] if one.cell_type == "code")
            assert "Your turn" in said, cell.source
            assert check.metadata.tags == ["check"], cell.source
            assert check.source.split("\n")[-1].startswith("check."), check.source
            said = ""


@notebooks
def test_exercises_and_checks_have_the_metadata_that_nbgrader_wants(path):
    notebook = read(path)
    for cell, check in zip(tagged(notebook, "exercise"), tagged(notebook, "check")):
        grade_id = cell.metadata.nbgrader.grade_id
        assert grade_id.startswith(path.stem[:2] + "-")
        assert cell.metadata.nbgrader == exercise_metadata(grade_id)
        assert check.metadata.nbgrader == exercise_metadata(grade_id + "-check", points=1)
    graded = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert len(graded) == len(tagged(notebook, "exercise")) + len(tagged(notebook, "check"))


def test_no_two_exercises_of_the_series_have_one_name():
    names = collections.Counter(cell.metadata.nbgrader.grade_id for path in PATHS
                                for cell in tagged(read(path), "exercise"))
    assert [name for name, times in names.items() if times > 1] == []


@notebooks
def test_no_later_cell_uses_what_a_learner_writes(path):
    cells = code_cells(read(path))
    for place, cell in enumerate(cells):
        if "exercise" not in cell.metadata.get("tags", []):
            continue
        written = written_by_the_learner(cell.source)
        for later in cells[place + 2:]:
            if later.source.startswith("%%writefile"):  # no code of the notebook's own
                continue
            tree = ast.parse(later.source)
            written -= bound(tree)  # the name means something else from here on
            assert not written & loaded(tree), later.source


def written_by_the_learner(source):
    """Names that the marked lines bind, or the functions that they stand in."""
    lines = [line.strip() for line in source.split("\n")]
    begin, end = lines.index(BEGIN) + 1, lines.index(END) + 1
    inside = [part for part in ast.parse(source).body
              if begin < part.end_lineno and part.lineno < end]
    return set().union(*[bound(part) for part in inside])


def bound(tree):
    """Names that code binds where it stands; what a function binds inside is its own."""
    if isinstance(tree, (ast.FunctionDef, ast.ClassDef)):
        return {tree.name}
    if isinstance(tree, ast.Name):
        return {tree.id} if isinstance(tree.ctx, ast.Store) else set()
    if isinstance(tree, ast.alias):
        return {(tree.asname or tree.name).split(".")[0]}
    return set().union(*[bound(part) for part in ast.iter_child_nodes(tree)])


def loaded(tree):
    return {node.id for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


def test_what_a_learner_writes_is_found_in_functions_and_between_the_marks():
    assert written_by_the_learner(f"given = 1\nmine = None\n{BEGIN}\nmine = 2\n{END}") == {"mine"}
    assert written_by_the_learner(
        f"a = 1\ndef f(x):\n    {BEGIN}\n    y = x\n    {END}\n    return y\nb = 2") == {"f"}


@notebooks
def test_a_cell_tagged_as_a_guess_is_folded_and_the_other_way_round(path):
    for cell in code_cells(read(path)):
        folded = cell.metadata.get("jupyter", {}).get("outputs_hidden", False)
        assert folded == ("hide-output" in cell.metadata.get("tags", [])), cell.source
        assert not folded or cell.outputs, cell.source


@notebooks
def test_the_page_does_not_answer_what_it_asks_to_guess(path):
    cells = read(path).cells
    for asked, cell in zip(cells, cells[1:]):
        if re.search(r"\bGuess\b(?! why)", asked.source):
            assert not cell.get("outputs") or "hide-output" in cell.metadata.get("tags", []), (
                cell.source)


@notebooks
def test_a_stub_is_a_cell_that_python_reads(path):
    for cell in tagged(read(path), "exercise"):
        ast.parse(with_stubs(cell.source))


@decks
def test_each_cell_has_its_place_in_a_deck_of_12_to_25_slides(path):
    places = [cell.metadata.get("slideshow", {}).get("slide_type") for cell in read(path).cells]
    assert set(places) <= SLIDE_TYPES
    assert 12 <= places.count("slide") + places.count("subslide") <= 25

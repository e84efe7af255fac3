"""What the copies for students, graders and teachers hold, and how the folder is written."""
import nbformat
import pytest
from class_copies import MarksError, grader_copy, student_copy, teacher_copy, with_stubs
from small_notebooks import SOLVED, STUBBED, a_notebook
from whole_folder import whole_folder

import make_class
import make_slides
from shell import Stop


def sources(notebook):
    return [cell.source for cell in notebook.cells]


def test_a_student_s_copy_has_a_stub_in_the_place_of_a_solution():
    assert STUBBED in sources(student_copy(a_notebook()))


def test_a_student_s_copy_has_a_place_to_write_in_that_of_each_answer():
    text = sources(student_copy(a_notebook()))[-1]
    assert text.count("*Your answer") == 2 and "details" not in text
    assert "Because" not in text and "More of it" not in text and "Like this" not in text
    assert text.startswith("1. Why?") and text.endswith("Goodbye.") and "2. How?" in text


def test_a_student_s_copy_has_no_output_no_count_and_no_word_for_the_teacher():
    copy = student_copy(a_notebook())
    code = [cell for cell in copy.cells if cell.cell_type == "code"]
    assert [(cell.outputs, cell.execution_count) for cell in code] == [([], None)] * 4
    assert "They fail here" not in str(copy)


def test_what_a_student_computes_is_shown_also_where_the_committed_page_hides_it():
    assert not any("outputs_hidden" in cell.metadata.get("jupyter", {})
                   for cell in student_copy(a_notebook()).cells)


def test_a_grader_s_copy_has_the_solutions_and_no_answers():
    copy = grader_copy(a_notebook())
    assert SOLVED in sources(copy)
    assert "Because" not in str(copy) and "They fail here" not in str(copy)


def test_a_teacher_s_copy_has_all_of_it():
    notebook = a_notebook()
    copy = teacher_copy(notebook)
    assert copy.cells[:-1] == notebook.cells[:-1] and "Because" in copy.cells[-1].source


def test_a_link_out_of_the_folder_becomes_the_name_of_the_file():
    text = sources(student_copy(a_notebook()))[-1]
    assert "the guide (`README.md` in the project)" in text
    assert "[the next](02_next.ipynb)" in text


def test_a_copy_leaves_the_notebook_as_it_is():
    notebook = a_notebook()
    before = nbformat.writes(notebook)
    student_copy(notebook)
    assert nbformat.writes(notebook) == before


@pytest.mark.parametrize("source", [
    "### BEGIN SOLUTION\nx = 1", "x = 1\n### END SOLUTION",
    "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION"])
def test_a_mark_too_many_or_too_few_is_named_with_its_cell(source):
    with pytest.raises(MarksError, match="SOLUTION"):
        with_stubs(source)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with one notebook and its data."""
    (tmp_path / "notebooks" / "data").mkdir(parents=True)
    (tmp_path / "notebooks" / "data" / "numbers.txt").write_text("42")
    nbformat.write(a_notebook(), tmp_path / "notebooks" / "01_one.ipynb")
    for module in (make_class, make_slides):
        monkeypatch.setattr(module, "SERIES", tmp_path / "notebooks")
    monkeypatch.setattr(make_class, "BUILD", tmp_path / "build" / "class")
    return tmp_path


def cannot_be_had(folder):
    raise Stop("no network")


def test_a_class_folder_holds_a_copy_for_each_with_the_data_beside_it(project, monkeypatch, capsys):
    monkeypatch.setattr(make_slides, "write_decks", cannot_be_had)
    assert make_class.main() == 1
    said = capsys.readouterr()
    assert "no slides: no network" in said.err and "student/, teacher/" in said.out
    folder = project / "build" / "class"
    for place in ("student", "teacher", "nbgrader/source/01_one"):
        nbformat.validate(nbformat.read(folder / place / "01_one.ipynb", as_version=4))
        assert (folder / place / "data" / "numbers.txt").read_text() == "42"
    assert not (folder / "slides").exists()
    assert "...  # your answer here" in (folder / "nbgrader/nbgrader_config.py").read_text()


def test_a_class_folder_is_written_whole_or_stays_as_it_was(project, monkeypatch):
    monkeypatch.setattr(make_slides, "write_decks", cannot_be_had)
    make_class.main()
    before = set(project.rglob("*"))
    bad = a_notebook()
    bad.cells[4].source = "### BEGIN SOLUTION"
    nbformat.write(bad, project / "notebooks" / "02_bad.ipynb")
    with pytest.raises(MarksError):
        make_class.main()
    assert set(project.rglob("*")) - before == {project / "notebooks" / "02_bad.ipynb"}
    assert before <= set(project.rglob("*"))


def test_a_folder_written_anew_keeps_nothing_of_the_old_one(tmp_path):
    for name in ("old.txt", "new.txt"):
        with whole_folder(tmp_path / "made") as folder:
            (folder / name).write_text("")
    assert [path.name for path in tmp_path.rglob("*")] == ["made", "new.txt"]

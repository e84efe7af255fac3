"""What a student's, a grader's and a teacher's copy of a notebook holds.

One notebook is the source of all: solutions stand between `### BEGIN SOLUTION` and
`### END SOLUTION`, answers in folds, notes in cells with the tag `teacher`. The marks are
nbgrader's, and what becomes of them here is what its ClearSolutions does.
"""
import copy
import re

from nbconvert.preprocessors import ClearOutputPreprocessor, TagRemovePreprocessor

from address import WHERE

STUB = "...  # your answer here"
PLACE = "*Your answer (double-click, and write):*"
ANSWER = re.compile(r"<details><summary>Answer</summary>\n.*?</details>", re.DOTALL)
OUTSIDE = re.compile(r"\[([^\]]*)\]\(\.\./([^)]*)\)")


class MarksError(Exception):
    """A cell whose solution begins and does not end, or the other way round."""


def student_copy(notebook):
    """Without solutions, answers, notes and outputs: what is handed out."""
    notebook = grader_copy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = with_stubs(cell.source)
    return notebook


def grader_copy(notebook):
    """With solutions, but without answers, notes and outputs: what nbgrader wants as source."""
    notebook = teacher_copy(notebook)
    for preprocessor in (TagRemovePreprocessor(remove_cell_tags={"teacher"}, enabled=True),
                         ClearOutputPreprocessor(enabled=True)):
        notebook, _ = preprocessor.preprocess(notebook, {})
    for cell in notebook.cells:
        cell.metadata.get("jupyter", {}).pop("outputs_hidden", None)  # what is guessed is shown
        if cell.cell_type == "markdown":
            cell.source = ANSWER.sub(PLACE, cell.source)
    return notebook


def teacher_copy(notebook):
    """All but where else it starts; a link to a file outside the folder becomes its name."""
    notebook = copy.deepcopy(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = OUTSIDE.sub(r"\1 (`\2` in the project)", WHERE.sub("", cell.source))
    return notebook


def with_stubs(source):
    """The source of a cell with `...` in the place of each solution."""
    kept, inside = [], False
    for line in source.split("\n"):
        begins, ends = "### BEGIN SOLUTION" in line, "### END SOLUTION" in line
        if begins and inside or ends and not inside:
            raise MarksError(f"a mark too many in this cell:\n{source}")
        if begins:
            kept.append(line[:len(line) - len(line.lstrip())] + STUB)
        elif not (inside or ends):
            kept.append(line)
        inside = begins or inside and not ends
    if inside:
        raise MarksError(f"no ### END SOLUTION in this cell:\n{source}")
    return "\n".join(kept)

"""The exercises of a committed notebook: with their solutions, or as the learner gets them."""
import contextlib
import io
from pathlib import Path

import nbformat
from class_copies import with_stubs

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


def answers(stem, stubs=False, needs=()):
    """The names after the notebook's first code cell, its imports, and all its exercises.

    `needs` are parts of the text of other cells that the exercises build on.
    """
    cells = [cell for cell in nbformat.read(FOLDER / f"{stem}.ipynb", 4).cells
             if cell.cell_type == "code"]
    names = {}
    for cell in cells[:1] + [cell for cell in cells[1:]
                             if "exercise" in cell.metadata.get("tags", [])
                             or any(need in cell.source for need in needs)]:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(with_stubs(cell.source) if stubs else cell.source, stem, "exec"), names)
    return names

"""The exercises of the committed notebooks: what a cell leaves behind, solved or as handed out."""
from pathlib import Path

import nbformat
import numpy as np
from class_copies import with_stubs

from lstm_lib import caffe

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


def solved(stem, exercise):
    """The names after the exercise's cell with its solution."""
    return _names_after(_source(stem, exercise))


def stub(stem, exercise):
    """The names after the exercise's cell as a student gets it."""
    return _names_after(with_stubs(_source(stem, exercise)))


def _source(stem, exercise):
    cells = nbformat.read(FOLDER / f"{stem}.ipynb", 4).cells
    found = [cell.source for cell in cells
             if cell.metadata.get("nbgrader", {}).get("grade_id") == f"{stem[:2]}-{exercise}"]
    assert len(found) == 1, (stem, exercise)
    return found[0]


def _names_after(source):
    names = dict(np=np, caffe=caffe, L=caffe.layers, P=caffe.params)
    exec(compile(source, "exercise", "exec"), names)
    return names

"""Run a notebook's code cells in this process, to look at the names they leave behind."""
import contextlib
import io
import os
import shutil
from pathlib import Path

import matplotlib
import nbformat

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


def play(stem, folder):
    """The names after the last cell; `printed` lists what each cell wrote."""
    matplotlib.use("Agg")
    shutil.copytree(FOLDER / "data", folder / "data")
    cells = [cell.source for cell in nbformat.read(FOLDER / f"{stem}.ipynb", 4).cells
             if cell.cell_type == "code"]
    names, printed, home = {}, [], os.getcwd()
    os.chdir(folder)
    try:
        for source in cells:
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                exec(compile(source, stem, "exec"), names)
            matplotlib.pyplot.close("all")
            printed.append(out.getvalue())
    finally:
        os.chdir(home)
    return {**names, "printed": printed, "cells": cells}


def cell_of(played, part):
    """The place of the one cell that holds this text."""
    found = [place for place, source in enumerate(played["cells"]) if part in source]
    assert len(found) == 1, (part, found)
    return found[0]

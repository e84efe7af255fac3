"""Write a reveal.js deck of each notebook with slides into build/class/slides.

    python tools/make_slides.py

A deck needs no network: reveal.js, MathJax and their fonts lie beside it. They come from two
packages (requirements-slides.txt), which are fetched once, into .tools/slides.
"""
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter
from nbformat.v4 import new_code_cell

import get_uv
import shell
from class_copies import teacher_copy, with_stubs
from whole_folder import alone, whole_folder

ROOT = Path(__file__).resolve().parent.parent
SERIES = ROOT / "notebooks"
BUILD = ROOT / "build" / "class" / "slides"
LOOKS = Path(__file__).resolve().parent / "slides"
WANTED = ROOT / "requirements-slides.txt"
FETCHED = Path(shell.TOOLS) / "slides"
PARTS = {"reveal": "sphinx_revealjs/_static/revealjs", "mathjax": "jupyter_server_mathjax/static"}
MATHJAX = "mathjax/MathJax.js?config=TeX-AMS-MML_HTMLorMML-full,Safe"
NOTE = re.compile(r"<details><summary>For the teacher</summary>\n(.*)</details>", re.DOTALL)
LONG = 24  # lines of output that need a second column
PLOTTING = re.compile(r"\b(plt|ax|axes)\b")


def main():
    """Write the decks; say where they lie."""
    try:
        with alone(BUILD.parent), whole_folder(BUILD) as folder:
            names = write_decks(folder)
    except shell.Stop as stop:
        sys.exit(f"slides: {stop}")
    print(f"slides: {len(names)} decks in {os.path.relpath(BUILD)}; open one in a browser, "
          "S for the notes")


def write_decks(folder):
    """A deck for each notebook that has slides, and what the decks need; their names."""
    folder.mkdir(exist_ok=True)
    for name, place in PARTS.items():
        shutil.copytree(fetched() / place, folder / name)
    names = []
    for path in sorted(SERIES.glob("[0-9]*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        if has_slides(notebook):
            names.append(f"{path.stem}.html")
            (folder / names[-1]).write_text(deck(notebook, path.stem), encoding="utf-8")
    return names


def fetched():
    """The folder with the packages' files; fetches them when it is not there."""
    wanted, stamp = WANTED.read_text(encoding="utf-8"), FETCHED / "made-from"
    with alone(FETCHED):
        if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
            with whole_folder(FETCHED) as folder:
                install = [get_uv.get_uv(), "pip", "install", "--python", sys.executable]
                shell.must([*install, "--no-deps", "--target", str(folder), "-r", str(WANTED)],
                           get_uv.environment())
                (folder / stamp.name).write_text(wanted, encoding="utf-8")
    return FETCHED


def has_slides(notebook):
    """True if a cell says that a slide begins with it."""
    return any(slide_type(cell) == "slide" for cell in notebook.cells)


def slide_type(cell):
    """What the cell is in the deck: slide, subslide, fragment, skip, notes or - (goes on)."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def deck(notebook, title):
    """The deck as one page of HTML."""
    notebook = teacher_copy(notebook)
    notebook.metadata["title"] = title
    notebook.cells = [part for cell in notebook.cells for part in parts_of(cell)]
    exporter = SlidesExporter(
        template_name="slides", extra_template_basedirs=[str(LOOKS.parent)],
        reveal_url_prefix="reveal", reveal_theme="white", mathjax_url=MATHJAX,
        exclude_input_prompt=True, exclude_output_prompt=True)
    page, _ = exporter.from_notebook_node(notebook, resources={
        f"deck_{kind}": (LOOKS / f"deck.{kind}").read_text(encoding="utf-8")
        for kind in ("css", "js")})
    return page


def parts_of(cell):
    """The cell as the deck shows it.

    A picture gets a slide of its own, to be large; what calls matplotlib for it is left out.
    """
    if "teacher" in cell.metadata.get("tags", []):
        cell.metadata["slideshow"] = {"slide_type": "notes"}
        cell.source = NOTE.sub(r"\1", cell.source)
    if cell.cell_type != "code":
        return [cell]
    cell.source = with_stubs(cell.source)
    if any(output.get("text", "").count("\n") > LONG for output in cell.outputs):
        cell.metadata.setdefault("tags", []).append("long")
    pictures = [output for output in cell.outputs if is_picture(output)]
    if not pictures or slide_type(cell) in ("skip", "notes"):
        return [cell]
    if PLOTTING.search(cell.source):
        cell.metadata["transient"] = {"remove_source": True}
        return [cell]
    if slide_type(cell) in ("slide", "subslide") and cell.source.count("\n") < 3:
        return [cell]  # it stands alone as it is
    cell.outputs = [output for output in cell.outputs if not is_picture(output)]
    return [cell, new_code_cell(outputs=pictures, metadata={
        "slideshow": {"slide_type": "subslide"}, "transient": {"remove_source": True}})]


def is_picture(output):
    """True if the output is drawn, not written."""
    return bool({"image/png", "image/svg+xml"} & set(output.get("data", {})))


if __name__ == "__main__":
    main()

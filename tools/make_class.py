"""Write the copies of the series for a class into build/class.

    python tools/make_class.py

    student/    what is handed out: no outputs, no answers, stubs in the place of solutions
    teacher/    solutions, notes and outputs as committed
    nbgrader/   a course folder: an assignment a notebook, ready for `nbgrader generate_assignment`
    slides/     reveal.js decks that need no network
"""
import os
import shutil
import sys
from pathlib import Path

import nbformat

import make_slides
from class_copies import STUB, grader_copy, student_copy, teacher_copy
from shell import Stop
from whole_folder import whole_folder

ROOT = Path(__file__).resolve().parent.parent
SERIES = ROOT / "notebooks"
BUILD = ROOT / "build" / "class"
CONFIG = f"""c = get_config()
c.CourseDirectory.course_id = "lstm"
c.ClearSolutions.code_stub = {{"python": "{STUB}"}}
c.Execute.timeout = 600  # seconds a cell: some of them train a net
"""


def main():
    """Write all copies; exit status 1 if the slides had to be left out."""
    with make_slides.alone(BUILD), whole_folder(BUILD) as folder:
        write_copies(folder)
        missing = slides_into(folder / "slides")
    print(f"class: {os.path.relpath(BUILD)} holds " + ", ".join(
        sorted(f"{path.name}/" for path in BUILD.iterdir())))
    if missing:
        print(f"class: no slides: {missing}", file=sys.stderr)
    return 1 if missing else 0


def write_copies(folder):
    """The three copies of each notebook, with the data that they read."""
    paths = sorted(SERIES.glob("[0-9]*.ipynb"))
    for number, path in enumerate(paths, 1):
        say(f"{number}/{len(paths)} {path.stem}")
        notebook = nbformat.read(path, as_version=4)
        assignment = folder / "nbgrader" / "source" / path.stem
        for place, made in ((folder / "student", student_copy(notebook)),
                            (folder / "teacher", teacher_copy(notebook)),
                            (assignment, grader_copy(notebook))):
            place.mkdir(parents=True, exist_ok=True)
            nbformat.write(made, place / path.name)
        add_data(assignment)
    for name in ("student", "teacher"):
        add_data(folder / name)
    (folder / "nbgrader" / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    say("")


def add_data(folder):
    """The data beside the notebooks that read it."""
    if (SERIES / "data").is_dir():
        shutil.copytree(SERIES / "data", folder / "data")


def slides_into(folder):
    """Why the slides could not be made, or None."""
    try:
        make_slides.write_decks(folder)
    except Stop as stop:
        shutil.rmtree(folder, ignore_errors=True)
        return str(stop)
    return None


def say(words):
    """What is written now, as a line that a terminal shows and a log file does not."""
    if sys.stdout.isatty():
        print(f"\r\033[Kclass: {words}" if words else "\r\033[K", end="", flush=True)


if __name__ == "__main__":
    sys.exit(main())

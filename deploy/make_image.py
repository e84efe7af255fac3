"""Write build/image: a folder that repo2docker makes the image of a class from.

    python deploy/make_image.py      # what `make image` does, after `make class`

It holds the students' copies, the wheel of lstm_lib and deploy/image; no solution.
"""
import os
import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import shell  # noqa: E402
from whole_folder import whole_folder  # noqa: E402

STUDENT = ROOT / "build" / "class" / "student"
BUILD = ROOT / "build" / "image"
SOURCES = ["lstm_lib", "portable_caffe", "pyproject.toml", "README.md", "LICENSE"]


def main():
    """Write it; say what to do with it."""
    try:
        with whole_folder(BUILD) as folder:
            write_image(folder, STUDENT)
    except (shell.Stop, OSError) as stop:
        sys.exit(f"image: {stop}")
    print(f"image: {os.path.relpath(BUILD)} is there; deploy/README.md says how repo2docker "
          "makes the image")


def write_image(folder, student):
    """All that the image is made from, with the students' copies out of a folder."""
    shutil.copytree(student, folder / "lstm")
    shutil.copy(ROOT / "requirements.txt", folder)
    for path in (ROOT / "deploy" / "image").iterdir():
        shutil.copy(path, folder)
    write_wheel(folder)


def write_wheel(folder):
    """The wheel of the sources as they are; beside them an older build would leak into it."""
    with tempfile.TemporaryDirectory() as place:
        for name in SOURCES:
            path = ROOT / name
            (shutil.copytree if path.is_dir() else shutil.copy)(path, Path(place) / name)
        shell.must([sys.executable, "-m", "pip", "wheel", "-q", "--no-deps",
                    "--no-build-isolation", "-w", str(folder), place])


if __name__ == "__main__":
    main()

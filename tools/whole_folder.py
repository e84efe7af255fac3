"""Write a folder whole or not at all."""
import contextlib
import os
import shutil
from pathlib import Path

import shell


@contextlib.contextmanager
def whole_folder(folder):
    """An empty folder to write into; it takes the place of `folder` if nothing fails."""
    folder = Path(folder)
    new, old = (folder.with_name(folder.name + end) for end in (".part", ".old"))
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    new.mkdir(parents=True)
    try:
        yield new
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
    finally:  # after Ctrl-C too
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)


def alone(folder):
    """Nobody else writes this folder meanwhile; a second program waits."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    return shell.one_at_a_time(folder.with_name(folder.name + ".lock"),
                               f"another program writes {folder.name}")

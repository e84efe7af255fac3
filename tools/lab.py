"""Open JupyterLab on the series, in the browser of this machine or with its address said.

    python tools/lab.py [options of jupyter lab]
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOOKS = ROOT / "tools" / "jupyterlab"
FIRST = "notebooks/00_start_here.ipynb"


def main(options):
    """Become JupyterLab."""
    notebooks = sorted(str(path) for folder in ("notebooks", "build/class/teacher")
                       for path in (ROOT / folder).glob("*.ipynb"))
    subprocess.run([sys.executable, "-m", "jupyter", "trust", *notebooks],  # or it hides
                   stdout=subprocess.DEVNULL, check=False)                  # the pictures
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *settings(), *options])


def settings():
    """Where to begin, and what Jupyter wants to be told."""
    found = [f"--ServerApp.root_dir={ROOT}", f"--LabApp.default_url=/lab/tree/{FIRST}",
             "--ServerApp.use_redirect_file=False",  # a browser in a sandbox cannot read it
             "--LabApp.custom_css=True",
             f"--ServerApp.tornado_settings=static_custom_path={LOOKS}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
        found.append("--allow-root")
    return found


if __name__ == "__main__":
    main(sys.argv[1:])

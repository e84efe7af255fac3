"""What `make lab` asks of JupyterLab, asked of a running one."""
import sys
from pathlib import Path

import running_lab

ROOT = Path(__file__).resolve().parents[2]


def test_its_page_asks_for_the_style_that_hides_what_is_to_be_guessed_and_gets_it(tmp_path):
    with running_lab.started([sys.executable, str(ROOT / "tools" / "lab.py")], tmp_path) as lab:
        style = "/custom/custom.css"
        assert style in running_lab.read(lab("/lab"))
        assert running_lab.read(lab(style)) == (ROOT / "tools/jupyterlab/custom.css").read_text()

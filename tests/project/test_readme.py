"""What the README says can be typed and works."""
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = [line.split("#")[0].strip() for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S)
         for line in block.splitlines()]
OURS = [line for line in SHELL if line.startswith(".venv/bin/python ")]
PAGES = [*ROOT.glob("*.md"), ROOT / "benchmarks" / "README.md", ROOT / "deploy" / "README.md"]
MAKE = sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT, re.M)))


def test_the_program_in_the_readme_runs_and_prints_what_it_says(tmp_path):
    program = re.search(r"```python\n(.*?)```", TEXT, re.S).group(1)
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, text=True,
                          capture_output=True)
    assert (done.returncode, done.stdout) == (0, "(3, 2, 4)\n"), done.stderr
    assert (tmp_path / "lstm.prototxt").exists()


def test_the_shell_commands_run_one_after_the_other(tmp_path):
    assert OURS
    for line in OURS:
        command = [sys.executable, *shlex.split(line)[1:]]
        done = subprocess.run(command, cwd=tmp_path, text=True, capture_output=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("target", MAKE)
def test_each_make_target_named_exists(target):
    done = subprocess.run(["make", "-n", target], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_pictures_lead_to_files_that_exist(page):
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", text):
        assert (page.parent / target).exists(), target
    assert not re.search(r"!\[\s*\]\(", text)


def test_the_table_of_the_series_names_every_notebook():
    for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"):
        assert f"(notebooks/{path.name})" in TEXT


def test_each_notebook_takes_as_long_as_notebook_00_says():
    start = json.loads((ROOT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))
    minutes = [dict(re.findall(r"(\d\d_\w+\.ipynb)\) \|.*\| (\d+) \|", text)) for text in
               (TEXT, "".join(line for cell in start["cells"] for line in cell["source"]))]
    assert len(minutes[1]) == 13
    assert minutes[1].items() <= minutes[0].items()


def test_the_picture_of_three_steps_is_what_the_shell_draws(tmp_path):
    for line in ("unroll --steps 3 --batch 2 --input 5 --hidden 4 -o lstm.prototxt",
                 "draw lstm.prototxt -o three_steps.svg"):
        subprocess.run([sys.executable, "-m", "lstm_lib", *line.split()], cwd=tmp_path,
                       check=True, capture_output=True)
    assert (tmp_path / "three_steps.svg").read_text() == (
        ROOT / "pictures" / "three_steps.svg").read_text()

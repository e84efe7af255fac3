"""tools/run_notebooks.py on notebooks made here."""
import sys
from importlib.util import find_spec

import nbformat
import pytest
import run_notebooks
from conftest import on_real_caffe
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from traitlets import Integer

from lstm_lib import describe


@pytest.fixture
def series(tmp_path, monkeypatch):
    """`series(name, *sources)` writes a notebook into an otherwise empty project."""
    for name, path in dict(ROOT=tmp_path, SERIES=tmp_path / "notebooks",
                           BUILD=tmp_path / "build" / "notebooks").items():
        monkeypatch.setattr(run_notebooks, name, path)
    for name in ("JUPYTER_PATH", "IPYTHONDIR", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # put back afterwards
    (tmp_path / "notebooks" / "data").mkdir(parents=True)
    (tmp_path / "notebooks" / "data" / "numbers.txt").write_text("42")

    def add(name, *sources):
        cells = [new_markdown_cell("# Title"), *[new_code_cell(source) for source in sources]]
        for number, cell in enumerate(cells):
            cell.id = f"cell-{number}"
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return path

    add.root = tmp_path
    return add


def printed(path, cell):
    return nbformat.read(path, as_version=4).cells[cell].outputs[0].text.strip()


def test_a_failing_notebook_is_shown_with_its_cell_and_the_others_still_run(series, capfd):
    series("00_bad", "good = 1", "bad = 1 / 0", "print('never')")
    series("01_good", "print(6 * 7)")
    assert run_notebooks.main([]) == 1
    said = capfd.readouterr().out
    assert "bad = 1 / 0" in said and "ZeroDivisionError" in said and "\x1b" not in said
    assert [line.split()[-1] for line in said.splitlines() if " cells " in line] == [
        "FAILED", "ok"]
    assert "1 of 2 notebooks ran through" in said and "failed: 00_bad" in said
    assert (series.root / "build/notebooks/00_bad.ipynb").exists()


def test_a_kernel_that_dies_is_a_failed_notebook_with_its_cell(series, capfd):
    series("00_dies", "import os; os._exit(3)")
    assert run_notebooks.main([]) == 1
    said = capfd.readouterr().out
    assert "os._exit(3)" in said and "DeadKernelError" in said


def test_a_slow_machine_is_waited_for(series, monkeypatch):
    """nbclient's own patience is a minute for a kernel's start and 4 s for a cell's outputs."""
    made = []

    class Hasty(NotebookClient):
        startup_timeout = Integer(0)

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr(run_notebooks, "NotebookClient", Hasty)
    path = series("00_slow", "print(6 * 7)")
    start = series.root / "build/ipython/profile_default/startup"
    start.mkdir(parents=True)
    (start / "slow.py").write_text("import time\ntime.sleep(1.2)\n")
    assert run_notebooks.main([]) == 0
    assert printed(run_notebooks.BUILD / path.name, 1) == "42"
    assert made[0].iopub_timeout == run_notebooks.CELL_SECONDS


def test_notebooks_run_on_this_python_whatever_kernels_the_user_has(series, monkeypatch):
    kernel = series.root / "theirs/kernels/python3"
    kernel.mkdir(parents=True)
    (kernel / "kernel.json").write_text('{"argv": ["/other/python"], "display_name": "other"}')
    monkeypatch.setenv("JUPYTER_PATH", str(series.root / "theirs"))
    series("00_who", "import sys; print(sys.executable)")
    assert run_notebooks.main([]) == 0
    assert printed(series.root / "build/notebooks/00_who.ipynb", 1) == sys.executable


def test_what_notebooks_write_lies_in_build_and_the_summary_says_where(series, capfd):
    path = series("00_writes", "open('lstm_demo.prototxt', 'w').write(open('data/numbers.txt')"
                               ".read())", "import os; os.mkdir('pictures')",
                  "_ = open('pictures/a.svg', 'w').write('<svg/>')")
    before = path.read_text()
    assert run_notebooks.main([]) == 0
    said = capfd.readouterr().out
    for place in ("build/notebooks", "build/notebooks/lstm_demo.prototxt",
                  "build/notebooks/pictures", "make lab", describe()):
        assert place in said
    assert (series.root / "build/notebooks/lstm_demo.prototxt").read_text() == "42"
    assert path.read_text() == before


@on_real_caffe
def test_rewrite_puts_results_without_traces_of_the_machine_into_the_notebook(series):
    path = series("00_traces", "import sys; print('noise', file=sys.stderr); print('result')",
                  "from tqdm.auto import tqdm\nfor _ in tqdm(range(2)): pass", "1 + 1",
                  "import os\nprint(os.getcwd(), flush=True)\nprint('two\\r')")
    assert run_notebooks.main(["--rewrite"]) == 0
    kept = nbformat.read(run_notebooks.BUILD / path.name, as_version=4)
    assert len(kept.cells[4].outputs) >= 2, "printed in pieces"
    notebook = nbformat.read(path, as_version=4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    assert [cell.id for cell in notebook.cells] == [f"cell-{number}" for number in range(5)]
    assert [len(cell.outputs) for cell in code] == [1, 0, 1, 1]
    assert code[0].outputs[0].text == "result\n"
    assert code[3].outputs[0].text == "build/notebooks\ntwo\n"


@on_real_caffe
@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch imports here by itself")
def test_a_notebook_that_starts_processes_is_rewritten_with_the_pytorch_beside_real_caffe_only(
        series, monkeypatch, capfd):
    asks = "from importlib.util import find_spec; print(bool(find_spec('torch')))"
    plain, starts = series("00_plain", asks), series("01_starts", asks + "  # torch.distributed")
    beside, before = series.root / "beside", starts.read_text()
    monkeypatch.setattr(run_notebooks.setup_env, "old_torch", lambda: str(beside))
    assert run_notebooks.main(["--rewrite"]) == 0
    assert "01_starts.ipynb stays as it is" in capfd.readouterr().out
    assert starts.read_text() == before and printed(plain, 1) == "False"
    (beside / "torch").mkdir(parents=True)
    assert run_notebooks.main(["--rewrite"]) == 0
    assert printed(starts, 1) == "True" and printed(plain, 1) == "False"


def test_a_part_of_a_name_picks_notebooks_and_leaves_the_other_results(series, capfd):
    series("00_first", "1")
    series("01_second", "2")
    kept = series.root / "build/notebooks/00_first.ipynb"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    run_notebooks.main(["01"])
    said = capfd.readouterr().out
    assert "01_second" in said and "00_first" not in said and kept.exists()


def test_results_of_another_engine_are_not_committed(series, monkeypatch):
    path = series("00_any", "1")
    before = path.read_text()
    monkeypatch.setattr(run_notebooks.caffe, "engine", "portable")
    with pytest.raises(SystemExit, match="show real Caffe"):
        run_notebooks.main(["--rewrite"])
    assert path.read_text() == before

"""Execute the notebook series in order, each on a fresh kernel; say what ran and where it lies.

    python tools/run_notebooks.py [--rewrite] [NAME ...]

The notebooks run in build/notebooks, so that the prototxt and the pictures they write lie
there, beside the executed notebooks. A NAME (or a part of one, like 03) picks notebooks.
"""
import argparse
import asyncio
import os
import re
import shutil
import signal
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

import setup_env
from lstm_lib import caffe, describe
from shell import one_at_a_time

ROOT = Path(__file__).resolve().parent.parent
SERIES = ROOT / "notebooks"
BUILD = ROOT / "build" / "notebooks"
CELL_SECONDS = 600  # and no shorter patience of nbclient's, which would lose outputs or fail
COLOUR = re.compile(r"\x1b\[[\d;]*m")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"  # nothing to see without its kernel


def main(arguments=None):
    """Run the notebooks; exit status 1 if one failed."""
    asked = arguments_of(arguments)
    if asked.rewrite and caffe.engine != "real":
        sys.exit(f"the committed notebooks show real Caffe, and this is {describe()}.")
    prepare_kernels()
    BUILD.parent.mkdir(exist_ok=True)
    with one_at_a_time(BUILD.parent / "lock", "another run executes the notebooks"):
        return run_all(asked)


def run_all(asked):
    """Run those that are asked for, one after the other."""
    prepare_build(empty=not asked.names)
    chosen = [path for path in sorted(SERIES.glob("[0-9]*.ipynb"))
              if not asked.names or any(name in path.name for name in asked.names)]
    if not chosen:
        sys.exit(f"no notebook to run in {SERIES} {' '.join(asked.names)}")
    start = time.time()
    failed = [path for path in chosen if not run_one(path, asked.rewrite)]
    print(summary(len(chosen), failed, time.time() - start))
    return 1 if failed else 0


def arguments_of(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rewrite", action="store_true",
                        help="put the results into the committed notebooks as well")
    parser.add_argument("names", nargs="*", metavar="NAME", help="run only these, like 03")
    return parser.parse_args(arguments)


def prepare_kernels():
    """Let a notebook's kernel be this Python, with nobody's own start-up files.

    JUPYTER_PATH is looked at before the kernels that a user has installed elsewhere under
    the same name, python3.
    """
    os.environ["JUPYTER_PATH"] = os.path.join(sys.prefix, "share", "jupyter")
    os.environ["IPYTHONDIR"] = str(ROOT / "build" / "ipython")
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")  # on few cores more threads are slower


def prepare_build(empty):
    """A place to run in, with the data that the notebooks read."""
    if empty:
        shutil.rmtree(BUILD, ignore_errors=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    if (SERIES / "data").is_dir():
        shutil.copytree(SERIES / "data", BUILD / "data", dirs_exist_ok=True)


def run_one(path, rewrite=False):
    """Execute one notebook and keep it, also when it failed; True if it ran through."""
    notebook = nbformat.read(path, as_version=4)
    start, env = time.time(), environment(notebook)
    error = execute(notebook, Progress(path.stem, notebook), env or dict(os.environ))
    write(notebook, BUILD / path.name)
    print(f"{path.stem:<36} {count(notebook):>3} cells {time.time() - start:6.1f} s  "
          f"{'FAILED' if error else 'ok'}", flush=True)
    if error:
        print(error if sys.stdout.isatty() else COLOUR.sub("", error), flush=True)
    elif rewrite and env is None:
        print(f"{path.name} stays as it is: it starts processes with PyTorch, and there is none "
              "for this Python. `python3 tools/setup_env.py tests` fetches it.", flush=True)
    elif rewrite:
        write(cleaned(notebook), path)
    return not error


def environment(notebook):
    """What the kernel's environment has; None: it starts processes with a PyTorch that is not here.

    Beside real Caffe there may be one for the tests. Only such a notebook gets it.
    """
    if find_spec("torch") or not any("torch.distributed" in cell.source for cell in notebook.cells
                                     if cell.cell_type == "code"):
        return dict(os.environ)
    beside = setup_env.old_torch()
    if caffe.engine == "real" and os.path.isdir(beside):
        return dict(os.environ, PYTHONPATH=beside)
    return None


def execute(notebook, progress, env):
    """Run all cells in place; return the failing cell and its error as text, or None."""
    client = NotebookClient(notebook, kernel_name="python3", timeout=CELL_SECONDS,
                            startup_timeout=CELL_SECONDS, iopub_timeout=CELL_SECONDS,
                            resources={"metadata": {"path": str(BUILD)}},
                            record_timing=False, store_widget_state=False,
                            on_notebook_start=take_ctrl_c_back, on_cell_execute=progress)
    try:
        client.execute(env=env)
    except CellExecutionError as error:  # its text holds the cell and the traceback
        return str(error)
    except (CellTimeoutError, DeadKernelError, RuntimeError) as error:
        return f"{progress.source}\n------------------\n{type(error).__name__}: {error}"
    finally:
        progress.clear()


def take_ctrl_c_back(notebook):
    """nbclient answers Ctrl-C by ending one kernel; let it end the whole run."""
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


class Progress:
    """The cell that runs now, as a line that a terminal shows and a log file does not."""

    def __init__(self, name, notebook):
        self.name, self.total, self.done, self.source = name, count(notebook), 0, ""
        self.live = sys.stdout.isatty()

    def __call__(self, cell, cell_index):
        self.source = cell.source
        self.done += 1
        if self.live:
            print(f"\r{self.name:<36} {self.done:>3}/{self.total} cells", end="", flush=True)

    def clear(self):
        if self.live:
            print("\r\033[K", end="")


def count(notebook):
    """Number of cells that are executed."""
    return sum(cell.cell_type == "code" and bool(cell.source.strip()) for cell in notebook.cells)


def cleaned(notebook):
    """The notebook without traces of the machine it ran on, ready to be committed."""
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"}})
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = joined([output for output in cell.outputs
                                   if output.get("name") != "stderr"
                                   and WIDGET_VIEW not in output.get("data", {})])
            for output in cell.outputs:
                tidy(output)
    return notebook


def joined(outputs):
    """Text that was printed in pieces, by chance of timing, as one output."""
    whole = []
    for output in outputs:
        if whole and output.output_type == whole[-1].output_type == "stream":
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def tidy(output):
    """Take the place of this clone, and a terminal's line ends, out of an output's text."""
    for holder in (output, output.get("data", {})):
        for kind in ("text", "text/plain", "text/html"):
            if isinstance(holder.get(kind), str):
                holder[kind] = holder[kind].replace("\r\n", "\n").replace(f"{ROOT}/", "")


def write(notebook, path):
    """Write beside and move into place: the whole file or nothing."""
    beside = path.with_name(path.name + ".part")
    nbformat.write(notebook, beside)
    os.replace(beside, path)


def summary(ran, failed, seconds):
    """What ran, on which Caffe, how long, and where things are."""
    pictures = sorted({path.parent for kind in ("svg", "png") for path in BUILD.rglob(f"*.{kind}")})
    lines = ["", f"{ran - len(failed)} of {ran} notebooks ran through in {seconds:.0f} s",
             f"on {describe()}, {os.environ['OPENBLAS_NUM_THREADS']} thread(s) a kernel"]
    lines += [f"failed: {path.stem}" for path in failed]
    places = [("executed notebooks", BUILD), ("prototxt", BUILD / "lstm_demo.prototxt")]
    places += [("pictures", folder) for folder in pictures]
    lines += [f"{what + ':':<20} {os.path.relpath(path, ROOT)}"
              for what, path in places if path.exists()]
    return "\n".join([*lines, "`make lab` opens the series."])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(f"interrupted; what ran lies in {os.path.relpath(BUILD, ROOT)}")

"""Run a notebook in a fresh kernel of the Python that runs the tests; look into its cells."""
import re
import shutil
import sys
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

PATIENCE = 1800  # seconds, against hanging; no cell and no kernel takes so long
FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
PATHS = sorted(FOLDER.glob("[0-9]*.ipynb"))


class ThisPython(KernelManager):
    """A kernel of the very Python that runs the tests, whatever kernels are installed."""

    @property
    def kernel_spec(self):
        return KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f",
                                "{connection_file}"], display_name="Python 3", language="python")


def execute(notebook, folder, monkeypatch):
    """Run all cells in a folder with the series' data; a cell that raises is an error.

    Returns the most memory that the kernel ever took, in MB; None where no /proc tells it.
    """
    if (FOLDER / "data").is_dir():
        shutil.copytree(FOLDER / "data", folder / "data")
    monkeypatch.setenv("IPYTHONDIR", str(folder / "ipython"))  # nobody's own start-up files
    kernel = ThisPython()
    client = NotebookClient(notebook, km=kernel, timeout=PATIENCE, startup_timeout=PATIENCE,
                            iopub_timeout=PATIENCE, resources=dict(metadata=dict(path=str(folder))))
    try:
        client.execute()
        return peak_of(kernel.provisioner.pid)
    finally:  # nbclient leaves a kernel that is not of its own making
        if kernel.has_kernel:
            kernel.shutdown_kernel(now=True)
        if client.kc:
            client.kc.stop_channels()


def peak_of(pid):
    """The largest RSS of a process, in MB."""
    status = Path(f"/proc/{pid}/status")
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1]) / 1024 if status.exists() else None


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def tagged(notebook, tag):
    """The cells with a tag."""
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def verdicts(notebook):
    """What the checks of an executed notebook say."""
    return [output.get("data", {}).get("text/plain", str(output))
            for cell in tagged(notebook, "check") for output in cell.outputs[-1:]]

"""The series in JupyterLite: each notebook runs in the browser, with nothing installed.

`add_lite` puts it into the site as `lite/`; the page that runs a notebook is `run_page(name)`.
The notebooks are those of the series, with a word on how work is kept: what their first cells
import is loaded before, so that they need no cell of their own for the browser. The folder
`exercises` has a student's copies of them, with stubs in the place of the solutions.
"""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

import shell
from address import WHERE
from class_copies import student_copy, teacher_copy
from pyodide_files import KERNEL, PLACE, add_pyodide

SERIES = Path(shell.ROOT) / "notebooks"
FOLDS = Path(shell.ROOT) / "tools" / "jupyterlab" / "custom.css"
KERNEL_PLUGIN = "@jupyterlite/pyodide-kernel-extension:kernel"
KEPT = ("What you save is kept in this browser, on this device only. "
        "To keep your work, download it: File, Download.")
LOADED = ["micropip", *KERNEL, "comm", "jedi", "ipython", "matplotlib", "pydot", "tqdm"]


def run_page(name, folder=""):
    """Where a notebook runs, seen from the site's root: 01_gate_slicing -> lite/..."""
    return f"lite/notebooks/index.html?path={folder}{name}.ipynb"


def add_lite(folder, offline):
    """Put JupyterLite with the series into the site in `folder`; offline, with all that it loads."""
    pyodide = add_pyodide(folder, offline)
    with tempfile.TemporaryDirectory() as place:
        source = Path(place)
        copy_series(source / "files")
        write(source / "jupyter-lite.json", {
            "jupyter-lite-schema-version": 0, "jupyter-config-data": settings(pyodide)})
        write(source / "overrides.json", LOOKS)
        build(source, Path(folder) / "lite")
    for app in ("notebooks", "lab"):
        hide_what_is_folded(Path(folder) / "lite" / app / "index.html")


def copy_series(folder):
    """The notebooks, the data that they read, a student's copies, and a word on what is what."""
    for place in (folder, folder / "exercises"):
        shutil.copytree(SERIES / "data", place / "data")
    for path in SERIES.glob("[0-9]*.ipynb"):
        other = f"The same without solutions: [exercises/{path.stem}](exercises/{path.name})."
        for copy, place in ((teacher_copy(with_word(path, other)), folder),
                            (student_copy(with_word(path)), folder / "exercises")):
            nbformat.write(copy, place / path.name, split_lines=False)  # or JupyterLite puts
            # a comma before each line but the first of what a cell printed
    (folder / "README.md").write_text(README, encoding="utf-8")


def with_word(path, other=""):
    """A notebook that says how work is kept, in the place of where else it could be started."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = WHERE.sub(
        lambda found: f"\n*{KEPT}* {other}\n", notebook.cells[0].source)
    return notebook


def settings(pyodide):
    """What JupyterLite is told: where Pyodide lies, what is loaded, where work is kept."""
    outside = "../"  # the site's root, seen from lite/
    return {
        "appName": "lstm_lib", "appUrl": "./lab", "enableMemoryStorage": True,
        "exposeAppInBrowser": True,  # the tests press its buttons
        "contentsStorageName": "lstm_lib", "settingsStorageName": "lstm_lib settings",
        "litePluginSettings": {KERNEL_PLUGIN: {
            "pyodideUrl": (f"./{outside}" if pyodide.index == PLACE else "")
            + pyodide.index + "pyodide.mjs",
            "disablePyPIFallback": True,
            "loadPyodideOptions": {"lockFileURL": outside + pyodide.lock,
                                   "packages": [*pyodide.packages, *LOADED],
                                   "env": {"PYTHONWARNINGS": NO_THREADS}}}}}


README = f"""# The series, to run in this browser

* Each notebook here runs as it is: open it, then Run, Run All Cells.
* `exercises/` has the same notebooks without solutions, answers and outputs.
* {KEPT}
* To have a notebook as it was, delete your copy of it in the list of files.
"""
# tqdm would like a thread to look after its bars, warns that it has none, and works without
NO_THREADS = "ignore:tqdm"
# No news from a server that is not there; light or dark as the system is, like the pages
LOOKS = {"@jupyterlab/apputils-extension:notification": {
             "fetchNews": "false", "checkForUpdates": False},
         "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True}}


def write(path, value):
    """A JSON file."""
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def build(source, folder):
    """Run JupyterLite's builder; it takes its settings and the notebooks from `source`."""
    code, said = shell.run(
        [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(source),
         "--output-dir", os.path.abspath(folder), "--contents", str(source / "files"),
         "--apps", "notebooks", "--apps", "lab", "--apps", "tree", "--no-sourcemaps",
         "--LiteBuildConfig.no_unused_shared_packages=True"],
        dict(os.environ, JUPYTER_PREFER_ENV_PATH="1"), cwd=str(source))  # it leaves a file there
    if code != 0:
        raise shell.Stop(f"JupyterLite could not be built: {shell.cause(said)}")


def hide_what_is_folded(page):
    """Put the style in that `make lab` has, too: JupyterLite takes none from its settings."""
    text, style = [path.read_text(encoding="utf-8") for path in (page, FOLDS)]
    page.write_text(text.replace("</head>", f"<style>\n{style}</style></head>", 1),
                    encoding="utf-8")

"""Write the site: the series as pages, the series to run, a prototxt explained; static files.

    python tools/make_site.py [--offline]

Any web server can serve the folder. Its pages ask no other host, but for Pyodide's CDN where a
page runs Python; with --offline the site holds Pyodide, too.
"""
import argparse
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat

import shell
import site_api
from address import WHERE
from pyodide_sources import npm_pack
from site_explain import add_explain
from site_lite import add_lite
from whole_folder import alone, whole_folder

ROOT = Path(shell.ROOT)
BUILD = ROOT / "build" / "site"
LOOKS = ROOT / "tools" / "site"
PAGES = ["README.md", "TEACHING.md", "lstm_lib/README.md", "portable_caffe/README.md",
         "benchmarks/README.md", "deploy/README.md"]
LINK = re.compile(r"\]\((?!\w+:|#)([^)#\s]+)")
NOTEBOOK = re.compile(r"^\| \[([^]]*)\]\((notebooks/[^)]*)\.ipynb\)", re.MULTILINE)
MATHJAX = "mathjax@3.2.2"
FETCHED = Path(shell.TOOLS) / MATHJAX
FORMULAS = ["tex-chtml-full.js", "output/chtml/fonts"]  # of MathJax, what the pages load


def main(arguments):
    """Write the site; say where it lies and how it is opened."""
    parser = argparse.ArgumentParser(description="Write the site into build/site.")
    parser.add_argument("--offline", action="store_true",
                        help="put in all that its pages load, Pyodide too (100 MB)")
    offline = parser.parse_args(arguments).offline
    try:
        with alone(BUILD), whole_folder(BUILD) as folder:
            write_site(folder, offline)
    except shell.Stop as stop:
        sys.exit(f"site: {stop}")
    place = os.path.relpath(BUILD)
    print(f"site: {size(BUILD) / 1e6:.0f} MB in {place}; to look at it: "
          f"python3 -m http.server -d {place}")


def write_site(folder, offline):
    """The whole site, into an empty folder."""
    write_pages(folder)
    add_lite(folder, offline)
    add_explain(folder, offline)


def write_pages(folder):
    """The pages that are only read."""
    with tempfile.TemporaryDirectory() as place:
        source, pages = Path(place) / "source", Path(place) / "pages"  # myst-nb writes beside, too
        copy_sources(source)
        site_api.write_api(source / "api")
        shell.must([sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html",
                    "-c", str(LOOKS), "-d", str(Path(place) / "read"), str(source), str(pages)],
                   dict(os.environ, PYTHONPATH=str(LOOKS.parent)))
        shutil.copytree(pages, folder, dirs_exist_ok=True)
    for part in FORMULAS:
        copy_any(mathjax() / part, folder / "_static" / "mathjax" / part)


def copy_sources(folder):
    """What becomes pages, laid out as in the project, so that its own links lead on."""
    shutil.copytree(ROOT / "pictures", folder / "pictures")
    series = NOTEBOOK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    entries = "\n".join(f"{title} <{name}>" for title, name in series)
    index = (LOOKS / "index.md").read_text(encoding="utf-8").replace("@SERIES@", entries)
    (folder / "index.md").write_text(index, encoding="utf-8")
    for name in [*PAGES, *(f"{name}.ipynb" for _, name in series)]:
        copy_to(folder, name)
        text = (ROOT / name).read_text(encoding="utf-8")
        for target in LINK.findall(text):
            linked = os.path.normpath(os.path.join(os.path.dirname(name), target))
            if (ROOT / linked).is_file():
                copy_to(folder, linked)
    for path in (folder / "notebooks").glob("*.ipynb"):
        without_where(path)


def without_where(path):
    """A notebook without the line that says where it starts: its page has a button for that."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source = WHERE.sub("", notebook.cells[0].source)
    nbformat.write(notebook, path)


def copy_to(folder, name):
    """A file of the project, to the same place in another folder."""
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / name, folder / name)


def copy_any(source, target):
    """A file or a folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    (shutil.copytree if source.is_dir() else shutil.copy)(source, target)


def mathjax():
    """The folder with MathJax, which npm fetches once."""
    with alone(FETCHED):
        if not FETCHED.exists():
            shell.say("fetching MathJax from npm")
            with whole_folder(FETCHED) as new:
                npm_pack(MATHJAX, new)
    return FETCHED / "es5"


def size(folder):
    """Bytes in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main(sys.argv[1:])

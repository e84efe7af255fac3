"""Pyodide, which is Python in the browser, for the site: fetched, checked, put in one place.

A page of the site that wants Python calls

    pyodide = add_pyodide(folder, offline)

while the site is built in `folder`, and then, in the browser (addresses from the site's root):

    const {loadPyodide} = await import(pyodide.index + "pyodide.mjs");
    await loadPyodide({indexURL: pyodide.index, lockFileURL: pyodide.lock,
                       packages: pyodide.packages});

Not offline, `index` is the address of Pyodide's CDN. Our lock file always lies in the site: it
lists what Pyodide offers, and our own wheel under the name lstm-lib, each with its SHA-256,
which the browser checks. Nothing of this is committed; what was fetched is kept in .tools.
"""
import collections
import hashlib
import json
import os
import re
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

import pyodide_sources
import shell
from whole_folder import whole_folder

ROOT = Path(shell.ROOT)
PLACE = "static/pyodide/"
LOCK = "pyodide-lock.json"
OURS = ("lstm_lib", "portable_caffe")

# What the notebooks import, and what their kernel is made of
WANTED = ("numpy", "protobuf", "matplotlib", "pillow", "scikit-learn", "tqdm", "micropip",
          "ipython", "jedi")
# Pure wheels that Pyodide does not have: {name: what it depends on}
ADDED = {"array-api-compat": [], "pydot": ["pyparsing"], "comm": []}
# Pure wheels that come with JupyterLite's kernel
KERNEL = {"piplite": [], "pyodide-kernel": ["comm", "ipython"], "ipykernel": ["pyodide-kernel"]}
KERNEL_WHEELS = Path(sys.prefix, "share", "jupyter", "labextensions", "@jupyterlite",
                     "pyodide-kernel-extension", "static", "pypi")

Pyodide = collections.namedtuple("Pyodide", "index lock packages")


def add_pyodide(folder, offline):
    """Put Pyodide's part into the site in `folder`, once; where a page finds what.

    Offline, the core and each package that the series needs are there; else only our own
    wheels are, and the lock file names the CDN for the rest.
    """
    place = Path(folder) / PLACE
    if not (place / LOCK).exists():
        with whole_folder(place) as new:
            packages = pyodide_packages(new) if offline else packages_on_the_cdn()
            packages.update(own_packages(new))
            lock = {**pyodide_sources.official_lock(), "packages": packages}
            (new / LOCK).write_text(json.dumps(lock, indent=1), encoding="utf-8")
            if offline:
                shutil.copytree(pyodide_sources.core(), new, dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns(LOCK, "*.map", "*.ts", "*.html"))
    return Pyodide(PLACE if offline else pyodide_sources.CDN, PLACE + LOCK, ["lstm-lib"])


# --- what Pyodide offers ----------------------------------------------------------------


def packages_on_the_cdn():
    """All packages of Pyodide, each with its address there: {name: entry of the lock}."""
    return {name: {**entry, "file_name": pyodide_sources.CDN + entry["file_name"]}
            for name, entry in pyodide_sources.official_lock()["packages"].items()}


def pyodide_packages(folder):
    """Those that the series needs, with their files in `folder`: {name: entry of the lock}."""
    offered, packages = pyodide_sources.official_lock()["packages"], {}
    for name in with_dependencies(WANTED, offered):
        file = pyodide_sources.package_file(offered[name])
        shutil.copy(file, folder)
        packages[name] = {**offered[name], "file_name": file.name, "sha256": sha256(file)}
    return packages


def with_dependencies(names, offered):
    """The names and all that they need, sorted: lock entries say on what each depends."""
    found, left = set(), list(names)
    while left:
        name = re.sub(r"[-_.]+", "-", left.pop()).lower()
        if name not in found:
            found.add(name)
            left += offered[name]["depends"]
    return sorted(found)


# --- what Pyodide does not have ---------------------------------------------------------


def own_packages(folder):
    """Our wheel, the kernel's, and pure ones from PyPI, put into `folder`: {name: entry}."""
    packages = {}
    for name, depends in ADDED.items():
        packages[name] = entry_of(pyodide_sources.pure_wheel(name), depends, folder)
    for name, depends in KERNEL.items():
        wheel, = KERNEL_WHEELS.glob(name.replace("-", "_") + "-*.whl")
        packages[name] = entry_of(wheel, depends, folder)
    with tempfile.TemporaryDirectory() as place:
        needs = ["numpy", "protobuf", "array-api-compat"]
        packages["lstm-lib"] = entry_of(our_wheel(place), needs, folder, OURS)
        packages["pydecimal"] = entry_of(left_out(place), [], folder, ["_pydecimal"])
    return packages


def entry_of(wheel, depends, folder, imports=None):
    """Copy a wheel into `folder`; what the lock file says of it."""
    shutil.copy(wheel, folder)
    name, version = wheel.name.split("-")[:2]
    return {"name": name.replace("_", "-"), "version": version, "file_name": wheel.name,
            "sha256": sha256(wheel), "imports": list(imports or [name]), "depends": depends,
            "install_dir": "site", "package_type": "package", "unvendored_tests": False}


def our_wheel(folder):
    """lstm_lib and portable_caffe as one wheel in `folder`, built from a copy of this checkout.

    Its build number is made of what is in it, so that no browser takes an old one for it.
    """
    source, built = Path(folder, "source"), Path(folder, "built")
    for name in OURS:
        shutil.copytree(ROOT / name, source / name,
                        ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shell.must([sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index",
                "--no-build-isolation", "--wheel-dir", str(built), str(source)],
               dict(os.environ, SOURCE_DATE_EPOCH="315532800"))  # 1980: the same bytes each time
    wheel, = built.glob("*.whl")
    name, version, rest = wheel.name.split("-", 2)
    return wheel.rename(wheel.with_name(f"{name}-{version}-0{sha256(wheel)[:8]}-{rest}"))


def left_out(folder):
    """A module of Python that Pyodide leaves out, from this Python, as a wheel in `folder`.

    Notebook 11 reads its source.
    """
    wheel, about = Path(folder, "pydecimal-1-py3-none-any.whl"), "pydecimal-1.dist-info/"
    source = Path(sysconfig.get_path("stdlib"), "_pydecimal.py")
    parts = {"_pydecimal.py": source.read_bytes(),
             about + "METADATA": b"Metadata-Version: 2.1\nName: pydecimal\nVersion: 1\n",
             about + "WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        file.writestr(zipfile.ZipInfo(about + "RECORD"), "".join(f"{name},,\n" for name in parts))
    return wheel


def sha256(path):
    """The file's SHA-256, in hex."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()

"""The series in the browser: JupyterLite and Pyodide from the site, and from nowhere else."""
import hashlib
import json
import time
import zipfile
from pathlib import Path

import make_site
import pyodide_files
import pyodide_sources
import pytest
import site_lite
from shell import ROOT, Stop
from site_lite import run_page

PATIENCE = 900  # seconds, against hanging alone

STATUS = """
    const page = window.jupyterapp && jupyterapp.shell.currentWidget;
    const session = page && page.sessionContext && page.sessionContext.session;
    return session && session.kernel ? session.kernel.status : null"""
RUN_ALL = """
    window.allCellsRan = null;
    jupyterapp.commands.execute("notebook:run-all-cells").then(
        () => { window.allCellsRan = "yes" }, error => { window.allCellsRan = String(error) })"""
CELLS = """
    return jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === "code")
        .map(cell => ({count: cell.model.executionCount, outputs: cell.model.outputs.toJSON(),
                       source: cell.model.sharedModel.getSource(),
                       tags: cell.model.getMetadata("tags") || []}))"""

WIDTHS = """
    return [...document.querySelectorAll(".jp-OutputArea-output :is(img, svg)")]
        .some(picture => picture.getBoundingClientRect().width > 100)"""


def until(what, answer):
    """Wait for a true answer; a script that waits in the browser would be ended after two minutes."""
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        found = answer()
        if found:
            return found
        time.sleep(0.5)
    raise TimeoutError(f"{what}: not in {PATIENCE} seconds")


def open_notebook(browser, site, name, folder=""):
    browser.get(site.address + run_page(name, folder))
    until(f"the kernel of {name}", lambda: browser.execute_script(STATUS) == "idle")


def run_through(browser, site, name, folder=""):
    """The code cells after Run All, as {count, outputs, source, tags}."""
    open_notebook(browser, site, name, folder)
    browser.execute_script("jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    browser.execute_script(RUN_ALL)
    assert until(f"the cells of {name}",
                 lambda: browser.execute_script("return window.allCellsRan")) == "yes"
    return browser.execute_script(CELLS)


def said(cell):
    """What a cell printed or showed, as text."""
    return "".join(str(output.get("text") or output.get("data", {}).get("text/plain", ""))
                   for output in cell["outputs"])


def all_ran(cells):
    errors = [output for cell in cells for output in cell["outputs"]
              if output["output_type"] == "error" or output.get("name") == "stderr"]
    return not errors and all(cell["count"] for cell in cells)


def test_notebook_01_runs_on_portable_caffe_every_check_says_right_and_the_picture_is_there(
        site, browser):
    cells = run_through(browser, site, "01_gate_slicing")
    assert all_ran(cells)
    assert "portable_caffe" in said(cells[0]) and "wasm32" in said(cells[0])
    checks = [said(cell) for cell in cells if "check" in cell["tags"]]
    assert len(checks) >= 2 and all("Right." in words for words in checks)
    drawn = [cell for cell in cells if cell["source"].splitlines()[-1].startswith("draw(")]
    assert drawn and all("image/svg+xml" in cell["outputs"][0]["data"] for cell in drawn)
    assert any("image/png" in output.get("data", {}) for cell in cells
               for output in cell["outputs"])
    until("a picture to be seen", lambda: browser.execute_script(WIDTHS))


def test_notebook_05_runs_through_with_nothing_on_the_error_stream(site, browser):
    assert all_ran(run_through(browser, site, "05_forward_and_backward"))


def test_notebook_09_says_in_a_line_what_is_missing_and_goes_on(site, browser):
    cells = run_through(browser, site, "09_weights_in_and_out")
    assert all_ran(cells)
    missing = [said(cell) for cell in cells if "left out" in said(cell)]
    assert any("onnx" in words for words in missing) and any("cv2" in words for words in missing)
    assert all(words.count("\n") <= 2 for words in missing)


def test_notebook_13_says_in_a_line_that_there_is_one_process_and_goes_on(site, browser):
    cells = run_through(browser, site, "13_on_many_machines")
    assert all_ran(cells)
    alone = [said(cell) for cell in cells if "no second process" in said(cell)
             or "no PyTorch" in said(cell)]
    assert len(alone) == 2 and all(words.strip().count("\n") == 0 for words in alone)


def test_notebook_13_runs_through_and_says_in_a_line_what_a_browser_cannot(site, browser):
    cells = run_through(browser, site, "13_on_many_machines")
    assert all_ran(cells)
    assert any("A browser starts no second process" in said(cell) for cell in cells)


def test_each_notebook_says_how_work_is_kept_and_leads_to_its_copy_without_solutions(site):
    files = Path(site.folder, "lite", "files")
    names = sorted(path.name for path in files.glob("[0-9]*.ipynb"))
    assert names == sorted(path.name for path in Path(ROOT, "notebooks").glob("[0-9]*.ipynb"))
    for name in names:
        first = {place: json.loads((files / place / name).read_text())["cells"][0]
                 for place in ("", "exercises")}
        words = {place: "".join(cell["source"]) for place, cell in first.items()}
        assert all(site_lite.KEPT in text for text in words.values())
        assert f"(exercises/{name})" in words[""]


def test_what_a_cell_printed_is_one_text_for_jupyterlite_joins_lines_by_commas(site):
    printed = [output["text"] for path in (site.folder / "lite" / "files").glob("*.ipynb")
               for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
               for output in cell.get("outputs", []) if output["output_type"] == "stream"]
    assert any("\n" in text[:-1] for text in printed)
    assert {type(text) for text in printed} == {str}


def test_no_link_of_a_notebook_leads_to_a_file_that_is_not_there(site):
    files, broken = Path(site.folder, "lite", "files"), []
    for path in files.rglob("[0-9]*.ipynb"):
        for cell in json.loads(path.read_text())["cells"]:
            if cell["cell_type"] == "markdown":
                broken += [(path.name, link) for link in make_site.LINK.findall("".join(
                    cell["source"])) if not (path.parent / link).exists()]
    assert broken == []


def test_a_stub_in_a_students_copy_is_told_what_it_lacks(site, browser):
    cells = run_through(browser, site, "01_gate_slicing", "exercises/")
    assert all_ran(cells)
    assert all("Not yet." in said(cell) for cell in cells if "check" in cell["tags"])


def test_an_output_that_is_to_be_guessed_shows_none_of_its_lines_until_it_is_opened(site, browser):
    open_notebook(browser, site, "00_start_here")
    shown = until("a folded output", lambda: browser.execute_script(
        "return [...document.querySelectorAll('.jp-OutputPlaceholder')].map(e => e.innerText)"))
    assert not any("0.76" in text for text in shown)
    assert "0.76" in browser.execute_script(
        "document.querySelector('.jp-OutputPlaceholder .jp-Placeholder-content').click();"
        "return document.querySelector('.jp-Notebook').innerText")


def test_where_the_system_is_dark_run_is_dark(site, browser):
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark"}]})
    try:
        open_notebook(browser, site, "00_start_here")
        until("a dark page", lambda: browser.execute_script(
            "return document.body.dataset.jpThemeLight === 'false'"))
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_saved_edit_is_there_when_the_page_is_opened_again(site, browser):
    open_notebook(browser, site, "00_start_here")
    browser.execute_script("""
        jupyterapp.shell.currentWidget.content.widgets[0].model.sharedModel.setSource("my note")
        window.saved = null
        jupyterapp.commands.execute("docmanager:save").then(() => { window.saved = true })""")
    until("the notebook to be saved", lambda: browser.execute_script("return window.saved"))
    open_notebook(browser, site, "00_start_here")
    assert browser.execute_script("return jupyterapp.shell.currentWidget.content.widgets[0]"
                                  ".model.sharedModel.getSource()") == "my note"


def test_the_wheel_in_the_site_is_the_code_of_this_checkout(site):
    wheel, = Path(site.folder, pyodide_files.PLACE).glob("lstm_lib-*.whl")
    with zipfile.ZipFile(wheel) as files:
        packed = {name: files.read(name) for name in files.namelist() if name.endswith(".py")}
    checkout = {str(path.relative_to(ROOT)): path.read_bytes() for name in pyodide_files.OURS
                for path in Path(ROOT, name).rglob("*.py")}
    assert packed == checkout


def test_each_package_lies_in_the_site_with_the_hash_that_the_lock_file_names(site):
    place = Path(site.folder, pyodide_files.PLACE)
    packages = json.loads((place / pyodide_files.LOCK).read_text())["packages"]
    assert {"numpy", "matplotlib", "scikit-learn", "lstm-lib"} <= set(packages)
    for entry in packages.values():
        data = (place / entry["file_name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == entry["sha256"], entry["file_name"]
        assert {name.replace("_", "-") for name in entry["depends"]} <= set(packages)


def test_compiled_packages_are_those_of_the_official_lock_file(site):
    place = Path(site.folder, pyodide_files.PLACE)
    official = pyodide_sources.official_lock()["packages"]
    found = [entry for entry in json.loads((place / pyodide_files.LOCK).read_text())
             ["packages"].values() if "wasm32" in entry["file_name"]]
    assert len(found) >= 4
    assert all(entry["sha256"] == official[entry["name"].lower()]["sha256"] for entry in found)


def test_a_package_that_was_tampered_with_is_refused_by_name(site):
    entry = pyodide_sources.official_lock()["packages"]["numpy"]
    file = pyodide_sources.package_file(entry)
    pyodide_sources.check(entry, file.read_bytes())
    with pytest.raises(Stop, match=entry["file_name"] + ".*should be.*is.*remove"):
        pyodide_sources.check(entry, file.read_bytes() + b"more")


def test_the_published_site_has_our_wheel_and_names_the_cdn_for_the_rest(tmp_path):
    found = pyodide_files.add_pyodide(tmp_path, offline=False)
    packages = json.loads((tmp_path / found.lock).read_text())["packages"]
    assert found.index == pyodide_sources.CDN
    assert packages["numpy"]["file_name"].startswith(pyodide_sources.CDN)
    assert (tmp_path / pyodide_files.PLACE / packages["lstm-lib"]["file_name"]).is_file()
    assert not list(tmp_path.rglob("*.wasm"))

"""What the site weighs, and how long one waits: a browser that visits it for the first time.

    .venv-site/bin/python benchmarks/site/visits.py      after `make site`, for .venv-site

Writes benchmarks/results/site.json; `benchmarks/run.py report` puts it into the page.
"""
import functools
import json
import os
import sys
import tempfile
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / folder) for folder in ("tests/site", "tests", "tools", "benchmarks")]

import chromium  # noqa: E402
import googlenet  # noqa: E402
import make_site  # noqa: E402
import site_explain  # noqa: E402
from conftest import Handler  # noqa: E402
from machine import processor  # noqa: E402
from site_lite import run_page  # noqa: E402
from test_run import STATUS  # noqa: E402

RESULT = ROOT / "benchmarks" / "results" / "site.json"
READY = "return document.getElementById('status').textContent === 'Ready.'"
EXPLAIN = """
    const [text, done] = arguments, start = performance.now();
    const seconds = () => (performance.now() - start) / 1e3, $ = id => document.getElementById(id);
    $("picture").replaceChildren();
    $("text").value = text;
    $("explain").click();
    let picture = null;
    (function look() {
      if (picture === null && $("picture").firstElementChild) picture = seconds();
      if (picture === null || !$("status").textContent.startsWith("Done.")) setTimeout(look, 10);
      else done([picture, seconds()]);
    })();"""


class Counting(Handler):
    """Files, and how many bytes of them went out."""

    sent = 0

    def copyfile(self, source, target):
        Counting.sent += os.fstat(source.fileno()).st_size
        super().copyfile(source, target)


def visit(driver, address, ready):
    """{mb, ready_s} of one page, until `ready` holds in it."""
    Counting.sent, start = 0, time.perf_counter()
    driver.get(address)
    while not ready(driver):
        time.sleep(0.1)
    return {"mb": Counting.sent / 1e6, "ready_s": time.perf_counter() - start}


PAGES = {
    "a page to read": ("notebooks/01_gate_slicing.html", lambda driver: True),
    "Run": (run_page("01_gate_slicing"), lambda driver: driver.execute_script(STATUS) == "idle"),
    "explain": ("explain.html", lambda driver: driver.execute_script(READY))}


def visits(address):
    """Each page in a browser that was never there, and once more."""
    found = []
    for name, (page, ready) in PAGES.items():
        with tempfile.TemporaryDirectory() as profile:
            driver = chromium.start(profile)
            try:
                first = visit(driver, address + page, ready)
                driver.get("about:blank")
                again = visit(driver, address + page, ready)
                found.append({"page": name, "first": first, "again": again})
                print(found[-1], flush=True)
            finally:
                driver.quit()
    return found


def answers(address):
    """Seconds from the button to the picture, and to all of it, of two nets; the first time."""
    nets = {"an LSTM of 20 steps": site_explain.lstm(20, 10, 128, 50),
            "GoogLeNet": googlenet.text()}
    found = []
    for name, text in nets.items():
        with tempfile.TemporaryDirectory() as profile:
            driver = chromium.start(profile)
            try:
                visit(driver, address + "explain.html", PAGES["explain"][1])
                picture, all_of_it = driver.execute_async_script(EXPLAIN, text)
                found.append({"net": name, "picture_s": picture, "all_s": all_of_it})
                print(found[-1], flush=True)
            finally:
                driver.quit()
    return found


def built(folder, offline):
    """Megabytes of the site, and the seconds that it took to write it."""
    start = time.perf_counter()
    make_site.write_site(folder, offline)
    return {"mb": make_site.size(folder) / 1e6, "seconds": time.perf_counter() - start}


def main():
    if not (chromium.CHROME and chromium.DRIVER):
        return print("not measured: Chromium or chromedriver is not here")
    result = {"machine": {"processor": processor(), "cores": os.cpu_count(),
                          "load": os.getloadavg()[0]}}
    with tempfile.TemporaryDirectory() as place:
        folders = Path(place, "online"), Path(place, "offline")
        for folder in folders:
            folder.mkdir()
            result[folder.name] = built(folder, folder.name == "offline")
        with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
                Counting, directory=str(folders[1]))) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}/"
            result.update(visits=visits(address), answers=answers(address))
            server.shutdown()
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

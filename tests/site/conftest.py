"""The whole site, built once and served from this machine, and a browser to open it in."""
import collections
import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import chromium
import make_site
import pyodide_files
import pytest
from whole_folder import whole_folder

import shell

Site = collections.namedtuple("Site", "folder address")  # address: http://127.0.0.1:.../


class Handler(SimpleHTTPRequestHandler):
    """Files, with the types that a browser asks of a module and of WebAssembly."""

    extensions_map = {**SimpleHTTPRequestHandler.extensions_map, ".js": "text/javascript",
                      ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *args):
        """Say nothing about each file."""


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site with all that it loads, as `make site ARGS=--offline` writes it."""
    place = tmp_path_factory.mktemp("site") / "site"
    with whole_folder(place) as folder:
        try:  # a fault of ours, later, is no reason to skip
            make_site.mathjax()
            pyodide_files.add_pyodide(folder, offline=True)
        except shell.Stop as stop:
            pytest.skip(f"what the site is built of cannot be had here: {stop}")
        make_site.write_site(folder, offline=True)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
            Handler, directory=str(place))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Site(place, f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser for which no host exists but this machine."""
    driver = chromium.start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


def pytest_terminal_summary(terminalreporter):
    """One line at the end where something was left out."""
    reasons = sorted({report.longrepr[2] for report in terminalreporter.stats.get("skipped", [])})
    if reasons:
        terminalreporter.write_line(f"site: not all was tried in a browser: {'; '.join(reasons)}")

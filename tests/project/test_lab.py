"""What `make lab` asks of JupyterLab, asked of a running one."""
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds, against hanging


@pytest.fixture
def lab(tmp_path):
    """Reads a page of the JupyterLab that tools/lab.py starts, for somebody without settings."""
    pytest.importorskip("jupyterlab")
    places = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, str(ROOT / "tools" / "lab.py"), "--no-browser", "--ServerApp.ip=127.0.0.1",
         f"--ServerApp.port={port}", "--IdentityProvider.token=secret"],
        env={**os.environ, **places, "HOME": str(tmp_path)}, cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield lambda page: read(server, f"http://127.0.0.1:{port}{page}?token=secret")
    finally:
        server.kill()
        server.wait()


def read(server, address):
    """What stands there, once the server answers."""
    end, plain = time.monotonic() + PATIENCE, build_opener(ProxyHandler({}))
    while time.monotonic() < end and server.poll() is None:
        try:
            with plain.open(address) as page:
                return page.read().decode()
        except URLError as error:
            if isinstance(error, HTTPError):  # it answers, and has no such page
                raise
            time.sleep(0.1)
    raise AssertionError("JupyterLab did not start")


def test_its_page_asks_for_the_style_that_hides_what_is_to_be_guessed_and_gets_it(lab):
    assert "/custom/custom.css" in lab("/lab")
    assert lab("/custom/custom.css") == (ROOT / "tools/jupyterlab/custom.css").read_text()

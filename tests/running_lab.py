"""A JupyterLab for tests, for somebody who has no settings and has trusted no notebook."""
import os
import socket
import subprocess
import time
from contextlib import contextmanager
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, build_opener

import pytest

PATIENCE = 600  # seconds, against hanging


@contextmanager
def started(command, home):
    """Start it by this command; gives a function: path of a page -> its address."""
    pytest.importorskip("jupyterlab")
    places = {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [*command, "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
         "--IdentityProvider.token=secret"], env={**os.environ, **places, "HOME": str(home)},
        cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def address(page):
        return f"http://127.0.0.1:{port}{page}?token=secret"
    try:
        end = time.monotonic() + PATIENCE
        while not _answers(address("/api")):
            assert server.poll() is None and time.monotonic() < end, "JupyterLab did not start"
            time.sleep(0.1)
        yield address
    finally:
        server.kill()  # a kernel of it sees that it has gone, and ends
        server.wait()


def read(address):
    """What stands there, past any proxy."""
    with build_opener(ProxyHandler({})).open(address) as page:
        return page.read().decode()


def _answers(address):
    try:
        return bool(read(address))
    except URLError as error:
        if isinstance(error, HTTPError):  # it answers, and has no such page
            raise
        return False

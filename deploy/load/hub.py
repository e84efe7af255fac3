"""Start a JupyterHub and its proxy on loopback; ask it things."""
import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import get_uv
import shell
from tornado.httpclient import AsyncHTTPClient, HTTPRequest

CONFIG = Path(__file__).with_name("hub_config.py")
PROXY = "configurable-http-proxy@5.3.0"
PATIENCE = 1800  # seconds, against hanging


class Hub:
    """Where it is, and who may log in."""

    def __init__(self, folder, names):
        self.folder, self.names = Path(folder), names
        self.password = secrets.token_hex(8)
        self.ports = free_ports(3)
        self.url = f"http://127.0.0.1:{self.ports[0]}"
        self.process = None

    async def ask(self, method, path, body=None, token=None):
        """What the hub or a student's server answers, as JSON; an HTTPError for a refusal."""
        answer = await AsyncHTTPClient().fetch(HTTPRequest(
            self.url + path, method, headers={"Authorization": f"token {token}"} if token else {},
            body=None if body is None else json.dumps(body), request_timeout=PATIENCE,
            allow_nonstandard_methods=True))
        return json.loads(answer.body) if answer.body else None


@contextlib.contextmanager
def running(folder, names, course, python):
    """A hub for students of these names; its kernels are of another Python, which nobody changes."""
    folder = Path(folder)
    shutil.rmtree(folder, ignore_errors=True)
    homes = folder / "homes"
    homes.mkdir(parents=True)
    subprocess.run([python, "-m", "ipykernel", "install", "--prefix", folder / "kernel"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    hub = Hub(folder, names)
    given = dict(ports=hub.ports, password=hub.password, names=names, homes=str(homes),
                 course=str(course), proxy=proxy(),
                 kernels=str(folder / "kernel" / "share" / "jupyter"))
    with open(folder / "hub.log", "w", encoding="utf-8") as log:
        hub.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", CONFIG], cwd=folder, stdout=log, stderr=log,
            env=dict(os.environ, LOAD_TEST=json.dumps(given)))
        try:
            wait_for(hub)
            yield hub
        finally:
            hub.process.terminate()  # it ends its servers and the proxy, too
            hub.process.wait()


def wait_for(hub):
    """Until it answers through its proxy, or has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and hub.process.poll() is None:
        with contextlib.suppress(OSError):  # also a refusal of the proxy, which is there first
            urlopen(hub.url + "/hub/api/", timeout=PATIENCE).close()
            return
        time.sleep(0.2)
    raise shell.Stop(f"the hub did not start; see {os.path.relpath(hub.folder / 'hub.log')}")


def free_ports(count):
    """Ports of loopback that nobody listens at."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def proxy():
    """The path of the proxy's program; it is fetched once, into .tools."""
    folder = os.path.join(shell.TOOLS, "proxy")
    program = os.path.join(folder, "node_modules", ".bin", PROXY.split("@")[0])
    if not os.path.exists(program):
        if not shutil.which("npm"):
            raise shell.Stop("the hub's proxy needs Node and npm; on Debian and Ubuntu: "
                             "sudo apt-get install npm")
        shell.say(f"fetching {PROXY}")
        shell.must(["npm", "install", "--no-fund", "--no-audit", "--prefix", folder, PROXY],
                   get_uv.environment())
    return program

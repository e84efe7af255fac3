"""A hub on loopback alone, for the load test: a dummy login, servers of the user who starts it."""
import json
import os
import shutil
import sys
from pathlib import Path

c = get_config()  # noqa: F821 - JupyterHub gives it
load_subconfig(str(Path(__file__).resolve().parents[1] / "class_settings.py"))  # noqa: F821
given = json.loads(os.environ["LOAD_TEST"])

c.JupyterHub.bind_url, c.JupyterHub.hub_bind_url, api = (
    f"http://127.0.0.1:{port}" for port in given["ports"])
c.ConfigurableHTTPProxy.api_url = api
c.ConfigurableHTTPProxy.command = [given["proxy"]]

c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = given["password"]
c.Authenticator.allowed_users = set(given["names"])

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = os.path.join(given["homes"], "{username}")
c.Spawner.cmd = [os.path.join(os.path.dirname(sys.executable), "jupyterhub-singleuser")]
c.Spawner.environment["JUPYTER_PATH"] = given["kernels"]
if os.geteuid() == 0:
    c.Spawner.args.append("--allow-root")


def hand_out(spawner):
    """Give a student the course's folder, once; what they wrote in it stays."""
    folder = os.path.join(given["homes"], spawner.user.name, "lstm")
    if not os.path.exists(folder):
        shutil.copytree(given["course"], folder)


c.Spawner.pre_spawn_hook = hand_out

"""Read the settings of deploy/ with the classes that hubs have for them; print the limits.

Runs in the hub's world, with a KUBECONFIG, which nobody asks for a cluster. Ends with an error for an option that a class does not have, or a value
that it does not take.
"""
import asyncio
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import yaml
from jupyterhub.app import JupyterHub
from jupyterhub.spawner import SimpleLocalProcessSpawner
from kubespawner import KubeSpawner
from systemdspawner import SystemdSpawner
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
OF_TLJH = {"users": {"admin"}, "limits": {"memory", "cpu"}, "user_environment": {"default_app"},
           "services": {"cull"}}  # of tljh/configurer.py


async def main():
    print(json.dumps(limits()))


def limits():
    shared = PyFileConfigLoader("class_settings.py", str(DEPLOY)).load_config()
    for spawner in (SimpleLocalProcessSpawner, SystemdSpawner, KubeSpawner):
        made(spawner, shared["Spawner"])
    made(JupyterHub, shared["JupyterHub"])
    tljh = yaml.safe_load((DEPLOY / "tljh_config.yaml").read_text(encoding="utf-8"))
    for section, options in tljh.items():
        assert set(options) <= OF_TLJH[section], section
    of_tljh = made(SystemdSpawner, dict(mem_limit=tljh["limits"]["memory"],
                                        cpu_limit=tljh["limits"]["cpu"]))
    chart = yaml.safe_load((DEPLOY / "values.yaml").read_text(encoding="utf-8"))
    made(KubeSpawner, chart["hub"]["config"]["KubeSpawner"])
    values = chart["singleuser"]
    of_z2jh = made(KubeSpawner, of_kubernetes(values))
    for profile in values["profileList"]:
        made(KubeSpawner, profile.get("kubespawner_override", {}))
    return dict(limits=[of_tljh.mem_limit, of_z2jh.mem_limit], guarantee=of_z2jh.mem_guarantee,
                environments=[values["extraEnv"], shared["Spawner"]["environment"]])


def made(kind, options):
    """An object of a class with these options, each of which it has and takes."""
    known = kind.class_trait_names(config=True)
    unknown = [name for name in options if name not in known]
    if unknown:
        sys.exit(f"{kind.__name__} has no option {unknown}")
    student = SimpleNamespace(name="anna", id=1, url="/user/anna/", escaped_name="anna")
    more = {} if kind is JupyterHub else dict(_mock=True, user=student)
    return kind(config=Config({kind.__name__: dict(options)}), **more)


def of_kubernetes(values):
    """singleuser of values.yaml as the chart gives it to KubeSpawner."""
    return dict(image=f"{values['image']['name']}:{values['image']['tag']}",
                default_url=values["defaultUrl"], environment=values["extraEnv"],
                start_timeout=values["startTimeout"], profile_list=values["profileList"],
                cpu_limit=values["cpu"]["limit"], cpu_guarantee=values["cpu"]["guarantee"],
                mem_limit=values["memory"]["limit"], mem_guarantee=values["memory"]["guarantee"],
                storage_capacity=values["storage"]["capacity"])


if __name__ == "__main__":
    asyncio.run(main())

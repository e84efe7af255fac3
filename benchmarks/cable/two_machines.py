"""Is an all-reduce over a cable as slow as the formula says? Two machines, as far as they can tell.

    sudo .venv/bin/python benchmarks/cable/two_machines.py [--rounds 20]

Two network namespaces of Linux, each with a host name and an address of its own, and a cable
between them that lets through 1 Gbit a second; on each runs one process of cpu/parallel_way.py
with one thread, started by a torchrun of its own. It needs root, `ip`, `tc` (iproute2) and
`unshare`, and the environment with PyTorch. Writes benchmarks/results/cable.json.
"""
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cpu"))

import parallel  # noqa: E402

MACHINES = [(f"machine{n}", f"cable{n}", f"10.9.0.{n + 1}") for n in (0, 1)]  # name, end, address
GBIT, BURST = 1, "130kb"  # what may pass at once is what passes in a thousandth of a second
NAMED = 'hostname "$0"; mount --bind "$1" /etc/hosts; shift; exec "$@"'


def call(*command):
    subprocess.run(command, check=True)


@contextmanager
def cable():
    """Two machines with a cable between them."""
    try:
        for name, _, _ in MACHINES:
            call("ip", "netns", "add", name)
        (one, end, _), (other, other_end, _) = MACHINES
        call("ip", "link", "add", end, "netns", one, "type", "veth",
             "peer", "name", other_end, "netns", other)
        for name, end, address in MACHINES:
            call("ip", "-n", name, "address", "add", f"{address}/24", "dev", end)
            for device in (end, "lo"):
                call("ip", "-n", name, "link", "set", device, "up")
            call("tc", "-n", name, "qdisc", "add", "dev", end, "root", "tbf",
                 "rate", f"{GBIT}gbit", "burst", BURST, "latency", "50ms")
        yield
    finally:
        for name, _, _ in MACHINES:
            subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL)


def measure(rounds):
    """A row for each shape."""
    command = parallel.torchrun(f"{MACHINES[0][0]}:29400", len(MACHINES), rounds)
    with cable(), tempfile.NamedTemporaryFile("w") as hosts:
        hosts.write("127.0.0.1 localhost\n" + "".join(f"{address} {name}\n"
                                                      for name, _, address in MACHINES))
        hosts.flush()
        runs = [subprocess.Popen(
            ["ip", "netns", "exec", name, "unshare", "--uts", "--mount", "sh", "-c", NAMED, name,
             hosts.name, *command], env=parallel.ENV, stdout=subprocess.PIPE, encoding="utf-8")
            for name, _, _ in MACHINES]
        said = "".join(run.communicate()[0] for run in runs)
    if any(run.returncode for run in runs):
        sys.exit("a process failed, so nothing is written")
    return parallel.rows_of(said)


if __name__ == "__main__":
    parallel.write("cable", __doc__, measure, gbit=GBIT)

"""What the processes of a hub take of the memory, as Linux counts it in /proc, in MB.

A peak of RSS counts pages that processes share in each of them; PSS divides them among those
who share them, so it may be added up.
"""
import asyncio
import os
import re

MB = 1 << 20


def peak_of(pid):
    """The largest RSS that a process ever had."""
    return _kilobytes(f"/proc/{pid}/status", "VmHWM") * 1024 / MB


def pss_of(pids):
    """What some processes take together; one that ended meanwhile takes nothing."""
    total = 0
    for pid in pids:
        try:
            total += _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss")
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total * 1024 / MB


def _kilobytes(path, name):
    with open(path, encoding="utf-8") as file:
        found = re.search(rf"^{name}:\s+(\d+) kB", file.read(), re.M)
    return int(found[1]) if found else 0  # a process that has ended and is not reaped


def processes_of(student):
    """The server, kernels and children of a student: the hub gives them the name."""
    return [pid for pid in _pids()
            if f"JUPYTERHUB_USER={student}".encode() in _of(pid, "environ")]


def process_with(*words, among=None):
    """The one process in whose command line all these words stand."""
    found = [pid for pid in (_pids() if among is None else among)
             if all(word.encode() in _of(pid, "cmdline") for word in words)]
    if len(found) != 1:
        raise LookupError(f"{len(found)} processes have {' and '.join(words)} in their command")
    return found[0]


def _pids():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _of(pid, name):
    """The words of a process's file."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read().split(b"\0") if name == "environ" else file.read()
    except OSError:  # it has ended, or is somebody else's
        return b""


class Watch:
    """Looks again and again at what groups of processes take, and keeps the most of each."""

    def __init__(self, groups):
        self.groups, self.most = groups, dict.fromkeys(groups, 0.0)

    async def run(self, seconds=0.5):
        """Until it is cancelled."""
        while True:
            for name, pids in self.groups.items():
                now = await asyncio.to_thread(lambda pids=pids: pss_of(pids()))
                self.most[name] = max(self.most[name], now)
            await asyncio.sleep(seconds)

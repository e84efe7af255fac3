"""How much memory can still be had on this machine, within the limits that it is put under."""
import os

LARGER = [(10 ** 18, "EB"), (10 ** 15, "PB"), (10 ** 12, "TB"), (10 ** 9, "GB")]
MOST, MORE = 10 ** 21, "more than 1000 EB"  # no unit beyond it says anything to a reader
GROUPS, OWN = "/sys/fs/cgroup", "/proc/self/cgroup"


def free_host_bytes(groups=GROUPS, own=OWN):
    """Memory that is free on Linux, in its container and in its service; None elsewhere.

    A container and a service of systemd (each student's server on a hub) are control groups,
    where Linux kills what takes more than the limit of a group or of one that holds it.
    """
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            free = next(int(line.split()[1]) * 1024 for line in lines if "MemAvailable" in line)
    except (OSError, StopIteration):
        return None
    return max(0, min([free, *_left_in_groups(groups, own)]))


def _left_in_groups(groups, own):
    """What is left of each limit; nothing where there is none."""
    folder = os.path.join(groups, _name_of_group(own))
    while True:
        try:
            yield _number(folder, "memory.max") - _number(folder, "memory.current") + _cached(folder)
        except (OSError, ValueError):  # no limit here
            pass
        if len(folder) <= len(groups):
            return
        folder = os.path.dirname(folder)


def _name_of_group(own):
    """Like system.slice/jupyter-anna.service; in a container it is the root, so nothing."""
    try:
        with open(own, encoding="utf-8", errors="surrogateescape") as lines:
            return next((line[3:].strip().strip("/") for line in lines if line.startswith("0::")),
                        "")
    except OSError:
        return ""


def _number(folder, name):
    with open(os.path.join(folder, name), encoding="ascii") as file:
        return int(file.read())


def _cached(folder):
    """Copies of files that nobody uses now: they count as taken, and Linux drops them at need."""
    try:
        with open(os.path.join(folder, "memory.stat"), encoding="ascii") as lines:
            return next((int(line.split()[1]) for line in lines
                         if line.startswith("inactive_file ")), 0)
    except OSError:
        return 0


def in_gigabytes(size):
    """So many bytes, in GB or in what is larger.

    >>> in_gigabytes(4.8e10), in_gigabytes(8e18), in_gigabytes(10 ** 400)
    ('48.0 GB', '8.0 EB', 'more than 1000 EB')
    """
    if size >= MOST:
        return MORE
    unit, name = next((pair for pair in LARGER if size >= pair[0]), LARGER[-1])
    return f"{size / unit:.1f} {name}"

"""What the benchmarks share: the sizes they measure at, and on which processor."""
import platform

# (T, B, D, H): the origin's example, two of usual sizes, one where each step is tiny
SIZES = [(3, 10, 12800, 500), (20, 32, 128, 256), (100, 32, 128, 256), (100, 1, 64, 64)]


def processor():
    """The processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.machine()

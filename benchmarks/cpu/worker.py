"""One process that holds one way to write an LSTM, and times it when `speed.py` asks.

Needs Python alone, so that PyTorch can answer from an environment of its own. A line
"T B D H" makes the LSTM, an empty line runs it; each answer is a line of JSON.
"""
import json
import os
import resource
import sys
import time

THREADS = int(os.environ.get("BENCHMARK_THREADS", 1))  # speed.py chooses
for _variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_variable] = str(THREADS)  # before NumPy, Caffe or PyTorch is imported


def memory_mb(field="VmHWM"):
    """Most memory held so far, or with "VmRSS" now; getrusage counts the parent's as well."""
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) for line in lines if field in line) / 1024
    except (OSError, StopIteration):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def forget_peak():
    """Let the peak begin anew at what is held now, where the system can (Linux)."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass
    return memory_mb("VmRSS")


def serve(name, make, prepare=lambda *shape: None):
    """Answer until the input ends. make(T, B, D, H) -> (forward, backward or None).

    What `prepare` leaves behind, like the start weights, does not count as memory.
    """
    answer, works = sys.stdout, None
    sys.stdout = sys.stderr  # what a library prints is no answer
    for line in sys.stdin:
        if line.strip():
            shape = list(map(int, line.split()))
            prepare(*shape)
            before = forget_peak()
            works = make(*shape)
            once(works), once(works)
            made = dict(way=name, memory_mb=round(memory_mb() - before, 1))
        print(json.dumps(made if line.strip() else passes(works)), file=answer, flush=True)


def passes(works, least=0.06):
    """[forward, backward] seconds: one to warm up, then for 60 ms, but one at least."""
    once(works)
    times, start = [], time.perf_counter()
    while not times or time.perf_counter() - start < least:
        times.append(once(works))
    return times


def once(works):
    return [timed(work) for work in works if work]


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

"""What does unrolling cost? Forward and backward of one LSTM, written in many ways.

    python benchmarks/cpu/speed.py [--rounds 20] [--threads 1] [--shape T B D H]

Every way computes the same LSTM with as many threads, in a process of its own (worker.py).
In each round every way is asked once, so that a slow moment of the machine meets them all;
the median of all passes is kept, and the ratio to Caffe's own `LSTM` layer. Peak memory is
what the net and its passes add to the process. Writes benchmarks/results/speed.json, with N
threads speed_N_threads.json; a single shape is only shown.

PyTorch needs a Python of its own: `.venv-portable`, or the one LSTM_LIB_ORACLES names.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import google.protobuf
import numpy

import ways
from lstm_lib import describe

FOLDER = Path(__file__).parent
sys.path.append(str(FOLDER.parent))

from machine import SIZES, processor  # noqa: E402

RESULTS = FOLDER.parent / "results"
ORACLES = os.environ.get("LSTM_LIB_ORACLES",
                         str(FOLDER.parents[1] / ".venv-portable" / "bin" / "python"))
CURVE = [(T, 8, 32, 64) for T in (1, 3, 10, 30, 100, 300, 1000)]


class Worker:
    """A process that holds one way; answers are numbers of worker.py."""

    def __init__(self, *command):
        self.process = subprocess.Popen(list(map(str, command)), text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line=""):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"{' '.join(self.process.args)} ended without an answer.")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def commands():
    """What starts each way's process; PyTorch is left out where there is none."""
    ours = [(sys.executable, FOLDER / "ways.py", number) for number in range(len(ways.WAYS))]
    return ours + [(ORACLES, FOLDER / "torch_lstm.py", "LSTM")] * has_torch()


def has_torch():
    """Whether the Python of the oracles has PyTorch; says so where it has not."""
    probe = [ORACLES, "-c", "import torch"]
    if os.path.exists(ORACLES) and not subprocess.run(probe, capture_output=True).returncode:
        return True
    print(f"no PyTorch in {ORACLES}, so its row is missing")
    return False


def measure(workers, shape, rounds):
    """One row for each way at this shape."""
    made = [each.ask(" ".join(map(str, shape))) for each in workers]
    times = [[] for _ in workers]
    for number in range(rounds):
        for turn in range(len(workers)):  # another one first in each round
            which = (number + turn) % len(workers)
            times[which] += workers[which].ask()
    seconds = [[statistics.median(column) for column in zip(*kept)] for kept in times]
    base = next(pair for way, pair in zip(made, seconds) if way["way"] == ways.LAYER)
    return [row(shape, way, pair, base, len(kept))
            for way, pair, kept in zip(made, seconds, times)]


def row(shape, way, seconds, base, passes):
    """A way without backward is compared with the forward pass of Caffe's layer."""
    forward, *backward = [round(1e3 * each, 3) for each in seconds]
    return dict(shape=shape, **way, passes=passes, forward_ms=forward,
                backward_ms=backward[0] if backward else None,
                both_ms=round(forward + sum(backward), 3) if backward else None,
                ratio=round(sum(seconds) / sum(base[:len(seconds)]), 3))


def measured(shapes, rounds, fresh):
    """Rows for each shape; `fresh` processes tell the memory of each shape."""
    rows, workers, starts = [], [], commands()
    for shape in shapes:
        if fresh or not workers:
            for each in workers:
                each.close()
            workers = [Worker(*command) for command in starts]
        found = measure(workers, shape, rounds)
        for each in found if not fresh else []:
            del each["memory_mb"]
        show(found)
        rows += found
    for each in workers:
        each.close()
    return rows


def show(rows):
    for each in rows:
        backward = "" if each["backward_ms"] is None else f"+ {each['backward_ms']:8.2f}"
        print(f"{str(tuple(each['shape'])):22} {each['way']:40} {each['forward_ms']:8.2f} "
              f"{backward:10} ms   ratio {each['ratio']:.2f}   {each.get('memory_mb', '')}",
              flush=True)


def machine():
    return dict(processor=processor(), cores=os.cpu_count(), load=round(os.getloadavg()[0], 1),
                system=platform.platform(), engine=describe(), numpy=numpy.__version__,
                protobuf=google.protobuf.__version__)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--shape", type=int, nargs=4, metavar=tuple("TBDH"))
    options = parser.parse_args()
    os.environ["BENCHMARK_THREADS"] = str(options.threads)  # for the workers
    if options.shape:
        measured([options.shape], options.rounds, fresh=True)
    else:
        write(options.rounds, options.threads)


def write(rounds, threads):
    """Measure every way at every shape, and write the file."""
    result = dict(machine=machine(), threads=threads, rounds=rounds,
                  rows=measured(SIZES, rounds, fresh=True),
                  curve=measured(CURVE, max(10, rounds // 2), fresh=False))
    name = "speed.json" if threads == 1 else f"speed_{threads}_threads.json"
    (RESULTS / name).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

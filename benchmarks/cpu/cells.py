"""What does each cell cost? Forward and backward on real Caffe, on portable_caffe, in PyTorch.

    python benchmarks/cpu/cells.py [--rounds 20]

Measured as in speed.py: a process for each, in turns, one thread, medians. Writes
benchmarks/results/cells.json.
"""
import argparse
import json
import os
import statistics
import sys

import speed
from cell_ways import ENGINES
from lstm_lib.cells import CELLS

SHAPE = (20, 32, 128, 256)  # T, B, D, H
TORCH = dict(composed="LSTM", fused="LSTM", rnn="RNN", gru="GRU")  # it has no peepholes


def commands(cell, torch):
    """What starts the process of each engine that has this cell: name -> command."""
    found = {engine: (sys.executable, speed.FOLDER / "cell_ways.py", engine, cell)
             for engine in ENGINES}
    if torch and cell in TORCH:
        found["PyTorch"] = (speed.ORACLES, speed.FOLDER / "torch_lstm.py", TORCH[cell])
    return found


def measure(cell, torch, rounds):
    """A row for each engine: the medians of its forward and its backward passes."""
    starts = commands(cell, torch)
    workers = [speed.Worker(*command) for command in starts.values()]
    for each in workers:
        each.ask(" ".join(map(str, SHAPE)))
    times = [[] for _ in workers]
    for number in range(rounds):
        for turn in range(len(workers)):  # another one first in each round
            which = (number + turn) % len(workers)
            times[which] += workers[which].ask()
    for each in workers:
        each.close()
    medians = [[statistics.median(column) for column in zip(*kept)] for kept in times]
    return [dict(cell=cell, engine=engine, forward_ms=round(1e3 * forward, 3),
                 backward_ms=round(1e3 * backward, 3))
            for engine, (forward, backward) in zip(starts, medians)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    os.environ["BENCHMARK_THREADS"] = "1"  # for the workers
    rows, torch = [], speed.has_torch()
    for cell in CELLS:
        found = measure(cell, torch, rounds)
        print(*found, sep="\n", flush=True)
        rows += found
    result = dict(machine=speed.machine(), rounds=rounds, shape=SHAPE, rows=rows)
    (speed.RESULTS / "cells.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

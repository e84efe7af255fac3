"""One of the processes that `parallel.py` starts by torchrun: times a step and an all-reduce.

The first of them writes a line of JSON for each shape.
"""
import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from lstm_lib import caffe, make_solver, unroll
from lstm_lib.parallel import data_parallel
from lstm_lib.parallel.shared import SharedWeights

sys.path.insert(0, str(Path(__file__).parents[1]))
from machine import SIZES  # noqa: E402


def solver_of(T, B, D, H):
    """A solver of the fused net with x once, and a loss on all its outputs."""
    ns = caffe.NetSpec()
    ns.x, ns.y = [caffe.layers.Input(input_param=dict(shape=dict(dim=dim)))
                  for dim in ([T, B, D], [T, B, H])]
    unroll(ns, ns.x, T, H, cell="fused", project="once")
    ns.loss = caffe.layers.EuclideanLoss(ns.H, ns.y)
    solver = make_solver(ns, base_lr=1e-3, momentum=0.9)
    solver.net.blobs["x"].data[...] = np.random.default_rng(0).standard_normal((T, B, D))
    return solver


def step_alone(solver):
    """What a process does without the others."""
    solver.net.forward()
    solver.net.clear_param_diffs()
    solver.net.backward()
    solver.apply_update()


def medians(rounds, meet, *works):
    """The median seconds of each; all processes begin each work together."""
    times = [[] for _ in works]
    for _ in range(rounds + 1):
        for kept, work in zip(times, works):
            meet()
            start = time.perf_counter()
            work()
            kept.append(time.perf_counter() - start)
    return [statistics.median(kept[1:]) for kept in times]  # the first warms up


def main(rounds):
    for shape in SIZES:
        solver = data_parallel(solver_of(*shape))
        weights, group = SharedWeights(solver.net), solver.group
        step, reduce = medians(rounds, lambda: group.of_all(None), lambda: step_alone(solver),
                               lambda: weights.together("diff", group.mean))
        bytes_sent = 4 * sum(blob.count for blob in weights.blobs)
        if group.rank == 0:
            print(json.dumps(dict(shape=shape, step_ms=round(1e3 * step, 3), megabytes=round(
                bytes_sent / 1e6, 3), reduce_ms=round(1e3 * reduce, 3))), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))

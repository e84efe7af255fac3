"""One cell on one engine for `cells.py`: python benchmarks/cpu/cell_ways.py ENGINE CELL."""
import worker  # sets the threads, so it comes first

import sys  # noqa: E402

import numpy as np  # noqa: E402

import ways  # noqa: E402
from lstm_lib import caffe, set_weights, unroll, xavier_start  # noqa: E402

ENGINES = {"real Caffe": ways.on_caffe, "portable_caffe on NumPy": ways.on_portable}


def make_of(engine, cell):
    """make(T, B, D, H) of an unrolled cell, one product for all inputs."""
    def make(T, B, D, H):
        ns = caffe.NetSpec()
        ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
        unroll(ns, ns.x, T, H, cell=cell, project="once")
        net = ENGINES[engine](ns)
        set_weights(net, xavier_start(D, H, np.random.default_rng(0), cell=cell))
        return ways.passes_of(net, (T, B, D, H))
    return make


if __name__ == "__main__":
    worker.serve(sys.argv[1], make_of(*sys.argv[1:]))

"""What does unrolling cost? Forward and backward of one LSTM, written in many ways.

Every way computes the same LSTM on the same numbers, with one thread. In each round every
way is timed once, so that a slow moment of the machine meets them all; the median over the
rounds is kept, and the ratio to Caffe's own `LSTM` layer. Peak memory is that of a child
process which does only this. Writes benchmarks/results/speed.json.
"""
import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before NumPy and Caffe are imported

import numpy as np  # noqa: E402

from lstm_lib import (caffe, describe, load_net, lstm_backward, lstm_forward,  # noqa: E402
                      set_layer_weights, set_weights, unroll, xavier_start)

L = caffe.layers
RESULT = Path(__file__).parent / "results" / "speed.json"
ORACLES = os.environ.get("LSTM_LIB_ORACLES", ".venv-oracles/bin/python")  # has PyTorch
LAYER = "Caffe's LSTM layer"
SHAPES = [(3, 10, 12800, 500), (20, 32, 128, 256), (100, 32, 128, 256), (100, 1, 64, 64)]
CURVE = [(T, 32, 128, 256) for T in (1, 3, 10, 30, 100, 300)] + [(1000, 8, 32, 64)]


def numbers(T, B, D, H):
    rng = np.random.default_rng(0)
    return (xavier_start(D, H, rng, forget_bias=1.0),
            rng.standard_normal((T, B, D), "f4"), rng.standard_normal((T, B, H), "f4"))


def unrolled(cell, project):
    def make(T, B, D, H):
        weights, x, dH = numbers(T, B, D, H)
        ns = caffe.NetSpec()
        ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
        unroll(ns, ns.x, T, H, cell=cell, project=project)
        net = load_net(ns, force_backward=True)
        set_weights(net, weights)
        return run_net(net, x, dH)
    return make


def caffe_layer(T, B, D, H):
    weights, x, dH = numbers(T, B, D, H)
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    ns.cont = L.DummyData(shape=dict(dim=[T, B]), data_filler=dict(value=1))
    ns.H = L.LSTM(ns.x, ns.cont, name="lstm", recurrent_param=dict(num_output=H))
    net = load_net(ns, force_backward=True)
    set_layer_weights(net, "lstm", weights)
    return run_net(net, x, dH)


def run_net(net, x, dH):
    net.blobs["x"].data[...] = x

    def backward():
        net.clear_param_diffs()
        net.blobs["H"].diff[...] = dH
        net.backward()
    return net.forward, backward


def numpy_reference(T, B, D, H):
    weights, x, dH = numbers(T, B, D, H)
    zero, kept = np.zeros((B, H), "f"), []

    def forward():
        kept[:] = [lstm_forward(x, zero, zero, *weights)]
    return forward, lambda: lstm_backward(kept[0], dH)


WAYS = {"unrolled, the origin's way": unrolled("composed", "per_step"),
        "unrolled, x once": unrolled("composed", "once"),
        "unrolled, fused": unrolled("fused", "per_step"),
        "unrolled, fused, x once": unrolled("fused", "once"),
        LAYER: caffe_layer,
        "NumPy, by hand": numpy_reference}


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(shape, rounds):
    """Median forward and backward seconds of each way."""
    made = {name: make(*shape) for name, make in WAYS.items()}
    times = {name: [] for name in made}
    for warm in range(-2, rounds):
        for name, (forward, backward) in made.items():
            pair = timed(forward), timed(backward)
            if warm >= 0:
                times[name].append(pair)
    return {name: [statistics.median(column) for column in zip(*pairs)]
            for name, pairs in times.items()}


def pytorch(shape, rounds):
    """`torch.nn.LSTM` in an environment of its own, or None where there is none."""
    if not os.path.exists(ORACLES):
        return None
    script = Path(__file__).with_name("torch_lstm.py")
    done = subprocess.run([ORACLES, str(script), *map(str, shape), str(rounds)],
                          capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def memory(name, shape):
    """Peak megabytes of a process that only does this."""
    done = subprocess.run([sys.executable, __file__, "--memory", name, *map(str, shape)],
                          capture_output=True, text=True, check=True)
    return round(float(done.stdout.splitlines()[-1]))


def table(shape, rounds, with_memory):
    seconds = measure(shape, rounds)
    base = sum(seconds[LAYER])
    found = pytorch(shape, rounds)
    if found:
        seconds[found["name"]] = found["seconds"]
    return [dict(shape=shape, way=name, forward_ms=round(1e3 * f, 2),
                 backward_ms=round(1e3 * b, 2), both_ms=round(1e3 * (f + b), 2),
                 ratio=round((f + b) / base, 2),
                 memory_mb=memory(name, shape) if with_memory and name in WAYS else None)
            for name, (f, b) in seconds.items()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", nargs=5, metavar=("WAY", "T", "B", "D", "H"))
    options = parser.parse_args()
    if options.memory:
        forward, backward = WAYS[options.memory[0]](*map(int, options.memory[1:]))
        forward(), backward()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return
    rows = [row for shape in SHAPES for row in table(shape, options.rounds, True)]
    curve = [row for shape in CURVE for row in table(shape, max(10, options.rounds // 2), False)]
    result = dict(engine=describe(), threads=1, cores=os.cpu_count(), numpy=np.__version__,
                  processor=processor(), rounds=options.rounds, rows=rows, curve=curve)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    for row in rows:
        print(f"{str(tuple(row['shape'])):22} {row['way']:28} {row['forward_ms']:8.2f} + "
              f"{row['backward_ms']:8.2f} ms   ratio {row['ratio']:.2f}   {row['memory_mb']} MB")


def processor():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.machine()


if __name__ == "__main__":
    main()

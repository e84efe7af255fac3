"""How fast is portable_caffe on NumPy beside real Caffe's LSTM layer?

    python benchmarks/cpu.py [threads]

Forward and backward of an LSTM with a loss on all steps, medians of interleaved runs in one
process, float32; and the memory a process takes for the net of 1000 steps, beyond what the
imports take. Writes benchmarks/results/cpu_N_threads.json. Needs real Caffe.
"""
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

THREADS = sys.argv[1] if len(sys.argv) > 1 else "1"
for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ[f"{library}_NUM_THREADS"] = THREADS  # read once, when NumPy and Caffe load
os.environ.setdefault("GLOG_minloglevel", "2")

import caffe  # noqa: E402
import numpy as np  # noqa: E402

import portable_caffe  # noqa: E402
from lstm_lib import describe, unroll  # noqa: E402
from machine import SIZES  # noqa: E402
from portable_caffe.judge.compare import both_nets, error  # noqa: E402

LONG = [(1000, 8, 64, 64), (1000, 32, 128, 256)]  # for memory
GOALS = [1.0, 0.7, 0.7, 3.0]
UNIFORM = dict(type="uniform", min=-0.05, max=0.05)
HERE = os.path.dirname(os.path.abspath(__file__))


def start(T, B, D, H):
    """A NetSpec with x (T, B, D) and the target (T, B, H)."""
    L, ns = caffe.layers, caffe.NetSpec()
    for name, shape in (("x", [T, B, D]), ("target", [T, B, H])):
        ns[name] = L.Input(input_param=dict(shape=dict(dim=shape)))
    return ns


def layer_net(T, B, D, H):
    """Caffe's LSTM layer with cont (T, B)."""
    ns = start(T, B, D, H)
    ns.cont = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B])))
    ns.H = caffe.layers.LSTM(ns.x, ns.cont, recurrent_param=dict(
        num_output=H, weight_filler=UNIFORM))
    ns.loss = caffe.layers.EuclideanLoss(ns.H, ns.target)
    return ns.to_proto()


def unrolled_net(T, B, D, H):
    """The unrolled net, fused step, x projected once."""
    ns = start(T, B, D, H)
    made = unroll(ns, ns.x, T, H, cell="fused", project="once")
    ns.loss = caffe.layers.EuclideanLoss(made.H, ns.target)
    return ns.to_proto()


def fill(nets, random):
    """The same inputs and weights for all nets; where a net has cont, a sequence begins."""
    inputs = {name: random.standard_normal(nets[0].blobs[name].data.shape).astype(np.float32)
              for name in ("x", "target")}
    names = [blob for blobs in nets[0].params.values() for blob in blobs]
    weights = [blob.data.copy() for blob in names]
    for net in nets:
        for name, value in inputs.items():
            net.blobs[name].data[...] = value
        if "cont" in net.blobs:
            net.blobs["cont"].data[1:] = 1
        blobs = [blob for blobs in net.params.values() for blob in blobs][:3]
        for blob, weight in zip(blobs, weights):
            blob.data[...] = weight


def run(net):
    """Seconds of one forward and one backward."""
    net.clear_param_diffs()
    begin = time.perf_counter()
    net.forward()
    middle = time.perf_counter()
    net.backward()
    return middle - begin, time.perf_counter() - middle


def measure(sizes, seconds=6):
    """Median milliseconds of forward and backward for each net, in interleaved runs."""
    layer_real, layer_own = both_nets(layer_net(*sizes))
    unrolled_real, unrolled_own = both_nets(unrolled_net(*sizes))
    nets = {"Caffe LSTM layer": layer_real, "Caffe fused + once": unrolled_real,
            "portable LSTM layer": layer_own, "portable fused + once": unrolled_own}
    fill(list(nets.values()), np.random.default_rng(0))
    times, stop = {name: [] for name in nets}, time.perf_counter() + seconds
    while time.perf_counter() < stop or len(times["Caffe LSTM layer"]) < 5:
        for name, net in nets.items():
            times[name].append(run(net))
    worst = max(error(layer_real.blobs["H"].data, net.blobs["H"].data) for net in nets.values())
    assert worst < 1e-5, f"the nets compute other H: they differ by {worst}"
    return {"T B D H": sizes, "error of H": worst, "runs": len(times["Caffe LSTM layer"]),
            "ms": {name: [round(1000 * statistics.median(part), 2) for part in zip(*pairs[1:])]
                   for name, pairs in times.items()}}


PEAK = """
import {module} as caffe
def megabytes(what):  # ru_maxrss would begin with what the parent has
    return int(open("/proc/self/status").read().split(what)[1].split()[0]) / 1024
open("/proc/self/clear_refs", "w").write("5")  # the peak counts from here
before = megabytes("VmRSS:")
net = caffe.Net({path!r}, caffe.TRAIN)
for _ in range(2):
    net.clear_param_diffs()
    net.forward()
    net.backward()
print(megabytes("VmHWM:") - before)
"""


def peak_memory(spec):
    """Megabytes that building and running a net takes in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.prototxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(spec))
        return {module: round(float(subprocess.run(
            [sys.executable, "-c", PEAK.format(module=module, path=path)], check=True,
            capture_output=True, text=True, cwd=os.path.dirname(HERE)).stdout))
            for module in ("caffe", "portable_caffe")}


def main():
    """Print a line for each size and write all of them as JSON."""
    results, load = [], round(os.getloadavg()[0], 2)  # what else the machine had to do
    print(f"{describe()} beside portable_caffe on NumPy {np.__version__}, {THREADS} thread(s)")
    print(f"{'T, B, D, H':22}{'net':24}{'forward':>9}{'backward':>10}{'ratio':>8}  (ms)")
    for sizes, goal in zip(SIZES, GOALS):
        row = measure(sizes)
        whole = sum(row["ms"]["Caffe LSTM layer"])
        row["ratio"] = {name: round(sum(ms) / whole, 2) for name, ms in row["ms"].items()}
        row["goal for portable fused + once"] = goal
        for name, (forward, backward) in row["ms"].items():
            print(f"{str(sizes):22}{name:24}{forward:9.2f}{backward:10.2f}"
                  f"{row['ratio'][name]:8.2f}")
        results.append(row)
    memory = {str(sizes): peak_memory(unrolled_net(*sizes)) for sizes in LONG}
    for sizes, peaks in memory.items():
        print(f"{sizes}: " + ", ".join(f"{name} {mb} MB" for name, mb in peaks.items()))
    about = {"date": datetime.date.today().isoformat(), "threads": int(THREADS),
             "cores": os.cpu_count(), "load before": load, "machine": platform.machine(),
             "python": platform.python_version(), "numpy": np.__version__,
             "caffe": caffe.__version__, "portable_caffe": portable_caffe.__version__,
             "what": "forward, backward in ms, medians; ratio to Caffe's LSTM layer"}
    path = os.path.join(HERE, "results", f"cpu_{THREADS}_threads.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"about": about, "results": results, "megabytes at T = 1000": memory}, file,
                  indent=1)


if __name__ == "__main__":
    main()

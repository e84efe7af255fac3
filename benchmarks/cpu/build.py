"""How long do building, writing, loading and failing take, and how large is what is kept?

Prints a table and writes benchmarks/results/build.json. Median of three runs a row.
"""
import json
import os
import platform
import statistics
import tempfile
import time
from pathlib import Path

from lstm_lib import NetError, caffe, describe, load_net, save_weights, unroll, write_prototxt

L = caffe.layers
B, D, H = 8, 32, 64
RESULT = Path(__file__).parents[1] / "results" / "build.json"


def spec(T, cell, project):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H, cell=cell, project=project)
    return ns


def seconds(work, times=3):
    def once():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start
    return round(statistics.median(once() for _ in range(times)), 5)


def measure(T, cell, project, folder):
    path, ns = os.path.join(folder, "net.prototxt"), spec(T, cell, project)
    row = dict(T=T, cell=cell, project=project,
               build_s=seconds(lambda: spec(T, cell, project).to_proto()),
               write_s=seconds(lambda: write_prototxt(ns, path)),
               load_s=seconds(lambda: load_net(ns)),
               load_file_s=seconds(lambda: load_net(path)),
               prototxt_bytes=os.path.getsize(path))
    net = load_net(ns)
    row["weights_bytes"] = os.path.getsize(save_weights(net, os.path.join(folder, "w")))
    return row


def fail():
    """A bad layer in the middle of the net of 3 steps."""
    text = str(spec(3, "composed", "per_step").to_proto())
    try:
        load_net(text.replace("slice_point: 64", "slice_point: 640", 1))
    except NetError:
        return
    raise AssertionError("this net should not load")


def main():
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(T, cell, project, folder) for T in (1, 3, 10, 100, 1000)
                for cell, project in (("composed", "per_step"), ("fused", "once"))]
    result = dict(engine=describe(), cores=os.cpu_count(), machine=platform.machine(),
                  sizes=dict(B=B, D=D, H=H), rows=rows, error_s=seconds(fail))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print("\t".join(rows[0]))
    for row in rows:
        print("\t".join(str(value) for value in row.values()))
    print(f"a bad layer found and explained in {result['error_s']} s\nwritten to {RESULT.name}")


if __name__ == "__main__":
    main()

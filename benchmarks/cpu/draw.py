"""How long a picture takes and how large it is; writes results/draw.json.

    python benchmarks/cpu/draw.py
"""
import json
import os
import statistics
import sys
import time
from pathlib import Path

import matplotlib
import pydot

from lstm_lib import caffe, describe, draw, to_net_parameter, unroll

FOLDER = Path(__file__).parents[1]
sys.path.append(str(FOLDER))

from machine import processor  # noqa: E402

RESULT = FOLDER / "results" / "draw.json"
GOALS = {3: (10, None), 10: (None, None), 100: (100, 500_000), 1000: (1500, None)}  # ms, bytes


def net(T):
    """An unrolled LSTM as NetParameter: the time is the drawing's, not NetSpec's."""
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, 10, 128])))
    unroll(ns, ns.x, T, 500)
    return to_net_parameter(ns)


def median_ms(work, repeats):
    """Median wall time of `work()` in milliseconds, after one call to warm up."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    return round(statistics.median(times), 2)


def measure():
    """One row per T for the time-step picture unfolded, and one for Graphviz."""
    rows = []
    for T, (goal_ms, goal_bytes) in GOALS.items():
        source, repeats = net(T), 21 if T <= 100 else 5
        rows.append({"style": "time", "T": T, "layers": len(source.layer),
                     "ms": median_ms(lambda: draw(source, steps="all"), repeats),
                     "bytes": len(draw(source, steps="all").svg.encode()),
                     "goal_ms": goal_ms, "goal_bytes": goal_bytes})
    source = net(100)
    rows.append({"style": "graphviz", "T": 100, "layers": len(source.layer),
                 "ms": median_ms(lambda: draw(source, style="graphviz"), 3),
                 "bytes": len(draw(source, style="graphviz").svg.encode()),
                 "goal_ms": 5000, "goal_bytes": None})
    return rows


def main():
    """Measure, print, write."""
    rows = measure()
    for row in rows:
        print(f"{row['style']:9} T={row['T']:<5} {row['layers']:6,} layers {row['ms']:9.2f} ms "
              f"(goal {row['goal_ms'] or '-'}) {row['bytes']:10,} bytes "
              f"(goal {row['goal_bytes'] or '-'})")
    machine = {"processor": processor(), "cores": os.cpu_count(), "load": os.getloadavg()[0],
               "caffe": describe(), "pydot": pydot.__version__,
               "matplotlib": matplotlib.__version__}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"machine": machine, "rows": rows}, indent=1) + "\n",
                      encoding="utf-8")


if __name__ == "__main__":
    main()

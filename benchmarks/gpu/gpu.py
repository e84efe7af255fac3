"""Forward + backward of the unrolled LSTM on a GPU, beside cuDNN and the CPU.

    python benchmarks/gpu/gpu.py [--minutes 7] [--quick] [--device cpu] [--out FILE]

Needs PyTorch and a GPU that it reaches by CUDA (or ROCm); no Caffe. Every way computes the
same LSTM on the same numbers, and is held against NumPy first. A row is a median of 20 or
more runs after warm-up; fewer where 20 would take longer than ROW_SECONDS. Rows that would
take minutes, and those left when the minutes are over, are named with the reason. The file
notebooks/data/gpu.json, which notebook 06 shows, is written as it goes.

`--device cpu` runs the same program on the CPU, `--quick` at toy sizes, to try it out; what
they give is no measurement of a GPU and only goes where `--out` says.
"""
import argparse
import gc
import json
import statistics
import sys
import time
from math import isnan
from pathlib import Path

RESULT = Path(__file__).parents[2] / "notebooks" / "data" / "gpu.json"
BATCHES = [(32, 128, 256), (256, 512, 1024), (10, 12800, 500)]
SHAPES = [(T, *rest) for T in (100, 20, 3, 500) for rest in BATCHES]
GRID = [(20, B, H, H) for B in (1, 8, 32, 128) for H in (32, 128, 512, 1024)]
CHECKED = (20, 32, 128, 256)
QUICK = [(3, 2, 3, 4)], [(2, B, H, H) for B in (1, 2) for H in (2, 4)], (4, 3, 5, 6)
GOALS = {(100, 32, 128, 256): 1.5, (100, 256, 512, 1024): 1.2}  # times cuDNN
BEST, ORIGIN = "fused + once", "composed + per step"
LIMIT = 1e-4
WARM, ROUNDS, ROW_SECONDS, CPU_FLOP = 3, 20, 6, 2e11


def jobs(shapes, grid):
    """What to measure, the most wanted first: (table, shape, way, device, arrays, tf32, graph)."""
    from gpu_ways import CELLS, TORCH
    found = []
    for shape in shapes:
        on_gpu = [("rows", shape, TORCH, "gpu", "torch", tf32, False) for tf32 in (False, True)]
        on_gpu += [("rows", shape, way, "gpu", "torch", tf32, graph) for way in reversed(CELLS)
                   for tf32 in (False, True) for graph in (True, False)]
        on_cpu = [("rows", shape, TORCH, "cpu", "torch", False, False)]
        on_cpu += [("rows", shape, way, "cpu", "numpy", False, False) for way in (BEST, ORIGIN)]
        found += on_gpu + on_cpu
    for shape in grid:
        found += [("grid", shape, BEST, "gpu", "torch", False, graph) for graph in (True, False)]
        found += [("grid", shape, TORCH, "gpu", "torch", False, False),
                  ("grid", shape, BEST, "cpu", "numpy", False, False)]
    longest = max(shape[0] for shape in shapes)
    return sorted(found, key=lambda job: turn(job, longest))


def turn(job, longest):
    """When a row's turn comes: what the goals need, the map over B and H, then the others."""
    from gpu_ways import TORCH
    table, (T, *_), way, device, _, tf32, graph = job
    if T == longest or (tf32 and not graph and way != TORCH):
        return 3
    return 1 if table == "grid" else 2 if device == "cpu" or T == 3 else 0


def row_of(job, device, deadline):
    """Measure one row, or say why not."""
    import gpu_ways as ways
    _, shape, way, on, arrays, tf32, graph = job
    on = on if device == "gpu" else "cpu"
    row = dict(shape=shape, way=way, device=on, arrays=arrays, tf32=tf32, graph=graph)
    if time.monotonic() > deadline:
        return {**row, "skipped": "the minutes given were over"}
    if on == "cpu" and flop(*shape) > CPU_FLOP:
        return {**row, "skipped": f"{flop(*shape):.0e} operations a run take minutes on a CPU"}
    try:
        ways.choose(arrays, on, tf32, graph)
        run, *_ = ways.make(way, shape, on)
        times = (times_on_gpu if on == "gpu" else times_on_cpu)(run)
    except Exception as error:  # out of memory, and what else a GPU refuses: the rest goes on
        return {**row, "failed": reason(error)}
    row.update(ms=round(statistics.median(times), 4), runs=len(times))
    if on == "gpu":
        row["peak_mb"] = round(ways.torch.cuda.max_memory_allocated() / 2 ** 20, 1)
        row["reserved_mb"] = round(ways.torch.cuda.max_memory_reserved() / 2 ** 20, 1)
        if graph:  # a replay asks PyTorch for nothing but to clear the weights' gradients
            row["replayed"] = ways.operations(run) < 20
    return row


def reason(error):
    """An exception in a line."""
    return f"{type(error).__name__}: {error}".splitlines()[0]


def flop(T, B, D, H):
    """Additions and multiplications of the products, forward and twice as many backward."""
    return 3 * 2 * T * B * (D + H) * 4 * H


def rounds_for(seconds):
    """How often to run what takes so long: 20 to 100 times, fewer than 20 if it is very slow."""
    wanted = min(5 * ROUNDS, max(ROUNDS, int(1 / seconds)))
    return max(3, min(wanted, int(ROW_SECONDS / seconds)))


def times_on_gpu(run):
    """Milliseconds of each run by marks in the GPU's own queue: the loop waits for nothing."""
    import torch
    for _ in range(WARM):  # the first fills the memory, the second captures the graph
        run()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    run()
    torch.cuda.synchronize()
    marks = [torch.cuda.Event(enable_timing=True)
             for _ in range(1 + rounds_for(time.perf_counter() - begin))]
    marks[0].record()
    for mark in marks[1:]:
        run()
        mark.record()
    torch.cuda.synchronize()
    return [a.elapsed_time(b) for a, b in zip(marks, marks[1:])]


def times_on_cpu(run):
    """Milliseconds of each run."""
    times = []
    for _ in range(2):
        run()
    while len(times) < 3 or len(times) < rounds_for(times[0] / 1000):
        begin = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - begin))
    return times


def checked(shape, device):
    """Every way against NumPy, the third run so that a graph is replayed: rows with `error`."""
    import gpu_ways as ways
    return [checked_row(way, shape, device, tf32, graph)
            for tf32 in (False, True) for graph in (True, False)
            for way in (ways.CELLS if graph else [*ways.CELLS, ways.TORCH])]


def checked_row(way, shape, device, tf32=False, graph=False, arrays="torch"):
    """The error of one way, or why it gives none."""
    import gpu_ways as ways
    row = dict(shape=shape, way=way, tf32=tf32, graph=graph)
    try:
        found = third_run(way, shape, device, tf32, graph, arrays)
        return {**row, "error": ways.error(found, ways.truth(shape))}
    except Exception as error:
        return {**row, "error": float("nan"), "failed": reason(error)}


def third_run(way, shape, device, tf32, graph, arrays):
    """What a way gives in its third run, after others on another input."""
    import gpu_ways as ways
    ways.choose(arrays, device, tf32, graph)
    run, read, feed = ways.make(way, shape, device)
    feed(2)
    run(), run()
    feed(1)
    run()
    return read()


def counted(shape, device):
    """Operations of PyTorch in one forward and backward, for each further time step."""
    import gpu_ways as ways
    T, rows = shape[0], []
    for way in ways.CELLS:
        totals = []
        for steps in (T, 2 * T):  # their difference leaves out what is there once
            ways.choose("torch", device, False, False)
            run, *_ = ways.make(way, (steps, *shape[1:]), device)
            run()
            totals.append(ways.operations(run))
        rows.append(dict(way=way, operations_per_step=round((totals[1] - totals[0]) / T, 1)))
    return rows


def summary(result):
    """The goals and the correctness, a line each."""
    worst = worst_error(result)
    lines = [f"largest error against NumPy {worst:.0e}: "
             + ("holds" if worst <= LIMIT else "FAILED") + f" ({LIMIT:.0e})"]
    return lines + [f"{goal['what']}: {goal['ratio']} of cuDNN's time: "
                    + ("reached" if goal["ratio"] <= goal["goal"] else "MISSED")
                    + f" ({goal['goal']})" for goal in result["goals"]]


def worst_error(result):
    """The largest of all ways in full float32."""
    errors = [row["error"] for row in result["correctness"] if not row["tf32"]]
    return max(errors, key=lambda error: (isnan(error), error))  # NaN is no small error


def goals(rows):
    """The ratios to cuDNN's time that the project wants to reach, as far as measured."""
    ms = {(tuple(r["shape"]), r["way"], r["tf32"], r["graph"]): r["ms"] for r in rows
          if "ms" in r and r["device"] == "gpu"}
    found = []
    for shape, goal in GOALS.items():
        for tf32 in (False, True):
            ours, cudnn = (ms.get((shape, *way)) for way in ((BEST, tf32, True),
                                                             ("torch.nn.LSTM", tf32, False)))
            if ours and cudnn:
                found.append(dict(what=f"{BEST}, T B D H = {shape}, TF32 {'on' if tf32 else 'off'}",
                                  goal=goal, ratio=round(ours / cudnn, 2)))
    return found


def line(row):
    """A row as a line of text."""
    what = (f"{str(tuple(row['shape'])):22} {row['way']:20} {row['device']:4}{row['arrays']:6}"
            f"{'TF32' if row['tf32'] else '':5}{'graph' if row['graph'] else '':6}")
    if "ms" not in row:
        return f"{what} left out: {row.get('skipped') or row['failed']}"
    peak = f"{row['peak_mb']:9.1f} MB" if "peak_mb" in row else ""
    return f"{what}{row['ms']:11.3f} ms{peak}" + (
        "" if row.get("replayed", True) else "  NOT REPLAYED")


def write(result, path):
    """The whole file or nothing."""
    from portable_caffe.files import write_whole
    write_whole(path, lambda beside: Path(beside).write_text(json.dumps(result, indent=1) + "\n"))


def measure(options):
    """Everything, written to `options.out` as it goes; the result."""
    shapes, grid, small = QUICK if options.quick else (SHAPES, GRID, CHECKED)
    deadline = time.monotonic() + 60 * options.minutes
    from gpu_about import about
    result = dict(about=about(options.device), complete=False, rows=[], grid=[], goals=[],
                  operations=[], correctness=checked(small, options.device))
    print(*summary(result), sep="\n", flush=True)
    if options.out:
        write(result, options.out)
    written = time.monotonic()
    gc.collect()
    gc.freeze()  # modules: to look through them before each row takes longer than many a row
    for job in jobs(shapes, grid):
        row = row_of(job, options.device, deadline)
        result[job[0]].append(row)
        print(line(row), flush=True)
        result["goals"] = goals(result["rows"])
        if options.out and time.monotonic() - written > 10:
            write(result, options.out)
            written = time.monotonic()
    result["operations"] = counted((3, *small[1:]), options.device)
    return {**result, "complete": True}


def nothing_to_measure_on(device):
    """Why this cannot run here, or None."""
    try:
        import torch
    except ImportError:
        return "PyTorch is not installed here; this benchmark needs it."
    if device == "gpu" and not torch.cuda.is_available():
        return (f"There is no GPU here that PyTorch {torch.__version__} reaches by CUDA; nothing "
                "was measured. --device cpu --quick tries the program out.")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--quick", action="store_true", help="toy sizes, to try it out")
    parser.add_argument("--minutes", type=float, default=7, help="begin no row after these")
    parser.add_argument("--out", type=Path, help=f"default: {RESULT.name} of the notebooks")
    options = parser.parse_args()
    reason = nothing_to_measure_on(options.device)
    if reason:
        sys.exit(reason)
    if options.device == "gpu" and not options.quick:
        options.out = options.out or RESULT
    result = measure(options)
    if options.out:
        write(result, options.out)
    print("\n".join(summary(result)))
    sys.exit(not worst_error(result) <= LIMIT)


if __name__ == "__main__":
    main()

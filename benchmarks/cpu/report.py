"""Put what was measured into benchmarks/README.md: its tables, and the picture over T.

One sentence of them goes into the README. Reads the files of benchmarks/results; a test fails
when a page or the picture differ from them.
"""
import io
import json
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"
PICTURE = ROOT / "pictures" / "speed.svg"
MEASURED = re.compile(r"(<!-- measured -->\n).*?(<!-- end -->)", re.S)
COLORS = ("#0072B2", "#56B4E9", "#D55E00", "#009E73", "#000000", "#CC79A7", "#E69F00")
STYLES = list(zip(COLORS * 2, ("-", "--", "-.", ":") * 3, "os^DvPX<>*"))  # Okabe and Ito's
ORIGIN = "unrolled, the origin's way"
COSTS = dict(build_s="build", write_s="write", load_s="load", draw_s="draw")


def load():
    """The files as one dict: name -> what it holds."""
    return {name: json.loads((RESULTS / f"{name}.json").read_text())
            for name in ("speed", "build", "draw", "cells", "parallel", "cable", "site")}


def pages(results):
    """What stands between the marks of each page: path -> text."""
    return {ROOT / "README.md": summary(results["speed"]),
            ROOT / "benchmarks" / "README.md": "\n".join(
                [speed_table(results["speed"]), "", cells_table(results["cells"]), "",
                 build_table(results), "", parallel_table(results["parallel"]), "",
                 cable_table(results["cable"]), "",
                 site_table(results["site"])])}


def summary(result):
    """The README's sentence: the least and the greatest ratio over the shapes of the table."""
    def ratios(way):
        found = [row["ratio"] for row in result["rows"] if row["way"] == way]
        return f"{min(found):.2f} to {max(found):.2f} times"

    return ("The unrolled net is Caffe's own `LSTM` layer in the open, so it need not be slower: "
            "with the fused cell and one product for all inputs it takes "
            f"{ratios('unrolled, fused, x once')} as long, written the origin's way "
            f"{ratios(ORIGIN)}.")


def speed_table(result):
    """A line for each way, a column for each shape."""
    shapes = list(dict.fromkeys(tuple(row["shape"]) for row in result["rows"]))
    ways = dict.fromkeys(row["way"] for row in result["rows"])
    cells = {(row["way"], tuple(row["shape"])): cell(row) for row in result["rows"]}
    lines = ["| T, B, D, H | " + " | ".join(", ".join(map(str, shape)) for shape in shapes) + " |",
             "|---" * (len(shapes) + 1) + "|"]
    lines += [f"| {way} | " + " | ".join(cells.get((way, shape), "") for shape in shapes) + " |"
              for way in ways]
    machine = result["machine"]
    return "\n".join(lines + ["", (
        "Forward + backward = both in milliseconds; in brackets the ratio to Caffe's LSTM layer "
        "(of a way that only runs forward, to the layer's forward); below it the peak memory "
        "beyond the libraries and the given numbers. "
        f"{result['threads']} thread for every way, medians of {result['rounds']} rounds or "
        f"more on {machine['processor']}, {machine['cores']} cores, {machine['engine']}, NumPy "
        f"{machine['numpy']}. Where D is 12800, more than nine tenths of Caffe's time is one "
        "product with W_xc, the same call in the layer and in the net with x once: their ratio is "
        "1 there, and what differs is the noise of the measurement.")])


def cells_table(result):
    """A line for each cell, a column for each engine."""
    engines = list(dict.fromkeys(row["engine"] for row in result["rows"]))
    both = {(row["cell"], row["engine"]): row["forward_ms"] + row["backward_ms"]
            for row in result["rows"]}
    lines = ["| cell | " + " | ".join(engines) + " |", "|---" * (len(engines) + 1) + "|"]
    for name in dict.fromkeys(row["cell"] for row in result["rows"]):
        times = [both.get((name, engine)) for engine in engines]
        lines.append(f"| `{name}` | " + " | ".join(
            f"{short(time)} ({time / times[0]:.2f})" if time else "" for time in times) + " |")
    T, B, D, H = result["shape"]
    return "\n".join(lines + ["", (
        f"Each cell unrolled with one product for all inputs, T, B, D, H = {T}, {B}, {D}, {H}: "
        "milliseconds for forward and backward, in brackets the ratio to real Caffe. PyTorch's "
        "`nn.LSTM`, `nn.RNN` and `nn.GRU` have no layers to look at, and no peepholes.")])


def cell(row):
    """Like 14 + 17 = 31 (1.00), and the memory below."""
    times = short(row["forward_ms"])
    if row["both_ms"] is not None:
        times += f" + {short(row['backward_ms'])} = {short(row['both_ms'])}"
    return f"{times} ({row['ratio']:.2f})<br>{row['memory_mb']:.0f} MB"


def short(value):
    """Three digits: 0.123, 1.23, 12.3, 123, 1230.

    >>> short(1234.5), short(12.34), short(2.0)
    ('1234', '12.3', '2.00')
    """
    return f"{value:.0f}" if value >= 100 else f"{value:#.3g}"


def costs(results):
    """(name, T) -> seconds to build, write, load and draw the composed net of T steps."""
    found = {(name, row["T"]): row[name] for row in results["build"]["rows"]
             if row["cell"] == "composed" for name in COSTS if name in row}
    found.update({("draw_s", row["T"]): row["ms"] / 1e3 for row in results["draw"]["rows"]
                  if row["style"] == "time"})
    return found


def build_table(results):
    """A line for each T: what it takes to get a net."""
    found = costs(results)
    steps = sorted({T for _, T in found})
    lines = ["| T | " + " | ".join(COSTS.values()) + " |", "|---" * (len(COSTS) + 1) + "|"]
    lines += [f"| {T} | " + " | ".join(short(1e3 * found[name, T]) if (name, T) in found else ""
                                       for name in COSTS) + " |" for T in steps]
    return "\n".join(lines + ["", (
        "Milliseconds to build the prototxt of the origin's net of T steps, to write it, to load "
        "it with `load_net` and to draw it step by step.")])


def parallel_table(result):
    """A line for each shape: a step, the all-reduce, and on paper more processes."""
    lines = ["| T, B, D, H | a step, ms | gradients, MB | all-reduce, ms | 8 processes | 64 |",
             "|---" * 6 + "|"]
    pays = []
    for row in result["rows"]:
        step, reduce = row["step_ms"], row["reduce_ms"]
        shape = ", ".join(map(str, row["shape"]))
        faster = [N * step / (step + reduce * 2 * (N - 1) / N) for N in (8, 64)]
        lines.append(f"| {shape} | {short(step)} | {short(row['megabytes'])} | {short(reduce)} "
                     f"({reduce / step:.2f}) | {faster[0]:.1f} | {faster[1]:.1f} |")
        pays += [f"({shape})"] * (reduce < step / 2)
    machine = result["machine"]
    busy = " **The machine was busy: measure again.**" * (machine["load"] > 0.5)
    return "\n".join(lines + ["", (
        "Training in two processes of this machine, portable_caffe on NumPy, one thread each: a "
        "step of the fused net with x once, and the mean of all gradients over gloo; in brackets "
        "its ratio to the step. To cut a batch in two pays where that is below one half: at "
        f"{', '.join(pays) or 'none of these'}. The last columns are on paper, how many times as "
        "many sequences a second N processes do that each keep a batch of B: N step / (step + "
        "r(N)), with r(N) = 2 (N - 1) / N times the all-reduce of two, the bytes of a ring at "
        f"the measured bandwidth. Load before it {machine['load']} on {machine['cores']} "
        f"cores.{busy}")])


def cable_table(result):
    """A line for each shape: the all-reduce over a cable, what the formula says, and who gains."""
    lines = ["| T, B, D, H | all-reduce, ms | on paper, ms | 2 machines | 8 | 64 |",
             "|---" * 6 + "|"]
    for row in result["rows"]:
        step, reduce = row["step_ms"], row["reduce_ms"]
        paper = {N: 2 * (N - 1) / N * 8 * row["megabytes"] / result["gbit"] for N in (2, 8, 64)}
        faster = [2 * step / (step + reduce)] + [N * step / (step + paper[N]) for N in (8, 64)]
        lines.append(f"| {', '.join(map(str, row['shape']))} | {short(reduce)} | {short(paper[2])} "
                     f"| {' | '.join(f'{times:.1f}' for times in faster)} |")
    machine = result["machine"]
    busy = " **The machine was busy: measure again.**" * (machine["load"] > 0.5)
    return "\n".join(lines + ["", (
        f"The same over a cable of {result['gbit']} Gbit/s, between two network namespaces with "
        "a process each; on paper is its part in the ring, 2 (N - 1) / N times the bytes over the "
        "bandwidth, for N = 2; up to 130 kB pass the cable at once, so what is small is quicker. "
        "Then how many times as many sequences a second N machines do: two "
        "as measured, 8 and 64 on paper. Load before it "
        f"{machine['load']} on {machine['cores']} cores.{busy}")])


def site_table(result):
    """What a browser fetches and waits for at its first visit, and how quick explain is."""
    lines = ["| the site | MB, first visit | MB, again | ready after, s |", "|---" * 4 + "|"]
    lines += [f"| {row['page']} | {row['first']['mb']:.1f} | {row['again']['mb']:.1f} | "
              f"{short(row['first']['ready_s'])} |" for row in result["visits"]]
    lines += ["", "| explained in the page | picture after, s | all after, s |", "|---" * 3 + "|"]
    lines += [f"| {row['net']} | {short(row['picture_s'])} | {short(row['all_s'])} |"
              for row in result["answers"]]
    machine, online, offline = result["machine"], result["online"], result["offline"]
    return "\n".join(lines + ["", (
        "The site in Chromium, from a server on the same machine, uncompressed, all other hosts "
        "cut off: ready is when the first cell can run, or the first net be pasted; explained is "
        "the first net after that. `make site` writes "
        f"{online['mb']:.0f} MB, with `--offline` {offline['mb']:.0f} MB, in "
        f"{online['seconds']:.0f} and {offline['seconds']:.0f} s. {machine['processor']}, "
        f"{machine['cores']} cores, load before it {machine['load']:.1f}.")])


def picture(results):
    """Left what a pass takes over T, right what it takes to get the net, as SVG text."""
    with matplotlib.rc_context({"svg.hashsalt": "speed", "font.size": 9}):
        fig, (left, right) = plt.subplots(1, 2, figsize=(10, 5.5), sharex=True,
                                          layout="constrained")
        draw_passes(left, results["speed"])
        draw_costs(right, results)
        file = io.StringIO()
        fig.savefig(file, format="svg", metadata={"Date": None})
        plt.close(fig)
    return file.getvalue()


def draw_passes(ax, result):
    rows = [row for row in result["curve"] if row["both_ms"] is not None]
    _, B, D, H = rows[0]["shape"]
    for way, style in zip(dict.fromkeys(row["way"] for row in rows), STYLES):
        line(ax, [(row["shape"][0], row["both_ms"]) for row in rows if row["way"] == way], way,
             style)
    for way in dict.fromkeys(row["way"] for row in result["curve"] if row["both_ms"] is None):
        line(ax, [(row["shape"][0], row["forward_ms"]) for row in result["curve"]
                  if row["way"] == way], f"{way}, forward only", ("#999999", ":", "."))
    ax.set(xlabel="time steps T", ylabel="milliseconds",
           title=f"forward + backward; B = {B}, D = {D}, H = {H}")


def draw_costs(ax, results):
    found = costs(results)
    for (name, label), style in zip(COSTS.items(), STYLES):
        line(ax, [(T, 1e3 * value) for (which, T), value in sorted(found.items())
                  if which == name and value], label, style)
    ax.set(xlabel="time steps T", title="getting the net, origin's way")


def line(ax, points, label, style):
    color, dashes, marker = style
    ax.loglog(*zip(*points), dashes, color=color, lw=1.5, marker=marker, ms=5, label=label)
    ax.legend(fontsize=7, loc="upper left")


def with_measured(page, measured):
    """The text of a page with what was measured between its two marks."""
    return MEASURED.sub(lambda marks: f"{marks[1]}{measured}\n{marks[2]}", page)


def main():
    results = load()
    for path, measured in pages(results).items():
        page = path.read_text(encoding="utf-8")
        path.write_text(with_measured(page, measured), encoding="utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()

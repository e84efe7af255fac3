"""Put the measured speeds into the README: the table, and the picture over T.

Reads benchmarks/results/speed.json; a test fails when README or picture differ from it.
"""
import io
import json
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

ROOT = Path(__file__).parent.parent
RESULT = ROOT / "benchmarks" / "results" / "speed.json"
PICTURE = ROOT / "pictures" / "speed.svg"
TABLE = re.compile(r"(<!-- speed table -->\n).*?(<!-- end -->)", re.S)
STYLES = [("#0072B2", "-"), ("#56B4E9", "--"), ("#D55E00", "-."), ("#009E73", ":"),
          ("#000000", "-"), ("#CC79A7", "--"), ("#E69F00", "-.")]


def load():
    return json.loads(RESULT.read_text())


def table(result):
    """A line for each way, a column for each shape: milliseconds and the ratio."""
    shapes = [tuple(shape) for shape in dict.fromkeys(tuple(r["shape"]) for r in result["rows"])]
    ways = dict.fromkeys(row["way"] for row in result["rows"])
    cells = {(row["way"], tuple(row["shape"])): row for row in result["rows"]}
    lines = ["| T, B, D, H | " + " | ".join(", ".join(map(str, shape)) for shape in shapes) + " |",
             "|---" * (len(shapes) + 1) + "|"]
    for way in ways:
        found = [cells.get((way, shape)) for shape in shapes]
        lines.append(f"| {way} | " + " | ".join(cell(row) if row else "" for row in found) + " |")
    lines.append("")
    lines.append(f"Forward + backward in milliseconds and, in brackets, as a ratio to Caffe's LSTM "
                 f"layer; {result['threads']} thread, median of {result['rounds']} rounds on "
                 f"{result['processor']}, {result['engine']}.")
    return "\n".join(lines)


def cell(row):
    return f"{row['forward_ms']:.3g} + {row['backward_ms']:.3g} ({row['ratio']:.2f})"


def picture(result):
    """Forward + backward over the number of steps, as SVG text."""
    rows = [row for row in result["curve"] if row["shape"][1:] == [32, 128, 256]]
    fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
    for way, (color, style) in zip(dict.fromkeys(row["way"] for row in rows), STYLES):
        points = [(row["shape"][0], row["both_ms"]) for row in rows if row["way"] == way]
        ax.loglog(*zip(*points), style, color=color, lw=2, marker="o", ms=3, label=way)
    ax.set(xlabel="time steps T", ylabel="forward + backward [ms]",
           title="B = 32, D = 128, H = 256, one thread")
    ax.legend()
    file = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "speed"}):
        fig.savefig(file, format="svg", metadata={"Date": None})
    plt.close(fig)
    return file.getvalue()


def readme_with(text, result):
    """The README's text with the table of this result between its two marks."""
    return TABLE.sub(lambda marks: f"{marks[1]}{table(result)}\n{marks[2]}", text)


def main():
    result, readme = load(), ROOT / "README.md"
    readme.write_text(readme_with(readme.read_text(encoding="utf-8"), result), encoding="utf-8")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(picture(result), encoding="utf-8")


if __name__ == "__main__":
    main()

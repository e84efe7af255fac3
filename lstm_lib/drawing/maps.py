"""States over time as the page gets them: a byte for each number, its scale, and words.

`data` is on a straight scale, 0 to 1 for a gate and else with 0 in the middle. `diff` is on one
of powers of ten, for a gradient that fades is soon too small for any other.
"""
import base64

import numpy as np

from .svg import STATE_COLOURS

TOP = 254  # the largest byte that is a number
NO_NUMBER = 255
POWERS = 6  # of ten, from the largest gradient down to what looks like 0
# cividis and PuOr_r of matplotlib, as in `views`, at eleven places
GATE = ("#00224E", "#083370", "#35456C", "#4F576C", "#666970", "#7D7C78", "#948E77", "#AEA371",
        "#C8B866", "#E5CF52", "#FEE838")
SIGNED = ("#2D004B", "#532687", "#8073AC", "#B1AAD1", "#D8DAEB", "#F7F7F6", "#FEE0B6", "#FCB761",
          "#E08214", "#B25706", "#7F3B08")


def maps(runs, biases=(), own=0.0):
    """What the strip shows of one `states_over_time`, or of several with a forget bias each.

    A gate or state has one scale in all runs, so that they can be compared.
    """
    cells = list(zip(*(states["cells"] for states in runs)))
    return {"batch": runs[0]["batch"], "biases": list(biases), "own": own, "powers": POWERS,
            "colours": {"gate": GATE, "signed": SIGNED, "state": STATE_COLOURS[:2]},
            "cells": [_cell(of_runs, runs[0]["batch"]) for of_runs in cells]}


def _cell(runs, batch):
    first = runs[0]
    facts = {name: first[name] for name in ("name", "unit", "T", "turned", "pool", "H", "units",
                                            "note")}
    return {**facts, "rows": [_row(rows) for rows in zip(*(cell["rows"] for cell in runs))],
            "sizes": [{"name": sizes[0]["name"], "runs": [
                [value and float(f"{value:.3g}") for value in size["values"]] for size in sizes]}
                for sizes in zip(*(cell["sizes"] for cell in runs))],
            "words": [in_words(cell, batch) for cell in runs]}


def _row(rows):
    row = {name: rows[0][name] for name in ("name", "kind", "inside")}
    for what, packed in (("data", _straight), ("diff", _powers)):
        if rows[0][what] is not None:
            numbers = np.array([row[what] for row in rows], float)  # (runs, units, columns)
            largest = float(abs(numbers[np.isfinite(numbers)]).max(initial=0))
            if what == "data" and row["kind"] == "gate":
                places = numbers * TOP
            else:
                places = (packed(numbers, largest or 1) + 1) * TOP / 2
            row[what] = {"largest": largest, "runs": [_text(place) for place in places]}
    return row


def _straight(numbers, largest):
    return numbers / largest


def _powers(numbers, largest):
    """From -1 to 1: 0 for what is less than a millionth of the largest, linear in powers of ten.

    >>> _powers(np.array([1, -1e-3, 0]), 1).tolist()
    [1.0, -0.5, 0.0]
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        powers = np.log10(abs(numbers) / largest) / POWERS + 1
    return np.sign(numbers) * np.maximum(powers, 0)


def _text(places):
    known = np.isfinite(places)
    codes = np.where(known, np.clip(np.rint(np.where(known, places, 0)), 0, TOP), NO_NUMBER)
    return base64.b64encode(codes.astype(np.uint8).tobytes()).decode()


def in_words(cell, batch):
    """What the strip shows, for those who cannot see it."""
    who = " ".join(filter(None, (cell["unit"] or "cell", cell["name"])))
    several = cell["T"] > 1
    steps = f"over {cell['T']} steps" if several else "in 1 step"
    start = (f"{who}: {cell['H']} units {steps}, sequence 1 of {batch}"
             + ". From the first step to the last" * several)
    places = [0, -1][:1 + several]
    said = []
    for row in cell["rows"]:
        means = np.array(row["data"], float)[:, places].mean(0)
        said.append(f"mean {row['name']} " + " to ".join(f"{mean:.2f}" for mean in means))
    for size in cell["sizes"]:
        ends = [_size(size["values"][place]) for place in places]
        said.append(f"size of dL/d{size['name']} {' to '.join(ends)}")
    return f"{start}: {', '.join(said)}."


def _size(value):
    return "no number" if value is None else f"{value:.1e}" if value else "0"

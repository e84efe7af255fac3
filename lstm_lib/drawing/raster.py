"""PNG and PDF of our own SVG, through matplotlib, which brings its fonts along."""
import io
import re
from xml.etree import ElementTree

from matplotlib import patches
from matplotlib.figure import Figure
from matplotlib.path import Path

from ..errors import NetError

SCALE = 2  # pixels of the PNG for each pixel of the SVG
MOST_PIXELS = 80_000_000  # of a PNG; more takes gigabytes of memory on the way
LONGEST_SIDE = 32_767     # what viewers open
_COMMAND = re.compile(r"([MLHVCQZhvlz])([^MLHVCQZhvlz]*)")
_NUMBER = re.compile(r"-?\d*\.?\d+")


def convert(svg_text, path, kind, instead=""):
    """Write the picture as `kind` "png" or "pdf".

    Raises
    ------
    NetError : the PNG would be larger than can be made and opened; it names the limit, and
        what can be drawn `instead`.
    """
    root = ElementTree.fromstring(svg_text)
    left, top, width, height = map(float, root.get("viewBox").split())
    if kind == "png":
        _check_size(width * SCALE, height * SCALE, instead)
    figure = Figure(figsize=(width / 72, height / 72))
    axes = figure.add_axes([0, 0, 1, 1])
    axes.set_xlim(left, left + width)
    axes.set_ylim(top + height, top)
    axes.axis("off")
    _draw(axes, root, 0.0, 0.0, {"fill": "#222", "font-size": "12", "text-anchor": "middle"})
    made = io.BytesIO()  # matplotlib hides the error of a full disk behind one of zlib
    figure.savefig(made, format=kind, dpi=72 * SCALE)
    with open(path, "wb") as file:
        file.write(made.getvalue())


def _check_size(wide, high, instead):
    if max(wide, high) > LONGEST_SIDE or wide * high > MOST_PIXELS:
        raise NetError(
            f"as PNG this picture is {wide:,.0f} x {high:,.0f} pixels; the limit is "
            f"{LONGEST_SIDE:,} on a side and {MOST_PIXELS:,} in all. Save it as .svg or .pdf"
            f"{instead}.")


def _draw(axes, element, x, y, inherited):
    """An element and what it holds, moved by (x, y)."""
    look = {**inherited, **element.attrib}
    moved = re.match(r"translate\(([-\d.]+),([-\d.]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    kind = element.tag.rsplit("}", 1)[-1]
    if kind == "text":
        axes.text(x + float(look["x"]), y + float(look["y"]), element.text or "",
                  fontsize=float(look["font-size"]), color=look["fill"], va="baseline",
                  ha={"start": "left", "end": "right"}.get(look["text-anchor"], "center"),
                  weight=look.get("font-weight", "normal"), family="DejaVu Sans",
                  parse_math=False)
    elif kind in ("rect", "circle", "path"):
        axes.add_patch(_patch(kind, look, x, y))
    for child in element:
        kept = ("fill", "font-size", "text-anchor", "stroke-dasharray")
        _draw(axes, child, x, y, {key: look[key] for key in kept if key in look}
              if kind in ("svg", "g") else inherited)


def _patch(kind, look, x, y):
    thick = float(look.get("stroke-width", 1)) if "stroke" in look else 0
    dashes = tuple(float(length) / thick  # matplotlib counts in widths of the line
                   for length in look.get("stroke-dasharray", "").split() if thick)
    style = dict(facecolor=look["fill"], edgecolor=look.get("stroke", "none"), linewidth=thick,
                 linestyle=(0, dashes) if dashes else "-")
    if kind == "circle":
        return patches.Circle((x + float(look["cx"]), y + float(look["cy"])),
                              float(look["r"]), **style)
    if kind == "path":
        return patches.PathPatch(_path(look["d"], x, y), capstyle="butt", **style)
    corner, size = (x + float(look["x"]), y + float(look["y"])), (
        float(look["width"]), float(look["height"]))
    radius = float(look.get("rx", 0))
    if not radius:
        return patches.Rectangle(corner, *size, **style)
    return patches.FancyBboxPatch(corner, *size, mutation_aspect=1, **style,
                                  boxstyle=f"round,pad=0,rounding_size={radius}")


def _path(commands, x, y):
    points, codes, here, start = [], [], (x, y), (x, y)
    for name, numbers in _COMMAND.findall(commands):
        values = [float(v) for v in _NUMBER.findall(numbers)]
        if name in "Zz":
            points.append(start)
            codes.append(Path.CLOSEPOLY)
            here = start
            continue
        reached = _points(name, values, here, x, y)
        code = {"M": Path.MOVETO, "C": Path.CURVE4, "Q": Path.CURVE3}.get(name, Path.LINETO)
        points += reached
        codes += [code] * len(reached)
        here = reached[-1]
        start = here if name == "M" else start
    return Path(points, codes)


def _points(name, values, here, x, y):
    if name in "Hh":
        return [(values[0] + (x if name == "H" else here[0]), here[1])]
    if name in "Vv":
        return [(here[0], values[0] + (y if name == "V" else here[1]))]
    dx, dy = here if name == "l" else (x, y)
    return [(a + dx, b + dy) for a, b in zip(values[::2], values[1::2])]

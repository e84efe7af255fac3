"""The few SVG elements that the pictures are made of, each with its look as attributes.

No `<style>` and no `id`: viewers strip the one, and the other leaks between figures.
"""
import re
from functools import lru_cache
from html import escape
from itertools import accumulate, takewhile

FONT = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif"
INK, GREY, PALE, LINE, WHITE = "#222222", "#666", "#F4F4F4", "#777", "#FFFFFF"
WARNING = "#B00020"
SIZE = 16  # of all words: three steps are at most 1280 wide, so it is 12 pixels at 960

# A colour means one thing. States are lines in dark colours with a name on them, weights are
# numbered boxes in light ones, values are greys (`values.SHADES`).
STATE_COLOURS = ("#C25100", "#004A8C", "#000000", "#5C5C5C")
WEIGHT_COLOURS = ("#009E73", "#F0E442", "#E39AC6", "#7EC8F2", "#8C6D31", "#B3DE69",
                  "#7B4FA3", "#44AA99", "#E8C9A0", "#117733")

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Marks that nobody sees, and that turn the words after them round: they are shown.
SHOWN = {code: f"⟨U+{code:04X}⟩" for code in (
    0x61c, 0x200e, 0x200f, *range(0x202a, 0x202f), *range(0x2066, 0x206a))}


def safe(text):
    """The text as it may stand in XML, in an element or in an attribute.

    >>> safe('<a "b">&')
    '&lt;a &quot;b&quot;&gt;&amp;'
    """
    return escape(printable(text), quote=True)


def printable(text):
    r"""The text; a character that XML does not allow, or that turns words round, is shown.

    >>> printable("a\u202eb")
    'a⟨U+202E⟩b'
    """
    return _NOT_XML.sub("\ufffd", str(text)).translate(SHOWN)


def num(value):
    """A coordinate in as few characters as a tenth of a pixel needs.

    >>> num(3.0), num(2.449)
    ('3', '2.4')
    """
    return f"{value:.1f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"


def rect(x, y, width, height, fill=WHITE, stroke=INK, radius=0, extra=""):
    """A box given by its centre."""
    rounded = f' rx="{num(radius)}"' if radius else ""
    line = f' stroke="{stroke}"' if stroke else ""
    return (f'<rect x="{num(x - width / 2)}" y="{num(y - height / 2)}" width="{num(width)}" '
            f'height="{num(height)}"{rounded} fill="{fill}"{line}{extra}/>')


def circle(x, y, radius, fill=WHITE, stroke=INK):
    """A circle with an outline."""
    return (f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}" fill="{fill}" '
            f'stroke="{stroke}"/>')


def sheet(left, top, width, height, alt, body):
    """The whole picture on white; attributes that all texts share stand here once."""
    left, top, width, height = map(num, (left, top, width, height))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="{left} {top} {width} {height}" font-family="{FONT}" font-size="{SIZE}" '
            f'text-anchor="middle" fill="{INK}" role="img" aria-label="{safe(alt)}">'
            f'<title>{safe(alt)}</title><rect x="{left}" y="{top}" width="{width}" '
            f'height="{height}" fill="#FFFFFF"/>{body}</svg>\n')


def text(x, y, words, size=SIZE, anchor="middle", fill=INK, extra=""):
    """A line of text whose middle is at height y; it takes other attributes from `sheet`."""
    look = f' font-size="{num(size)}"' if size != SIZE else ""
    look += f' text-anchor="{anchor}"' if anchor != "middle" else ""
    look += f' fill="{fill}"' if fill != INK else ""
    return f'<text x="{num(x)}" y="{num(y + size * 0.35)}"{look}{extra}>{safe(words)}</text>'


def path(d, stroke=LINE, width=1.4, fill="none", extra=""):
    """A path of given commands, nothing of none."""
    if not d:
        return ""
    line = f' stroke="{stroke}" stroke-width="{num(width)}"' if width else ""
    return f'<path d="{d}" fill="{fill}"{line}{extra}/>'


def width_of(words, size=SIZE):
    """The width of a line of text, estimated."""
    return sum(0.36 if c in "iljtf.,:;|!'()[] /" else 0.62 if ord(c) < 0x2E80 else 1.0
               for c in words) * size


def shortened(words, width, size=SIZE):
    """The text, cut in the middle where it would be wider than `width`.

    >>> shortened("a_very_long_name_of_a_layer", 130)
    'a_very…_layer'
    """
    words = " ".join(str(words).split()) or " "
    if width_of(words, size) <= width:
        return words
    room = width - width_of("…", size)
    widths = accumulate(width_of(character, size) for character in words)
    keep = max(sum(1 for _ in takewhile(lambda wide: wide <= room, widths)), 2)
    return words[:keep - keep // 2] + "…" + words[len(words) - keep // 2:]


def elbows(points, radius=6):
    """Path commands for a line with rounded corners through points."""
    d = [f"M{num(points[0][0])},{num(points[0][1])}"]
    for before, corner, after in zip(points, points[1:], points[2:]):
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        d.append(f"L{num(start[0])},{num(start[1])}Q{num(corner[0])},{num(corner[1])} "
                 f"{num(end[0])},{num(end[1])}")
    d.append(f"L{num(points[-1][0])},{num(points[-1][1])}")
    return "".join(d)


def _towards(start, end, distance):
    """The point `distance` away from start in the direction of end, at most half way."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    part = min(distance / length, 0.5)
    return start[0] + dx * part, start[1] + dy * part


def curve(points):
    """Path commands for a line that leaves and enters each point vertically."""
    d = [f"M{num(points[0][0])},{num(points[0][1])}"]
    for (x1, y1), (x2, y2) in zip(points, points[1:]):
        middle = num((y1 + y2) / 2)
        d.append(f"V{num(y2)}" if abs(x1 - x2) < 0.5 else
                 f"C{num(x1)},{middle} {num(x2)},{middle} {num(x2)},{num(y2)}")
    return "".join(d)


def arrow_head(before, end, size=5):
    """Path commands for a filled arrow head at `end`, coming from `before`."""
    dx, dy = end[0] - before[0], end[1] - before[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    dx, dy = dx / length * size, dy / length * size
    wide = 0.55
    return (f"M{num(end[0])},{num(end[1])}"
            f"l{num(-dx - dy * wide)},{num(-dy + dx * wide)}"
            f"l{num(2 * dy * wide)},{num(-2 * dx * wide)}z")


def state_colour(number):
    """The colour of the lines of a state: c and h have their own."""
    return STATE_COLOURS[min(number, len(STATE_COLOURS) - 1)]


def mixed(colour, share, with_colour="#FFFFFF"):
    """`share` of a colour in another: a tint.

    >>> mixed("#000000", 0.5)
    '#808080'
    """
    pairs = [(int(colour[i:i + 2], 16), int(with_colour[i:i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share) + 1e-9):02X}" for a, b in pairs)


def ink_on(colour):
    """Ink, or white, or black: the first that can be read on the colour (WCAG: 4.5 to 1)."""
    return next(ink for ink in (INK, WHITE, "#000000") if contrast(ink, colour) >= 4.5)


@lru_cache(maxsize=None)
def contrast(one, other):
    """WCAG's ratio of two colours, from 1 to 21; one of black and white has 4.5 to any colour.

    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour):
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
                        for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def fitted(svg_text):
    """The picture at a size that fits a page: at most 960 wide and 1200 high.

    >>> fitted('<svg width="1920pt" height="100pt" viewBox="0 0 1920 100">')
    '<svg width="960" height="50" viewBox="0 0 1920 100">'
    """
    def scaled(size):
        width, height = float(size[1]), float(size[2])
        factor = min(1, 960 / width, 1200 / height)
        return f'width="{width * factor:.0f}" height="{height * factor:.0f}"'

    return re.sub(r'width="([\d.]+)(?:pt)?" height="([\d.]+)(?:pt)?"', scaled, svg_text, count=1)

"""What does a picture show, in words, for those who cannot see it?

JupyterLab and nbconvert give an SVG or PNG output an empty `alt`, whatever its metadata say;
an `<img alt>` in an HTML output they keep. So a picture comes as that as well. In IPython
`import lstm_lib` does so for all of matplotlib's figures; your own words for one come from
`fig.set_label("...")`.
"""
import base64
import sys
from html import escape
from itertools import groupby

MOST = 8  # lines or panels that are named
KINDS = "image/svg+xml", "image/png", "image/jpeg"


def image_html(kind, picture, alt, **size):
    """An HTML image that holds the picture: SVG text, or the base64 of a PNG or JPEG."""
    if kind == "image/svg+xml":
        picture = base64.b64encode(picture.encode()).decode()
    size = "".join(f' {name}="{length}"' for name, length in size.items())
    return (f'<img alt="{escape(alt)}"{size} style="max-width:100%" '
            f'src="data:{kind};base64,{picture.strip()}">')


def describe_figures():
    """In IPython, let each figure of matplotlib be shown with words about it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["text/html"].for_type_by_name(  # matplotlib takes back what Figure itself has
            "matplotlib.figure", "FigureBase", lambda figure: _figure_html(figure, formatters))


def _figure_html(figure, formatters):
    """The figure in the format that it has in this notebook; None if it has none."""
    for kind in KINDS:
        picture = formatters[kind](figure)
        if picture:
            picture, notes = picture if isinstance(picture, tuple) else (picture, {})
            size = {name: notes[name] for name in ("width", "height") if name in notes}
            return image_html(kind, picture, figure_words(figure), **size)
    return None


def figure_words(figure):
    """What a figure shows: its label, or what its axes hold, with their titles and names.

    >>> from lstm_lib import views
    >>> ax = views.lines({"with": [3, 2.5, 1], "without": [3, 3, 3]}, "iteration", "loss")
    >>> figure_words(ax.figure)
    'lines of loss over iteration: with from 3 to 1, without from 3 to 3'
    """
    if figure.get_label():
        return str(figure.get_label())
    panels = [ax for ax in figure.axes if ax.get_visible() and ax.get_label() != "<colorbar>"]
    said = []
    for (kind, names), alike in groupby(panels, lambda ax: (_kind(ax), _names(ax))):
        said.append(_said(kind, names, list(alike)))
    title = getattr(figure, "get_suptitle", str)()  # matplotlib before 3.8 does not tell it
    return "; ".join([title] * bool(title) + said)


def _said(kind, names, alike):
    """Panels that hold the same kind of thing in one phrase."""
    titles = [title for ax in alike for title in [_one_line(ax.get_title())] if title]
    words = kind if len(alike) == 1 else f"{len(alike)} panels with {kind}"
    up, along = _axis_words(alike[0].yaxis), _axis_words(alike[-1].xaxis)
    words += (f" of {up}" if up and len(alike) == 1 else "") + (f" over {along}" if along else "")
    words += f": {_list(names)}" if names else ""
    return f"{_list(titles)}: {words}" if titles else words


def _axis_words(axis):
    """The label of an axis, or the words at its ticks where it has none."""
    ticks = [_one_line(tick.get_text()) for tick in axis.get_ticklabels()]
    words = [word for word in ticks if any(map(str.isalpha, word)) and "$" not in word]
    return _one_line(axis.get_label_text()) or _list(words)


def _kind(ax):
    if ax.images:
        return "an image"
    if ax.lines:
        return "lines" if all(map(_joined, ax.lines)) else "points"
    return "bars" if ax.containers else "points" if ax.collections else "text"


def _joined(line):
    return line.get_linestyle() != "None"


def _names(ax):
    """The names in the legend; a line with where it begins and where it ends."""
    named = ax.get_legend_handles_labels()[1]
    ends = {line.get_label(): f"from {_number(line.get_ydata()[0])} to "
            f"{_number(line.get_ydata()[-1])}" for line in ax.lines
            if _joined(line) and len(line.get_ydata()) > 2}
    if not named and len(ends) == 1:
        return tuple(ends.values())
    return tuple(f"{name} {ends[name]}" if name in ends else name for name in named)


def _number(value):
    try:
        return f"{float(value):.3g}"
    except (TypeError, ValueError):  # a date, a word
        return str(value)


def _list(words):
    return ", ".join([*words[:MOST], *["…"] * (len(words) > MOST)])


def _one_line(words):
    return " ".join(words.split())

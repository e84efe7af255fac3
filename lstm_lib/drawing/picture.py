"""What does the net look like? Any Caffe net as a picture, a page, or a table in words."""
import os
import re

from ..alt_text import image_html
from ..errors import NetError
from .structure.graph import read_graph
from .sweep import check_sweep
from .graphviz import caffe_dot, clustered_dot, run_dot
from .structure.steps import prepared, steps_of
from .time_picture import time_picture
from ..files import path_of, write_whole
from .svg import fitted
from .values import Paint
from .structure.words import alt_text, table

CHOICES = {"style": ("time", "caffe", "graphviz"), "steps": ("auto", "fold", "all", "rolled"),
           "values": (None, "data", "diff")}
INSTEAD = "style='time' draws any number of steps in well under a second."
KINDS = ("svg", "png", "pdf", "dot", "html")


class Picture:
    """A drawn net: shows itself in a notebook, and saves itself as a file.

    `svg` is the picture, `alt` what it shows in words, `graph` the net it was made from.
    """

    def __init__(self, graph, svg, alt, dot, page=None, interactive=False):
        self.graph, self.svg, self.alt = graph, svg, alt
        self._dot, self._page, self._interactive = dot, page, interactive

    def __repr__(self):
        return f"<Picture: {self.alt}>"

    def _repr_mimebundle_(self, include=None, exclude=None):
        """The still picture, and as HTML, for only that keeps the words, in `<img alt>`.

        An interactive one has the page there, which takes the image's place.
        """
        still = fitted(self.svg)
        html = image_html("image/svg+xml", still, self.alt)
        if self._interactive:
            from .page import embedded

            html = embedded(self._page(), html)
        return ({"text/plain": self.alt, "image/svg+xml": still, "text/html": html},
                {"image/svg+xml": {"alt": self.alt}})

    def page(self):
        """The interactive page as HTML text, as `save` writes it into a file."""
        if not self._page:
            raise NetError("the interactive page is made of the time-step picture: "
                           "leave `style` out.")
        return self._page()

    def save(self, path):
        """Write the picture, the whole file or nothing; the ending says as what.

        Endings: .svg, .png, .pdf, .dot (Graphviz's language), .html (the interactive page).

        Raises
        ------
        NetError : no path, another ending, a folder that is missing or not writable, a PNG
            that is too large.
        """
        name = path_of(path)
        kind = os.path.splitext(name)[1][1:].lower()
        if kind not in KINDS:
            raise NetError(f"cannot save a picture as {name!r}: the name must end in "
                           f"{', '.join('.' + kind for kind in KINDS)}.")
        write_whole(path, lambda beside: self._write(beside, kind))
        return path

    def _write(self, path, kind):
        if kind in ("png", "pdf") and self._page:
            from .raster import convert  # matplotlib takes longer to import than all the rest

            convert(self.svg, path, kind, self._smaller())
            return
        content = {"svg": lambda: self.svg, "dot": self._dot, "html": self.page}.get(
            kind, lambda: run_dot(self._dot(), kind, INSTEAD))()
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def _smaller(self):
        """How the picture would be smaller: folded, if it has steps that are not folded yet."""
        folded = re.search(r'data-step="\d+-', self.svg)
        return ", or draw it with steps='fold'" if steps_of(self.graph) > 5 and not folded else ""


def draw(source, *, style="time", steps="auto", shapes=False, interactive=False, values=None,
         all_layers=False, phase=None, stages=(), sweep=None, path=None):
    """Draw a net: a NetSpec, prototxt text, a path, a NetParameter or a loaded net.

    The time-step picture lays out one step and stamps it T times. A colour is a shared
    weight; c and h are straight lines. An LSTM, with peepholes or without, a GRU and a plain
    recurrent net look as in textbooks, whatever their layers are called; any other step grows
    from below. Of two directions the second runs from right to left. It draws nets that Caffe
    would not build, too, and needs no program `dot`.

    Parameters
    ----------
    style : "time"; "caffe", which is `caffe.draw`; or "graphviz", a cluster per step.
    steps : "all" of them, "fold" those in the middle, "auto" folds above 8; "rolled" is
        one cell with arrows that lead back into it.
    shapes : write shapes at the blobs; they are known of a loaded net.
    interactive : in a notebook, show the page with search, time slider and values.
    values : shade nodes by the mean size of "data" or "diff" of a loaded net, darkest where
        it is the largest of its kind in all steps, a shade lighter for half of that; c and
        h have their number as well. For a gate that works in place, `data` is after the
        sigmoid and `diff` the gradient before it.
    all_layers : draw all that Caffe runs of a loaded net, with the layers that only cut or
        join and the `Split` layers that Caffe adds where a blob has several readers.
    phase, stages : which layers of a net that is not loaded are shown: caffe.TRAIN or
        caffe.TEST, if left out what the net's own `state { }` says, or TRAIN. A loaded net
        shows those it was built of.
    sweep : what `forget_bias_sweep` returned for this net: the page's maps of gates and states
        over time, below the picture, have a slider for the forget bias.
    path : save there too (see `Picture.save`).

    Options and types of Caffe's forks are drawn, too, and marked as unknown to this Caffe.

    Raises
    ------
    NetError : no prototxt, no layer, shapes, values or all layers without a loaded net,
        `dot` failed or took too long, or the path cannot be written.
    DotMissing : "caffe" or "graphviz" without the program `dot`.
    ValueError : an option that does not exist.

    Examples
    --------
    >>> from lstm_lib import caffe, unroll
    >>> from lstm_lib import draw
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> unrolled = unroll(ns, ns.x, 3, 4)
    >>> draw(ns).alt[:57]
    'unrolled LSTM, 3 steps, 46 layers, 3 shared weights (w_Mx'
    >>> draw(ns).save("lstm.svg")
    'lstm.svg'
    """
    for name, value in (("style", style), ("steps", steps), ("values", values)):
        if value not in CHOICES[name]:
            raise ValueError(f"{name} must be one of {CHOICES[name]}, got {value!r}.")
    graph = prepared(read_graph(source, all_layers, phase, stages))
    if graph.net is None and (shapes or values):
        raise NetError(f"{'shapes' if shapes else 'values'} are known of a loaded net only: "
                       "draw(load_net(...), ...).")
    check_sweep(sweep, graph.net)
    picture = _picture(graph, style, steps, shapes, interactive, values, sweep)
    if path is not None:
        picture.save(path)
    return picture


def _picture(graph, style, steps, shapes, interactive, values, sweep):
    alt = alt_text(graph)
    if style == "time":
        paint = Paint(graph, values) if values else None
        alt += paint.in_words(graph) if paint else ""
        svg = time_picture(graph, steps, shapes, paint, alt)

        def page():
            from .page import page

            return page(graph, shapes, values, sweep)

        return Picture(graph, svg, alt, lambda: clustered_dot(graph), page, interactive)
    if interactive or values or shapes or sweep or graph.all_layers and style == "caffe":
        raise NetError("values, shapes, all layers and the interactive page belong to "
                       "style='time'.")
    dot = caffe_dot(graph.source.spec) if style == "caffe" else clustered_dot(graph)
    return Picture(graph, run_dot(dot, "svg", INSTEAD).decode(), alt, lambda: dot)


def summary(source, phase=None, stages=()):
    """The net as a table in words, a line per layer; with shapes if the net is loaded.

    `phase`, `stages`: which layers of a net that is not loaded are listed, as in `draw`.

    Examples
    --------
    >>> print(summary('layer { name: "x" type: "Input" top: "x" }'
    ...               'layer { name: "y" type: "TanH" bottom: "x" top: "y" }'))
    layer  type   bottoms -> tops  parameters (* shared)
    x      Input  -> x
    y      TanH   x -> y
    <BLANKLINE>
    2 layers, 0 parameter blobs, 0 of them shared
    """
    return table(read_graph(source, phase=phase, stages=stages))

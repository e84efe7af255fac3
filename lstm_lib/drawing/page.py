"""The interactive page: one HTML file with picture, data, style and script inside it."""
import json
from itertools import groupby
from pathlib import Path

from . import svg
from .maps import maps
from .strip import states_of
from .time_picture import FOLD_ABOVE, time_picture
from .structure.steps import step_title, steps_of
from .values import OTHERS, RULE, Paint, steps_of_scale
from .structure.words import alt_text, equation, shape_text

HERE = Path(__file__).parent
# Nothing may be fetched, wherever the page is opened.
POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
          "img-src data:")
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{title}</title><style>{css}</style></head><body>
<header role="toolbar" aria-label="Picture">
<label>Search <input id="search" type="search" placeholder="layer, blob, type or weight"
 aria-controls="found" autocomplete="off"></label>
<button id="out" aria-label="Zoom out">−</button><button id="in" aria-label="Zoom in">+</button>
<button id="fit">Fit</button>
<button id="fold" aria-pressed="{folded}"{no_fold}>Fold steps</button>
<label{no_values}>Colour <select id="colour"><option value="">weights</option>
<option value="data">data</option><option value="diff">diff</option></select></label>
<span id="scale"></span>
</header>
<div class="time" role="toolbar" aria-label="Time">
<button id="back" aria-label="One step back">◀</button>
<button id="play" aria-pressed="false">Play</button>
<button id="next" aria-label="One step on">▶</button>
<input id="time" type="range" min="-1" max="{last}" value="-1"
 aria-label="Time: forward, then backward">
<output id="now" aria-live="polite">before the forward pass</output>
</div>
<ul id="found" aria-label="Found layers"></ul>
<main><div id="stage" tabindex="0" role="application" aria-label="{alt}. Arrow keys move,
 plus and minus zoom, 0 fits, N and P go from layer to layer.">
{pictures}</div>
<aside id="about" aria-live="polite"><p>Point at a layer or at a weight's coloured chip.</p>
<p class="keys">Drag to move; Ctrl + wheel to zoom, or the wheel alone once the picture has
the focus. Keys: arrows, + − 0, N and P.</p></aside></main>
{strip}<script type="application/json" id="net">{data}</script>
<script>{script}</script>
</body></html>
"""
# Below the picture of a net that has run: what strip.js draws.
STRIP = """<section id="strip" aria-label="States over time">
<div class="bar" role="toolbar" aria-label="States over time">
<span role="group" aria-label="Shown over time"><button id="data" aria-pressed="true">Forward:
 values</button><button id="diff" aria-pressed="false">Backward: gradients</button></span>
<label id="which">Cell <select id="cell"></select></label>
<label id="biases">Forget bias <input id="bias" type="range" min="0" step="1">
<output id="bias-now" aria-live="polite"></output></label>
<output id="told"></output>
</div>
<div id="maps" tabindex="0" role="application"></div>
<p id="read"></p>
</section>
"""


def page(graph, shapes, values=None, sweep=None):
    """The page of a prepared graph as one string of HTML.

    `values` ("data", "diff" or None) is the colouring it starts with; the page of a loaded
    net can switch between all three. A net that has run has its states over time below the
    picture; with a `sweep`, which `forget_bias_sweep` returned, for each of its forget biases.
    """
    shown_over_time = _over_time(graph, sweep)
    alt, steps = alt_text(graph), steps_of(graph)
    last = 2 * len(_ticks(graph)) - 1
    slots = graph.numbers
    pictures = [("all", time_picture(graph, "all", shapes, alt=alt, slots=slots))]
    if steps > 5:
        pictures.append(("fold", time_picture(graph, "fold", shapes, alt=alt, slots=slots)))
    folded = steps > FOLD_ABOVE
    shown = "fold" if folded else "all"
    drawn = "\n".join(
        f'<div class="picture" data-view="{view}"{"" if view == shown else " hidden"}>{text}</div>'
        for view, text in pictures)
    return PAGE.format(
        policy=POLICY, title=svg.safe(graph.name or alt), alt=svg.safe(alt), last=last,
        css=_read("page.css", "strip.css"), pictures=drawn,
        script=_read("sizes.js", "strip.js", "page.js"), strip=STRIP if shown_over_time else "",
        folded=str(folded).lower(), no_fold="" if steps > 5 else " hidden",
        no_values="" if graph.numbers else " hidden", data=_as_json(
            {**_data(graph, values), "strip": shown_over_time}))


def embedded(page_text, image):
    """HTML for a notebook: the still picture, which a script replaces by the page.

    The page lives in a frame of its own, so that no name and no style leaks; where
    scripts are dropped the picture stays.
    """
    return (f"<div>{image}<script>(function () {{"
            "var still = document.currentScript && document.currentScript.previousElementSibling;"
            "if (!still) return; var frame = document.createElement('iframe');"
            "frame.sandbox = 'allow-scripts'; frame.title = still.alt;"
            f"frame.style = 'width:100%;height:{_height(page_text)}px;border:1px solid #bbb';"
            f"frame.srcdoc = {_as_json(page_text)}; still.replaceWith(frame);"
            "})()</script></div>")


def _height(page_text):
    """Of the frame, in pixels: the strip below the picture has room of its own."""
    return 960 if STRIP in page_text else 600


def _over_time(graph, sweep):
    """What the strip shows, or None."""
    if not graph.numbers:
        return None
    runs = sweep["runs"] if sweep else [states_of(graph)]
    if not runs[0]["cells"]:
        return None
    return maps(runs, sweep["biases"], sweep["own"]) if sweep else maps(runs)


def _read(*names):
    return "\n".join((HERE / name).read_text(encoding="utf-8") for name in names)


def _as_json(value):
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(svg.SHOWN)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace(
        "\u2029", "\\u2029")


def _ticks(graph):
    """Layers in the order Caffe runs them; those of one time step light up together.

    Each is (what it is called, its nodes, its column in the picture, the name of its stack,
    which of the stack's steps it is).
    """
    ticks, stacks = [], {stack.name: stack for stack in graph.stacks}
    for (_, step), nodes in groupby(graph.nodes, key=lambda node: (node.stack, node.step)):
        nodes = list(nodes)
        if step is None and not graph.stacks:  # no steps: layer by layer
            ticks += [(node.name, [node.index], None, None, None) for node in nodes]
        else:
            stack = stacks.get(nodes[0].stack)
            label = step_title(stack, step) if stack else (
                ", ".join(node.name for node in nodes[:4]) + (", …" if len(nodes) > 4 else ""))
            ticks.append((label, [node.index for node in nodes], stack and stack.place(step),
                          stack and stack.name, stack and stack.steps.index(step)))
    return ticks


def _data(graph, values):
    paints = [Paint(graph, what) for what in ("data", "diff")] if graph.numbers else []
    return {"nodes": [_node(node, paints) for node in graph.nodes], "ticks": _ticks(graph),
            "start": values or "",
            "scale": {"rule": {paint.what: RULE.format(paint.what) for paint in paints},
                      "steps": [[colour, svg.ink_on(colour), words]
                                for colour, words in steps_of_scale()], "others": OTHERS},
            "weights": {weight.mark: {"name": weight.name, "uses": [n.index for n in weight.users]}
                        for weight in graph.weights if weight.mark}}


def _node(node, paints):
    facts = {"name": node.name, "type": " + ".join(layer.type for layer in node.layers),
             "eq": equation(node), "step": node.step, "unknown": list(map(str, node.unknown)),
             "after": [f"{layer.name} ({layer.type})" for layer in node.layers[1:]],
             "in": [_blob(blob) for blob in node.bottoms],
             "out": [_blob(blob) for blob in node.tops],
             "w": [[w.mark, w.name + (f" {shape_text(w.shape)}" if w.shape else ""),
                    len(w.users)] for w in node.weights]}
    for paint in paints:
        if node in paint.means:
            fill = paint.colour(node)
            facts[paint.what] = [fill, svg.ink_on(fill), paint.words(node),
                                 paint.negative(node), *map(paint.number, node.tops)]
    return facts


def _blob(blob):
    return blob.name + (f" {shape_text(blob.shape)}" if blob.shape else "")

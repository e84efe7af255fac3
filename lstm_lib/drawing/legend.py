"""The legend under the picture: what the colours mean, and what is not drawn."""
from . import svg
from .looks import CHIP, LINE, chip, is_product, weight_colour
from .structure.words import notes, shape_text

HIGH, GAP, TEXT = 28, 28, 32  # of a line; between two entries; where the words begin


def legend(scene, paint, room):
    """(SVG, height, width) of the legend, in lines as wide as `room` or its longest entry."""
    entries = [*_lines_of_states(scene), *_symbols(scene), *_weights(scene)]
    lines, x, y, widest = [], 0, 0, 0
    for symbol, words, *weight in entries:
        wide = TEXT + svg.width_of(words)
        if x and x + wide > max(room, 360):
            x, y = 0, y + HIGH
        tie = f' data-w="{weight[0].mark}"' if weight else ""
        lines.append(f'<g{tie} transform="translate({svg.num(x)},{y})">{symbol}'
                     + svg.text(TEXT, 0, words, anchor="start") + "</g>")
        x += wide + GAP
        widest = max(widest, x - GAP)
    y += HIGH if entries else 0
    for words in _notes(scene, room):
        lines.append(svg.text(0, y, words, anchor="start", fill=svg.GREY))
        widest = max(widest, svg.width_of(words))
        y += HIGH
    if paint:
        scale, high, wide = paint.scale(y)
        lines.append(scale)
        y, widest = y + high, max(widest, wide)
    return "".join(lines), y, widest


def _lines_of_states(scene):
    states = {state.label: svg.state_colour(state.number)
              for row in scene.rows for state in row.stack.states}
    return [(svg.path("M-4,0H22", colour, 3), f"{label}: handed from step to step")
            for label, colour in states.items()]


def _symbols(scene):
    """What stands for a type whose name is left out."""
    if scene.graph.all_layers and any(node.type == "Split" for node in scene.wiring.nodes):
        yield svg.circle(8, 0, 5, svg.INK), "copied for several readers"
    products = (node for row in scene.rows for node in row.cells[row.stack.steps[0]].nodes
                if is_product(node))
    for node in list(products)[:1]:
        tint = svg.mixed(weight_colour(node.weights[0]), 0.25)
        yield svg.rect(9, 0, CHIP, LINE, tint, radius=4), "with weights: InnerProduct"


def _weights(scene):
    for weight in scene.graph.weights:
        if weight.mark:
            shape = f"  {shape_text(weight.shape)}" if weight.shape else ""
            times = len(weight.users)
            shared = f"shared by {times} layers" if times > 1 else "used once"
            yield chip(9, 0, weight), f"{weight.name}{shape}  {shared}", weight


def _notes(scene, room):
    hidden, others = scene.wiring.hidden, notes(scene.graph)
    others = [f"{words[0].upper()}{words[1:]}" for words in others]
    if not hidden:
        return others
    names = ", ".join(f"{node.name} ({node.type})" for node in hidden[:3])
    more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
    words = "Not drawn, for they only cut, join or copy: "
    shown = svg.shortened(names, max(420, room - svg.width_of(words + more)))
    return [words + shown + more, *others]

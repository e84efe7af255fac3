"""The legend under the picture: what the colours mean, and what is not drawn."""
from . import svg
from .looks import chip
from .structure.words import notes, shape_text

LINE, GAP = 22, 28


def legend(scene, paint, room):
    """(SVG, height, width) of the legend, in lines as wide as `room` or its longest entry."""
    entries = []
    seen = set()
    for row in scene.rows:
        for state in row.stack.states:
            colour = svg.state_colour(state.number)
            if (state.label, colour) not in seen:
                seen.add((state.label, colour))
                entries.append((_stroke(colour), f"{state.label}: handed from step to step"))
    if scene.graph.all_layers and any(node.type == "Split" for node in scene.wiring.nodes):
        entries.append((svg.circle(8, 0, 5, svg.INK), "copied for several readers"))
    for weight in scene.graph.weights:
        if weight.mark:
            shape = f"  {shape_text(weight.shape)}" if weight.shape else ""
            times = len(weight.users)
            shared = f"shared by {times} layers" if times > 1 else "used once"
            entries.append((chip(8, 0, weight), f"{weight.name}{shape}  {shared}", weight))
    lines, x, y, widest = [], 0, 0, 0
    for symbol, words, *weight in entries:
        wide = 24 + svg.width_of(words)
        if x and x + wide > max(room, 360):
            x, y = 0, y + LINE
        tie = f' data-w="{weight[0].mark}"' if weight else ""
        lines.append(f'<g{tie} transform="translate({svg.num(x)},{y})">{symbol}'
                     + svg.text(24, 0, words, 12, "start") + "</g>")
        x += wide + GAP
        widest = max(widest, x - GAP)
    y += LINE if entries else 0
    for words in _notes(scene):
        lines.append(svg.text(0, y, words, 11, "start", svg.GREY))
        widest = max(widest, svg.width_of(words, 11))
        y += 18
    if paint:
        scale, wide = paint.scale(y + 10)
        lines.append(scale)
        y, widest = y + 46, max(widest, wide)
    return "".join(lines), y, widest


def _stroke(colour):
    return svg.path("M0,0H16", colour, 3)


def _notes(scene):
    hidden, others = scene.wiring.hidden, notes(scene.graph)
    others = [svg.shortened(f"{words[0].upper()}{words[1:]}", 600, 11) for words in others]
    if not hidden:
        return others
    names = ", ".join(f"{node.name} ({node.type})" for node in hidden[:3])
    more = f" and {len(hidden) - 3} more" if len(hidden) > 3 else ""
    return [f"Not drawn, for they only cut, join or copy: {svg.shortened(names, 420, 11)}{more}",
            *others]

"""How one node looks: its symbol, its words, its size, its weights as coloured chips."""
from . import svg
from .structure.graph import MAX, PROD, SUM
from .structure.steps import original_blob
from .structure.wiring import is_constant
from .structure.words import shape_text

ACTIVATIONS = {"Sigmoid": "σ", "TanH": "tanh", "ReLU": "ReLU", "ELU": "ELU", "Softmax": "softmax",
               "AbsVal": "|x|", "Exp": "exp", "Log": "log"}
OPERATORS = {PROD: "×", SUM: "+", MAX: "max"}
CHIP = 19  # width of a weight's chip, with the space after it


class Look:
    """Shape, words and size of a node; the same for a node's copies in all steps."""

    def __init__(self, kind, words, width, height, below=""):
        self.kind, self.words, self.below = kind, words, below
        self.width, self.height = width, height


def look_of(node, roomy=False, shapes=False):
    """The look of a node: small inside a step, `roomy` (with type and shape) outside."""
    kind, name = node.layers[0].type, _short(node) if node.stack is not None else node.name
    if kind == "Eltwise" and len(node.layers) == 1 and not roomy:
        symbol = _operator(node.layers[0])
        return Look("circle", symbol, 26 if len(symbol) == 1 else 40, 26)
    if kind == "Scale" and len(node.bottoms) == 2 and not roomy and len(node.layers) == 1:
        return Look("circle", "×", 26, 26)  # one blob times another
    if kind in ACTIVATIONS and len(node.layers) == 1 and not roomy:
        words = ACTIVATIONS[kind] + (f" {name}" if len(name) <= 2 else "")
        return Look("gate", words, max(44, svg.width_of(words, 13) + 16), 26)
    if kind == "Split" and not roomy:
        return Look("dot", "", 10, 10)
    if kind == "Slice" and not roomy:
        return Look("strip", "", 60 * max(len(node.tops), 1), 12)
    return _box(node, name, roomy, shapes)


def _box(node, name, roomy, shapes):
    types = svg.shortened(" + ".join(layer.type for layer in node.layers), 190, 10)
    if shapes and node.tops and node.tops[0].shape:
        types += "  " + shape_text(node.tops[0].shape)
    below = types if roomy or len(types) < 14 else ""
    if node.layers[0].type in ("Input", "DummyData"):
        kind, below = "source", types if roomy else ""
    else:
        kind = "box"
    words = svg.shortened(f"{name} = {node.layers[0].power_param.shift:g}"
                          if is_constant(node) else name, 190)
    wide = max(svg.width_of(words), svg.width_of(below, 10),
               CHIP * len([w for w in node.weights if w.mark]))
    chips = any(weight.mark for weight in node.weights)
    return Look(kind, words, max(54, wide + 20), 22 + 13 * bool(below) + 14 * chips, below)


def _short(node):
    return node.role.rsplit("/", 1)[-1]


def _operator(layer):
    operation = layer.eltwise_param.operation
    coefficients = list(layer.eltwise_param.coeff)
    if operation == 1 and coefficients == [1, -1]:
        return "−"
    return OPERATORS[operation]


def short_name(blob):
    """A blob's name without its step: `x` of `t1/x`, `cont` of `cont/t1`."""
    parts = original_blob(blob).name.split("/")
    step = len(parts) > 1 and parts[-1][:1] == "t" and parts[-1][1:].isdigit()
    return parts[-2] if step else parts[-1]


def note(x, y, shape, anchor="middle"):
    """A shape written into the picture, small and grey."""
    return svg.text(x, y, shape_text(shape), 9, anchor, svg.GREY)


def weight_colour(weight):
    """The colour of a weight; where two weights have one colour, their numbers differ."""
    return svg.WEIGHT_COLOURS[(weight.mark - 1) % len(svg.WEIGHT_COLOURS)]


def chip(x, y, weight):
    """The small numbered box that stands for a weight in nodes and in the legend."""
    colour = weight_colour(weight)
    return (f'<g data-w="{weight.mark}">' + svg.rect(x, y, 16, 12, colour, None, 3)
            + svg.text(x, y, weight.mark, 9, fill=svg.ink_on(colour)) + "</g>")


def draw_look(look, node, x, y, fill=None):
    """The SVG of a node at (x, y); `fill` is the colour of its value, if it has one."""
    drawn = _drawn(look, node, x, y, fill)
    if node.unknown:
        drawn += svg.text(x + look.width / 2 - 5, y - look.height / 2 + 9, "?", 13,
                          fill=svg.WARNING, extra=' font-weight="bold" data-unknown="1"')
    return drawn


def _drawn(look, node, x, y, fill):
    marked = [weight for weight in node.weights if weight.mark]
    wide = look.width
    if look.kind == "circle":
        shape = svg.circle(x, y, 13, fill or svg.WHITE)
        if look.width > 26:
            shape = svg.rect(x, y, wide, 26, fill or svg.WHITE, radius=13)
        return shape + svg.text(x, y, look.words, 16 if len(look.words) == 1 else 11)
    if look.kind == "dot":
        return svg.circle(x, y, 5, fill or svg.INK)
    if look.kind == "strip":
        return _strip(look, node, x, y, fill)
    if look.kind == "gate":
        return svg.rect(x, y, wide, look.height, fill or "#FFF6D6", radius=5) + svg.text(
            x, y, look.words, 13)
    tint = svg.mixed(weight_colour(marked[0]), 0.25) if marked else svg.PALE
    parts = [svg.rect(x, y, wide, look.height, fill or tint,
                      radius=look.height / 2 if look.kind == "source" else 4)]
    lines = 13 * bool(look.words) + 13 * bool(look.below) + 14 * bool(marked)
    line = y - lines / 2 + 7
    for words, size, colour in ((look.words, 12, svg.INK), (look.below, 10, svg.GREY)):
        if words:
            parts.append(svg.text(x, line, words, size, fill=colour))
            line += 13
    left = x - CHIP * (len(marked) - 1) / 2
    parts += [chip(left + CHIP * i, line, weight) for i, weight in enumerate(marked)]
    return "".join(parts)


def _strip(look, node, x, y, fill):
    """A `Slice`: a bar with a mark where it is cut."""
    wide, pieces = look.width, max(len(node.tops), 1)
    cuts = "".join(f"M{svg.num(x - wide / 2 + wide * i / pieces)},{svg.num(y - 6)}v12"
                   for i in range(1, pieces))
    return svg.rect(x, y, wide, look.height, fill or svg.PALE) + svg.path(cuts, svg.INK, 1)

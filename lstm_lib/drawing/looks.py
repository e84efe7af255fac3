"""How one node looks: its symbol, its words, its size, its weights as coloured chips."""
from os.path import commonprefix

from . import svg
from .structure.graph import MAX, PROD, SUM
from .structure.copies import original_blob
from .structure.operations import type_words
from .structure.wiring import is_constant
from .structure.words import shape_text

ACTIVATIONS = {"Sigmoid": "σ", "TanH": "tanh", "ReLU": "ReLU", "ELU": "ELU", "Softmax": "softmax",
               "AbsVal": "|x|", "Exp": "exp", "Log": "log"}
OPERATORS = {PROD: "×", SUM: "+", MAX: "max"}
SYMBOL, HIGH = 20, 30      # size of an operator's sign, and of the shape around it
LINE = svg.SIZE + 2        # from a line of words to the next
CHIP, CHIP_WIDE = 26, 22   # a weight's chip with the space after it, and without
NOTE = 13                  # size of a shape that is written into the picture
WIDEST = 240, 110          # of a name outside the steps, and inside one
BESIDE = 60                # of a name beside its symbol


class Look:
    """Shape, words and size of a node; the same for a node's copies in all steps.

    `name` tells which blob a symbol makes: it stands after the symbol, or at `beside`.
    """

    def __init__(self, kind, words, width, height, below="", name=""):
        self.kind, self.words, self.below, self.name = kind, words, below, name
        self.width, self.height, self.beside = width, height, None
        self.turned = False  # drawn from right to left

    def call(self, name):
        """Write another name after the symbol, or into the box."""
        if self.kind == "box":
            self.words = name
        else:
            self.name, self.width = name, _symbol_width(self.kind, self.words, name)

    def squeeze(self, width):
        """Make a box no wider than this: its name is cut, and its type left out."""
        if self.width > width:
            self.width, self.words = width, svg.shortened(self.words, width - 8)
            if svg.width_of(self.below) > width - 8:
                self.below = ""

    def put_name_beside(self, place):
        """Leave the symbol alone in its shape; its name stands at (dx, dy, anchor) if anywhere."""
        self.beside, self.width = place, _symbol_width(self.kind, self.words)
        self.name = svg.shortened(self.name, BESIDE).strip() if place else ""


def look_of(node, roomy=False, shapes=False):
    """The look of a node: small inside a step, `roomy` (with type and shape) outside."""
    kind, name = node.layers[0].type, _short(node) if node.stack is not None else node.name
    alone = len(node.layers) == 1 and not roomy
    if kind == "Eltwise" and alone:
        return _symbol("circle", _operator(node.layers[0]), name)
    if kind == "Scale" and len(node.bottoms) == 2 and alone:
        return _symbol("circle", "×", name)  # one blob times another
    if kind in ACTIVATIONS and alone:
        words = ACTIVATIONS[kind]
        return _symbol("gate", words, name if name.lower() != words.lower() else "")
    if kind == "Split" and not roomy:
        return Look("dot", "", 10, 10)
    if kind == "Slice" and not roomy:
        return _bar_of_pieces(node)
    return _box(node, name, roomy, shapes)


def _symbol(kind, words, name):
    """An operator or an activation: its sign, and the name of what it makes."""
    name = svg.shortened(name, WIDEST[1]).strip()
    return Look(kind, words, _symbol_width(kind, words, name), HIGH, name=name)


def _symbol_width(kind, words, name=""):
    if kind == "circle" and len(words) == 1 and not name:
        return HIGH
    return svg.width_of(f"{words} {name}".strip()) + 18


def _bar_of_pieces(node):
    wide = max(svg.width_of(piece) for piece in pieces(node)) + 12 if node.tops else 60
    return Look("strip", "", max(60, wide) * max(len(node.tops), 1), 22)


def pieces(node):
    """What a `Slice` cuts, without what their names have in common: i, f, o, g of raw_i, ..."""
    names = [short_name(blob) for blob in node.tops]
    same = len(commonprefix(names)) if len(names) > 1 else 0
    same = min(same, *(len(name) - 1 for name in names)) if names else 0
    return [name[same:] for name in names]


def _box(node, name, roomy, shapes):
    wide_name = WIDEST[0] if roomy else WIDEST[1]
    kind = "source" if node.layers[0].type in ("Input", "DummyData") else "box"
    marked = [weight for weight in node.weights if weight.mark]
    below = _type_words(node, roomy, shapes)
    words = svg.shortened(f"{name} = {node.layers[0].power_param.shift:g}"
                          if is_constant(node) else _tops_or(name, node) if roomy else name,
                          wide_name)
    wide = max(svg.width_of(words), svg.width_of(below), CHIP * len(marked))
    high = 14 + LINE + LINE * bool(below) + (LINE + 2) * bool(marked)
    return Look(kind, words, max(44, wide + 16), high, below)


def is_product(node):
    """Whether it is an `InnerProduct`: inside a step a box with its weights stands for it."""
    return node.type == "InnerProduct" and len(node.layers) == 1 and bool(
        node.weights and node.weights[0].mark)


def _type_words(node, roomy, shapes):
    """The type, where no symbol says it: a pill is an `Input`, a box with weights a product."""
    types = svg.shortened(" + ".join(map(type_words, node.layers)), WIDEST[0])
    told = types == "Input" or is_product(node) and not roomy
    long = len(types) >= 14 and node.type != "Eltwise"
    told = told or not roomy and (long or types == "DummyData")
    shape = (shape_text(node.tops[0].shape)
             if shapes and roomy and node.tops and node.tops[0].shape else "")
    return "  ".join(words for words in ("" if told else types, shape) if words)


def _tops_or(name, node):
    """The names of all tops of a node that is called like the first of them."""
    tops = [blob.name for blob in node.tops]
    return ", ".join(tops) if len(tops) > 1 and name == tops[0] else name


def _short(node):
    """What a node is called in every step."""
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
    return parts[-2] if len(parts) > 1 and _is_step(parts[-1]) else parts[-1]


def name_in_step(blob):
    """A blob's name with its step: `x1` of `t1/x`, `cont1` of `cont/t1`, `h1` of `h1`."""
    name, parts = short_name(blob), original_blob(blob).name.split("/")
    step = next((part[1:] for part in parts if _is_step(part)), "")
    return name if name[-1:].isdigit() else name + step


def _is_step(part):
    return part[:1] == "t" and part[1:].isdigit()


def room_for_states(stacks, shapes, least=36, most=140):
    """How far apart two steps must stand for the names and the shapes of what is handed on."""
    blobs = [blob for stack in stacks for node in stack.cells[stack.steps[-1]]
             for top, blob in enumerate(node.tops) if stack.state_made(node, top)]
    wide = [svg.width_of(name_in_step(blob)) for blob in blobs]
    wide += [svg.width_of(shape_text(blob.shape), NOTE) for blob in blobs if shapes and blob.shape]
    return min(max([least, *(words + 10 for words in wide)]), most)


def name_of_wire(x, y, words, crossed, anchor="middle", fill=svg.INK):
    """A name beside a wire; where others may cross it, on a ground that hides them."""
    wide = svg.width_of(words)
    middle = x + wide / 2 if anchor == "start" else x
    ground = svg.rect(middle, y, wide + 2, LINE - 4, svg.WHITE, None) if crossed and words else ""
    return ground + svg.text(x, y, words, anchor=anchor, fill=fill)


def note(x, y, shape, anchor="middle"):
    """A shape written into the picture, small and grey."""
    return svg.text(x, y, shape_text(shape), NOTE, anchor, svg.GREY)


def span_of_note(x, shape, anchor):
    """(left, right) of a shape that is written at x, with room for a font with wide signs."""
    wide = 1.25 * svg.width_of(shape_text(shape), NOTE)
    left = x - {"start": 0, "middle": wide / 2, "end": wide}[anchor]
    return left, left + wide


def weight_colour(weight):
    """The colour of a weight; where two weights have one colour, their numbers differ."""
    return svg.WEIGHT_COLOURS[(weight.mark - 1) % len(svg.WEIGHT_COLOURS)]


def chip(x, y, weight):
    """The small numbered box that stands for a weight in nodes and in the legend."""
    colour = weight_colour(weight)
    return (f'<g data-w="{weight.mark}">' + svg.rect(x, y, CHIP_WIDE, LINE, colour, radius=4)
            + svg.text(x, y, weight.mark, fill=svg.ink_on(colour)) + "</g>")


def draw_look(look, node, x, y, fill=None):
    """The SVG of a node at (x, y); `fill` is the colour of its value, if it has one."""
    return _drawn(look, node, x, y, fill) + _unknown(look, node, x, y)


def draw_bar(look, node, x, y, fill=None):
    """The SVG of a bar: its shape, and its words, on a ground that hides the wires across it."""
    marked = [weight for weight in node.weights if weight.mark]
    wide = max(svg.width_of(look.words), svg.width_of(look.below), CHIP * len(marked)) + 6
    words = svg.rect(x, y, wide, look.height - 4, _fill(marked, fill), None)
    words += _box_words(look, marked, x, y, fill) + _unknown(look, node, x, y)
    return _box_shape(look, marked, x, y, fill), words


def _unknown(look, node, x, y):
    return svg.text(x + look.width / 2 - 5, y - look.height / 2 + 6, "?", fill=svg.WARNING,
                    extra=' font-weight="bold" data-unknown="1"') if node.unknown else ""


def _drawn(look, node, x, y, fill):
    if look.kind == "dot":
        return svg.circle(x, y, 5, fill or svg.INK)
    if look.kind == "strip":
        return _strip(look, node, x, y, fill)
    if look.kind in ("circle", "gate"):
        return _draw_symbol(look, x, y, fill or svg.WHITE)
    marked = [weight for weight in node.weights if weight.mark]
    box = _box_shape(look, marked, x, y, fill) + _box_words(look, marked, x, y, fill)
    return box + _cuts(look, node, x, y) if node.type == "Slice" else box


def _draw_symbol(look, x, y, fill):
    ink = svg.ink_on(fill)
    if look.width == HIGH:
        shape = svg.circle(x, y, HIGH / 2, fill) + svg.text(x, y, look.words, SYMBOL, fill=ink)
    else:
        words = look.words if look.beside else f"{look.words} {look.name}".strip()
        radius = HIGH / 2 if look.kind == "circle" else 5
        shape = (svg.rect(x, y, look.width, look.height, fill, radius=radius)
                 + svg.text(x, y, words, fill=ink))
    if look.beside:
        dx, dy, anchor = look.beside
        shape += svg.text(x + dx, y + dy, look.name, anchor=anchor, extra=' data-beside="1"')
    return shape


def _fill(marked, value):
    """The colour of a box: of its value, else of its weight."""
    return value or (svg.mixed(weight_colour(marked[0]), 0.25) if marked else svg.PALE)


def _box_shape(look, marked, x, y, value):
    return svg.rect(x, y, look.width, look.height, _fill(marked, value),
                    radius=look.height / 2 if look.kind == "source" else 4)


def _box_words(look, marked, x, y, value):
    parts, ink = [], svg.ink_on(_fill(marked, value))
    lines = LINE * bool(look.words) + LINE * bool(look.below) + (LINE + 2) * bool(marked)
    line = y - lines / 2 + LINE / 2
    for words, colour in ((look.words, ink), (look.below, ink if value else svg.GREY)):
        if words:
            parts.append(svg.text(x, line, words, fill=colour))
            line += LINE
    left = x - CHIP * (len(marked) - 1) / 2
    parts += [chip(left + CHIP * i, line + 1, weight) for i, weight in enumerate(marked)]
    return "".join(parts)


def _strip(look, node, x, y, fill):
    """A `Slice`: a bar with a mark where it is cut, and what each piece is."""
    wide, names, fill = look.width, pieces(node), fill or svg.PALE
    names = names[::-1] if look.turned else names
    left, each = x - wide / 2, wide / max(len(names), 1)
    words = "".join(svg.text(left + each * (i + 0.5), y, svg.shortened(name, each - 4),
                             fill=svg.ink_on(fill)) for i, name in enumerate(names))
    return svg.rect(x, y, wide, look.height, fill) + _cuts(look, node, x, y, look.height) + words


def _cuts(look, node, x, y, long=4):
    """Marks between the pieces of a `Slice`, from its upper edge downward."""
    pieces, top = max(len(node.tops), 1), y - look.height / 2
    marks = "".join(f"M{svg.num(x + look.width * (i / pieces - 0.5))},{svg.num(top)}v{long}"
                    for i in range(1, pieces))
    return svg.path(marks, svg.INK, 1)

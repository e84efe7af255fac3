"""A net in words: the alt text of its picture, a table of its layers, and equations."""
from .arrangement import arrangement
from .graph import PROD, SUM
from .limits import short
from .recognise import is_lstm
from .source import phase_name
from .units import unit_name
from .wiring import is_constant

NAMED_WEIGHTS = 6  # so many weights of each sort a picture's alt text names
LINE = 76  # characters of a note, "and 9 more" not counted: it stays a line in the picture
FORMULAS = {
    "Sigmoid": "σ({0})", "TanH": "tanh({0})", "ReLU": "max(0, {0})", "AbsVal": "|{0}|",
    "Exp": "exp({0})", "Log": "log({0})", "Softmax": "exp({0}) / Σ exp({0})",
    "EuclideanLoss": "1/(2B) Σ ({0} − {1})²", "Split": "{0}", "Flatten": "{0}, flattened",
    "SoftmaxWithLoss": "−mean log softmax({0})[{1}]", "Dropout": "{0} × random mask",
    "LSTM": "LSTM over all steps of {0}", "RNN": "RNN over all steps of {0}"}


def alt_text(graph):
    """What the picture shows, in one sentence, for those who cannot see it."""
    steps = {step for stack in graph.stacks for step in stack.steps}
    shared = [weight for weight in graph.weights if weight.shared]
    parts = [_counted(len(steps), "step")] if steps else []
    parts += [_counted(len(graph.layers), "layer"), _counted(len(shared), "shared weight")]
    own = [weight for weight in graph.weights if not weight.shared]
    parts[-1] += _named(shared)
    if own:
        parts.append(f"{len(own):,} not shared{_named(own)}")
    states = list(dict.fromkeys(s.label for stack in graph.stacks for s in stack.states))
    if states:
        parts.append(f"{' and '.join(states)} handed from step to step")
    if arranged := arrangement(graph):
        parts.insert(0, arranged)
    kind = "unrolled net" if steps else "net"
    if unit := unit_name(graph.stacks):
        kind = f"unrolled {unit}"
    if graph.stacks and graph.stacks[0].parts:  # a cell that somebody builds
        kind = "LSTM step" if is_lstm(graph.stacks[0]) else "part of an LSTM step"
        parts = parts[1:]
    return "; ".join([f"{kind}, {', '.join(parts)}", *notes(graph)])


def notes(graph):
    """What one should know of the net beside what is shown, a sentence each."""
    source = graph.source
    found = []
    if source.unknown:
        found.append(_in_a_line("unknown to this Caffe, marked ?: ", map(str, source.unknown)))
    if source.left_out:
        shown = {layer.name for layer in graph.layers}
        names = ("another " * (layer.name in shown) + layer.name for layer in source.left_out)
        stages = short("".join(f", stage {stage}" for stage in source.state.stage), LINE // 2)
        found.append(_in_a_line(f"not in phase {phase_name(source.state)}{stages}: ", names))
    return found


def _in_a_line(start, words):
    """The start, as many of the words as have room, each once, and how many more there are."""
    words = [short(word, LINE // 2) for word in dict.fromkeys(words)]
    count, room = 0, LINE - len(start)
    while count < len(words) and (count == 0 or len(words[count]) + 2 <= room):
        room -= len(words[count]) + 2
        count += 1
    more = [f"and {len(words) - count} more"] if count < len(words) else []
    return start + ", ".join(words[:count] + more)


def _some(words):
    shown = [short(word) for word in words[:NAMED_WEIGHTS]]
    return ", ".join(shown + ["…"] * (len(words) > NAMED_WEIGHTS))


def _named(weights):
    return f" ({_some([weight.name for weight in weights])})" if weights else ""


def _counted(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def table(graph):
    """A line per layer: name, type, bottoms -> tops, parameters; then the totals."""
    rows = [("layer", "type", "bottoms -> tops", "parameters (* shared)")]
    for node in graph.nodes:
        for number, layer in enumerate(node.layers):
            weights = node.weights if number == 0 else ()
            blobs = node.bottoms if number == 0 else node.tops
            flow = f"{_blobs(blobs)} -> {_blobs(node.tops)}".strip()
            unknown = " ?" * bool(node.unknown)
            rows.append((layer.name, layer.type + unknown, flow + (" (in place)" if _in_place(layer) else ""),
                         ", ".join(_weight(weight) for weight in weights)))
    wide = [max(len(row[i]) for row in rows if i < 2 or row[3]) for i in range(3)]
    lines = ["  ".join([*(cell.ljust(w) for cell, w in zip(row, wide)), row[3]]).rstrip()
             for row in rows]
    return "\n".join([*lines, "", _totals(graph)])


def _in_place(layer):
    return bool(layer.bottom) and list(layer.bottom) == list(layer.top)


def _blobs(blobs):
    return ", ".join(blob.name + (f" {shape_text(blob.shape)}" if blob.shape is not None else "")
                     for blob in blobs)


def _weight(weight):
    size = f" {shape_text(weight.shape)}" if weight.shape else ""
    return weight.name + "*" * weight.shared + size + " fixed" * weight.fixed


def _totals(graph):
    shared = [weight for weight in graph.weights if weight.shared]
    words = (f"{_counted(len(graph.layers), 'layer')}, "
             f"{_counted(len(graph.weights), 'parameter blob')}, {len(shared)} of them shared")
    copies = sum(len(blob.readers) > 1 for node in graph.nodes for blob in node.tops)
    if copies:
        words += (f"\nCaffe adds {_counted(copies, 'Split layer')} where a blob has several "
                  f"readers: it runs {len(graph.layers) + copies:,}")
    for note in notes(graph):
        words += f"\n{note[0].upper()}{note[1:]}"
    return words + _numbers(graph)


def _numbers(graph):
    """How many numbers the net learns, and how many stay as they are."""
    if graph.net is None or any(weight.shape is None for weight in graph.weights):
        return ""
    learnt = [(_size(w.shape), len(w.users)) for w in graph.weights if not w.fixed]
    fixed = sum(_size(weight.shape) for weight in graph.weights if weight.fixed)
    words = (f"\n{_counted(sum(size for size, _ in learnt), 'number')} to learn "
             f"(without sharing: {sum(size * users for size, users in learnt):,})")
    return words + (f", {_counted(fixed, 'number')} fixed: by lr_mult: 0, or statistics of "
                    "BatchNorm" if fixed else "")


def _size(shape):
    size = 1
    for length in shape:
        size *= length
    return size


def equation(node):
    """What a node computes, with the names of its blobs.

    >>> from lstm_lib.drawing.structure.graph import read_graph
    >>> graph = read_graph('layer { name: "y" type: "TanH" bottom: "x" top: "y" }')
    >>> equation(graph.nodes[-1])
    'y = tanh(x)'
    """
    tops = ", ".join(blob.name for blob in node.tops) or node.name
    values = [blob.name for blob in node.bottoms]
    lines = []
    for layer in node.layers:
        sign = "←" if _in_place(layer) else "="
        lines.append(f"{tops} {sign} {_formula(node, layer, values)}")
        values = [blob.name for blob in node.tops]
    return "; ".join(lines)


def _formula(node, layer, values):
    kind = layer.type
    if kind == "InnerProduct":
        names = [weight.name for weight in node.weights]
        bias = f" + {names[1]}" if len(names) > 1 else ""
        return f"{names[0] if names else 'W'} · {', '.join(values)}{bias}"
    if kind == "Eltwise" and layer.eltwise_param.operation == SUM:
        return _sum(values, list(layer.eltwise_param.coeff))
    if kind == "Eltwise":
        return (" × ".join(values) if layer.eltwise_param.operation == PROD
                else f"max({', '.join(values)})")
    if is_constant(node):
        return f"{layer.power_param.shift:g}"
    if kind == "LSTMUnit" and len(values) > 1:
        return f"f * {values[0]} + i * g, o * tanh(c), with i, f, o, g cut from {values[1]}"
    if kind in FORMULAS and len(values) > FORMULAS[kind].count("{1}"):
        return FORMULAS[kind].format(*values)
    return f"{kind}({', '.join(values)})"


def _sum(values, coefficients):
    signs = coefficients or [1] * len(values)
    words = ""
    for value, factor in zip(values, signs):
        words += (" + " if factor >= 0 else " − ") if words or factor < 0 else ""
        words += value if abs(factor) == 1 else f"{abs(factor):g} {value}"
    return words.strip()


def shape_text(shape):
    """A shape in few characters.

    >>> shape_text((1, 10, 500))
    '1×10×500'
    """
    return "×".join(map(str, shape)) or "1 number"

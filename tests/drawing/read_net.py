"""Another reading of a prototxt, which shares no code with the library: what stands in the file?"""
import re
from collections import namedtuple

WORD = re.compile(r"""\s+|\#[^\n]*|("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([{}<>\[\],;:])|([^\s{}<>\[\],;:"'#]+)""")
Layer = namedtuple("Layer", "name type bottoms tops")


def read_layers(text, phase):
    """(names of the fields `input:`, the layers that a net of this phase is built of)."""
    net = _message(_words(text))
    state = _last(net, "state", [])
    level, stages = int(_last(state, "level", "0")), _all(state, "stage")
    found = []
    for name, layer in net:
        if name in ("layer", "layers") and _is_in(name, layer, phase, level, stages):
            inner = _last(layer, "layer", layer) if name == "layers" else layer  # 2013
            found.append(Layer(_last(inner, "name", ""), _last(inner, "type", ""),
                               _all(layer, "bottom"), _all(layer, "top")))
    return _all(net, "input"), found


def edges(inputs, layers):
    """(what makes a blob: a layer's number or the blob's name, the number of who reads it) each."""
    makers, found = {}, []
    for number, layer in enumerate(layers):
        found += [(makers.get(name, name), number) for name in layer.bottoms]
        makers.update(dict.fromkeys(layer.tops, number))
    return sorted(found, key=str)


def _words(text):
    return [found[0] for found in WORD.finditer(text) if found.lastindex]


def _message(words, close=None):
    """The fields of a message, in order: (name, text or fields) each; the words are used up."""
    words = words if hasattr(words, "__next__") else iter(words)
    fields = []
    for name in words:
        if name == close:
            break
        if name in ",;":
            continue
        value = next(words)
        value = next(words) if value == ":" else value
        if value in "{<":
            value = _message(words, "}" if value == "{" else ">")
        elif value[0] in "\"'":
            value = value[1:-1]
        fields.append((name, value))
    return fields


def _all(message, name):
    return [value for field, value in message if field == name]


def _last(message, name, default):
    return (_all(message, name) or [default])[-1]


def _is_in(kind, layer, phase, level, stages):
    included, excluded = _all(layer, "include"), _all(layer, "exclude")
    if kind == "layers" and _all(layer, "phase"):  # early 2014
        included = [[("phase", _last(layer, "phase", ""))]]
    rules = included or excluded
    return any(_meets(rule, phase, level, stages) for rule in rules) == bool(included)


def _meets(rule, phase, level, stages):
    return (_last(rule, "phase", phase) == phase
            and int(_last(rule, "min_level", level)) <= level <= int(_last(rule, "max_level", level))
            and set(_all(rule, "stage")) <= set(stages)
            and not set(_all(rule, "not_stage")) & set(stages))

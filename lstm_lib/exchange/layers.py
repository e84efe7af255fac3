"""How are several layers, and both directions, said in weights?

The weights of one layer are the namedtuple of its cell. Several layers are a list of them, from
below. Where a layer runs in both directions, a tuple (forward, backward) stands in place of one.
Within this package they are a list of layers, each a list of one or two directions.
"""
from collections.abc import Mapping

from ..errors import NetError
from .layouts import CELL_OF, LAYOUTS, a, unit_of
from .shapes import check_shapes, picked

KNOWN = tuple(cell.arrays for cell in CELL_OF.values())


def layers_of(library, weights):
    """Weights as a list of layers, each a list of directions; all checked, as float32."""
    parts = list(map(_is_a_layer, weights)) if isinstance(weights, (list, tuple)) else []
    several = isinstance(weights, list) and parts and all(parts)
    if any(parts) and not several and not _is_a_pair(weights):
        raise NetError("several layers are a list of the weights of each, from below, and both "
                       f"directions a tuple of two; got a {type(weights).__name__} of "
                       f"{len(weights)}, with such weights at {parts.count(True)} places.")
    layers = of_each_layer(weights if several else [weights],
                           lambda layer: _directions(library, layer))
    _check_chain(layers)
    return layers


def joined(layers):
    """The way back: without the list where there is one layer, without the tuple where one way."""
    _check_chain(layers)
    made = [tuple(layer) if len(layer) == 2 else layer[0] for layer in layers]
    return made if len(made) > 1 else made[0]


def of_each_layer(given, read):
    """`read` of each layer; an error says which layer it is, where there are several."""
    made = []
    for number, layer in enumerate(given, start=1):
        try:
            made.append(read(layer))
        except NetError as error:
            raise error if len(given) == 1 else NetError(f"Layer {number}: {error}") from None
    return made


def as_layers(given):
    """What another library gave of one layer, or of each layer of a list, as a list.

    An item of a list is a layer, and no array of one, if it is a Keras layer, or names its
    arrays, or begins with a matrix.
    """
    def is_a_layer(item):
        first = item[0] if isinstance(item, (list, tuple)) and item else None
        return (isinstance(item, Mapping) or hasattr(item, "get_weights")
                or getattr(first, "ndim", 0) > 1)

    return given if isinstance(given, list) and given and all(map(is_a_layer, given)) else [given]


def _is_a_layer(given):
    return isinstance(given, KNOWN) or _is_a_pair(given)


def _is_a_pair(given):
    return isinstance(given, tuple) and len(given) == 2 and all(
        isinstance(way, KNOWN) for way in given)


def _directions(library, layer):
    ways = [_checked(library, way) for way in (layer if _is_a_pair(layer) else [layer])]
    if len({(type(way), *_sizes(way)) for way in ways}) > 1:
        raise NetError("forward and backward are one unit with one D and one H, got "
                       f"{' and '.join(map(_said, ways))}.")
    return ways


def _checked(library, weights):
    unit = unit_of(weights)
    if library not in LAYOUTS[unit]:
        raise NetError(f"{library} has no {unit}; ONNX has, so to_onnx and write_onnx take it.")
    return CELL_OF[unit].arrays(*check_shapes(
        "lstm_lib", *picked("lstm_lib", weights, unit)))


def _check_chain(layers):
    """Raise unless each layer reads as many numbers as the one below gives."""
    for number, (below, above) in enumerate(zip(layers, layers[1:]), start=1):
        given = len(below) * _sizes(below[0])[1]
        if _sizes(above[0])[0] != given:
            raise NetError(f"layer {number} gives {given} numbers a step, from {len(below)} "
                           f"direction(s), and layer {number + 1} is {_said(above[0])}.")


def _sizes(weights):
    """D and H."""
    return weights[0].shape[1], weights[2].shape[1]


def _said(weights):
    D, H = _sizes(weights)
    return f"{a(unit_of(weights))} with D = {D}, H = {H}"

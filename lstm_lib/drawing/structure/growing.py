"""A cell that somebody builds layer by layer: one step of an LSTM, whole or not yet.

It is found by what its layers compute, whatever they are called: products of two inputs, their
sum z, the slice into four, gates, c = f * c_before + i * g, h = o * tanh(c); or an `LSTMUnit`
behind z. A `Scale` may clear the states where a sequence begins.
"""
from .copies import makers, original_blob, readers
from .graph import PROD, SUM

GATES = "ifog"  # in the order in which they are cut
BEFORE = "c before", "h before"


def growing_cell(graph):
    """Name of each part -> its node, and of "c before" and "h before" -> blob; None for no cell.

    A net with two such cells is a net like any other.
    """
    found = [part for part in map(_around, _pairs(graph)) if part]
    found = [part for part in found
             if {"slice", "unit"} & set(part) or _fits_a_cell(graph, part)]
    return found[0] if len(found) == 1 else None


def _pairs(graph):
    """The sums of two products; where there is no sum yet, two products that will be added."""
    products = [node for node in graph.nodes if _is_product(node)]
    sums = [node for node in graph.nodes if _is(node, SUM) and len(node.bottoms) == 2
            and all(map(_is_product, makers(node)))]
    if sums or len(products) != 2 or any(map(readers, products)):
        return [({"z": node}, makers(node)) for node in sums]
    return [({}, products)]


def _around(pair):
    part, products = pair
    sizes = {node.layers[0].inner_product_param.num_output for node in products}
    if len(set(products)) < 2 or len(sizes) > 1:
        return None
    recurrent = [node for node in products
                 if _width(_before(node.bottoms[0])[0]) == min(sizes) / 4]
    bare = [node for node in products if not node.layers[0].inner_product_param.bias_term]
    Mh = next((found[0] for found in (recurrent, bare) if len(found) == 1), products[1])
    _read_state(part, "h", Mh.bottoms[0])
    if part["h before"].maker.bottoms:
        return None  # no state comes in from outside
    part.update(Mh=Mh, Mx=next(node for node in products if node is not Mh))
    units = [node for node in readers(part["z"]) if node.type == "LSTMUnit"] if "z" in part else ()
    if len(units) == 1 and makers(units[0])[1:2] == [part["z"]]:
        part.update(unit=units[0], c=units[0], h=units[0])
        _read_state(part, "c", units[0].bottoms[0])
        return part
    slices = [node for node in readers(part["z"]) if node.type == "Slice"] if "z" in part else ()
    if len(slices) == 1 and len(slices[0].tops) == 4:
        part["slice"] = slices[0]
        _add_gates(part)
    return part


def _before(blob):
    """(the state itself, the `Scale` layer that clears it or None) of a blob that a cell reads."""
    blob = original_blob(blob)
    maker = blob.maker
    if maker.type == "Scale" and len(maker.bottoms) == 2 and len(maker.layers) == 1:
        return original_blob(maker.bottoms[0]), maker
    return blob, None


def _read_state(part, name, blob):
    part[f"{name} before"], reset = _before(blob)
    if reset is not None:
        part[f"reset_{name}"] = reset


def _add_gates(part):
    for letter, top in zip(GATES, part["slice"].tops):
        kind = "TanH" if letter == "g" else "Sigmoid"
        found = [node for node in _readers_of(top) if node.type == kind]
        if len(found) == 1:
            part[letter] = found[0]
    _add(part, "c_f", PROD, "f")
    _add(part, "c_i", PROD, "i", "g")
    _add(part, "c", SUM, "c_f", "c_i")
    squashed = [node for node in readers(part["c"]) if node.type == "TanH"] if "c" in part else ()
    if len(squashed) == 1:
        part["act_c"] = squashed[0]
        _add(part, "h", PROD, "o", "act_c")
    if "c_f" in part:
        _read_state(part, "c", next(blob for blob, maker in zip(
            part["c_f"].bottoms, makers(part["c_f"])) if maker is not part["f"]))


def _add(part, name, operation, *names):
    """Add the layer that combines these parts, and with one of them what comes in."""
    if not all(other in part for other in names):
        return
    fed_by = {part[other] for other in names}
    inside = set(part.values())
    found = [node for node in readers(part[names[0]]) if _is(node, operation)
             and len(node.bottoms) == 2 and set(makers(node)) & inside == fed_by]
    if len(found) == 1:
        part[name] = found[0]


def _fits_a_cell(graph, part):
    """Before the slice: whether h is a quarter as wide as the products, and c waits beside it."""
    width = _width(part["h before"])
    waiting = [blob for node in graph.nodes if not node.bottoms
               for blob in node.tops if not blob.readers and _width(blob) == width]
    products = part["Mh"].layers[0].inner_product_param
    return width and products.num_output == 4 * width and len(waiting) == 1


def _is_product(node):
    return node.type == "InnerProduct" and len(node.layers) == 1 and len(node.bottoms) == 1


def _is(node, operation):
    return (node.type == "Eltwise" and len(node.layers) == 1
            and node.layers[0].eltwise_param.operation == operation)


def _readers_of(blob):
    return [node for node in readers(blob.maker) if blob in map(original_blob, node.bottoms)]


def _width(blob):
    """How many numbers its last axis has, or None where nobody tells."""
    layer = blob.maker.layers[0]
    shapes = {"Input": layer.input_param.shape, "DummyData": layer.dummy_data_param.shape}.get(
        layer.type, ())
    shape = blob.shape or (shapes[0].dim if shapes else ())
    return shape[-1] if shape else None

"""The layers of a net as rows of a table, those that are equal in all time steps in one."""
from ..drawing.structure.words import shape_text

SHOWN = 5  # so many blobs of a longer list, and the last


class Row:
    """A layer, or one of each step: names, shapes and weights are those of the first.

    name, type : of the layer. times : how many steps have one like it.
    bottoms, tops : what it reads and makes, as text, without the middle of a long list.
    weights : (text, how many layers use it).
    """

    def __init__(self, node, number):
        layer = node.layers[number]
        self.name, self.times, self.last = layer.name, 1, layer.name
        self.type = layer.type + " ?" * bool(node.unknown)
        self.bottoms = _blobs(node.tops if number else node.bottoms)
        self.tops = _blobs(node.tops)
        self.in_place = bool(number) or list(layer.bottom) == list(layer.top) != []
        self.weights = [] if number else [
            (weight.name + (f" {shape_text(weight.shape)}" if weight.shape else ""),
             len(weight.users)) for weight in node.weights]


def rows_of(graph):
    """A `Row` for each layer, in the net's order; of equal layers in T steps there is one.

    >>> from lstm_lib.explain import explain
    >>> from lstm_lib import caffe, prototxt, unroll
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[20, 2, 5])))
    >>> made = unroll(ns, ns.x, 20, 4)
    >>> rows = explain(prototxt(ns)).layers
    >>> [(row.name, row.times) for row in rows][3:6]
    [('slice_x', 1), ('t1/lstm/Mx', 20), ('t1/lstm/Mh', 20)]
    """
    rows, alike = [], {}
    for node in graph.nodes:
        for number, layer in enumerate(node.layers):
            if not (layer.name or layer.type):
                continue
            key = node.stack is not None and (
                node.stack, node.role, number, layer.type,
                tuple(blob.shape for blob in (*node.bottoms, *node.tops)),
                tuple((weight.shape, weight.name) for weight in node.weights if weight.named))
            if key and key in alike:
                alike[key].times += 1
                alike[key].last = layer.name
                continue
            rows.append(Row(node, number))
            alike[key] = rows[-1]
    return rows


def steps_in_words(graph):
    """How many layers a step has and how many steps there are, of each unrolled net."""
    words = []
    for stack in graph.stacks:
        sizes = {sum(len(node.layers) for node in nodes) for nodes in stack.cells.values()}
        size = "–".join(map(str, sorted({min(sizes), max(sizes)})))
        words.append(f"{stack.name} {size} layers × {len(stack.steps):,} steps".strip())
    return words


def _blobs(blobs):
    words = list(map(_blob, blobs))
    if len(words) <= SHOWN + 2:
        return words
    return [*words[:SHOWN], f"… {len(words) - SHOWN - 1:,} more …", words[-1]]


def _blob(blob):
    return blob.name + (f" {shape_text(blob.shape)}" if blob.shape is not None else "")

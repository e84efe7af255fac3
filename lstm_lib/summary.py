"""What is in this net? As text: layers with shapes, weights, and what is shared."""
from .nets import shared_weights


def summary(net):
    """Layers with the shapes of their tops and weights, then the weights and who uses them.

    Examples
    --------
    >>> from lstm_lib import load_net
    >>> net = load_net('''
    ...     layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ...     layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" param { name: "W" }
    ...             inner_product_param { num_output: 4 bias_term: false } }''')
    >>> print(summary(net))
    2 layers, 1 weights, 12 numbers (0.0 MB)
    <BLANKLINE>
    layer  type          weights   tops
    x      Input                   x (2, 3)
    y      InnerProduct  W (4, 3)  y (2, 4)
    <BLANKLINE>
    weight  shape   used by
    W       (4, 3)  y
    """
    weights = shared_weights(net)
    numbers = sum(blob.count for blob, _ in weights.values())
    name = f'"{net.spec.name}": ' if net.spec.name else ""
    head = (f"{name}{len(net.spec.layer)} layers, {len(weights)} weights, "
            f"{numbers:,} numbers ({4 * numbers / 1e6:.1f} MB)")
    return "\n\n".join([head, layer_table(net, weights), weight_table(weights)]).rstrip()


def layer_table(net, weights):
    """A line for each layer."""
    used = {}
    for name, (blob, layers) in weights.items():
        for layer in layers:
            used.setdefault(layer, []).append(f"{name} {shape(blob)}")
    rows = [(layer.name, layer.type, ", ".join(used.get(layer.name, ())), tops(net, layer))
            for layer in net.spec.layer]
    return aligned([("layer", "type", "weights", "tops"), *rows])


def tops(net, layer):
    """The layer's tops by shape: `i, f, o, g (1, 2, 3)`."""
    by_shape = {}
    for top in layer.top:
        if top in net.blobs:  # layers of the other phase have no blobs here
            by_shape.setdefault(shape(net.blobs[top]), []).append(top)
    return ", ".join(f"{elided(names)} {size}" for size, names in by_shape.items())


def weight_table(weights):
    """A line for each weight: more than one user means that they share it."""
    if not weights:
        return ""
    rows = [("weight", "shape", "used by")]
    for name, (blob, layers) in weights.items():
        shared = f"shared by {len(layers)} layers: " if len(layers) > 1 else ""
        rows.append((name, shape(blob), shared + elided(layers)))
    return aligned(rows)


def elided(names):
    """All names, or of many the first two and the last."""
    return ", ".join(names if len(names) < 5 else [*names[:2], "...", names[-1]])


def shape(blob):
    """The blob's shape as text: `(1, 2, 3)`."""
    return str(tuple(blob.shape))


def aligned(rows):
    """Columns as wide as their longest word."""
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip()
                     for row in rows)

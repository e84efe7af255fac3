"""What a layer does beyond its type's name: which operation, where it cuts."""
from .graph import MAX, PROD, SUM

MOST_CUTS = 4  # so many places of a cut are named


def type_words(layer):
    """The type, with the operation of an `Eltwise` and the cuts of a `Slice`.

    >>> from lstm_lib import caffe
    >>> ns, L = caffe.NetSpec(), caffe.layers
    >>> ns.x = L.Input(input_param=dict(shape=dict(dim=[1, 8])))
    >>> ns.a, ns.b, ns.rest = L.Slice(ns.x, ntop=3, slice_point=[2, 4])
    >>> ns.y = L.Eltwise(ns.a, ns.b, operation=caffe.params.Eltwise.PROD)
    >>> [type_words(layer) for layer in ns.to_proto().layer]
    ['Input', 'Slice (axis 1 at 2, 4)', 'Eltwise (× product)']
    """
    if layer.type == "Eltwise":
        return f"Eltwise ({operation(layer)})"
    if layer.type == "Slice":
        return f"Slice ({_cuts(layer)})"
    return layer.type


def operation(layer):
    """The symbol and the name of what an `Eltwise` does."""
    kind, factors = layer.eltwise_param.operation, list(layer.eltwise_param.coeff)
    if kind == SUM and factors == [1, -1]:
        return "− difference"
    if kind == SUM and any(factor != 1 for factor in factors):
        return "+ weighted sum"
    return {PROD: "× product", SUM: "+ sum", MAX: "max"}[kind]


def _cuts(layer):
    options = layer.slice_param
    axis = options.slice_dim if options.HasField("slice_dim") else options.axis
    points = [str(point) for point in options.slice_point]
    if not points:
        return f"axis {axis} into {len(layer.top)}"
    if len(points) > MOST_CUTS:
        points = [*points[:MOST_CUTS - 2], "…", points[-1]]
    return f"axis {axis} at {', '.join(points)}"

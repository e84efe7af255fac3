"""Draw a net with Graphviz: the functions of `caffe.draw`, on pydot.

The same nodes, labels, colours and edges as pycaffe draws.
"""
from .proto import caffe_pb2

LAYER_STYLE_DEFAULT = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}
NEURON_LAYER_STYLE = {"shape": "record", "fillcolor": "#90EE90", "style": "filled"}
BLOB_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}
COLORS = {"Convolution": "#FF5050", "Deconvolution": "#FF5050", "Pooling": "#FF9900",
          "InnerProduct": "#CC33FF"}
LEARNS = "Convolution", "Deconvolution", "InnerProduct"


def get_pooling_types_dict():
    """Number -> name of each way to pool."""
    return dict(map(reversed, caffe_pb2.PoolingParameter.PoolMethod.items()))


def get_edge_label(layer):
    """What stands at the edges to a layer's tops: its number of outputs, or of images at once."""
    if layer.type == "Data":
        return f"Batch {layer.data_param.batch_size}"
    if layer.type == "InnerProduct":
        return str(layer.inner_product_param.num_output)
    return str(layer.convolution_param.num_output) if layer.type in LEARNS else '""'


def get_layer_lr_mult(layer):
    """The learning rate multipliers of weight and bias of a layer that learns."""
    if layer.type not in LEARNS:
        raise ValueError(f"{layer.type} layers do not have a learning rate multiplier")
    return tuple([*(param.lr_mult for param in layer.param), 1.0, 1.0][:2])


def get_layer_label(layer, rankdir, display_lrm=False):
    """Name, type, sizes and, if asked for, learning rates; from left to right a line for each."""
    pools = layer.type == "Pooling"
    way = " " + get_pooling_types_dict()[layer.pooling_param.pool] if pools else ""
    parts = [layer.name, f"({layer.type}{way})", *_sizes(layer)]
    if display_lrm and layer.type in LEARNS and any(get_layer_lr_mult(layer)):
        parts.append("lr mult: {:.1f}, {:.1f}".format(*get_layer_lr_mult(layer)))
    separator = " " if rankdir in ("TB", "BT") else r"\n"
    return f'"{separator.join(parts)}"'


def _sizes(layer):
    """Kernel size, stride and padding, where a layer has them; of several the first."""
    if layer.type == "Pooling":
        sizes = layer.pooling_param
        found = sizes.kernel_size, sizes.stride, sizes.pad
    elif layer.type in ("Convolution", "Deconvolution"):
        sizes = layer.convolution_param
        found = [[*given, default][0] for given, default in
                 ((sizes.kernel_size, 1), (sizes.stride, 1), (sizes.pad, 0))]
    else:
        return []
    return [f"{what}: {size}" for what, size in zip(("kernel size", "stride", "pad"), found)]


def choose_color_by_layertype(layertype):
    """The fill colour of a layer."""
    return COLORS.get(layertype, LAYER_STYLE_DEFAULT["fillcolor"])


def get_pydot_graph(caffe_net, rankdir, label_edges=True, phase=None, display_lrm=False):
    """The pydot graph of a NetParameter; with a phase, of the layers of that phase."""
    import pydot  # here, so that all else works without it

    graph = pydot.Dot(caffe_net.name or "Net", graph_type="digraph", rankdir=rankdir)
    nodes, edges = {}, []
    for layer in caffe_net.layer:
        if phase is not None and not _in_phase(layer, phase):
            continue
        name = f"{layer.name}_{layer.type}"
        nodes[name] = pydot.Node(get_layer_label(layer, rankdir, display_lrm),
                                 **_layer_style(layer))
        nodes.update((f"{blob}_blob", pydot.Node(blob, **BLOB_STYLE)) for blob in layer.bottom)
        nodes.update((f"{blob}_blob", pydot.Node(blob)) for blob in layer.top)
        edges += [(f"{blob}_blob", name, '""') for blob in layer.bottom]
        label = get_edge_label(layer) if label_edges else '""'
        edges += [(name, f"{blob}_blob", label) for blob in layer.top]
    for node in nodes.values():
        graph.add_node(node)
    for source, target, label in edges:
        graph.add_edge(pydot.Edge(nodes[source], nodes[target], label=label))
    return graph


def _layer_style(layer):
    if len(layer.bottom) == len(layer.top) == 1 and layer.bottom[0] == layer.top[0]:
        return NEURON_LAYER_STYLE
    return {**LAYER_STYLE_DEFAULT, "fillcolor": choose_color_by_layertype(layer.type)}


def _in_phase(layer, phase):
    if layer.include and layer.exclude:
        raise ValueError(f"layer {layer.name} has both include and exclude specified.")
    if layer.include:
        return any(rule.phase == phase for rule in layer.include)
    return all(rule.phase != phase for rule in layer.exclude)


def draw_net(caffe_net, rankdir, ext="png", phase=None, display_lrm=False):
    """The picture of a NetParameter as bytes of the format `ext`."""
    graph = get_pydot_graph(caffe_net, rankdir, phase=phase, display_lrm=display_lrm)
    return graph.create(format=ext)


def draw_net_to_file(caffe_net, filename, rankdir="LR", phase=None, display_lrm=False):
    """Write the picture of a NetParameter; the file's extension says the format."""
    ext = filename[filename.rfind(".") + 1:]
    with open(filename, "wb") as file:
        file.write(draw_net(caffe_net, rankdir, ext, phase, display_lrm))

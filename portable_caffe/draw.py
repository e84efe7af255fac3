"""Draw a net with Graphviz: the functions of `caffe.draw`, on pydot.

The same nodes, labels, colours and edges as pycaffe draws for the layer types known here.
"""
LAYER_STYLE_DEFAULT = {"shape": "record", "fillcolor": "#6495ED", "style": "filled"}
NEURON_LAYER_STYLE = {"shape": "record", "fillcolor": "#90EE90", "style": "filled"}
BLOB_STYLE = {"shape": "octagon", "fillcolor": "#E0E0E0", "style": "filled"}


def get_edge_label(layer):
    """What stands at the edges to a layer's tops: the outputs of an InnerProduct."""
    return str(layer.inner_product_param.num_output) if layer.type == "InnerProduct" else '""'


def get_layer_lr_mult(layer):
    """The learning rate multipliers of weight and bias of an InnerProduct."""
    if layer.type != "InnerProduct":
        raise ValueError(f"{layer.type} layers do not have a learning rate multiplier")
    return tuple([*(param.lr_mult for param in layer.param), 1.0, 1.0][:2])


def get_layer_label(layer, rankdir, display_lrm=False):
    """Name, type and, if asked for, learning rates; on lines of their own from left to right."""
    parts = [layer.name, f"({layer.type})"]
    if display_lrm and layer.type == "InnerProduct" and any(get_layer_lr_mult(layer)):
        parts.append("lr mult: {:.1f}, {:.1f}".format(*get_layer_lr_mult(layer)))
    separator = " " if rankdir in ("TB", "BT") else r"\n"
    return f'"{separator.join(parts)}"'


def choose_color_by_layertype(layertype):
    """The fill colour of a layer."""
    return "#CC33FF" if layertype == "InnerProduct" else LAYER_STYLE_DEFAULT["fillcolor"]


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

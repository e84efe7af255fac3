"""A net as a graph, from which every picture and every table is made.

A layer that works in place makes a new version of its blob here. So each blob has one maker,
and the graph has no cycle.
"""
from ...safe_caffe.engine import caffe
from ...errors import NetError
from .limits import with_short_names
from .source import phase_name, read_source

PROD, SUM, MAX = range(3)  # operations of Eltwise
# Type -> how many parameters; and where it depends on a bias, which options tell of it.
COUNTED = {"LSTM": 3, "RNN": 5, "BatchNorm": 3, "PReLU": 1}
WITH_BIAS = {"InnerProduct": "inner_product_param", "Convolution": "convolution_param",
             "Deconvolution": "convolution_param", "Embed": "embed_param",
             "Scale": "scale_param"}


class Blob:
    """A version of a blob: which node makes it, which nodes read it."""

    __slots__ = ("name", "maker", "readers", "shape", "last")

    def __init__(self, name, maker, shape):
        self.name, self.maker, self.shape = name, maker, shape
        self.readers = []
        self.last = True  # False once an in-place layer has written over it


class Weight:
    """One parameter blob, used by one layer or shared by several."""

    __slots__ = ("name", "named", "shape", "users", "mark", "fixed")

    def __init__(self, name, named, shape):
        self.name, self.named, self.shape = name, named, shape
        self.users = []
        self.mark = 0  # its number in the legend, 0 where it has none
        self.fixed = False  # no solver changes it

    @property
    def shared(self):
        """Whether more than one layer uses it."""
        return len(self.users) > 1


class Node:
    """A layer, with the layers that work in place on its only top."""

    __slots__ = ("index", "name", "type", "layers", "bottoms", "tops", "weights", "unknown",
                 "stack", "step", "role")

    def __init__(self, index, layer):
        self.index, self.layers = index, [layer]
        self.name, self.type = layer.name, layer.type  # of the first, where others follow
        self.bottoms, self.tops, self.weights = [], [], []
        self.unknown = []  # options and types that this Caffe does not know
        self.stack = self.step = self.role = None  # filled in by `steps.find_steps`


class Graph:
    """The nodes in the net's order, the weights, and the loaded net if the shapes are known.

    `source` says which layers are shown.
    """

    def __init__(self, source, name, all_layers=False):
        self.source, self.name, self.net = source, name, source.net
        self.numbers = self.net is not None  # are there numbers worth showing?
        self.all_layers = all_layers  # all that Caffe runs are nodes, and all are drawn
        self.nodes, self.weights = [], []
        self.stacks = []  # filled in by `steps.find_steps`

    @property
    def layers(self):
        """All layers, in-place ones too, that come from the prototxt."""
        return [layer for node in self.nodes for layer in node.layers if layer.name or layer.type]


def read_graph(source, all_layers=False, phase=None, stages=()):
    """The graph of a NetSpec, prototxt text, path, NetParameter or loaded net.

    `all_layers`: with the `Split` layers that Caffe added when it built a loaded net.
    `phase` and `stages` say which layers of a net that is not loaded are shown.

    Raises
    ------
    NetError : the text is no prototxt, the net holds no layer or is too large to be shown, or
        all layers are asked for and the net is not loaded.

    Examples
    --------
    >>> graph = read_graph('layer { name: "x" type: "Input" top: "x" }'
    ...                    'layer { name: "y" type: "TanH" bottom: "x" top: "x" }')
    >>> [[layer.type for layer in node.layers] for node in graph.nodes]
    [['Input', 'TanH']]
    """
    found = read_source(source, phase, stages)
    spec = with_short_names(found.spec)
    if not spec.layer:
        raise NetError("this net holds no layer, so there is nothing to draw."
                       if not found.left_out else
                       f"this net holds no layer in the phase {phase_name(found.state)}: all "
                       f"{len(found.left_out)} stand in another phase or stage.")
    graph = Graph(found, spec.name, all_layers)
    if all_layers:
        if graph.net is None:
            raise NetError("which layers Caffe runs is known of a loaded net only: "
                           "draw(load_net(...), all_layers=True).")
        spec = with_short_names(as_built(graph.net))
    _Reader(graph, spec).read()
    return graph


def as_built(net):
    """The NetParameter of the layers that Caffe runs, with their real bottoms and tops."""
    written = {layer.name: layer for layer in net.built.layer}
    built = caffe.proto.caffe_pb2.NetParameter(name=net.spec.name)
    for name, layer in zip(net._layer_names, net.layers):
        added = built.layer.add()
        if name in written:
            added.CopyFrom(written[name])
        added.name, added.type = name, layer.type
        added.bottom[:], added.top[:] = net.bottom_names[name], net.top_names[name]
    return built


class _Reader:
    def __init__(self, graph, spec):
        self.graph, self.spec = graph, spec
        net = graph.net
        self.shapes = {name: tuple(blob.shape) for name, blob in net.blobs.items()} if net else {}
        self.current = {}  # blob name -> its newest version
        self.weights = {}

    def read(self):
        for name in self.spec.input:  # inputs in the style of 2014, without shapes
            self._source(name, "Input")
        nodes = [self._layer(layer) for layer in self.spec.layer]
        for one in self.graph.source.unknown:
            if one.layer is not None:
                nodes[one.layer].unknown.append(one)
        self.graph.weights = list(self.weights.values())

    def _source(self, name, type_name):
        layer = caffe.proto.caffe_pb2.LayerParameter(name=name, type=type_name, top=[name])
        return self._layer(layer)

    def _layer(self, layer):
        bottoms, tops = list(layer.bottom), list(layer.top)
        for name in bottoms:
            if name not in self.current:
                self._source(name, "no layer makes this blob")
        node = self._folded_into(layer, bottoms, tops)
        if node is None:
            node = Node(len(self.graph.nodes), layer)
            self.graph.nodes.append(node)
            for name in bottoms:
                blob = self.current[name]
                blob.readers.append(node)
                node.bottoms.append(blob)
        node.tops = []
        for name in tops:
            if name in self.current:
                self.current[name].last = False
            blob = self.current[name] = Blob(name, node, self.shapes.get(name))
            node.tops.append(blob)
        self._add_weights(layer, node)
        return node

    def _folded_into(self, layer, bottoms, tops):
        """The node that an in-place layer joins: its blob's maker, if nobody else reads that."""
        if bottoms != tops or len(tops) != 1 or layer.loss_weight:
            return None
        blob = self.current[tops[0]]
        if blob.readers or len(blob.maker.tops) != 1:
            return None
        blob.maker.layers.append(layer)
        return blob.maker

    def _add_weights(self, layer, node):
        blobs = self.graph.net.params.get(layer.name, ()) if self.graph.net else ()
        names = [param.name for param in layer.param]
        for index in range(max(len(names), len(blobs), _implied(layer))):
            name = names[index] if index < len(names) else ""
            # a weight without a name is the layer's own
            key = name or (node.index, len(node.layers), index)
            shape = tuple(blobs[index].shape) if index < len(blobs) else None
            weight = self.weights.setdefault(key, Weight(name or f"{layer.name}[{index}]",
                                                         bool(name), shape))
            weight.shape = weight.shape or shape
            weight.fixed = _is_fixed(layer, index, weight.fixed)
            if node not in weight.users[-1:]:
                weight.users.append(node)
            node.weights.append(weight)


def _is_fixed(layer, index, before):
    """Statistics of BatchNorm, or `lr_mult: 0`; where no user says so, as the one before."""
    if layer.type == "BatchNorm":
        return True
    said = index < len(layer.param) and layer.param[index].HasField("lr_mult")
    return layer.param[index].lr_mult == 0 if said else before


def _implied(layer):
    """How many parameters this type of layer has, as far as the prototxt says."""
    field = WITH_BIAS.get(layer.type)
    if field is None:
        return COUNTED.get(layer.type, 0)
    if layer.type == "Scale" and len(layer.bottom) > 1:
        return int(layer.scale_param.bias_term)
    return 1 + int(getattr(layer, field).bias_term)

"""The net: pycaffe's `Net` on arrays of any library."""
import os
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from itertools import zip_longest

import numpy as np

from . import arrays, files
from .batches import Batches
from .blob import Blob
from .build import Graph
from .callbacks import Callbacks
from .errors import NetError, did_you_mean
from .inner_names import InnerNames
from .net_files import NetFiles
from .node import Node, run_all
from .prepare import in_state, prepare
from .proto import caffe_pb2
from .upgrade import upgraded
from .gpu.replay import Runs


class Net(Batches, Callbacks, InnerNames, NetFiles):
    """A net built from a prototxt file (or a NetParameter) for one phase, TRAIN or TEST.

    >>> import portable_caffe as caffe
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2])))
    >>> ns.y = caffe.layers.Power(ns.x, shift=3)
    >>> caffe.Net(ns.to_proto(), caffe.TEST).forward()["y"].tolist()
    [[3.0, 3.0]]
    """

    def __init__(self, network_file, phase=None, level=0, stages=None, weights=None):
        phase, level, weights = in_new_order(phase, level, weights)
        if phase is None:
            raise TypeError("give the phase: caffe.TRAIN or caffe.TEST.")
        self.spec = read_net(network_file)
        state = caffe_pb2.NetState()
        state.CopyFrom(self.spec.state)
        state.phase, state.level = phase, level
        state.stage.extend(stages or [])
        self._build(state)
        if weights is not None:
            self.copy_from(weights)

    @classmethod
    def in_state(cls, spec, state):
        """The net of a NetParameter in a NetState, as a solver builds it."""
        net = cls.__new__(cls)
        net.spec = spec
        net._build(state)
        return net

    def _build(self, state):
        self.state, self.phase = state, state.phase
        self.built = in_state(self.spec, state)  # without the layers of other phases
        prepared = prepare(self.spec, state)
        self.name = prepared.name
        self._graph = graph = Graph(prepared, state.phase)
        self._nodes = graph.nodes
        self._layer_names = [node.spec.name for node in self._nodes]
        self._place = {name: i for i, name in reversed([*enumerate(self._layer_names)])}  # the first
        self._gradients = {id(weight.blob.diff_memory): weight.blob.diff_memory
                           for weight in graph.weights}.values()
        self._runs = Runs(self._nodes)
        self._shapes_follow = any(node.layer.shapes_itself for node in self._nodes)
        self._prepare_callbacks()
        self._ran = None  # the arrays of the last forward
        self._seen_reshapes = Blob.reshapes
        self.blobs = graph.blobs
        self.layers = [node.layer.for_user() for node in self._nodes]
        self.params = OrderedDict((node.spec.name, node.layer.blobs)
                                  for node in self._nodes if node.layer.blobs)
        self.inputs, self.outputs = graph.inputs, sorted(graph.unread)

    @cached_property
    def top_names(self):
        """Layer -> the names of its tops."""
        return OrderedDict((node.spec.name, list(node.spec.top)) for node in self._nodes)

    @cached_property
    def bottom_names(self):
        """Layer -> the names of its bottoms."""
        return OrderedDict((node.spec.name, list(node.spec.bottom)) for node in self._nodes)

    @cached_property
    def layer_dict(self):
        """Name -> layer."""
        return OrderedDict(zip(self._layer_names, self.layers))

    @cached_property
    def blob_loss_weights(self):
        """Blob -> how much it counts in the loss; 0 for most."""
        weights = OrderedDict((name, 0.0) for name in self.blobs)
        for node in self._nodes:
            weights.update(zip(node.spec.top, node.loss_weights))
        return weights

    def forward(self, blobs=None, start=None, end=None, **kwargs):
        """Run the layers from `start` to `end` (names, both included).

        kwargs : an array for each input. Returns name -> array of the outputs (those of
        the layer `end`, if given) and of `blobs`; the arrays change at the next forward.
        """
        self._fill(kwargs, self.inputs, "data", "Input blob arguments do not match net inputs.")
        first, last = self._range(start, end, 0, len(self._nodes) - 1)
        self._forward(first, last)
        names = (self.outputs if end is None else self.top_names[end]) + (blobs or [])
        return self._look(names, "data")

    def backward(self, diffs=None, start=None, end=None, **kwargs):
        """Run the layers backward from `start` down to `end` (names, both included).

        kwargs : the gradient of each output. Returns name -> gradient of the inputs (the
        bottoms of the layer `end`, if given) and of `diffs`. Gradients of weights add up.
        """
        self._fill(kwargs, self.outputs, "diff", "Top diff arguments do not match net outputs.")
        first, last = self._range(start, end, len(self._nodes) - 1, 0)
        self._backward(first, last)
        names = (self.inputs if end is None else self.bottom_names[end]) + (diffs or [])
        return self._look(names, "diff")

    def _look(self, names, side):
        """name -> array; from a GPU they are fetched when they are looked at."""
        blobs = {name: self.blobs[name] for name in names}
        if not arrays.current.is_host:
            return LaterArrays(blobs, side)
        return {name: getattr(blob, side) for name, blob in blobs.items()}

    def _fill(self, given, wanted, side, complaint):
        if given and set(given) != set(wanted):
            raise Exception(complaint)  # as pycaffe
        for name, array in given.items():
            target = getattr(self.blobs[name], side)
            if np.shape(array)[:1] != target.shape[:1]:
                raise Exception(f"{'Input' if side == 'data' else 'Diff'} is not batch sized")
            target[...] = array

    def _range(self, start, end, first, last):
        for name in (start, end):
            if name is not None and not (isinstance(name, str) and name in self._place):
                raise NetError(f"this net has no layer {name!r}."
                               + did_you_mean(str(name), self._layer_names))
        return self._place.get(start, first), self._place.get(end, last)

    def _forward(self, first, last):
        nodes = self._nodes[first:last + 1]
        numbers, whole = range(first, last + 1), len(nodes) == len(self._nodes)
        if self._shapes_follow:
            self._run("forward", numbers, nodes, self._reshape_and_forward, whole, [])
            self._seen_reshapes = Blob.reshapes if whole else None
            self._ran = arrays.current
            return
        self._reshape(first, last)
        if not arrays.current.is_host:
            for node in nodes:
                if node.layer.indices:
                    with node:
                        node.check_indices()
        nodes = [node for node in nodes if "data_memory" not in node.layer.shares]
        parts = [memory for node in nodes for memory in node.data_parts] if whole else []
        self._run("forward", numbers, nodes, Node.forward, whole, parts)
        self._ran = arrays.current

    def _reshape_and_forward(self, node):
        """Run a node of a net in which shapes depend on what layers before have computed."""
        if (self._seen_reshapes != Blob.reshapes or node.layer.shapes_itself) and (
                self._reshape_node(node)):
            self._seen_reshapes = None  # those behind it get new shapes, too
        if "data_memory" not in node.layer.shares:
            node.check_indices()
            node.forward()

    def _backward(self, first, last):
        self._reshape(last, first)
        nodes = [node for node in self._nodes[first:last - 1 if last else None:-1]
                 if node.runs_backward and "diff_memory" not in node.layer.shares]
        keeps = [node for node in nodes if node.layer.keeps]
        if self._ran is not arrays.current and keeps:
            raise NetError("call forward() before backward(), with the same shapes and on the "
                           f"same device: layer {keeps[0].spec.name!r} ({keeps[0].spec.type}) "
                           "keeps what its gradients need.")
        numbers, whole = range(first, last - 1, -1), first - last == len(self._nodes) - 1
        parts = [memory for node in nodes for memory in node.diff_parts] if whole else []
        self._run("backward", numbers, nodes, Node.backward, whole, parts)

    def _run(self, way, numbers, nodes, do, whole, parts):
        """Run the nodes among the layers `numbers`, after letting go of `parts`."""
        watched = self._is_watched(way)

        def work():
            for gradient in self._gradients:
                gradient.begin_pass()
            if watched:
                self._run_watched(way, numbers, nodes, do)
            else:
                for memory in parts:
                    memory.make_room()
                run_all(nodes, do)
            for gradient in self._gradients:
                gradient.add_products()

        with np.errstate(all="ignore"):  # infinite numbers are no news in a net
            self._runs.run(way, work, whole and not watched)

    def _reshape(self, first, last):
        """Let new shapes flow, if Python reshaped a blob since the last time."""
        if self._seen_reshapes != Blob.reshapes:
            for node in self._nodes[first:last + 1]:
                self._reshape_node(node)
            self._runs.reshaped()
            if last - first == len(self._nodes) - 1:
                self._seen_reshapes = Blob.reshapes

    def _reshape_node(self, node):
        """Are there new shapes? If they cannot be, the inputs that led there are named as well."""
        try:
            changed = node.reshape()
        except NetError as error:
            given = ", ".join(f"{name} {self.blobs[name].shape}" for name in self.inputs)
            raise NetError(f"{error}\nInputs of the net: {given or 'none'}. T and D are fixed when "
                           "it is built; for others build it anew.") from error.__cause__
        if changed:
            self._ran = None
        with node:
            self._graph.room.take(node)
        return changed

    def reshape(self):
        """Let the shapes of the inputs flow through the net."""
        self._seen_reshapes = None
        self._reshape(0, len(self._nodes) - 1)

    def clear_param_diffs(self):
        """Set the gradients of all weights to zero."""
        for gradient in self._gradients:
            gradient.clear()

    def share_with(self, other):
        """Use the memory of the weights of another net's layers of the same names."""
        if not isinstance(other, Net):
            raise NetError(f"a net shares weights with a net, got {type(other).__name__}.")
        pairs = [(blob, source) for name, sources in other.params.items()
                 for blob, source in zip_longest(self.params.get(name, sources), sources)]
        for blob, source in pairs:
            if not (blob and source) or blob.shape != source.shape:
                raise NetError("cannot share the weights of two nets: a layer has other shapes.")
        others = [(blob, source) for blob, source in pairs
                  if blob.data_memory is not source.data_memory]
        for blob, source in others:
            blob.share(source, gradients=False)
            self._runs.forget()
        for node in self._nodes if others else ():  # a Parameter lends its weight to its top
            node.borrow()
            node.find_memories()


class LaterArrays(Mapping):
    """name -> array of a blob, copied from the GPU when somebody asks for it."""

    def __init__(self, blobs, side):
        self._blobs, self._side = blobs, side

    def __getitem__(self, name):
        return getattr(self._blobs[name], self._side)

    def __iter__(self):
        return iter(self._blobs)

    def __len__(self):
        return len(self._blobs)

    def __repr__(self):
        return repr(dict(self))


def in_new_order(phase, level, weights):
    """(phase, level, weights) of a net's arguments, also in the old order: file, weights, phase."""
    if isinstance(phase, (str, os.PathLike)):
        return level, 0, phase
    return phase, level, weights


def read_net(source):
    """The NetParameter of a prototxt file; one that is given already stays."""
    if not isinstance(source, caffe_pb2.NetParameter):
        source, path = files.read_text(source, caffe_pb2.NetParameter()), source
        if not source.layer:
            raise NetError(f"{path} holds no layer.")
    return upgraded(source)

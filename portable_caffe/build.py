"""Put the layers of a net together: blobs by name, shared weights, who needs a gradient."""
from collections import OrderedDict

from . import arrays
from .blob import Blob
from .errors import NetError, check_numbers
from .fillers import filled
from .free_memory import in_gigabytes
from .layer_types import LAYER_TYPES
from .node import Node
from .proto import caffe_pb2

AUTOMATIC = "(automatic)"  # the top of a loss layer that names none


def first_source(layers, top):
    """Which of the layers before gives a top that one gives too, and what to do, as a sentence."""
    layer = next((one for one in layers if top in one.top), None)
    if layer is None:
        return f" The layer gives {top!r} twice; give each of its tops a name of its own."
    return (f" Layer {layer.name!r} ({layer.type}) gives {top!r} before it; give one of the two "
            "another name, or leave one layer out.")


class Graph:
    """The nodes in order, the blobs by name, and the weights that learn.

    Source: net.cpp, Init
    """

    def __init__(self, spec, phase):
        self.nodes, self.blobs, self.inputs, self.unread = [], OrderedDict(), [], {}
        self.weights, self.owners = [], {}
        self.shown = {}  # the name a person knows of each top of an automatic Split
        self.room = Room(4 if phase == caffe_pb2.TEST else 8)
        needed = {}  # blob name -> does something before it learn?
        for layer in spec.layer:
            node = self._add(layer, layer.phase if layer.HasField("phase") else phase)
            self._find_needs(node, needed)
        self._skip_what_no_loss_needs()
        if spec.force_backward:
            self._force_backward()
        for node in self.nodes:
            node.find_memories()  # now that it is known which gradients are needed

    def _add(self, spec, phase):
        if spec.type in LAYER_TYPES and LAYER_TYPES[spec.type].is_loss and not spec.top:
            spec.top.append(AUTOMATIC)
        bottoms = [self.blobs[name] for name in spec.bottom]
        tops = [self._top(spec, index) for index in range(len(spec.top))]
        for name in spec.bottom:
            self.unread.pop(name, None)
        node = Node(spec, phase, bottoms, tops, self.shown)
        if spec.type == "Split" and spec.name.endswith("_split"):
            self.shown.update((top, spec.bottom[0]) for top in spec.top)
        with node:
            self.room.take(node)
        if spec.type == "DummyData":
            with node:
                node.forward()  # so that DummyData holds numbers from the start
        if spec.type == "Input":
            self.inputs.extend(spec.top)
        self.unread.update((name, top) for name, top in zip(spec.top, tops)
                           if name != AUTOMATIC)
        self._add_weights(node)
        self.nodes.append(node)
        return node

    def _top(self, spec, index):
        """A new blob, or in place the bottom of the same name."""
        name = spec.top[index]
        if name not in self.blobs or name == AUTOMATIC:
            self.blobs[name] = Blob()
        elif index >= len(spec.bottom) or spec.bottom[index] != name:
            before = [node.spec for node in self.nodes]
            raise NetError(f"layer {spec.name!r} ({spec.type}): Top blob {name!r} produced by "
                           f"multiple sources.{first_source(before, name)}")
        return self.blobs[name]

    def _add_weights(self, node):
        """Own weights, or those of the layer that named the same parameter first."""
        specs, has = list(node.spec.param), len(node.layer.blobs)
        if len(specs) > has:
            raise NetError(f"layer {node.spec.name!r} ({node.spec.type}): it has {has} weights, "
                           f"and {len(specs)} times param {{ }}; leave out what is too much.")
        for index, blob in enumerate(node.layer.blobs):
            spec = specs[index] if index < len(specs) else caffe_pb2.ParamSpec()
            owner = self.owners.get(spec.name) if spec.name else None
            if owner is None:
                with node:
                    self._fill(blob, node.layer.fillers[index])
                weight = Weight(blob, spec, node.spec.name)
                self.weights.append(weight)
                self.owners[spec.name] = weight
            else:
                owner.share_with(blob, spec, node.spec)
            node.layer.learns += (spec.lr_mult != 0,)
        if node.layer.shares:  # perhaps a weight that is another layer's now
            node.borrow()

    def _fill(self, blob, filler):
        self.room.need(blob.count)
        if filler is not None:
            check_numbers(blob.count)
        zeros = filler is not None and filler.type == "constant" and filler.value == 0
        if filler is not None and not zeros:  # else the layer has filled it, or it holds zeros
            values = filled(filler, blob.shape)
            blob.data_memory.write(arrays.current.from_host(values), owned=True)

    def _find_needs(self, node, needed):
        """A layer runs backward if it, or a layer before it, has a weight that learns."""
        needs = [needed[name] for name in node.spec.bottom]
        node.runs_backward = (any(needs) or any(node.layer.learns)
                              or node.layer.seems_to_learn)
        node.layer.needs = list(node.spec.propagate_down) or needs
        for name in node.spec.top:
            needed[name] = node.runs_backward or name in node.spec.bottom and needed[name]

    def _skip_what_no_loss_needs(self):
        """Backward only where a loss comes after, and not past a bottom that is cut off."""
        under_loss, skipped = set(), set()
        for node in reversed(self.nodes):
            layer, tops = node.layer, list(node.spec.top)
            counts = any(node.loss_weights) or any(name in under_loss for name in tops)
            if node.runs_backward and all(name in skipped for name in tops):
                node.runs_backward, layer.needs = False, [False] * len(node.bottoms)
            node.runs_backward = node.runs_backward and counts
            for i, name in enumerate(node.spec.bottom):
                if counts:
                    under_loss.add(name)
                else:
                    layer.needs[i] = False
                if not layer.needs[i]:
                    skipped.add(name)

    def _force_backward(self):
        """Every layer runs backward, to every bottom that can have a gradient."""
        for node in self.nodes:
            layer = node.layer
            node.runs_backward = bool(node.bottoms or layer.blobs)
            layer.needs = [need or i not in layer.not_backward
                           for i, need in enumerate(layer.needs)]
            layer.learns = [True] * len(layer.blobs)
        given = {name for node in self.nodes
                 for name, need in zip(node.spec.bottom, node.layer.needs) if need}
        given.update(self.unread)  # there Python may write one
        for node in self.nodes:  # of LSTMUnit's cont, for instance, nobody gives a gradient
            if node.spec.type == "Split" and not given.intersection(node.spec.top):
                node.runs_backward = any(node.loss_weights)


class Room:
    """The memory that blobs take, and how much there is: arrays too large may end a process.

    `size` is how many bytes a number takes: 4, or 8 with its gradient.
    """

    def __init__(self, size):
        self.size, self.used, self.free = size, 0, arrays.current.free_bytes()
        self.taken = {}  # node -> how many numbers its tops hold

    def need(self, count):
        """So many numbers more; `MemoryError` if they do not fit."""
        self.used += count * self.size
        if self.free is not None and self.used > self.free:
            raise MemoryError(f"up to here the blobs need {in_gigabytes(self.used)} and "
                              f"{in_gigabytes(self.free)} are free.")

    def take(self, node):
        """The tops of a node, unless they use the memory of its bottoms."""
        if "data_memory" not in node.layer.shares:
            count = sum(blob.count for blob in node.tops if blob not in node.bottoms)
            before, self.taken[node] = self.taken.get(node, 0), count
            self.need(count - before)


class Weight:
    """A weight that learns: its blob, its multipliers, the layer that owns it."""

    def __init__(self, blob, spec, layer_name):
        self.blob, self.name, self.layer_name = blob, spec.name, layer_name
        self.spec = caffe_pb2.ParamSpec()
        self.spec.CopyFrom(spec)

    def share_with(self, blob, spec, layer):
        """Let the blob of another layer be this weight."""
        permissive = spec.share_mode == spec.PERMISSIVE
        if blob.count != self.blob.count or not permissive and blob.shape != self.blob.shape:
            raise NetError(
                f"layer {layer.name!r} ({layer.type}): Cannot share param {self.name!r} owned by "
                f"layer {self.layer_name!r}; shape mismatch. Give one of them another name, or "
                f"both the same sizes.\nGiven: {blob.shape} here, {self.blob.shape} there.")
        for field in ("lr_mult", "decay_mult"):
            self._agree(field, spec, layer)
        blob.share(self.blob)
        blob.diff_memory.sharers += 1

    def _agree(self, field, spec, layer):
        if not spec.HasField(field):
            return
        value = getattr(spec, field)
        if self.spec.HasField(field) and getattr(self.spec, field) != value:
            raise NetError(f"layer {layer.name!r} ({layer.type}): Shared param {self.name!r} has "
                           f"mismatched {field}: {value} here, {getattr(self.spec, field)} in "
                           f"layer {self.layer_name!r}.")
        setattr(self.spec, field, value)

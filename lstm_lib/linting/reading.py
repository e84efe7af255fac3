"""A net as lint reads it: the layers of one phase, and every version of every blob.

A layer in place makes a new version of its blob in the same memory. So do layers that hand
their memory on, like Flatten, under another name.
"""
from portable_caffe.errors import NetError
from portable_caffe.prepare import in_state, left_out

from ..safe_caffe.base import state_of
from ..safe_caffe.engine import caffe
from ..trust import reaching_out

HAND_ON = {"Flatten", "Reshape", "Split"}  # their tops are their bottom's memory
HAND_ON_ONE = {"Concat", "Slice"}  # these, too, where they have one bottom and one top


class Memory:
    """The numbers of one blob, or of several: which layers in place write over them."""

    def __init__(self, maker, number=0):
        self.maker, self.number = maker, number  # number: which of its maker's tops it is
        self.writers = []  # in the order they run
        self.readers = []  # (layer, version) in the order they run


class Version:
    """A blob between two writes: who makes it, who reads it, in which memory it lies."""

    def __init__(self, name, maker, memory, number=0):
        self.name, self.maker, self.memory = name, maker, memory
        self.number = number  # which of its maker's tops it is
        self.writes = len(memory.writers)  # so many have written over the memory before
        self.readers = []


class Layer:
    """A layer with the versions that it reads and makes."""

    def __init__(self, spec, place):
        self.spec, self.place = spec, place
        self.name, self.type = spec.name, spec.type
        self.bottoms, self.tops = [], []

    @property
    def first(self):
        """Its first bottom, or None: the layers of a net that does not build may have too few."""
        return self.bottoms[0] if self.bottoms else None

    @property
    def in_place(self):
        """Whether its first top is its first bottom's blob."""
        return bool(self.bottoms and self.tops) and self.bottoms[0].name == self.tops[0].name


class Reading:
    """The layers of a NetParameter in one phase; with the loaded net, where there is one."""

    def __init__(self, spec, phase, loaded=None, shapes=None):
        self.spec, self.phase, self.loaded = spec, phase, loaded
        self.forced = spec.force_backward
        state = loaded.state if loaded else state_of(spec, phase, spec.state.level)
        self.layers, self.left_out = [], left_out(spec, state)
        self.whole = True  # False where a layer reads what no layer makes: it does not build
        self._newest, self._shapes = {}, shapes
        for name in spec.input:  # inputs in the style of 2014
            self._add(caffe.proto.caffe_pb2.LayerParameter(name=name, type="Input", top=[name]))
        for layer in in_state(spec, state).layer:
            self._add(layer)
        self.read_elsewhere = {name for layer in self.left_out for name in layer.bottom}

    def _add(self, spec):
        layer = Layer(spec, len(self.layers))
        self.layers.append(layer)
        for name in spec.bottom:
            version = self._newest.get(name) or self._unknown(name)
            version.readers.append(layer)
            version.memory.readers.append((layer, version))
            layer.bottoms.append(version)
        for number, name in enumerate(spec.top):
            version = self._newest[name] = self._made(layer, number, name)
            layer.tops.append(version)

    def _unknown(self, name):
        """A blob that no layer makes: the net does not build, and the rest is read all the same."""
        self.whole = False
        self._newest[name] = Version(name, None, Memory(None))
        return self._newest[name]

    def _made(self, layer, number, name):
        spec = layer.spec
        if number < len(layer.bottoms) and layer.bottoms[number].name == name:
            memory = layer.bottoms[number].memory
            if layer.type != "Dropout" or self.phase == caffe.TRAIN:  # in TEST it changes nothing
                memory.writers.append(layer)
            return Version(name, layer, memory, number)
        alone = len(spec.bottom) == len(spec.top) == 1
        if layer.bottoms and (layer.type in HAND_ON or layer.type in HAND_ON_ONE and alone):
            version = Version(name, layer, layer.bottoms[0].memory, number)
            version.writes = layer.bottoms[0].writes
            return version
        return Version(name, layer, Memory(layer, number), number)

    def weights(self, layer):
        """The weights of a layer in the loaded net, or None where no net is loaded."""
        if self.loaded is None:
            return None
        return list(self.loaded.layer_dict[layer.name].blobs)

    def shape(self, version):
        """The shape of a blob, or None where it cannot be known without building foreign code."""
        if self._shapes is None:
            self._shapes = _shapes(self.loaded or _built(self.spec, self.phase))
        return self._shapes.get(version.name)


def _built(spec, phase):
    """The net, if Caffe builds it and none of its layers runs code or opens files."""
    if reaching_out(spec):
        return None
    try:
        return caffe.net_of(spec, int(phase))
    except NetError:
        return None


def _shapes(net):
    return {name: tuple(blob.shape) for name, blob in net.blobs.items()} if net else {}

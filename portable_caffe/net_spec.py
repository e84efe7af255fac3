"""Write nets in Python: `NetSpec`, `layers`, `params`, `to_proto`, as in pycaffe.

    ns = NetSpec()
    ns.x = layers.Input(input_param=dict(shape=dict(dim=[2, 3])))
    ns.y = layers.TanH(ns.x)
    text = str(ns.to_proto())
"""
from collections import Counter

from .proto import caffe_pb2


def param_name_dict():
    """Layer type -> name of its options: 'InnerProduct' -> 'inner_product'."""
    fields = caffe_pb2.LayerParameter.DESCRIPTOR.fields
    return {f.message_type.name[:-len("Parameter")]: f.name[:-len("_param")]
            for f in fields if f.name.endswith("_param")}


def assign_proto(message, name, value):
    """Set a field from Python: dicts are messages, lists (or one value) repeated fields."""
    field = getattr(message, name)
    if hasattr(field, "extend"):
        _assign_repeated(field, value if isinstance(value, list) else [value])
    elif isinstance(value, dict):
        for key, item in value.items():
            assign_proto(field, key, item)
    else:
        setattr(message, name, value)


def _assign_repeated(field, values):
    if values and isinstance(values[0], dict):
        for value in values:
            item = field.add()
            for key, part in value.items():
                assign_proto(item, key, part)
    else:
        field.extend(values)


class Top:
    """One output of a layer: number `n` of the layer `fn`."""

    def __init__(self, fn, n):
        self.fn, self.n = fn, n

    def to_proto(self):
        """The NetParameter of all layers this top needs."""
        return to_proto(self)


class Function:
    """A layer: its type, the Tops it reads, its options and its own Tops."""

    def __init__(self, type_name, inputs, params):
        for index, top in enumerate(inputs):
            if not isinstance(top, Top):
                raise TypeError(f"{type_name} input {index} is not a Top (type is {type(top)})")
        self.type_name, self.inputs, self.params = type_name, inputs, params
        self.ntop = params.pop("ntop", 1)
        self.in_place = params.pop("in_place", False)
        self.tops = tuple(Top(self, n) for n in range(self.ntop))

    def write(self, layers, names, counter):
        """Append this layer to the dict `layers`, after those it reads."""
        if self in layers:
            return
        for top in self.inputs:
            top.fn.write(layers, names, counter)
        layer = caffe_pb2.LayerParameter(type=self.type_name)
        layer.bottom.extend(layers[top.fn].top[top.n] for top in self.inputs)
        layer.top.extend(layer.bottom if self.in_place else
                         [_name(top, self.type_name, names, counter) for top in self.tops])
        first = self.tops[0] if self.tops else self
        layer.name = _name(first, self.type_name, names, counter)
        for name, value in self.params.items():
            self._assign(layer, name, value)
        layers[self] = layer

    def _assign(self, layer, name, value):
        """An option belongs to the layer type's own message if that knows it."""
        own = _param_names.get(self.type_name)
        if own and not name.endswith("param") and hasattr(getattr(layer, own + "_param"), name):
            layer = getattr(layer, own + "_param")
        assign_proto(layer, name, value)


def _name(key, type_name, names, counter):
    """The given name of a Top (or layer without tops), or its type and a number."""
    if key not in names:
        counter[type_name] += 1
        names[key] = type_name + str(counter[type_name])
    return names[key]


def _to_net(tops, names):
    layers, counter = {}, Counter()
    for top in tops:
        getattr(top, "fn", top).write(layers, names, counter)
    return caffe_pb2.NetParameter(layer=layers.values())


def to_proto(*tops):
    """The NetParameter of all layers that the given Tops need, named by type and number."""
    return _to_net(tops, {})


class NetSpec:
    """Tops under names: `ns.y = layers.TanH(ns.x)`, or `ns["t1/y"]`; in order of naming."""

    def __init__(self):
        object.__setattr__(self, "tops", {})

    def __setattr__(self, name, top):
        self.tops[name] = top

    def __getattr__(self, name):
        return self.tops[name]

    __setitem__, __getitem__ = __setattr__, __getattr__

    def to_proto(self):
        """The NetParameter of all layers that the named Tops need."""
        return _to_net(self.tops.values(), {top: name for name, top in self.tops.items()})


class Layers:
    """`layers.TanH(bottom, ...)` makes a layer of that type and gives its Top or Tops."""

    def __getattr__(self, type_name):
        def layer(*args, **kwargs):
            fn = Function(type_name, args, kwargs)
            return fn if fn.ntop == 0 else fn.tops[0] if fn.ntop == 1 else fn.tops
        return layer


class _Constants:
    """The enum values of one layer type's options."""

    def __init__(self, message):
        self._message = message

    def __getattr__(self, name):
        return getattr(self._message, name)


class Parameters:
    """`params.Eltwise.PROD` is the value that an Eltwise layer's options know as PROD."""

    def __getattr__(self, type_name):
        return _Constants(getattr(caffe_pb2, type_name + "Parameter"))


_param_names = param_name_dict()
layers = Layers()
params = Parameters()

"""`caffe.layers` that look at a layer's type and options where it is made; names that exist."""
from portable_caffe.errors import NoSuchName
from portable_caffe.real_caffe import LAYER_TYPES, only_there

from .option_places import check_written, holder_of, place_of, with_words
from ..arguments import check_ntop, check_top
from ..errors import NetError, did_you_mean

_seen = set()  # layers already found good, so that T equal steps are looked at once


def check_layer(caffe, fn, name=None):
    """Raise where the layer is made when its type or one of its options does not exist.

    NetSpec itself would speak up in `to_proto()` only, without the layer's name.
    """
    key = (fn.type_name, repr(sorted((k, v) for k, v in fn.params.items() if k != "name")))
    if key not in _seen:
        check_type(caffe, fn.type_name, name)
        for option, value in fn.params.items():
            _check_option(caffe, fn.type_name, name, option, value)
        _seen.add(key)


def known_types(caffe):
    """The types of layer that this Caffe runs, or could draw, or that real Caffe runs."""
    return {*caffe.layer_type_list(), *caffe.net_spec.param_name_dict(), *LAYER_TYPES}


def check_type(caffe, type_name, name):
    """A type of which this Caffe knows nothing; what it can draw it need not be able to run."""
    known = known_types(caffe)
    if type_name not in known:
        raise NetError(f"layer {name!r}: Caffe has no layer type '{type_name}'."
                       + (did_you_mean(type_name, known)
                          or " caffe.layer_type_list() names all."))


def _check_option(caffe, type_name, name, option, value):
    """Try the option on an empty layer, the way NetSpec will."""
    layer = caffe.proto.caffe_pb2.LayerParameter()
    message = holder_of(caffe, layer, type_name)
    holder = message if option in message.DESCRIPTOR.fields_by_name else layer
    try:
        caffe.net_spec.assign_proto(holder, option, value)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        known = [*message.DESCRIPTOR.fields_by_name, *layer.DESCRIPTOR.fields_by_name]
        missing = option not in known
        problem = (only_there(type_name) if missing and message is layer
                   and type_name not in caffe.layer_type_list() else
                   "there is no such option." if missing else
                   "the list is empty; leave the option out." if value in ([], ()) else
                   f"{error}.")
        near = _near_field(error, holder, option) if not missing else (
            place_of(layer, type_name, option, value) or did_you_mean(option, known))
        raise NetError(f"layer {name!r} ({type_name}): {option}={value!r}: {problem}{near}"
                       f" Options of {type_name}: "
                       f"{', '.join(message.DESCRIPTOR.fields_by_name)}.") from None


def _near_field(error, holder, option):
    """A spelling for the field inside a nested option that the error names."""
    nested = holder.DESCRIPTOR.fields_by_name[option].message_type
    words = str(error).replace("'", " ").replace('"', " ").split()
    if nested is None or not words:
        return ""
    return next((near for near in (did_you_mean(w, nested.fields_by_name) for w in words[-3:])
                 if near), "")


class NotATop(NetError, TypeError):
    """A layer was given something else than a Top; pycaffe's own words and type, for programs."""


class OneTop(NetError, TypeError):
    """A layer with one top was taken for several."""


def make_tops_safe(caffe):
    """Let `ns.x` and `ns["x"]` say which top a NetSpec lacks, and a Top that it is only one."""
    def top(ns, name):
        tops = vars(ns).get("tops", {})
        try:
            return tops[name]
        except (KeyError, TypeError):  # the last where the name is a list
            raise NoSuchName(f"this NetSpec has no top {name!r}.", name, tops) from None

    def one(top, *place):
        kind = top.fn.type_name
        raise OneTop(f"this layer {kind} was made with ntop={top.fn.ntop}, and one of its tops is "
                     f"not several: give ntop=2 for two tops, like a, b = caffe.layers.{kind}("
                     "x, ntop=2).")

    caffe.NetSpec.__getattr__ = caffe.NetSpec.__getitem__ = top
    caffe.net_spec.Top.__iter__ = caffe.net_spec.Top.__getitem__ = one
    caffe.net_spec.assign_proto = with_words(caffe.net_spec.assign_proto)
    caffe.NetSpec.to_proto = check_written(caffe, caffe.NetSpec.to_proto)
    caffe.net_spec.Top.to_proto = check_written(caffe, caffe.net_spec.Top.to_proto)


class SafeParams:
    """`caffe.params` that says which constant a layer type lacks."""

    def __init__(self, caffe):
        self._caffe = caffe

    def __getattr__(self, type_name):
        if type_name.startswith("_"):  # Python itself asks
            raise AttributeError(type_name)
        return _Constants(self._caffe, type_name)


class _Constants:
    """`caffe.params.Eltwise`: SUM, PROD and MAX."""

    def __init__(self, caffe, type_name):
        self._caffe, self._type = caffe, type_name

    def __getattr__(self, name):
        try:
            return getattr(getattr(self._caffe.params, self._type), name)
        except AttributeError:
            pass
        messages = {kind.name[:-len("Parameter")]: kind for kind in
                    self._caffe.proto.caffe_pb2.DESCRIPTOR.message_types_by_name.values()}
        if self._type not in messages:
            raise NoSuchName(f"caffe.params has no {self._type!r}.", self._type, messages)
        known = [value for enum in messages[self._type].enum_types for value in enum.values_by_name]
        raise NoSuchName(f"caffe.params.{self._type} has no {name!r}; it has "
                         f"{', '.join(known) or 'no constants'}.", name, known)


class SafeLayers:
    """`caffe.layers` whose functions look at type and options at once."""

    def __init__(self, caffe):
        self._caffe = caffe

    def __getattr__(self, type_name):
        make = getattr(self._caffe.layers, type_name)

        def layer(*args, **kwargs):
            what = f"layer {kwargs['name']!r}" if "name" in kwargs else f"a layer {type_name}"
            for number, bottom in enumerate(args):
                _check_bottom(self._caffe, type_name, number, bottom, kwargs.get("name"))
            check_ntop(what, kwargs.get("ntop", 1))
            made = make(*args, **kwargs)
            check_made(self._caffe, made)
            return made

        layer.looks = True  # so that nobody looks again
        return layer


def _check_bottom(caffe, type_name, number, bottom, name):
    what = f"a layer {type_name}" if name is None else f"layer {name!r}"
    try:
        check_top(caffe, bottom, f"{what}: bottom {number}")
    except NetError as error:
        words = f"{type_name} input {number} is not a Top (type is {type(bottom)})"
        raise NotATop(words if name is None else str(error)) from error


def check_made(caffe, made):
    """`check_layer` of the layer behind a Top, several Tops, or none (a layer without tops)."""
    first = made[0] if isinstance(made, tuple) else made
    fn = getattr(first, "fn", first)
    if isinstance(fn, caffe.net_spec.Function):
        check_layer(caffe, fn, fn.params.get("name", "(not named)"))

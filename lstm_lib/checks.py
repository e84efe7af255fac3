"""Look at a layer or a prototxt before Caffe does, so that the error comes early."""
import importlib
import os

from google.protobuf import text_format

from .errors import NetError, did_you_mean

LISTS = {"ImageData": "image_data_param", "HDF5Data": "hdf5_data_param"}  # of files
_seen = set()  # layers already found good, so that T equal steps are looked at once


def check_layer(caffe, fn, name=None):
    """Raise where the layer is made when its type or one of its options does not exist.

    NetSpec itself would speak up in `to_proto()` only, without the layer's name.
    """
    key = (fn.type_name, repr(sorted((k, v) for k, v in fn.params.items() if k != "name")))
    if key not in _seen:
        _check_type(caffe, fn.type_name, name)
        for option, value in fn.params.items():
            _check_option(caffe, fn.type_name, name, option, value)
        _seen.add(key)


def _check_type(caffe, type_name, name):
    """A type of which this Caffe knows nothing; what it can draw it need not be able to run."""
    known = {*caffe.layer_type_list(), *caffe.net_spec.param_name_dict()}
    if type_name not in known:
        raise NetError(f"layer {name!r}: Caffe has no layer type '{type_name}'."
                       + (did_you_mean(type_name, known)
                          or " caffe.layer_type_list() names all."))


def _check_option(caffe, type_name, name, option, value):
    """Try the option on an empty layer, the way NetSpec will."""
    layer = caffe.proto.caffe_pb2.LayerParameter()
    own = caffe.net_spec.param_name_dict().get(type_name)
    message = getattr(layer, own + "_param") if own else layer
    holder = message if option in message.DESCRIPTOR.fields_by_name else layer
    try:
        caffe.net_spec.assign_proto(holder, option, value)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError) as error:
        known = [*message.DESCRIPTOR.fields_by_name, *layer.DESCRIPTOR.fields_by_name]
        missing = option not in known
        problem = ("there is no such option." if missing else
                   "the list is empty; leave the option out." if value in ([], ()) else
                   f"{error}.")
        near = did_you_mean(option, known) if missing else _near_field(error, holder, option)
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


def check_top(caffe, top, what):
    """Raise unless it is a Top, which is what a layer takes as a bottom."""
    if not isinstance(top, caffe.net_spec.Top):
        raise NetError(f"{what} must be a Top, like ns.x, got {_short(top)}.")


def check_net_spec(caffe, ns):
    """Raise unless it is a NetSpec."""
    if not isinstance(ns, caffe.NetSpec):
        raise NetError(f"expected a NetSpec, like ns = caffe.NetSpec(), got {_short(ns)}.")


def check_count(name, value):
    """Raise unless it is a whole number of 1 or more."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}.")


def check_iterations(count):
    """Raise unless it is a whole number of 0 or more."""
    if count != 0:
        check_count("the number of iterations", count)


def check_name(kind, name):
    """Raise unless it is text."""
    if not isinstance(name, str):
        raise NetError(f"{kind} must be text, got {_short(name)}.")


def _short(value):
    return f"{type(value).__name__} {value!r}"[:60]


def parse(caffe, text, what="prototxt"):
    """The text as a NetParameter; NetError with line, column and near spellings."""
    net = caffe.proto.caffe_pb2.NetParameter()
    if not text.strip():
        raise NetError(f"{what} is empty; expected layers in prototxt form, "
                       'like: layer { name: "x" type: "Input" top: "x" }')
    try:
        return text_format.Parse(text, net)
    except text_format.ParseError as error:
        line = error.GetLine()
        shown = text.splitlines()[line - 1].strip() if line else ""
        raise NetError(f"{what}, line {line}: {error}\n    {shown[:200]}"
                       + _near_word(caffe, str(error))) from None


def _near_word(caffe, said):
    """For 'has no field named "x"' and 'has no value named X': the nearest that exists."""
    words = said.replace('"', " ").split()
    if "named" not in words:
        return "\nExpected prototxt text: names, colons, values and { } blocks."
    wrong = words[words.index("named") + 1].rstrip(".")
    owner = words[words.index("type") + 1].split(".")  # caffe.EltwiseParameter[.EltwiseOp]
    message = getattr(caffe.proto.caffe_pb2, owner[1], None)
    if message is None:
        return ""
    if len(owner) == 3:
        known = message.DESCRIPTOR.enum_types_by_name[owner[2]].values_by_name
    else:
        known = message.DESCRIPTOR.fields_by_name
    return f"\nKnown: {', '.join(known)}.{did_you_mean(wrong, known)}"


def _check_python_layer(caffe, layer):
    """Caffe forgets why it could not find a layer written in Python."""
    asked = layer.python_param
    try:
        made = getattr(importlib.import_module(asked.module), asked.layer)
        fits = issubclass(made, caffe.Layer)
    except Exception as error:  # the module may raise anything
        made, fits = error, False
    if not fits:
        raise NetError(f"layer {layer.name!r} (Python): python_param names module "
                       f"{asked.module!r} and layer {asked.layer!r}, which should be a class of "
                       f"caffe.Layer in a module on sys.path: {made}.")


def check_listed_files(net, names):
    """Raise where a layer among `names` lists a file that is not there.

    Caffe opens them one by one while the net runs, and dies of a missing one.
    """
    for layer in net.layer:
        if layer.type in LISTS and layer.name in names:
            _check_listed_files(layer)


def _check_listed_files(layer):
    asked = getattr(layer, LISTS[layer.type])
    if not os.path.isfile(asked.source):
        return  # Caffe says so when the net is built
    with open(asked.source, encoding="utf-8", errors="surrogateescape") as file:
        listed = [line.rsplit(None, 1)[0] for line in file if line.strip()] if (
            layer.type == "ImageData") else file.read().split()
    missing = [path for path in listed
               if not os.path.isfile(getattr(asked, "root_folder", "") + path)]
    if missing:
        raise NetError(f"layer {layer.name!r} ({layer.type}): {asked.source!r} lists "
                       f"{missing[0]!r}, which is no file; {len(missing)} of {len(listed)} are "
                       "missing. Paths count from the folder Python works in.")


def check_net(caffe, net, what):
    """What Python can see wrong in a parsed net: layer types and sizes."""
    if not net.layer and not net.layers:
        raise NetError(f"{what} holds no layer.")
    runs = set(caffe.layer_type_list())
    for layer in net.layer:
        if layer.type not in runs:
            _check_type(caffe, layer.type, layer.name)
            raise NetError(f"layer {layer.name!r}: {caffe.__name__} does not run layers of type "
                           f"{layer.type!r}. It runs {', '.join(sorted(runs))}.")
        if layer.type == "Python":
            _check_python_layer(caffe, layer)
        if layer.type == "HDF5Output":
            raise NetError(f"layer {layer.name!r}: HDF5Output overwrites its file when the net is "
                           "built; leave it out and keep net.blobs[...].data with np.save.")
        if layer.type == "InnerProduct" and not layer.inner_product_param.num_output:
            raise NetError(f"layer {layer.name!r} (InnerProduct): num_output is missing; "
                           "give the number of outputs, like num_output: 4")

"""In which message of a layer do its options stand? `num_output` of an LSTM: recurrent_param."""
from ..arguments import short
from ..errors import NetError, did_you_mean

# Types without a message of their own name. pycaffe writes none of their options that are not
# inside `convolution_param`, but its coord_map reads them where they are: they may be given.
READ_BY_COORD_MAP = {"Deconvolution": "convolution_param", "Im2col": "convolution_param"}
ALSO = {"Deconvolution": ("convolution_param",), "Im2col": ("convolution_param",),
        "LSTM": ("recurrent_param",), "RNN": ("recurrent_param",),
        "SoftmaxWithLoss": ("loss_param", "softmax_param"),
        "InfogainLoss": ("loss_param", "softmax_param"), "SigmoidCrossEntropyLoss": ("loss_param",),
        "Data": ("transform_param",), "ImageData": ("transform_param",),
        "MemoryData": ("transform_param",), "WindowData": ("transform_param",)}


def holder_of(caffe, layer, type_name):
    """The message in an empty layer that NetSpec looks into first for an option of this type."""
    own = caffe.net_spec.param_name_dict().get(type_name)
    place = own + "_param" if own else READ_BY_COORD_MAP.get(type_name)
    return getattr(layer, place) if place else layer


def place_of(layer, type_name, option, value):
    """' Did you mean recurrent_param=dict(num_output=4)?', or nothing."""
    for place in (*ALSO.get(type_name, ()), "param"):
        field = layer.DESCRIPTOR.fields_by_name.get(place)
        if field and option in field.message_type.fields_by_name:
            return f" Did you mean {place}=dict({option}={_written(value)})?"
    return ""


def _written(value):
    return short(value).partition(" ")[2]


def with_words(assign):
    """`assign_proto` that takes pool="MAX" too; protobuf does so with some versions only."""
    def assign_proto(message, name, value):
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field and field.enum_type and isinstance(value, str):
            words = field.enum_type.values_by_name
            if value not in words:
                raise ValueError(f"there is no {value!r}.{did_you_mean(value, words)} It has "
                                 f"{', '.join(words)}")
            value = words[value].number
        assign(message, name, value)

    return assign_proto


def check_written(caffe, write):
    """`write`, which makes a NetParameter of a NetSpec or of Tops; `NetError` for an option that
    has no place there.
    """
    def to_proto(*given):
        try:
            return write(*given)
        except (AttributeError, KeyError):  # the last where portable_caffe has no such message
            tops = [named for one in given for named in (
                one.tops.items() if isinstance(one, caffe.NetSpec) else [(None, one)])]
            for name, fn in _functions(tops):
                _check_places(caffe.proto.caffe_pb2.LayerParameter(), name, fn)
            raise

    return to_proto


def _check_places(layer, name, fn):
    for option, value in fn.params.items():
        if fn.type_name in READ_BY_COORD_MAP and option not in layer.DESCRIPTOR.fields_by_name:
            raise NetError(f"layer {name!r} ({fn.type_name}): {option}={_written(value)}: a layer "
                           "of this type has no such option."
                           + place_of(layer, fn.type_name, option, value))


def _functions(tops):
    """(name, layer) of all layers behind (name, top)."""
    left, seen = [(name, getattr(top, "fn", top)) for name, top in tops], set()
    while left:
        name, fn = left.pop()
        if id(fn) not in seen:
            seen.add(id(fn))
            yield fn.params.get("name", name), fn
            left += [(None, top.fn) for top in fn.inputs]

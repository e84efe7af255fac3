"""Nets of older formats, brought to today's on reading, as Caffe itself does.

Source: upgrade_proto.cpp
"""
from .upgrade_2013 import is_of_2013, upgrade_to_2014

OF_2014 = {  # types that are not their old name in CamelCase
    "NONE": "", "ABSVAL": "AbsVal", "ARGMAX": "ArgMax", "BNLL": "BNLL", "HDF5_DATA": "HDF5Data",
    "HDF5_OUTPUT": "HDF5Output", "LRN": "LRN", "MVN": "MVN", "RELU": "ReLU",
    "SOFTMAX_LOSS": "SoftmaxWithLoss", "TANH": "TanH"}
WITH_TRANSFORM = "data_param", "image_data_param", "window_data_param"
TRANSFORM = "scale", "mean_file", "crop_size", "mirror"
NETS = "net_param", "train_net_param", "test_net_param"  # of a solver


def upgrade(message):
    """Bring a NetParameter, or the nets in a SolverParameter, to today's format, in place.

    That are `layers {` of 2014 and of 2013, and `input:` with its shapes; without shapes it
    stays, and Caffe would not build it.
    """
    for field, value in message.ListFields():
        if field.name in NETS:
            for net in value if hasattr(value, "add") else [value]:
                upgrade(net)
    if getattr(message, "layers", ()):
        if is_of_2013(message):
            upgrade_to_2014(message)
        layers = [*message.layers]
        del message.layers[:], message.layer[:]  # Caffe, too, ignores `layer` beside `layers`
        for old in layers:
            _upgrade_layer(old, message.layer.add())
    if getattr(message, "input", ()):
        _upgrade_input(message)
    return message


def upgraded(net):
    """The net in today's format: itself, or a copy if it is an older one."""
    if not net.layers and not net.input:
        return net
    copy = type(net)()
    copy.CopyFrom(net)
    return upgrade(copy)


def type_of_2014(name):
    """Today's name of a type of layer.

    >>> type_of_2014("INNER_PRODUCT")
    'InnerProduct'
    """
    return OF_2014.get(name, "".join(word.capitalize() for word in name.split("_")))


def _upgrade_layer(old, layer):
    """A layer of 2014: names of types in capitals, `blobs_lr`, and `param` is a name only."""
    layer.type = type_of_2014(old.LayerType.Name(old.type))
    for field, value in old.ListFields():
        if field.name in ("bottom", "top", "blobs", "include", "exclude", "loss_weight"):
            getattr(layer, field.name).MergeFrom(value)
        elif field.name == "name":
            layer.name = value
        elif field.message_type and field.name in layer.DESCRIPTOR.fields_by_name:
            getattr(layer, field.name).CopyFrom(value)
    for number, param in enumerate(_params(old, layer)):
        for field, values in (("name", old.param), ("share_mode", old.blob_share_mode),
                              ("lr_mult", old.blobs_lr), ("decay_mult", old.weight_decay)):
            if number < len(values):
                setattr(param, field, values[number])
    _move_transform(layer)


def _params(old, layer):
    count = max(map(len, (old.param, old.blob_share_mode, old.blobs_lr, old.weight_decay)))
    return [layer.param.add() for _ in range(count)]


def _move_transform(layer):
    """What is done to each picture stood among the options of the layer that reads it."""
    for name in WITH_TRANSFORM:
        options = getattr(layer, name)
        for field in TRANSFORM:
            if options.HasField(field):
                setattr(layer.transform_param, field, getattr(options, field))
                options.ClearField(field)


def _upgrade_input(net):
    """The fields `input:` with a shape each become a layer; without, they stay."""
    shapes = [list(shape.dim) for shape in net.input_shape] or [
        list(net.input_dim[i:i + 4]) for i in range(0, len(net.input_dim), 4)]
    if len(shapes) < len(net.input) or not net.input_shape and len(net.input_dim) % 4:
        return
    layers = [*net.layer]
    del net.layer[:]
    layer = net.layer.add(name="input", type="Input", top=net.input)
    for _, dims in zip(net.input, shapes):
        layer.input_param.shape.add(dim=dims)
    net.layer.extend(layers)
    del net.input[:], net.input_shape[:], net.input_dim[:]

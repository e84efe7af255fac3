"""Caffe's first format: a `layer {` with all options flat inside each `layers {`.

Source: upgrade_proto.cpp
"""
from .errors import NetError
from .proto import caffe_pb2

TYPES = {"conv": "CONVOLUTION", "images": "IMAGE_DATA", "innerproduct": "INNER_PRODUCT",
         "pool": "POOLING"}  # others are their names of 2014 in small letters
OPTIONS = {
    "concat": "concat_param", "conv": "convolution_param", "data": "data_param",
    "dropout": "dropout_param", "hdf5_data": "hdf5_data_param", "images": "image_data_param",
    "infogain_loss": "infogain_loss_param", "innerproduct": "inner_product_param",
    "lrn": "lrn_param", "pool": "pooling_param", "window_data": "window_data_param"}
RENAMED = {
    "batchsize": "batch_size", "biasterm": "bias_term", "det_bg_threshold": "bg_threshold",
    "det_context_pad": "context_pad", "det_crop_mode": "crop_mode",
    "det_fg_fraction": "fg_fraction", "det_fg_threshold": "fg_threshold",
    "kernelsize": "kernel_size", "shuffle_images": "shuffle"}
OF_PICTURES = {"scale": "scale", "meanfile": "mean_file", "cropsize": "crop_size",
               "mirror": "mirror"}


def is_of_2013(net):
    """Whether a layer of the net is written so."""
    return any(old.HasField("layer") for old in net.layers)


def is_type_of_2013(kind):
    """Whether a layer's type is known in this format; "" is.

    >>> is_type_of_2013("innerproduct"), is_type_of_2013("InnerProduct")
    (True, False)
    """
    return kind in ("", "padding", *TYPES) or (
        kind == kind.lower() and kind.upper() in caffe_pb2.V1LayerParameter.LayerType.keys())


def upgrade_to_2014(net):
    """Write the net's layers in the format of 2014, in place."""
    padded = {}  # top of a layer that only pads -> (its bottom, how much)
    layers = [*net.layers]
    del net.layers[:]
    for old in layers:
        if is_padding(old):
            padded[old.top[0]] = old.bottom[0], old.layer.pad
            continue
        for name in old.bottom:
            if name in padded:
                old.bottom[0], old.layer.pad = padded[name]
        _upgrade_layer(old, net.layers.add())


def is_padding(old):
    """Whether it is a layer that only pads, which the layer that reads it does today."""
    if old.layer.type != "padding":
        return False
    if not old.bottom or not old.top:
        raise NetError(f"layer {old.layer.name!r} (padding) needs a bottom and a top.")
    return True


def _upgrade_layer(old, new):
    kind = old.layer.type
    if not is_type_of_2013(kind):
        raise NetError(f"layer {old.layer.name!r}: Caffe's format of 2013 has no layer type "
                       f"{kind!r}; its types are like \"conv\", \"innerproduct\".")
    new.bottom.extend(old.bottom)
    new.top.extend(old.top)
    new.type = new.LayerType.Value(TYPES.get(kind, kind.upper()) if kind else "NONE")
    for field, value in old.layer.ListFields():
        if field.name in OF_PICTURES:
            setattr(new.transform_param, OF_PICTURES[field.name], value)
        elif field.name == "hdf5_output_param":
            new.hdf5_output_param.CopyFrom(value)
        elif field.name == "name":
            new.name = value
        elif field.name in ("blobs", "blobs_lr", "weight_decay"):
            getattr(new, field.name).MergeFrom(value)
        elif kind in OPTIONS:
            _set(getattr(new, OPTIONS[kind]), RENAMED.get(field.name, field.name), value)


def _set(options, name, value):
    """An option that this type of layer does not have is left out, as Caffe does."""
    field = options.DESCRIPTOR.fields_by_name.get(name)
    if field is None:
        return
    if field.message_type:
        getattr(options, name).CopyFrom(value)
    elif hasattr(getattr(options, name), "append"):
        getattr(options, name).append(value)
    else:
        setattr(options, name, value)

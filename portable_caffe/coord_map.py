"""Where does a pixel of one blob of a NetSpec lie in another? `crop` cuts one to fit the other.

A map (axis, a, b) takes the place i of a layer's top to the place a i + b of its bottom, along
`axis` and those after it; `axis` is None where all axes stay as they are. `coord_map` gives the
map of one layer, the other way round: how the places of the bottom are scaled and shifted.

Source: coord_map.py of pycaffe
"""
import numpy as np

from .errors import NetError
from .net_spec import layers

PASS_THROUGH_LAYERS = [
    "AbsVal", "BatchNorm", "Bias", "BNLL", "Dropout", "Eltwise", "ELU", "Log", "LRN", "Exp", "MVN",
    "Power", "ReLU", "PReLU", "Scale", "Sigmoid", "Split", "TanH", "Threshold"]
SIZES_BY_SIDE = {f"{what}_{side}" for what in ("kernel", "stride", "pad") for side in "hw"}


class UndefinedMapException(NetError):
    """A layer that has no map of its places, such as InnerProduct."""


class AxisMismatchException(NetError):
    """Two layers, one after the other, that map other axes."""


class CannotCrop(NetError, AssertionError):
    """Two blobs that no crop makes alike; pycaffe raises AssertionError."""


def conv_params(fn):
    """(axis, stride, kernel size with dilation, padding) of a layer with a kernel."""
    options = fn.params.get("convolution_param", fn.params)
    if SIZES_BY_SIDE & {*fn.params, *options}:
        raise CannotCrop("sizes are given for both sides: kernel_size=[3, 5], not kernel_h and "
                         "kernel_w.")
    if "kernel_size" not in options:
        raise CannotCrop(f"a layer {fn.type_name} without kernel_size has no map of its places.")
    kernel, dilation, stride, pad = (
        np.array(options.get(name, default), ndmin=1) for name, default in
        (("kernel_size", 0), ("dilation", 1), ("stride", 1), ("pad", 0)))
    return options.get("axis", 1), stride, (kernel - 1) * dilation + 1, pad


def crop_params(fn):
    """(axis, offset) of a Crop layer."""
    options = fn.params.get("crop_param", fn.params)
    return options.get("axis", 2), np.array(options.get("offset", 0), ndmin=1)


def coord_map(fn):
    """(axis, scale, shift) of a layer."""
    if fn.type_name in PASS_THROUGH_LAYERS:
        return None, 1, 0
    if fn.type_name in ("Convolution", "Pooling", "Im2col"):
        axis, stride, kernel, pad = conv_params(fn)
        return axis, 1 / stride, (pad - (kernel - 1) / 2) / stride
    if fn.type_name == "Deconvolution":
        axis, stride, kernel, pad = conv_params(fn)
        return axis, stride, (kernel - 1) / 2 - pad
    if fn.type_name == "Crop":
        axis, offset = crop_params(fn)
        return axis - 1, 1, -offset
    raise UndefinedMapException(f"a layer {fn.type_name} has no map of its places.")


def compose(base_map, next_map):
    """One map after the other."""
    (axis, scale, shift), (next_axis, next_scale, next_shift) = base_map, next_map
    if None not in (axis, next_axis) and axis != next_axis:
        raise AxisMismatchException(f"one layer maps axis {axis}, the next one axis {next_axis}.")
    return (next_axis if axis is None else axis, scale * next_scale,
            scale * next_shift + shift)


def inverse(coord_map):
    """The map back."""
    axis, scale, shift = coord_map
    return axis, 1 / scale, -shift / scale


def coord_map_from_to(top_from, top_to):
    """The map between two Tops of a NetSpec, by way of a blob that both come from."""
    from_maps = dict(_way_back(top_from))
    for top, found in _way_back(top_to):
        if top in from_maps:
            return compose(found, inverse(from_maps[top]))
    raise UndefinedMapException("no map leads from one top to the other; are they connected by "
                                "layers that keep places, such as Convolution and Pooling?")


def _way_back(top):
    """Each top that this one comes from by layers with a map, and the map to it; itself first."""
    maps = {top: (None, 1, 0)}
    left = [top]
    for top in left:  # which grows
        yield top, maps[top]
        bottoms = top.fn.inputs[:1] if top.fn.type_name == "Crop" else top.fn.inputs
        try:
            step = coord_map(top.fn) if bottoms else None
        except UndefinedMapException:
            continue
        for bottom in bottoms:
            if bottom not in maps:
                left.append(bottom)
            maps[bottom] = compose(maps[top], step)


def crop(top_from, top_to):
    """A Crop layer that cuts `top_from` to the places of `top_to`."""
    axis, scale, shift = coord_map_from_to(top_from, top_to)
    if np.any(scale != 1):
        raise CannotCrop(f"scale mismatch on crop: one pixel is {scale} of the other blob's.")
    if np.any(shift > 0):
        raise CannotCrop(f"cannot crop negative offset: the blob begins {shift} pixels too late.")
    if np.any(np.round(shift) != shift):
        raise CannotCrop(f"cannot crop noninteger offset: the blobs are shifted by {shift} pixels.")
    offset = [-int(size) for size in np.atleast_1d(shift)]
    return layers.Crop(top_from, top_to, crop_param=dict(
        axis=2 if axis is None else axis + 1, offset=offset))

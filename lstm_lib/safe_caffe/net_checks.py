"""Look at a layer or a prototxt before Caffe does, so that the error comes early."""
import importlib

from portable_caffe.real_caffe import only_there

from .layer_options import check_type
from ..errors import NetError

IN_PLACE = {"BatchNorm", "Bias", "BNLL", "Clip", "Dropout", "ELU", "Exp", "Log", "MVN", "Power",
            "PReLU", "Python", "ReLU", "Scale", "Sigmoid", "Softmax", "Swish", "TanH", "Threshold"}


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
                       f"caffe.Layer in a module on sys.path: {made}. In that module, "
                       "`from lstm_lib import caffe` gives the Caffe that runs.")


def _check_in_place(layer):
    """Caffe runs each type in place: most write over numbers, or memory, that are still read."""
    same = [bottom for bottom, top in zip(layer.bottom, layer.top) if bottom == top]
    if same and layer.type not in IN_PLACE:
        raise NetError(f"layer {layer.name!r} ({layer.type}): it cannot work in place, from "
                       f"{same[0]!r} to {same[0]!r}: its numbers would be wrong. Give its top "
                       f"another name. These types can: {', '.join(sorted(IN_PLACE))}.")


def _check_old_inputs(net):
    """Caffe reads past the end where an input of the older kind has no shape of its own."""
    count = len(net.input)
    if net.input_shape and len(net.input_shape) < count or not net.input_shape and (
            0 < len(net.input_dim) < 4 * count):
        raise NetError(f"{count} times input: needs {count} times input_shape {{ }}, or "
                       f"{4 * count} times input_dim:, four each; got {len(net.input_shape)} and "
                       f"{len(net.input_dim)}.")


def check_spec(caffe, net, what, trusted=True):
    """What Python can see wrong in a parsed net: layer types and sizes.

    Not trusted, the module of a layer written in Python is not imported.
    """
    if not net.layer:
        raise NetError(f"{what} holds no layer.")
    _check_old_inputs(net)
    runs = set(caffe.layer_type_list())
    for layer in net.layer:
        if layer.type not in runs:
            check_type(caffe, layer.type, layer.name)
            said = only_there(layer.type) or (
                f"{caffe.__name__} does not run layers of type {layer.type!r}.")
            raise NetError(f"layer {layer.name!r}: {said} It runs {', '.join(sorted(runs))}.")
        _check_in_place(layer)
        if layer.type == "Python" and trusted:
            _check_python_layer(caffe, layer)
        if layer.type == "HDF5Output":
            raise NetError(f"layer {layer.name!r}: HDF5Output overwrites its file when the net is "
                           "built; leave it out and keep net.blobs[...].data with np.save.")
        if layer.type == "InnerProduct" and not layer.inner_product_param.num_output:
            raise NetError(f"layer {layer.name!r} (InnerProduct): num_output is missing; "
                           "give the number of outputs, like num_output: 4")

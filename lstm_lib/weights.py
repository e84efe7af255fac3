"""Which weights are shared, and how do they move from net to net?

Everywhere in `lstm_lib` an LSTM has three arrays, with rows in the order i, f, o, g:

    W_xc (4H, D),  b_c (4H,),  W_hc (4H, H)

The arrays of another cell are those of its file in `cells/`.
"""
from collections import namedtuple

import numpy as np
from google.protobuf.internal.encoder import _VarintBytes

from .cells import CELLS
from .cells.lstm import LSTMWeights
from .errors import NetError
from .files import write_whole
from .nets import NetParameter, check_loaded
from .safe_caffe.engine import caffe
from .safe_caffe.weight_files import check_names, owners


def get_weights(net, weight_names=None):
    """Copy an unrolled LSTM's weights, or another cell's, out of a net.

    Parameters
    ----------
    weight_names : what `unroll` returned; if left out, the names of an unroll without prefix.

    Raises
    ------
    NetError : the net has no weights of these names.
    """
    return _of_a_cell([blob.data.copy() for blob in _blobs(net, weight_names)])


def get_gradients(net, weight_names=None):
    """Copy the gradients of an unrolled cell's weights, summed over all steps."""
    return _of_a_cell([blob.diff.copy() for blob in _blobs(net, weight_names)])


def set_weights(net, weights, weight_names=None):
    """Write weights into an unrolled cell; one write serves all steps.

    Raises
    ------
    NetError : a shape does not fit, or the net has no weights of these names; then nothing
        was written.
    """
    _write(_blobs(net, weight_names), weights, weight_names or _default_names(net))


def get_layer_weights(net, layer_name):
    """Copy the weights of Caffe's own `LSTM` layer out of a net; with a static input W_xs is last.

    Source: recurrent_layer.hpp; the blobs are W_xc, b_c, W_hc, or W_xc, b_c, W_xs, W_hc.
    """
    return _of_a_cell([blob.data.copy() for blob in _layer_blobs(net, layer_name)])


def set_layer_weights(net, layer_name, weights):
    """Write weights into Caffe's own `LSTM` layer; no reordering is needed."""
    _write(_layer_blobs(net, layer_name), weights,
           [f"{layer_name}.{field}" for field in (*LSTMWeights._fields, "W_xs")][:len(weights)])


def _blobs(net, weight_names):
    known, names = shared_weights(net), weight_names or _default_names(net)
    if not isinstance(names, (list, tuple)) or len(set(map(str, names))) != len(names):
        raise NetError(f"weight_names are different names, as unroll returned, got {names!r}.")
    missing = [name for name in names if name not in known]
    if missing:
        raise NetError(f"this net has no weight {missing[0]!r}; it has "
                       f"{', '.join(known) or 'none'}. Pass weight_names as unroll returned.")
    return [known[name][0] for name in names]


def _default_names(net):
    """The names that an unroll without prefix gives: of the cell with most of them in the net."""
    known = shared_weights(net)
    made = [list(cell.names("", static=static).values())
            for cell in CELLS.values() for static in (False, True)]
    return max([names for names in made if set(names) <= set(known)], key=len, default=made[0])


def _of_a_cell(arrays):
    """The arrays under the names of their cell's equations; those of an unknown cell as a list."""
    for cell in CELLS.values():
        names = cell.arrays._fields
        if len(arrays) > 2 and len(arrays[0]) == cell.rows * np.shape(arrays[2])[-1]:
            if len(names) == len(arrays):
                return cell.arrays(*arrays)
            if len(names) + 1 == len(arrays) and arrays[-1].ndim == 2:  # with a static input
                return namedtuple(cell.arrays.__name__, (*names, "W_xs"))(*arrays)
    return arrays


def _layer_blobs(net, layer_name):
    check_loaded(net)
    if layer_name not in list(net.params) or len(net.params[layer_name]) not in (3, 4):
        raise NetError(f"{layer_name!r} is no LSTM layer with W_xc, b_c, W_hc in this net; "
                       f"layers with weights: {', '.join(net.params) or 'none'}.")
    W_xc, b_c, *W_xs, W_hc = net.params[layer_name]
    return [W_xc, b_c, W_hc, *W_xs]


def _write(blobs, weights, names):
    if not isinstance(weights, (list, tuple)) or len(weights) != len(names):
        what = "the three arrays W_xc, b_c, W_hc" if len(names) == 3 else f"{len(names)} arrays"
        raise NetError(f"weights are {what}, like those of xavier_start, "
                       f"got {type(weights).__name__}.")
    for blob, array, name in zip(blobs, weights, names):
        if tuple(blob.shape) != np.shape(array):
            raise NetError(f"{name} is {tuple(blob.shape)} in this net, "
                           f"the given array is {np.shape(array)}.")
        if np.asarray(array).dtype.kind not in "biuf":
            raise NetError(f"{name} takes numbers, the given array holds "
                           f"{np.asarray(array).dtype}.")
    for blob, array in zip(blobs, weights):
        blob.data[...] = array


def save_weights(net, path):
    """Save each shared weight once, so that the file does not grow with T.

    `load_net(source, weights=path)` reads it into an unroll of any T of the same layers.

    Raises
    ------
    NetError : the net has no weights, two layers with weights have one name, or the path cannot
    be written.

    Source: Caffe's `copy_from` reads such a file. A layer that is not in it uses the blobs of
    the layer with which it shares.
    """
    check_loaded(net)
    check_names(net)
    stored = NetParameter(name=net.spec.name)
    types = {name: layer.type for name, layer in zip(net._layer_names, net.layers)}  # as built
    for name in owners(net):
        layer = stored.layer.add(name=name, type=types[name])
        for blob in net.params[name]:
            layer.blobs.add().MergeFromString(_blob_bytes(blob))
    if not stored.layer:
        raise NetError("this net has no weights to save.")

    def write(beside):
        with open(beside, "wb") as file:
            file.write(stored.SerializeToString())

    write_whole(path, write)
    return path


def _blob_bytes(blob):
    """A BlobProto in wire form; to append millions of numbers one by one would take seconds."""
    shape = caffe.proto.caffe_pb2.BlobProto()
    shape.shape.dim.extend(blob.shape)
    numbers = np.ascontiguousarray(blob.data, "<f4").tobytes()
    data_field = b"\x2a"  # field 5, `data`, packed
    return shape.SerializeToString() + data_field + _VarintBytes(len(numbers)) + numbers


def shared_weights(net):
    """Each named weight of the net and the layers that use it.

    Returns
    -------
    dict of name -> (Blob, [layer names]), in the order of the net. A weight without a
    name in the prototxt is listed as `layer[index]`.
    """
    check_loaded(net)
    table = {}
    for layer in net.built.layer:
        for index, blob in enumerate(net.params.get(layer.name, ())):
            name = layer.param[index].name if index < len(layer.param) else ""
            entry = table.setdefault(name or f"{layer.name}[{index}]", (blob, []))
            entry[1].append(layer.name)
    return table

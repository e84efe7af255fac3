"""The weights of a net in a .caffemodel file, the same as real Caffe's."""
from . import files
from .errors import NetError
from .proto import caffe_pb2

OTHER_NET = "The file was saved from a net of other sizes; build this net with those."


def copy_from(net, path):
    """Give the layers of a net the weights of those with the same names in a file.

    Layers that the file lacks keep theirs; if one does not fit, all do.
    """
    stored = files.read_binary(path, caffe_pb2.NetParameter())
    sources = {layer.name: layer.blobs for layer in [*stored.layers, *stored.layer] if layer.blobs}
    if not sources and net.params:
        raise NetError(f"{path} holds no weights: it is no .caffemodel, or was cut short while "
                       "it was written.")
    found = [array for name, blobs in sources.items() if name in net.layer_dict
             for array in _fitting(name, blobs, net.layer_dict[name].blobs)]
    for blob, array in found:
        blob.data[...] = array.reshape(blob.shape)


def _fitting(name, stored, targets):
    """Each blob of a layer and the array for it; NetError where one has another shape."""
    if len(targets) != len(stored):
        raise NetError(f"Incompatible number of blobs for layer {name}: {len(stored)} in the "
                       f"file, {len(targets)} here. {OTHER_NET}")
    for index, (blob, message) in enumerate(zip(targets, stored)):
        array, shape = files.from_message(message), tuple(blob.shape)
        if files.of_four_axes(message):
            shape = (1,) * (4 - len(shape)) + shape
        if array.shape != shape:
            raise NetError(f"Cannot copy param {index} weights from layer {name!r}; shape "
                           f"mismatch. {OTHER_NET}\nGiven: {array.shape} in the file, "
                           f"{shape} here.")
        yield blob, array


def to_proto(net, write_diff=False):
    """The NetParameter of a net: all layers, each with its weights."""
    stored = caffe_pb2.NetParameter(name=net.name)
    for node in net._nodes:
        message = stored.layer.add()
        message.CopyFrom(node.spec)
        del message.blobs[:]
        for blob in node.layer.blobs:
            saved = files.to_message(blob.data, message.blobs.add())
            if write_diff:
                files.to_message(blob.diff, saved, "diff")
    return stored

"""Weights that stand in a prototxt, `blobs { }`: Caffe takes them as they are, of any size."""
from .child import in_child
from .pycaffe import real
from .resources import file_with
from ..errors import NetError


def check_given_weights(net):
    """Raise where a layer would compute with more numbers than a weight in the prototxt has."""
    if not any(layer.blobs for layer in net.built.layer):
        return
    for name, wanted in _counts_without(net).items():
        given = [blob.count for blob in net.params.get(name, ())]
        if len(given) < len(wanted) or any(few < many for few, many in zip(given, wanted)):
            raise NetError(f"layer {name!r}: its weights have {_listed(wanted)} numbers, and "
                           f"blobs {{ }} in the prototxt {_listed(given)}; leave blobs {{ }} out.")


def _counts_without(net):
    """Layer -> how many numbers its weights have, where the layer itself makes them."""
    spec = type(net.built)()
    spec.CopyFrom(net.built)
    for layer in spec.layer:
        del layer.blobs[:]
    with file_with(str(spec)) as path:
        return in_child(lambda: {name: [blob.count for blob in blobs] for name, blobs in
                                 real.Net(path, net.phase).params.items()})


def _listed(counts):
    return " and ".join(map(str, counts)) or "no"

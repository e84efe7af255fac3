"""The shapes of a net's blobs and weights, and the memory they take."""


def sources(net):
    """The blobs no layer computes."""
    blobs = net.blobs
    made = [top for layer in net.spec.layer if not layer.bottom
            for top in layer.top if top in blobs]
    return list(dict.fromkeys([*net.inputs, *made]))


def source_shapes(net):
    """Shapes of the blobs no layer computes; all other shapes follow from them."""
    return [tuple(net.blobs[top].shape) for top in sources(net)]


def counts(net):
    """How many numbers each blob holds, quicker to ask for than shapes; the shapes of weights."""
    return ([blob.count for blob in net.blobs.values()],
            [tuple(blob.shape) for blobs in net.params.values() for blob in blobs])


def bytes_needed(net):
    """Data and gradient of every blob and weight, 4 bytes a number."""
    counts = [blob.count for name, blob in net.blobs.items() if "_split_" not in name]
    counts += {id(blob): blob.count for blobs in net.params.values() for blob in blobs}.values()
    return 8 * sum(counts)

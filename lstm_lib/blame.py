"""Which layer of a net does Caffe die of, and what was it given?"""
import tempfile

from .errors import did_you_mean, hint_for
from .guard import Died, in_child


def which_layer(caffe, spec, phase, reason):
    """Caffe's reason with the layer that caused it and the shapes that came in.

    The shortest piece of the net that still dies ends in the layer we look for.
    """
    if not spec.layer:
        return (f"{reason}\nHint: this is Caffe's format of 2014 (`layers {{`), in which layers "
                "are not looked at one by one; write it anew with `layer {`.")
    good, bad = 0, len(spec.layer)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _first_layers(caffe, spec, phase, middle) is None:
            bad = middle
        else:
            good = middle
    layer = spec.layer[bad - 1]
    shapes = _first_layers(caffe, spec, phase, good) or {}
    bottoms = [f"{name} {tuple(shapes[name]) if name in shapes else '(unknown)'}"
               for name in layer.bottom]
    return (f"layer {layer.name!r} ({layer.type}): {reason}\n"
            f"Given: {', '.join(bottoms) or 'no bottoms'}.\n{_hint(layer, shapes, reason)}")


def _first_layers(caffe, spec, phase, count):
    """Blob shapes of the net's first layers, or None when Caffe dies of them."""
    piece = caffe.proto.caffe_pb2.NetParameter()
    piece.CopyFrom(spec)
    del piece.layer[count:]

    def build():
        return {name: list(blob.shape)
                for name, blob in caffe.Net(file.name, phase).blobs.items()}

    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:  # a child that dies
        file.write(str(piece))                                          # would leave it
        file.flush()
        try:
            return in_child(build)
        except (Died, RuntimeError):
            return None


def _hint(layer, shapes, reason):
    if "Unknown bottom blob" in reason:
        wrong = next((name for name in layer.bottom if name not in shapes), "")
        return hint_for(reason) + did_you_mean(wrong, shapes)
    return hint_for(reason, layer.type)


def running_layer(net, number, way, reason):
    """Caffe's reason with the layer that was running and the shapes that came in."""
    name, kind = net._layer_names[number], net.layers[number].type
    bottoms = next((layer.bottom for layer in net.spec.layer if layer.name == name),
                   net.bottom_names[name])  # Caffe's own names end in "_split_0" and the like
    shapes = [f"{bottom} {tuple(net.blobs[bottom].shape)}" for bottom in bottoms]
    none = " has no backward pass, or died in it" if way == "backward" else ""
    return (f"layer {name!r} ({kind}){none}: {reason}\nGiven: "
            f"{', '.join(shapes) or 'no bottoms'}, in {way}().\n{hint_for(reason, kind)}").rstrip()

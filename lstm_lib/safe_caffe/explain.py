"""Which layer of a net does Caffe die of, and what was it given?"""
import re

from portable_caffe.build import first_source
from portable_caffe.errors import NO_NUMBER
from portable_caffe.prepare import names_left_out

from .child import Died, in_child
from .resources import file_with
from ..errors import did_you_mean


def which_layer(caffe, net, reason):
    """Caffe's reason with the layer that caused it and the shapes that came in.

    The shortest piece of the net that still dies ends in the layer we look for.
    """
    spec, phase = net.built, net.phase
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
            f"Given: {', '.join(bottoms) or 'no bottoms'}.\n{_hint(net, bad - 1, shapes, reason)}")


def _first_layers(caffe, spec, phase, count):
    """Blob shapes of the net's first layers, or None when Caffe dies of them."""
    piece = caffe.proto.caffe_pb2.NetParameter()
    piece.CopyFrom(spec)
    del piece.layer[count:]

    def build():
        return {name: list(blob.shape) for name, blob in caffe.Net(path, phase).blobs.items()}

    with file_with(str(piece)) as path:
        try:
            return in_child(build)
        except Died:
            return None


def _hint(net, number, shapes, reason):
    layer = net.built.layer[number]
    if "Unknown bottom blob" in reason:
        wrong = next((name for name in layer.bottom if name not in shapes), "")
        elsewhere = names_left_out(net.spec, net.state)[0].get(wrong)
        return hint_for(reason) + (f" {elsewhere}" if elsewhere else did_you_mean(wrong, shapes))
    if "multiple sources" in reason:
        top = re.search(r"Top blob '(.*)' produced", reason)[1]
        return "Hint:" + first_source(net.built.layer[:number], top)
    return hint_for(reason, layer.type)


def running_layer(net, number, way, reason):
    """Caffe's reason with the layer that was running and the shapes that came in."""
    name, kind = net._layer_names[number], net.layers[number].type
    bottoms = next((layer.bottom for layer in net.built.layer if layer.name == name),
                   net.bottom_names[name])  # Caffe's own names end in "_split_0" and the like
    shapes = [f"{bottom} {tuple(net.blobs[bottom].shape)}" for bottom in bottoms]
    none = " has no backward pass, or died in it" if way == "backward" else ""
    return (f"layer {name!r} ({kind}){none}: {reason}\nGiven: "
            f"{', '.join(shapes) or 'no bottoms'}, in {way}().\n{hint_for(reason, kind)}").rstrip()


# (pattern in "layer type: what Caffe says", what would be right); the first match counts.
HINTS = [
    (r"Unknown bottom blob",
     "a bottom must be the top of a layer that stands before; look at the spelling and "
     "the order of the layers."),
    (r"Cannot share param '([^']*)'",
     "all layers that name the parameter '{0}' use one blob, so they need the same "
     "num_output and the same number of inputs; give one of them another name."),
    (r"Cannot copy param|Incompatible number of blobs",
     "the file was saved from a net of other sizes; build this net with the sizes of "
     "that one, or load without it."),
    (r"Unknown filler name",
     "Caffe's fillers are constant, gaussian, uniform, xavier, msra, "
     "positive_unitball and bilinear."),
    (r"NumBottomBlobs|NumTopBlobs|EqualNumBottomTopBlobs",
     "this layer type wants another number of bottoms or tops."),
    (r"host allocation|bad_alloc|blob size exceeds INT_MAX",
     "the blobs do not fit: use a smaller T, B or num_output."),
    (r"Check failed: (?:data_|diff_)$", NO_NUMBER),
    (r"num_output",
     "give num_output, the number of units H."),
    (r"^Slice",
     "n tops need n - 1 slice points, rising, each inside the axis that is sliced; "
     "without slice points the axis must divide by the number of tops."),
    (r"^(?:LSTM|RNN)", "a recurrent layer reads x as (T, B, ...) and cont as (T, B)."),
    (r"Input size incompatible with inner product",
     "the product was built for another number of inputs D; build the net anew for these."),
    (r"axis \S+ out of range for (\d+)-D",
     "axes count from 0, so in a blob of {0} axes each stays below {0}."),
    (r"bottom\[0\]->shape\(\) == bottom\[i\]->shape\(\)|bottom\[i\]->shape\(\) == bottom\[0\]",
     "layers that work number by number want bottoms of one and the same shape."),
]


def hint_for(reason, layer_type=""):
    """What would be right, given what Caffe said; empty when nothing is known."""
    for pattern, hint in HINTS:
        found = re.search(pattern, f"{layer_type}: {reason}")
        if found:
            return "Hint: " + hint.format(*found.groups())
    return ""

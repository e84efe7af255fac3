"""What went wrong, and what would be right."""
import difflib
import re


try:  # one class each on both engines
    from portable_caffe.errors import NetError, NoGPU
except Exception:  # a broken environment, in which the doctor must still start
    class NetError(RuntimeError):
        """A net that Caffe would not build or run: Caffe's reason, the layer, what to do."""

    class NoGPU(RuntimeError):
        """The GPU was asked for and this Caffe has none."""


class DotMissing(RuntimeError):
    """A picture needs Graphviz's `dot` program and it is not installed."""


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


def did_you_mean(word, known):
    """' Did you mean 'x'?' for the nearest of the known words, or nothing.

    >>> did_you_mean("num_outptu", ["axis", "num_output"])
    " Did you mean 'num_output'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""

"""What this very build of real Caffe computes wrongly, said before the wrong numbers come."""
import functools
import sys
import warnings

from .child import in_child
from .pycaffe import real
from .resources import file_with
from .values import described

PAIR = ('layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 1 } } } '
        'layer { name: "y" type: "BatchNorm" bottom: "x" top: "y" }')
FAULT = ("in TRAIN it neither computes nor keeps the statistics of a batch, a fault of this build "
         "of Caffe (it divides by a number that tends to 1)")
CURE = ("with weights learnt elsewhere set batch_norm_param { use_global_stats: true }; to learn, "
        "start Python with LSTM_LIB_ENGINE=portable")


@functools.lru_cache(maxsize=None)
def batch_norm_works():
    """Whether BatchNorm brings 0 and 2 to -1 and 1 in TRAIN; tried once, in a child process."""
    def bring():
        net = real.Net(path, real.TRAIN)
        net.blobs["x"].data[...] = [[0], [2]]
        return net.forward()["y"].ravel().tolist()

    with file_with(PAIR) as path:
        low, high = in_child(bring)
    return abs(low + 1) + abs(high - 1) < 1e-3


def warn_of_faults(net):
    """A warning where a net that was just built holds a layer that computes wrongly here."""
    names = [layer.name for place, layer in described(net)
             if net.layers[place].type == "BatchNorm" and computes_statistics(layer, net.phase)]
    if names and not batch_norm_works():
        warnings.warn(f"layer {names[0]!r} (BatchNorm): {FAULT}, so its numbers are wrong: {CURE}."
                      + f" The same holds for {names[1:]}." * (len(names) > 1),
                      stacklevel=_calls_from_outside())


def computes_statistics(layer, phase):
    """Whether a BatchNorm should compute the statistics of each batch."""
    asked, given = layer.batch_norm_param, layer.HasField("phase")
    return not (asked.use_global_stats if asked.HasField("use_global_stats") else
                (layer.phase if given else phase) == real.TEST)


def _calls_from_outside():
    """How many calls up there is one that is not lstm_lib's own: the line to blame."""
    frame, count = sys._getframe(1), 1
    while frame.f_back and frame.f_globals["__name__"].startswith("lstm_lib."):
        frame, count = frame.f_back, count + 1
    return count

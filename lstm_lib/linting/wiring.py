"""Traps of wiring: what nobody reads, inputs without a name, time and batch mixed up."""
import re
from collections import defaultdict

from ..netspec import parts_of_step_name, step_name
from ..safe_caffe.engine import caffe
from .findings import Finding, listed
from .kinds import RECURRENT, SOURCES, loss_weight

KEEP_AXES = {"BatchNorm", "Bias", "Dropout", "ELU", "Eltwise", "PReLU", "Power", "ReLU", "Scale",
             "Sigmoid", "Split", "Swish", "TanH"}
NAMED_BY_NETSPEC = re.compile(r"Input\d+")


def inputs_nobody_reads(net):
    """An input, or a top of a data layer, that no layer reads."""
    if not net.whole or all(layer.type in SOURCES for layer in net.layers):
        return
    for layer in net.layers:
        unread = _unread(net, layer)
        if layer.type in SOURCES and unread:
            yield Finding(layer.name, f"no layer reads {listed(unread)}: whatever you write into "
                          "it changes nothing.", "name it as a bottom where it is meant, look for "
                          "a misspelt name, or leave it out (Silence says that this is meant).", 4)


def _unread(net, layer):
    """The tops of a layer that nobody reads, in the other phase neither."""
    return [top.name for top in layer.tops
            if not top.readers and top.name not in net.read_elsewhere]


def pieces_nobody_reads(net):
    """A Slice of whose pieces most are read and some are not, like a gate that was forgotten."""
    for layer in net.layers:
        unread = _unread(net, layer)
        by_time = layer.type == "Slice" and layer.spec.slice_param.axis == 0
        if layer.type == "Slice" and not by_time and 0 < 2 * len(unread) < len(layer.tops):
            yield Finding(layer.name, f"it cuts {len(layer.tops)} pieces, and no layer reads "
                          f"{listed(unread)}.", "read it where it belongs, or end it in a Silence "
                          "layer.", 1)


def one_step_left_out(net):
    """A layer that reads the same blob of all steps but one between the first and the last."""
    for layer in net.layers:
        steps = defaultdict(set)
        for bottom in layer.bottoms if parts_of_step_name(layer.name[:200]) is None else ():
            parts = bottom.maker and parts_of_step_name(bottom.maker.name[:200])
            if parts:
                prefix, step, part = parts
                steps[prefix, part, bottom.number].add(step)
        for (prefix, part, _), read in steps.items():
            first, last = min(read), max(read)
            if len(read) > 2 and last - first == len(read):
                (step,) = set(range(first, last)) - read
                yield Finding(layer.name, f"it reads {part!r} of the steps {first} to {last}, "
                              f"but not of step {step}.",
                              f"add what {step_name(prefix, step, part)!r} gives, or look whether "
                              "another stands there twice.", 3)


def inputs_without_a_name(net):
    """An input that NetSpec had to name: its own name was taken by another top, or never given."""
    for layer in net.layers:
        if layer.type == "Input" and NAMED_BY_NETSPEC.fullmatch(layer.name):
            yield Finding(layer.name, "NetSpec gave this input its name: its own was given to "
                          "another top later, or it never had one. Who wants to set it does not "
                          "find it.", "keep it as ns.h0 = L.Input(...), say, and give no other top "
                          "that name; add_layer_to_net_spec refuses a name that is taken.", 3)


def one_step_of_many_sequences(net):
    """An LSTM or RNN layer that learns from x (1, B, ...): time stands first, then the batch."""
    if net.phase != caffe.TRAIN or not any(map(loss_weight, net.layers)):
        return
    for layer in net.layers:
        if layer.type in RECURRENT and layer.bottoms:
            T, B = ((net.shape(layer.first) or ()) + (0, 0))[:2]
            if T == 1 < B:
                yield Finding(layer.name, f"its input has T = 1 step of B = {B} sequences: axis 0 "
                              "is time, axis 1 the batch, and nothing is learnt about what comes "
                              f"after what. If it is one sequence of {B} steps, the axes are the "
                              "wrong way round.", "feed (T, B, ...): np.swapaxes(x, 0, 1).", 8)


def sequences_mixed_up(net):
    """What reads an LSTM's (T, B, H) as if the rows of axis 0 were the sequences."""
    for recurrent in net.layers:
        if recurrent.type in RECURRENT or recurrent.type == "LSTMUnit":
            for layer, bottom in _readers_with_its_axes(recurrent):
                shape = _joins_axis_1(layer) and net.shape(bottom)
                if shape and len(shape) > 2 and shape[1] > 1:
                    yield Finding(layer.name, f"it joins axis 1 of {bottom.name!r} {shape} with "
                                  f"what follows: the {shape[1]} sequences of a step become one. "
                                  "An LSTM's output is (T, B, H), time first.",
                                  "write axis: 2.", 8)


def _readers_with_its_axes(recurrent):
    """(layer, bottom) of all that read it, also behind layers that keep the axes T, B, H."""
    waiting, seen = list(recurrent.tops), set()
    while waiting:
        version = waiting.pop()
        for layer in version.readers:
            if layer not in seen:
                seen.add(layer)
                yield layer, version
                by_time = (layer.type == "Slice" and layer.spec.slice_param.axis == 0
                           or layer.type == "Concat" and layer.spec.concat_param.axis in (0, 2))
                if layer.type in KEEP_AXES or by_time:
                    waiting += layer.tops


def _joins_axis_1(layer):
    spec = layer.spec
    return (layer.type == "InnerProduct" and spec.inner_product_param.axis == 1
            or layer.type == "Flatten" and spec.flatten_param.axis == 1
            or layer.type == "Softmax" and spec.softmax_param.axis == 1)

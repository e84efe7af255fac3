"""Traps of memory: a layer in place writes over numbers that are still needed."""
from bisect import bisect_left, bisect_right

from . import flow
from .findings import Finding, listed
from .kinds import loss_weight

SUM = 1  # operation of Eltwise
# For its gradient a layer of these types reads what it gave, or what it was given. Measured on
# real Caffe: each type, and each with ReLU, Dropout, Scale or Sigmoid in place on its top.
NEED_TOP = {"ELU", "Exp", "LRN", "MVN", "Sigmoid", "Softmax", "Swish", "TanH"}
NEED_STATE = {"LSTM": 2, "LSTMUnit": 0, "RNN": 1}  # this top: c, or h of an RNN
NEED_BOTTOM = {"AbsVal", "BNLL", "Convolution", "Deconvolution", "ELU", "InnerProduct", "Log",
               "LRN", "LSTM", "LSTMUnit", "Power", "PReLU", "RNN", "Scale"}
KEEP_SIGN = {"Dropout", "ELU", "PReLU", "ReLU", "Swish", "TanH"}
POSITIVE, KEEP_POSITIVE = {"Exp", "Sigmoid", "Softmax"}, {"AbsVal", "ELU", "PReLU", "ReLU"}
SAME_TWICE = {"AbsVal", "ReLU", "Threshold"}  # f(f(x)) = f(x)


def state_squashed(net):
    """c = f * c + i * g with a tanh in place on it: the state itself is gone."""
    for layer in net.layers:
        if layer.in_place and layer.type == "TanH" and _is_cell_state(layer.bottoms[0]):
            readers = listed(reader.name for reader in layer.tops[0].readers)
            yield Finding(layer.name, f"it writes tanh(c) over the cell state "
                          f"{layer.tops[0].name!r}: whoever reads c later"
                          + (f" ({readers})" if readers else "")
                          + ", like the next step, gets tanh(c).",
                          "give its top another name: the layer must not work in place.", 1)


def _is_cell_state(version):
    maker = version.maker
    if maker is None or maker.type == "LSTMUnit":
        return maker is not None and maker.tops[0] is version
    return (maker.type == "Eltwise" and maker.spec.eltwise_param.operation == SUM
            and len(maker.bottoms) > 1 and all(map(_is_product, maker.bottoms)))


def _is_product(version):
    maker = version.maker
    return (maker is not None and maker.type == "Eltwise"
            and maker.spec.eltwise_param.operation == flow.PROD)


def read_after_it_was_overwritten(net):
    """A layer reads a blob whose memory a layer in place wrote over, under another name."""
    for memory in _memories(net):
        stale, writers = {}, set(memory.writers)
        places = [writer.place for writer in memory.writers]
        for layer, version in memory.readers:
            if bisect_left(places, layer.place) > version.writes and layer not in writers:
                writer = memory.writers[version.writes]
                stale.setdefault(writer, []).append((layer, version.name))
        for writer, found in stale.items():
            yield Finding(writer.name, f"in place it writes over {found[0][1]!r} too, which is "
                          f"the same memory as {writer.tops[0].name!r} under another name, before "
                          f"{listed(layer.name for layer, _ in found)} read it.",
                          "give its top another name.", 1)


def gradient_of_what_was_overwritten(net):
    """A layer in place writes over what the gradient of a layer before it is computed from."""
    reached, _ = flow.with_gradient(net, down_from=lambda layer: loss_weight(layer) or net.forced)
    needed = flow.needs_gradient(net)
    for memory in _memories(net):
        harm = {}  # type -> places of the layers that do harm to it, and these layers
        for layer in _need_the_memory(net, memory):
            if layer not in reached or not (net.forced or needed.intersection(layer.tops)):
                continue
            if layer.type not in harm:
                writers = [writer for writer in memory.writers
                           if not _does_no_harm(layer.type, writer)]
                harm[layer.type] = [writer.place for writer in writers], writers
            after = bisect_right(harm[layer.type][0], layer.place)
            for writer in harm[layer.type][1][after:after + 1]:
                yield Finding(writer.name, f"in place it writes over the numbers from which the "
                              f"gradient of {layer.name!r} ({layer.type}) is computed: that "
                              "gradient is wrong" + " on real Caffe" * (layer.type in NEED_STATE)
                              + ".", "give its top another name.", 1)


def _need_the_memory(net, memory):
    """The layers that look into this memory when they compute their gradient."""
    writers, maker = set(memory.writers), memory.maker
    if maker is not None and (NEED_STATE.get(maker.type) == memory.number
                              or maker.type == "RNN" and _has_one_step(net, maker)):
        yield maker
    for layer in [maker, *memory.writers]:
        if layer is not None and (layer.type in NEED_TOP or layer in writers
                                  and layer.type == "ReLU"):
            yield layer
    for layer, _ in memory.readers:
        product = layer.type == "Eltwise" and layer.spec.eltwise_param.operation == flow.PROD
        if layer not in writers and (layer.type in NEED_BOTTOM or product):
            yield layer


def _has_one_step(net, layer):
    """Whether an LSTM or RNN layer has T = 1: then its output is the memory of that step."""
    shape = layer.bottoms and net.shape(layer.first)
    return bool(shape) and shape[0] == 1


def state_of_one_step_overwritten(net):
    """A layer in place on the output of an LSTM layer of one step, which is its state, too."""
    for memory in _memories(net):
        maker = memory.maker
        if (maker is not None and maker.type == "LSTM" and memory.number == 0
                and _has_one_step(net, maker)):
            yield Finding(memory.writers[0].name, f"with T = 1 the output of {maker.name!r} lies in "
                          "the memory of its state h, and this layer writes over it: the next "
                          "call goes on from there (on real Caffe).",
                          "give its top another name.", 1)


def _does_no_harm(kind, writer):
    """Whether the gradient of a layer of this type comes out right all the same."""
    if kind == "ReLU":  # it looks at signs only; where Dropout drops, the gradient is 0 anyway
        return writer.type in KEEP_SIGN
    if kind in POSITIVE and writer.type in KEEP_POSITIVE:
        return True
    # 0 where it was negative, where the gradient is 0 now; else as before
    return (writer.type == "ReLU" and not writer.spec.relu_param.negative_slope
            and kind in NEED_TOP - {"MVN"})


def input_overwritten(net):
    """A layer in place on what a person writes once: the second forward begins with its result."""
    for memory in _memories(net):
        if memory.maker is None or memory.maker.type not in ("Input", "DummyData"):
            continue
        writers = [layer for layer in memory.writers if layer.type not in SAME_TWICE]
        if writers:
            yield Finding(writers[0].name, "in place it writes over the input "
                          f"{memory.maker.tops[0].name!r}: unless you write that anew before each "
                          "forward, the next one begins with the result of this.",
                          "give its top another name.", 1)


def _memories(net):
    """Each memory that a layer in place writes into."""
    return dict.fromkeys(top.memory for layer in net.layers if layer.in_place
                         for top in layer.tops if top.memory.writers)

"""Whether two engines agree about a case, and where they may differ."""
import re

import numpy as np

RELATIVE, ABSOLUTE = 1e-3, 1e-4

IN_PLACE_BEHIND_A_STATE = r'(?s)"(LSTM|RNN)" [^\n]*? top: "(\w+)" top: .*bottom: "\2" top: "\2"'
REFUSED = "real explained, portable ok: .*"
MORE = "real ok, portable explained: .*"
TWO_OF_ONE_NAME = r'(?s)layers? \{ name: "(\w+)" .*layers? \{ name: "\1" '
FLATTEN_BEHIND_A_STATE = r'(?s)"(LSTM|RNN)" [^\n]*? top: "(\w+)".*"Flatten" bottom: "\2"'
IN_PLACE_BEHIND_A_CELL = (r'(?s)"LSTMUnit" [^\n]*? top: "(\w+)" top: "(\w+)".*'
                          r'bottom: "(\1|\2)" top: "\3"')
DROPS_WHAT_IS_SHARED = (r'(?s)"(Slice|Concat|Reshape|Flatten)" [^\n]*top: "(\w+)".*'
                        r'"Dropout" bottom: "\2" top: "\2"')
# (what differs, as `first_difference` says it; what is in the prototxt; why the engines differ);
# portable_caffe's README lists the same
KNOWN = [
    (r"numbers of \S*(Dropout|DummyData)", "", "random numbers"),
    (r"numbers of \S*Pooling", "STOCHASTIC", "random numbers"),
    ("numbers of", DROPS_WHAT_IS_SHARED, "random numbers"),
    (r"numbers of \S*BatchNorm", '"BatchNorm"(?!.*use_global_stats: true)',
     "in TRAIN this wheel's is not what Caffe says"),
    (f"^part .*{REFUSED}", "", "only the layers that run are looked at"),
    (f"{MORE}give loss_weight once", r"loss_weight: \S+ loss_weight",
     "real Caffe forgets it now and then"),
    (rf"{MORE}(none of 2\^31 or more|Unable to allocate)", r"\d{10}", "real Caffe keeps the last 32 bits of a size"),
    (f"numbers of|^(save|share): {MORE}.* no weights|^load: {REFUSED}(.*weight blobs|.*its weights)",
     r"blobs \{", "numbers of weights in a prototxt are not read"),
    (f"^(save|share|solver): ({REFUSED}|{MORE})Incompatible number of blobs", TWO_OF_ONE_NAME,
     "two layers of one name: Caffe takes the first"),
    (r"numbers of \S*(Convolution|Deconvolution|InnerProduct|Embed|Bias|Scale|PReLU|LSTM|RNN)",
     TWO_OF_ONE_NAME, "the first of them keeps its random weights"),
    (f"{REFUSED}(in place it overwrites|a window holds no number|"
     "says where the largest numbers stood)", "", "its gradient is right here"),
    (rf"{REFUSED}(Check failed: ((data_|diff_)(?! Memory)|n > 0 \(0 vs|blob->count\(\))|"
     "from 0 to -1|and holds no number|larger than the picture)", "", "blobs without numbers"),
    (f"{REFUSED}a memory fault or a division by zero", '"Filter"|dim: 0', "blobs without numbers"),
    (rf"{MORE}a picture is \(B, C, height, width\)", "", "only pictures are convolved here"),
    (f"{MORE}the window .* is larger than the picture", '"(Im2col|Pooling)"',
     "real Caffe builds a blob without numbers, and cannot run it"),
    (f"{REFUSED}Cannot use legacy accessors", "", "more than four axes work here"),
    (r"numbers of \S*(Pooling|SPP|Eltwise), .* not a number", "", "what is not a number"),
    (r"numbers of \S*MVN.*, after large numbers", "", "1e9 less a mean of 1e9 is rounding alone"),
    (r"^backward: numbers of ", FLATTEN_BEHIND_A_STATE,
     "real Caffe loses the gradient between an LSTM or RNN and a Flatten"),
    (r"^backward: numbers of \S*LSTMUnit", IN_PLACE_BEHIND_A_CELL,
     "what its gradient needs is kept here"),
    (f"{REFUSED}the blobs of this net need", r"\d{9}", "a blob takes memory at its first use here"),
    (r"^backward: numbers of \S*Flatten", "",
     "a Flatten shares gradients also where it runs no backward"),
    (r"^backward: numbers of \S*Loss.*, after reshape of", "",
     "a loss that was reshaped has lost its weight in real Caffe"),
    (r"numbers of \S*(LSTM|RNN)", IN_PLACE_BEHIND_A_STATE,
     "the output of one step and the exposed state are one memory in real Caffe"),
    (f"^share: {REFUSED}would compute with its own weights", "",
     "a recurrent layer uses what it is given here"),
    (f"{REFUSED}(cannot backpropagate to (label|filter|infogain)|Cannot backprop to index)", "",
     "the gradient of labels is left out"),
    (f"^backward: {REFUSED}the labels in .* must be whole numbers", "",
     "labels are looked at where a gradient is asked for"),
    (f"{MORE}call forward.. before backward", "", "backward needs a forward that did not fail"),
    (r"^backward: numbers of \S*HingeLoss", "", "real Caffe needs a forward before each backward"),
    (f"^solver: {REFUSED}Syncedmem not initialized", '"Parameter"',
     "a weight that nobody has filled is 0"),
    (f"{REFUSED}read-only", '"MemoryData"', "what MemoryData lends can be written here"),
    (f"{REFUSED}it has room for the batch", '"ContrastiveLoss"', "a batch may grow here"),
    (f"{MORE}shares the memory of one that has got", "", "until the next forward"),
]


def ended(outcome):
    """ok or explained."""
    return outcome if outcome == "ok" else "explained"


def first_difference(text, real, portable):
    """What differs first, or None, of two lists of [what, outcome, said, numbers].

    Like "save: real explained, portable ok: ...", or "forward: numbers of Dropout, x", the types
    of the layers that this may come from. None, too, where it is known why.
    """
    reshaped, large, whole = [], False, True
    for theirs, mine in zip(real, portable):
        step = theirs[0]
        reshaped += re.findall(r"^reshape (\S+)", step)
        large |= bool(re.match("write .* large", step))
        if "raw" in (theirs[1], mine[1]):
            return None  # counted as such
        if step == "backward" and not whole:
            continue  # portable_caffe is in the middle of a pass that failed, real Caffe before it
        if theirs[1] == mine[1] and re.match("write .* (nan|inf)", step):
            return None
        differs = difference(text, theirs, mine)
        if differs:
            differs += ", after large numbers" * large
            differs += f", after reshape of {' '.join(reshaped)}" * bool(reshaped)
            return None if known(text, differs) else differs
        if theirs[1] != "ok" and step.split()[0] in ("part", "write", "reshape"):
            return None  # a net in the middle of a pass that failed need not be the same
        whole = theirs[1] == "ok" if step == "forward" else whole
    return None


def difference(text, theirs, mine):
    """In what a step differs between the engines; empty if in nothing."""
    if theirs[1] != mine[1]:
        said = " ".join((theirs[2] or mine[2]).split())
        return f"{theirs[0]}: real {theirs[1]}, portable {mine[1]}: {said}"
    backward = theirs[0] == "backward"
    name = differing(theirs[3], mine[3], backward)
    if not name:
        return ""
    kinds = "/".join(types(text, name, backward))
    nan = ", not a number" * bool(np.isnan(mine[3][name][1]).any())
    return f"{theirs[0]}: numbers of {kinds}, {name}{nan}"


def differing(theirs, mine, backward):
    """The first blob whose numbers differ, in the order in which they come about; empty if none."""
    both = [name for name in theirs or {} if name in (mine or {})]
    if backward:  # from the last blob to the first, then weights
        both = sorted(reversed(both), key=lambda name: name.startswith("weights of"))
    for name in both:
        (shape, numbers), (other_shape, others) = theirs[name], mine[name]
        if shape != other_shape or not np.allclose(numbers, others, RELATIVE, ABSOLUTE,
                                                   equal_nan=True):
            return name
    return ""


def types(text, name, backward):
    """Types of the layers that gave a blob its numbers, or, backward, a blob or weight its own."""
    layers, weight = text.splitlines(), re.fullmatch(r"weights of (.*), \d+", name)
    if weight:
        first = next(place for place, layer in enumerate(layers) if f'name: "{weight[1]}"' in layer)
        if "param { name:" in layers[first]:  # shared: of a layer before, maybe
            first = 0 if backward else first
        found = layers[first:] if backward else layers[first:first + 1]
    else:
        ends = [f'top: "{name}"'] + [f'bottom: "{name}"'] * backward
        found = [layer for layer in layers if any(end in layer for end in ends)]
    return [re.search(r'type: "?(\w+)', layer)[1] for layer in found if "type:" in layer]


def known(text, differs):
    """Why the engines differ here; empty if no reason is known."""
    return next((why for here, in_net, why in KNOWN
                 if re.search(here, differs) and re.search(in_net, text)), "")

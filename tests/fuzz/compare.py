"""Whether two engines agree about a case, and where they may differ."""
import re

import numpy as np

RELATIVE, ABSOLUTE = 1e-3, 1e-4

# (in the prototxt, in a step or in what is said, why the engines differ); README lists the same
KNOWN = [
    (r"Dropout|DummyData|STOCHASTIC", "", "random numbers"),
    ('"BatchNorm"(?!.*use_global_stats: true)', "", "in TRAIN this wheel's is not what Caffe says"),
    ("", "^part", "only the layers that run are looked at"),
    (r"loss_weight: \S+ loss_weight", "give loss_weight once", "real Caffe forgets it now and then"),
    (r"\d{10}", "", "real Caffe keeps the last 32 bits of a size"),
    (r"blobs \{", "", "numbers of weights in a prototxt are not read"),
    ("", "Incompatible number of blobs for layer", "two layers of one name: Caffe takes the first"),
    ("", "in place it overwrites|a window holds no number|says where the largest numbers stood",
     "its gradient is right here"),
    ("", r"Check failed: (data_|diff_|blob->count\(\))|from 0 to -1|larger than the picture",
     "blobs without numbers"),
    ("", "Cannot use legacy accessors", "more than four axes work here"),
    (": nan", "", "what is not a number"),
    ('"Flatten"', "^backward", "a Flatten shares gradients also where it runs no backward"),
    ("", "would compute with its own weights", "a recurrent layer uses what it is given here"),
    ("", "cannot backpropagate to (label|filter|infogain)|Cannot backprop to index",
     "the gradient of labels is left out"),
    ("", "call forward.. before backward", "backward needs a forward that did not fail"),
    ('"HingeLoss"', "^backward", "real Caffe needs a forward before each backward"),
    ('"Parameter"', "Syncedmem not initialized", "a weight that nobody has filled is 0"),
    ('"MemoryData"', "read-only", "what MemoryData lends can be written here"),
    ('"ContrastiveLoss"', "it has room for the batch", "a batch may grow here"),
    ("", "shares the memory of one that has got", "until the next forward"),
]


def ended(outcome):
    """ok or explained."""
    return outcome if outcome == "ok" else "explained"


def first_difference(text, real, portable):
    """What differs first, or None: (step, what), of two lists of [what, outcome, said, numbers]."""
    for theirs, mine in zip(real, portable):
        if "raw" in (theirs[1], mine[1]):
            return None  # counted as such
        if theirs[1] != mine[1]:
            said = theirs[2] or mine[2]
            return None if known(text, theirs[0] + " " + said) else (
                theirs[0], f"real {theirs[1]}, portable {mine[1]}: {said[:200]}")
        if re.match("write .* (nan|inf)", theirs[0]):
            return None
        wrong = differing(theirs[3], mine[3])
        if wrong:
            return None if known(text, theirs[0]) else (theirs[0], f"numbers of {wrong}")
        if theirs[1] != "ok" and theirs[0].split()[0] in ("part", "write", "reshape"):
            return None  # a net in the middle of a pass that failed need not be the same
    return None


def differing(theirs, mine):
    """The first blob whose numbers differ; empty if none."""
    if theirs is None or mine is None:
        return ""
    for name in theirs.keys() & mine.keys():
        (shape, numbers), (other_shape, others) = theirs[name], mine[name]
        if shape != other_shape or not np.allclose(numbers, others, RELATIVE, ABSOLUTE,
                                                   equal_nan=True):
            return name
    return ""


def known(text, step):
    """Why the engines differ here; empty if no reason is known."""
    return next((why for in_net, in_step, why in KNOWN
                 if re.search(in_net, text) and re.search(in_step, step)), "")

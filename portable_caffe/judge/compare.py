"""The errors of portable_caffe beside real Caffe, and the table of layer types and options.

An error is the largest difference between two arrays, relative to the largest number in
Caffe's (or 0.01, if that is smaller).
"""
import os
import tempfile
import zlib

import numpy as np

from . import data_nets, nets
from .. import net_spec
from ..net import Net
from ..proto import caffe_pb2
from .cases import CASES

NETS = nets.NETS + data_nets.NETS
FORWARD, BACKWARD = 1e-5, 1e-4  # the errors allowed
NO_GRADIENT = {"Accuracy", "ArgMax", "Threshold"}
NO_FORCE = NO_GRADIENT | {"Embed"}  # real Caffe dies of force_backward here


def real_caffe():
    """Real Caffe, or an ImportError."""
    os.environ.setdefault("GLOG_minloglevel", "2")
    import caffe
    return caffe


def spec_of(case, random):
    """The NetParameter of a case with sizes drawn at random, and the numbers of its inputs."""
    type_name, _, bottoms, options, ntop = case
    sizes = dict(zip("ABCD", random.integers(2, 6, 4).tolist()))
    ns, values = net_spec.NetSpec(), {}
    for index, text in enumerate(bottoms):
        name, words = f"x{index}", text.split()
        below = int(words.pop(0)[1:]) if words[0][0] == "<" else None
        shape = [_size(word, sizes) for word in words]
        values[name] = random.standard_normal(shape) if below is None else (
            random.integers(0, below, shape))
        ns[name] = net_spec.layers.Input(input_param=dict(shape=dict(dim=shape)))
    made = getattr(net_spec.layers, type_name)(*ns.tops.values(), ntop=ntop, **options)
    for index, top in enumerate(made if isinstance(made, tuple) else [made]):
        ns[f"y{index}"] = top
    spec = ns.to_proto()
    spec.force_backward = type_name not in NO_FORCE
    if type_name == "Embed":  # so that its weights learn
        spec.layer[-1].loss_weight.append(1)
    return spec, values


def _size(word, sizes):
    """"3" is 3, "A" a size, "4A" four times a size."""
    return int(word) if word.isdigit() else int(word[:-1] or 1) * sizes[word[-1]]


def both_nets(spec, phase=caffe_pb2.TRAIN, random=None, stages=()):
    """The net of a NetParameter on real Caffe and here, with the same random weights."""
    text = str(spec)
    own = _net_of(Net, text, phase, stages)  # first, for real Caffe ends the process
    real = _net_of(real_caffe().Net, text.replace('layer: "Portable', 'layer: "Real'), phase, stages)
    for name, blobs in real.params.items():
        for theirs, mine in zip(blobs, own.params[name]):
            if random is not None:
                shape = theirs.data.shape  # whatever the number of inputs, sums stay near 1
                theirs.data[...] = random.standard_normal(shape) * min(
                    0.5, (theirs.data.size / (shape + (1,))[0]) ** -0.5)
            if real.layer_dict[name].type == "BatchNorm":
                theirs.data[...] = abs(theirs.data) + 0.1  # a variance, and a count
            mine.data[...] = theirs.data
    return real, own


def _net_of(make, text, phase, stages):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "net.prototxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return make(path, phase, stages=list(stages))


def error(theirs, mine):
    """The largest difference, relative to the largest number."""
    if theirs.shape != mine.shape:
        return np.inf
    if not theirs.size:
        return 0.0
    difference = np.max(np.abs(theirs - mine))
    return float(np.nan_to_num(difference / max(np.max(np.abs(theirs)), 0.01), nan=np.inf))


def compare(spec, values, random, phase=caffe_pb2.TRAIN, backward=True, times=2, stages=()):
    """The worst errors (forward, backward) of all blobs and weights after `times` runs.

    Every blob that is no loss starts its backward pass with random gradients.
    """
    real, own = both_nets(spec, phase, random, stages)
    worst = [0.0, 0.0]
    for _ in range(times):
        for net in (real, own):
            for name in net.inputs:
                net.blobs[name].data[...] = values[name]
            net.forward()
        worst[0] = max(worst[0], *(error(blob.data, own.blobs[name].data)
                                   for name, blob in real.blobs.items()))
        if backward:
            worst[1] = max(worst[1], _backward_error(real, own, random))
    return worst


def _backward_error(real, own, random):
    weights = real.blob_loss_weights
    for name in real.outputs:
        if not weights[name]:
            gradient = random.standard_normal(real.blobs[name].diff.shape)
            real.blobs[name].diff[...] = own.blobs[name].diff[...] = gradient
    for net in (real, own):
        net.clear_param_diffs()
        net.backward()
    errors = [error(blob.diff, own.blobs[name].diff) for name, blob in real.blobs.items()]
    errors += [error(theirs.diff, mine.diff) for name in real.params
               for theirs, mine in zip(real.params[name], own.params[name])]
    return max(errors)


def judge(case, seed):
    """The worst errors (forward, backward) of a case with a seed."""
    random = np.random.default_rng([seed, zlib.crc32(repr(case[:3]).encode())])
    spec, values = spec_of(case, random)
    phase = caffe_pb2.TEST if case[1] == "TEST" else caffe_pb2.TRAIN
    return compare(spec, values, random, phase,
                   backward=case[0] not in NO_GRADIENT)


def judge_net(spec, seed=0, **options):
    """The worst errors (forward, backward) of a whole net with a seed."""
    random = np.random.default_rng(seed)
    shapes = {layer.top[0]: tuple(layer.input_param.shape[0].dim)
              for layer in spec.layer if layer.type == "Input"}
    choices = {"label": 3, "cont": 2}
    values = {name: random.integers(0, choices[name], shape) if name in choices
              else random.standard_normal(shape) for name, shape in shapes.items()}
    return compare(spec, values, random, **options)


def rows(seeds):
    """Layer type or "net", what is special, worst errors."""
    for case in CASES:
        yield case[0], case[1], np.max([judge(case, seed) for seed in range(seeds)], axis=0)
    for what, make in NETS:
        both = [judge_net(make(), phase=phase) for phase in (0, 1)[:1 + ("rules" in what)]]
        yield "net", what, np.max(both, axis=0)


def main(seeds=5):
    """Print the table; the number of cases outside the allowed errors is the exit status."""
    print(f"{'layer type':26}{'option':58}{'forward':>10}{'backward':>10}")
    failed = count = 0
    for name, option, (forward, backward) in rows(seeds):
        bad = bool(forward > FORWARD or backward > BACKWARD)
        failed, count = failed + bad, count + 1
        print(f"{name:26}{option:58}{forward:10.1e}{backward:10.1e}{'  WRONG' * bad}")
    print(f"{count} cases, layer types with {seeds} seeds each, {failed} wrong "
          f"(allowed: forward {FORWARD:g}, backward {BACKWARD:g}).")
    return failed

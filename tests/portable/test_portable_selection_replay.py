"""Layers that select, labels, Python and files, where arrays are far from NumPy and runs replayed.

A stand-in for a GPU does what one would do (portable_far.py).
"""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays
from portable_caffe.judge.compare import spec_of
from portable_caffe.judge.data_nets import NETS
from portable_caffe.judge.selection_cases import LABEL_LOSSES, SELECTION

from portable_nets import fill

pytest.importorskip("torch", reason="PyTorch is not installed here")

from portable_far import FarGraph, far, graphs  # noqa: E402, F401 - needs PyTorch

SPECS = {what: make for what, make in NETS}
SPECS.update((f"{case[0]} {case[1]}", lambda case=case: spec_of(
    (*case, 1)[:5], np.random.default_rng(5))[0]) for case in (*SELECTION, *LABEL_LOSSES))


def history(spec):
    """What Python sees of all blobs and weights in five runs, in each with other inputs."""
    net, random, seen = fill(pc.Net(spec, pc.TRAIN)), np.random.default_rng(7), []
    whole = {name for name in net.inputs if name in ("label", "cont")} | {
        layer.bottom[-1] for layer in spec.layer if "Loss" in layer.type} & set(net.inputs)
    for _ in range(5):
        for name in net.inputs:
            blob = net.blobs[name]
            blob.data[...] = random.integers(0, 2, blob.shape) if name in whole else (
                random.standard_normal(blob.shape))
        net.forward()
        for name in net.outputs:
            if not net.blob_loss_weights[name]:
                net.blobs[name].diff[...] = random.standard_normal(net.blobs[name].shape)
        net.clear_param_diffs()
        net.backward()
        weights = [blob for blobs in net.params.values() for blob in blobs]
        seen.append([(blob.data.copy(), blob.diff.copy())
                     for blob in [*net.blobs.values(), *weights]])
    return seen


@pytest.mark.parametrize("what", SPECS)
def test_far_and_replayed_a_net_gives_numpys_numbers(what, far, graphs):  # noqa: F811
    spec = SPECS[what]()
    mine = history(spec)
    arrays.current = arrays.arrays_of("numpy", "cpu")
    for run, (found, expected) in enumerate(zip(mine, history(spec))):
        for one, other in zip(found, expected):
            for side in (0, 1):
                np.testing.assert_allclose(one[side], other[side], rtol=1e-4, atol=1e-5,
                                           err_msg=f"run {run}")


def test_nets_whose_shapes_follow_numbers_are_never_recorded(far, graphs):  # noqa: F811
    for what, make in NETS:
        if what.startswith(("Filter", "Python", "HDF5")):
            history(make())
    assert FarGraph.plain == FarGraph.recorded == 0

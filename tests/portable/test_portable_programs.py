"""Any program of pycaffe calls sees the same numbers replayed as on NumPy."""
import os

import numpy as np
import pytest

from portable_caffe import arrays

from portable_nets import unshared_weights
from portable_specs import SPECS, made

pytest.importorskip("torch", reason="PyTorch is not installed here")
from portable_far import far, graphs  # noqa: E402, F401 - needs PyTorch

SEEDS = int(os.environ.get("REPLAY_SEEDS", 4))


def act(net, other, action, random):
    """One thing a notebook may do."""
    if action == "write x":
        net.blobs["x"].data[...] = random.standard_normal(net.blobs["x"].shape)
    elif action == "write weights":
        for blob in unshared_weights(net).values():
            blob.data[...] += 0.1 * random.standard_normal(blob.shape)
    elif action == "write gradients":
        for blob in unshared_weights(net).values():
            blob.diff[...] = 1
    elif action == "write a gradient":
        name = list(net.blobs)[random.integers(len(net.blobs))]
        net.blobs[name].diff[...] += 0.5
    elif action == "batch of 4":
        batch_of(net, 4)
    elif action == "batch of 2":
        batch_of(net, 2)
    elif action == "forward in parts":
        middle = net._layer_names[len(net._layer_names) // 2]
        net.forward(end=middle)
        net.blobs[net.top_names[middle][0]].data[...] *= 0.5
        net.forward(start=net._layer_names[len(net._layer_names) // 2 + 1])
    elif action == "backward in parts":
        middle = net._layer_names[len(net._layer_names) // 2]
        net.backward(end=middle)
    elif action == "share":
        net.share_with(other)
    elif action == "other arrays":
        arrays.current, kept = arrays.arrays_of("numpy", "cpu"), arrays.current
        net.forward()
        net.backward()
        arrays.current = kept
        net.forward()
    elif action == "forward in parts, backward":
        act(net, other, "write x", random)
        act(net, other, "forward in parts", random)
        net.backward()
    else:
        getattr(net, action)()


ACTIONS = ["forward", "backward"] * 6 + [
    "write x", "write weights", "write gradients", "write a gradient", "batch of 4",
    "batch of 2", "forward in parts", "forward in parts, backward", "backward in parts",
    "share", "other arrays",
    "clear_param_diffs", "clear_param_diffs", "look", "look", "look", "reshape"]


def batch_of(net, size):
    for name in net.inputs:
        shape = list(net.blobs[name].shape)
        shape[0 if len(shape) != 3 and name not in ("cont", "one") else 1] = size
        if list(net.blobs[name].shape) != shape:
            net.blobs[name].reshape(*shape)
            net.blobs[name].data[...] = np.cos(np.arange(net.blobs[name].count)).reshape(shape)
    if "label" in net.blobs:
        net.blobs["label"].data[...] = np.arange(size) % 3
    if "cont" in net.blobs:
        net.blobs["cont"].data[...] = 1
    net.forward()


def looked_at(net, chosen):
    found = {}
    for name in chosen:
        found[name] = net.blobs[name].data.copy(), net.blobs[name].diff.copy()
    for key, blob in unshared_weights(net).items():
        found[key] = blob.data.copy(), blob.diff.copy()
    return found


def history(mode, spec, actions, seed):
    """What a program of actions sees."""
    arrays.current, seen = mode, []
    nets = [made(spec) for _ in range(2)]
    random = np.random.default_rng(seed)
    for action in actions:
        if action == "look":
            names = list(nets[0].blobs)
            chosen = [names[i] for i in random.integers(0, len(names), 4)]
            seen.append(looked_at(nets[0], chosen))
        else:
            act(*nets, action, random)
    seen.append(looked_at(nets[0], nets[0].blobs))
    return seen


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_program_sees_the_same_numbers_replayed_as_on_numpy(spec, seed, graphs, far):
    actions = ["forward", "forward", "backward", "backward"] + list(
        np.random.default_rng(seed).choice(ACTIONS, 40))
    spec = spec()
    mine = history(far, spec, actions, seed)
    expected = history(arrays.arrays_of("numpy", "cpu"), spec, actions, seed)
    assert graphs.replayed > 0
    for step, (theirs, ours) in enumerate(zip(expected, mine)):
        for name in theirs:
            for a, b in zip(theirs[name], ours[name]):
                scale = max(1, np.abs(a).max())
                np.testing.assert_allclose(b / scale, a / scale, atol=1e-4,
                                           err_msg=f"{name} {step} {actions}")

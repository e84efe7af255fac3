"""Layers, nets and solvers on PyTorch's arrays give NumPy's numbers, run after run.

On a GPU where there is one, else on the CPU. GPU_CHECK_DEVICE=gpu, as tools/gpu_check.sh sets
it, makes a missing GPU an error.
"""
import os
import zlib

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays
from portable_caffe.judge.cases import CASES
from portable_caffe.judge.compare import NO_GRADIENT, error, spec_of

from portable_nets import fill, learning_net, write

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")

LIMIT = 1e-4
SOLVERS = {
    "SGD": "base_lr: 0.1 momentum: 0.9 weight_decay: 0.01 clip_gradients: 0.2",
    "Adam": "base_lr: 0.05 momentum: 0.9", "Nesterov": "base_lr: 0.1 momentum: 0.9",
    "AdaGrad": "base_lr: 0.05", "RMSProp": "base_lr: 0.05",
    "AdaDelta": "base_lr: 1 momentum: 0.9 delta: 0.01"}


def on_numpy():
    arrays.current = arrays.arrays_of("numpy", "cpu")


def on_device():
    """PyTorch's arrays: the GPU's if there is one, or if one is asked for."""
    asked = os.environ.get("GPU_CHECK_DEVICE") or ("gpu" if torch.cuda.is_available() else "cpu")
    if asked == "gpu":
        pc.set_mode_gpu()
    else:
        pc.set_mode_cpu()


@pytest.fixture(autouse=True)
def torch_arrays(monkeypatch):
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "torch")
    monkeypatch.setattr(arrays, "current", arrays.current)


def assert_same(work):
    """What `work` gives is the same on NumPy and there."""
    on_numpy()
    wanted = work()
    on_device()
    found = work()
    assert found.keys() == wanted.keys()
    errors = {name: error(wanted[name], found[name]) for name in wanted}
    assert max(errors.values()) <= LIMIT, errors


def look(net, sides=("data", "diff")):
    """Copies of all numbers and gradients of a net."""
    blobs = {**net.blobs, **{f"{name}[{i}]": blob for name, own in net.params.items()
                             for i, blob in enumerate(own)}}
    return {f"{name}.{side}": getattr(blob, side).copy()
            for name, blob in blobs.items() for side in sides}


def used_thrice(case):
    """What a layer has computed after its third run, each with other inputs."""
    random = np.random.default_rng(zlib.crc32(repr(case[:3]).encode()))
    spec, values = spec_of(case, random)
    net = fill(pc.Net(spec, pc.TEST if case[1] == "TEST" else pc.TRAIN))
    for factor in (-2.5, -1.5, 0.5):
        for name, value in values.items():  # whole numbers stay, for they may be labels
            net.blobs[name].data[...] = value * (factor if value.dtype.kind == "f" else 1)
        net.forward()
        assert_computed_there(net)
        if case[0] not in NO_GRADIENT:
            backward(net, random)
    return look(net)


def assert_computed_there(net):
    """The arrays of all blobs lie on the device in use."""
    now = arrays.current
    for name, blob in net.blobs.items():
        array = blob.data_memory.array
        if now.library == "torch" and array is not None:
            assert array.device.type == now.device, name


def backward(net, random):
    """A backward pass from random gradients of all outputs that are no losses."""
    for name in net.outputs:
        if not net.blob_loss_weights[name]:
            net.blobs[name].diff[...] = random.standard_normal(net.blobs[name].shape)
    net.clear_param_diffs()
    net.backward()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]}-{case[1] or 'plain'}")
def test_a_layer_computes_what_it_computes_on_numpy(case):
    assert_same(lambda: used_thrice(case))


@pytest.mark.parametrize("kind", SOLVERS)
def test_steps_of_a_solver_change_weights_by_the_same(kind, tmp_path):
    net = write(tmp_path, learning_net())
    path = write(tmp_path, f'net: "{net}" type: "{kind}" lr_policy: "fixed" {SOLVERS[kind]}',
                 "solver.prototxt")

    def work():
        solver, random = pc.get_solver(path), np.random.default_rng(0)
        before = look(fill(solver.net), ["data"])
        for _ in range(6):
            x = random.standard_normal((8, 5))
            solver.net.blobs["x"].data[...] = x
            solver.net.blobs["label"].data[...] = np.argmax(x[:, :3], axis=1)
            solver.step(1)
        change = {name: numbers - before[name]
                  for name, numbers in look(solver.net, ["data"]).items() if "[" in name}
        assert np.abs(change["a[0].data"]).max() > 0.01  # it learnt
        return change
    assert_same(work)


def test_later_passes_are_launched_as_graphs_on_cuda_and_nowhere_else(recwarn):
    on_device()
    net = fill(pc.Net(learning_net(), pc.TRAIN))
    for _ in range(3):
        net.forward()
        net.backward()
    on_cuda = arrays.current.device == "cuda" and not torch.version.hip
    for way in ("forward", "backward"):
        assert (way in net._runs._recordings) == on_cuda
    assert not [warning for warning in recwarn if "CUDA graphs" in str(warning.message)]


def test_a_net_goes_from_the_cpu_to_the_device_and_back():
    on_numpy()
    net, losses = fill(pc.Net(learning_net(), pc.TRAIN)), []
    for choose in (on_numpy, on_device, on_device, on_numpy, on_device):
        choose()
        losses.append(float(net.forward()["loss"]))
        net.backward()
    assert np.ptp(losses) < LIMIT < losses[0]


def test_a_gpu_that_is_asked_for_and_missing_is_no_cpu(monkeypatch):
    monkeypatch.setenv("GPU_CHECK_DEVICE", "gpu")
    monkeypatch.setitem(arrays._FIND, "torch", lambda: (None, "PyTorch sees no GPU"))
    with pytest.raises(pc.NoGPU, match="PyTorch sees no GPU"):
        assert_same(dict)


@pytest.mark.parametrize("asked", ["torch", "numpy"])
def test_arrays_that_are_asked_for_are_not_replaced_by_others(asked, monkeypatch):
    monkeypatch.setenv("LSTM_LIB_ARRAYS", asked)
    monkeypatch.setitem(arrays._FIND, "torch", lambda: (None, "PyTorch sees no GPU"))
    monkeypatch.setitem(arrays._FIND, "cupy", lambda: ("cuda", ""))
    with pytest.raises(pc.NoGPU, match="PyTorch sees no GPU|NumPy computes on the CPU only"):
        pc.set_mode_gpu()



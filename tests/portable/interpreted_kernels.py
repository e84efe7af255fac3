"""The GPU's kernels of an LSTM unit, run in Triton's interpreter on the CPU.

The interpreter must be chosen before Triton is imported, so `test_portable_kernels.py` runs
these tests in a process of their own.
"""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import layers as L
from portable_caffe.layer_types import recurrent

from portable_nets import fill, inputs, lstm_by_units

torch = pytest.importorskip("torch")
kernels = pytest.importorskip("portable_caffe.gpu.kernels")
PLAIN = recurrent.lstm_unit, recurrent.lstm_unit_gradients


@pytest.fixture(autouse=True)
def torch_arrays(monkeypatch):
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "torch")
    pc.set_mode_cpu()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 3, 50), (4, 128), (1, 2, 300)])
def test_kernels_compute_what_the_array_functions_compute(shape):
    torch.manual_seed(0)
    c_prev, dc, dh = torch.randn(3, *shape)
    z, k = torch.randn(*shape[:-1], 4 * shape[-1]), torch.rand(shape[:-1]).round(decimals=1)
    found = kernels.lstm_unit(c_prev, z, k)
    expected = PLAIN[0](c_prev, z, k)
    found = [*found[:2], *kernels.lstm_unit_gradients(dc, dh, found[2])]
    expected = [*expected[:2], *PLAIN[1](dc, dh, expected[2])]
    for mine, plain in zip(found, expected):
        assert mine.shape == plain.shape
        torch.testing.assert_close(mine, plain, rtol=1e-5, atol=1e-6)


def test_arrays_in_any_order_of_memory_give_the_same():
    torch.manual_seed(0)
    z, c, dh = torch.randn(1, 12, 2), torch.randn(1, 3, 2), torch.randn(1, 3, 2)
    turned = [array.transpose(1, 2) for array in (z, c, dh)]  # (1, 2, 12) and (1, 2, 3)
    results = []
    for z, c, dh in (turned, [array.contiguous() for array in turned]):
        c_new, h, saved = kernels.lstm_unit(c, z, torch.ones(1, 2))
        results.append([c_new, h, *kernels.lstm_unit_gradients(dh, dh, saved)])
    for mine, plain in zip(*results):
        torch.testing.assert_close(mine, plain, rtol=0, atol=0)


def net_results(made):
    net = fill(pc.Net(made, pc.TRAIN))
    net.forward()
    net.backward()
    return [net.blobs["h"].data.copy(), *(net.blobs[name].diff.copy() for name in net.inputs),
            *(blob.diff.copy() for blobs in net.params.values() for blob in blobs)]


@pytest.mark.parametrize("how", ["unrolled", "layer"])
def test_a_net_with_kernels_computes_what_it_computes_without(how, monkeypatch):
    T, B, D, H = 3, 2, 5, 4
    ns = inputs(pc.NetSpec(), x=(T, B, D), cont=(T, B), h0=(1, B, H), c0=(1, B, H))
    if how == "unrolled":
        lstm_by_units(ns, T, B, H)
    else:
        ns.h = L.LSTM(ns.x, ns.cont, ns.h0, ns.c0, recurrent_param=dict(
            num_output=H, expose_hidden=True), ntop=3)[0]
    spec = ns.to_proto()
    spec.force_backward = True
    expected = net_results(spec)
    calls = []
    monkeypatch.setattr(recurrent, "unit_functions", lambda: calls.append(1) or (
        kernels.lstm_unit, kernels.lstm_unit_gradients))
    for mine, plain in zip(net_results(spec), expected):
        np.testing.assert_allclose(mine, plain, rtol=1e-4, atol=1e-5)
    assert calls


def test_right_kernels_are_used_and_wrong_ones_are_not_with_a_warning(recwarn):
    assert kernels.are_right("cpu", *PLAIN)
    assert not recwarn.list

    def other(c_prev, z, k):
        c, h, saved = PLAIN[0](c_prev, z, k)
        return c, h * 1.01, saved

    with pytest.warns(UserWarning, match="many small kernels.*numbers are wrong"):
        assert not kernels.are_right("cpu", other, PLAIN[1])


def test_kernels_that_cannot_run_are_not_used_with_a_warning_that_says_why(monkeypatch):
    def fail(*args):
        raise RuntimeError("no C compiler")

    monkeypatch.setattr(kernels, "_launch", fail)
    with pytest.warns(UserWarning, match="no C compiler"):
        assert not kernels.are_right("cpu", *PLAIN)

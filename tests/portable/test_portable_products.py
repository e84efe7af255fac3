"""Matrix products where NumPy has no BLAS, as in a browser: the same numbers in another way."""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L

from portable_nets import UNIFORM, fill, inputs, lstm_by_units

T, B, H = 5, 3, 6


def normal(*shape):
    return np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("n, k, m", [(1, 1, 1), (1, 5, 3), (4, 1, 2), (50, 64, 256), (0, 3, 2)])
@pytest.mark.parametrize("turned", [False, True])
def test_the_product_without_blas_is_that_of_matmul(n, k, m, turned):
    a, b = (normal(k, n).T, normal(m, k).T) if turned else (normal(n, k), normal(k, m))
    product = arrays.product_without_blas(a, b)
    assert product.shape == (n, m) and product.dtype == np.float32
    np.testing.assert_allclose(product, a @ b, rtol=1e-5, atol=1e-5)


def test_without_blas_a_row_is_the_same_to_the_last_bit_however_many_stand_beside_it():
    a, W = normal(800, 95), normal(512, 95)
    alone = [arrays.product_without_blas(a[i:i + 1], W.T) for i in range(3)]
    assert np.array_equal(np.concatenate(alone), arrays.product_without_blas(a, W.T)[:3])


def layers_and_units():
    """Caffe's LSTM and RNN layers, and an LSTM of single steps, on one x."""
    ns = inputs(pc.NetSpec(), x=(T, B, 4), cont=(T, B), h0=(1, B, H), c0=(1, B, H))
    options = dict(num_output=H, weight_filler=UNIFORM, bias_filler=UNIFORM)
    ns.lstm, ns.rnn = (layer(ns.x, ns.cont, recurrent_param=options) for layer in (L.LSTM, L.RNN))
    proto = lstm_by_units(ns, T, B, H).to_proto()
    proto.force_backward = True
    net = pc.Net(proto, pc.TRAIN)
    fill(net)
    net.blobs["cont"].data[...] = 1
    return net


def gradients(net):
    net.clear_param_diffs()
    net.forward()
    for name in ("lstm", "rnn", "h"):
        net.blobs[name].diff[...] = 0.5
    net.backward()
    return [blob.diff.copy() for blobs in net.params.values() for blob in blobs]


@pytest.mark.skipif(arrays.current.library != "numpy", reason="a fact of NumPy's arrays only")
def test_a_net_has_the_same_gradients_without_blas(monkeypatch):
    with_blas, asked = gradients(layers_and_units()), []
    monkeypatch.setattr(arrays.current, "product", lambda a, b: (
        asked.append((a, b)), arrays.product_without_blas(a, b))[1])
    for expected, found in zip(with_blas, gradients(layers_and_units())):
        assert abs(expected).max() > 1e-3
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert len(asked) > 2 * 3 * T  # forward and backward, three units, each step

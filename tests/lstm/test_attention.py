"""Attention over a feature map: the paper's equations, and gradients by central differences."""
import numpy as np
import pytest
from conftest import B, H, L, T, input_layer, worst

from lstm_lib import (NetError, attention, attention_start, caffe, load_net, lstm_forward,
                      get_weights, shared_weights, unroll)
from lstm_lib.reference import central_difference

C, K = 5, 2
PLACES = K * K


def attending_net(cell="composed"):
    ns = caffe.NetSpec()
    ns.X = input_layer(T, B, C, K, K)
    h0, c0 = attention_start(ns, ns.X, T, C, PLACES, H, hidden=7)
    unroll(ns, attention(ns, ns.X, T, C, PLACES), T, H, h0=h0, c0=c0, cell=cell)
    ns.y = input_layer(T, B, H)
    ns.loss = L.EuclideanLoss(ns.H, ns.y)
    net = load_net(ns, force_backward=True)
    rng = np.random.default_rng(3)
    for blob, _ in shared_weights(net).values():
        blob.data[...] = rng.standard_normal(blob.shape) / 2
    net.blobs["X"].data[...] = rng.standard_normal((T, B, C, K, K))
    return net


def test_each_step_computes_equations_4_to_6_of_the_paper():
    net = attending_net()
    net.forward()
    X = net.blobs["X"].data.astype("f8").reshape(T, B, C, PLACES)
    states = []
    for state in "hc":
        (W1, b1), (W2, b2) = [[blob.data.astype("f8") for blob in net.params[f"start/{state}/M{n}"]]
                              for n in (1, 2)]
        states.append(np.tanh(np.tanh(X.mean((0, 3)) @ W1.T + b1) @ W2.T + b2))
    h, c = states
    table = shared_weights(net)
    W_l, b_l = table["w_Mlw"][0].data.astype("f8"), table["w_Mlb"][0].data.astype("f8")
    weights = [np.float64(array) for array in get_weights(net)]
    for t in range(T):
        scores = np.exp(h @ W_l.T + b_l)
        l = scores / scores.sum(1, keepdims=True)  # (B, places)
        x = np.einsum("bk,bck->bc", l, X[t])
        trace = lstm_forward(x[None], h, c, *weights)
        h, c = trace.h[0], trace.c[0]
        assert worst(net.blobs[f"t{t + 1}/attention/l"].data[0], l) < 1e-6
        assert worst(net.blobs["H"].data[t], h) < 1e-6


@pytest.mark.parametrize("name", ["X", "w_Mlw", "w_Mlb", "start/h/M1", "start/c/M2", "w_Mhw"])
def test_its_gradients_equal_central_differences(name):
    net = attending_net()
    blob = net.blobs[name] if name in net.blobs and name == "X" else (
        shared_weights(net)[name][0] if name in shared_weights(net) else net.params[name][0])
    net.forward()
    net.clear_param_diffs()
    net.backward()
    gradient, place = blob.diff.copy(), np.unravel_index(blob.diff.__abs__().argmax(), blob.shape)

    def loss():
        return net.forward()["loss"]

    slope = central_difference(loss, blob.data, place, 1e-2)
    assert abs(slope - gradient[place]) < 0.01 * abs(gradient[place])


def test_the_fused_cell_takes_a_first_state_that_learns_and_gives_the_same_gradients():
    nets = [attending_net(cell) for cell in ("composed", "fused")]
    for net in nets:
        net.forward()
        net.clear_param_diffs()
        net.backward()
    for name in ("X", "H"):
        assert worst(nets[0].blobs[name].diff, nets[1].blobs[name].diff) < 1e-6
    fused = shared_weights(nets[1])
    for name, (blob, _) in shared_weights(nets[0]).items():
        assert worst(blob.diff, fused[name][0].diff) < 1e-5 and np.any(blob.diff)


def test_where_a_step_looks_sums_to_one_and_the_weight_is_shared():
    net = attending_net()
    net.forward()
    for t in range(1, T + 1):
        assert np.allclose(net.blobs[f"t{t}/attention/l"].data.sum(2), 1)
    assert len(shared_weights(net)["w_Mlw"][1]) == T


@pytest.mark.parametrize("wrong", [dict(T=0), dict(C=2.5), dict(places=-1)])
def test_a_wrong_count_is_named_and_adds_no_layer(wrong):
    ns = caffe.NetSpec()
    ns.X = input_layer(T, B, C, K, K)
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be a whole number"):
        attention(ns, ns.X, **{**dict(T=T, C=C, places=PLACES), **wrong})
    assert list(ns.tops) == ["X"]


def test_places_that_do_not_fit_the_features_are_explained():
    ns = caffe.NetSpec()
    ns.X = input_layer(T, B, C, K, K)
    attention(ns, ns.X, T, C, PLACES + 1)
    with pytest.raises(NetError, match="attention/X"):
        load_net(ns)

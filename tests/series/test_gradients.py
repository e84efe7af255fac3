"""What notebook 05 says of gradients is true, from other starts and on either engine, too."""
import numpy as np
import pytest
from played import play

from lstm_lib import caffe, load_net, set_weights, unroll, views, xavier_start

L = caffe.layers


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return play("05_forward_and_backward", tmp_path_factory.mktemp("digits"))


def arrives(sizes):
    """What part of the gradient at c64 arrives at c1, for each of the ten starts."""
    assert sizes.shape == (10, 64)
    return sizes[:, 0] / sizes[:, -1]


@pytest.mark.parametrize("bias, least, most, factor", [
    (-1, 1e-23, 1e-15, 0.5), (0, 1e-12, 1e-6, 0.7), (1, 1e-5, 1e-1, 0.9), (3, 0.3, 100, 1.0)])
def test_the_forget_bias_decides_how_far_the_first_gradient_reaches(digits, bias, least, most,
                                                                    factor):
    parts = arrives(digits["biases"][bias])
    assert least < parts.min() and parts.max() < most
    assert np.median(parts) ** (1 / 63) == pytest.approx(factor, abs=0.03)


def test_a_larger_W_hc_lets_it_explode_at_twelve_times_from_every_start(digits):
    one, three, six, twelve = [arrives(sizes) for sizes in digits["scales"].values()]
    assert one.max() < 0.1 and twelve.min() > 1e6
    for between in (three, six):
        assert between.min() < 1 < between.max()


def test_central_differences_agree_with_the_gradient_of_every_weight(digits):
    assert len(digits["pairs"]) == 1600 and digits["large"].mean() > 0.8
    assert np.median(digits["relative"]) < 1e-3 and digits["relative"].max() < 2e-2
    assert (digits["analytic"] == 0).sum() == 64 and (digits["images"][:, :, 0] == 0).all()


def test_a_loss_in_64_bits_is_better_where_the_step_is_short_and_the_same_where_it_is_long(digits):
    caffes, ours = [np.array(digits["errors"][name]) for name in ("loss_of_caffe",
                                                                 "loss_in_64_bits")]
    short = digits["steps"] < 2e-3
    assert (ours[short] < caffes[short] / 5).all()
    assert caffes[-1] == pytest.approx(ours[-1], rel=0.05)
    assert ours.min() < 1e-3 and ours[0] > 1e-2 < ours[-1]


@pytest.mark.parametrize("bias, least, most", [(-1, 1e13, np.inf), (1, 2, 1000), (3, 0.25, 4)])
def test_what_c1_gains_when_the_loss_reads_all_outputs_depends_on_the_forget_bias(
        digits, bias, least, most):
    nets = [pixel_net(digits, of_all) for of_all in (False, True)]
    for seed in range(5):
        last, all_ = [gradients(net, bias, seed) for net in nets]
        assert least < all_[0] / last[0] < most
        assert all_[-1] / last[-1] == pytest.approx(1 / 64, rel=0.1)


def pixel_net(digits, of_all):
    """The net of section 7, with a loss of the last output or of all 64."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[64, 32, 1])))
    unroll(ns, ns.x, 64, 16)
    ns.scores = L.InnerProduct(ns.H if of_all else ns.h_T, num_output=10, axis=2,
                               weight_filler=dict(type="xavier"))
    ns.label = L.Input(input_param=dict(shape=dict(dim=[64 if of_all else 1, 32])))
    ns.loss = L.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    caffe.set_random_seed(0)
    net = load_net(ns, force_backward=True)
    net.blobs["x"].data[...], net.blobs["label"].data[...] = digits["x"], digits["labels"]
    return net


def gradients(net, bias, seed):
    set_weights(net, xavier_start(1, 16, np.random.default_rng(seed), bias))
    net.forward()
    net.backward()
    return views.gradient_sizes(net, "c")

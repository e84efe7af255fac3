"""The checks of notebook 05: from the loss to h_T, a central difference, its step."""
import numpy as np

from .. import (caffe, load_net, lstm_backward, lstm_forward, set_weights, shared_weights, unroll,
                xavier_start)
from ..reference import central_difference
from .verdict import Hint, judged, must_be, must_have_shape, result_of, shape_of

T, B, D, H, CLASSES = 3, 2, 5, 4, 7
LABELS = np.array([5, 2])
GOOD = 1e-3  # the error of a step that is well chosen, the grey line of the picture
L = caffe.layers


@judged
def to_last_output(function):
    """Is `function(p, labels, V)` the gradient of the mean loss at h_T, by Caffe's backward?"""
    rng = np.random.default_rng(0)
    h, V = rng.standard_normal((1, B, H)), rng.standard_normal((CLASSES, H))
    ns = caffe.NetSpec()
    ns.h = L.Input(input_param=dict(shape=dict(dim=[1, B, H])))
    net = _with_loss(ns, ns.h, V, LABELS)
    net.blobs["h"].data[...] = h
    net.forward()
    net.backward()
    p = _softmax(net)
    answer = result_of(function, p.copy(), LABELS.copy(), V.copy())
    if shape_of(answer) == p.shape:
        raise Hint("this stops at the scores: go on to h_T through scores = h_T V^T + b.")
    must_be("dL/dh_T", answer, net.blobs["h"].diff[0], _of_last_output(p, V))
    return "Caffe's backward has the same numbers at h_T."


def _of_last_output(p, V):
    one = np.eye(CLASSES)[LABELS]
    right = (p - one) @ V / B
    columns = p.copy()
    columns[:, LABELS] -= 1
    return [
        (B * right, "the loss is the mean over the batch: divide by B."),
        (B * right / CLASSES, "the mean is over the images: divide by B, not by the classes."),
        (right / CLASSES, "the mean is over the images: divide by B, and by nothing else."),
        (-right, "the sign is turned: a larger score of the right class makes the loss smaller."),
        (p @ V / B, "something is missing at the right class: the gradient there is p - 1."),
        ((p - 1) @ V / B, "the 1 is subtracted at the right class alone."),
        (columns @ V / B, "p[:, labels] takes these columns of every image; each has one label."),
        (-one @ V / B, "this has the 1 at the right class, and no p."),
        ((p - LABELS[:, None]) @ V / B, "subtract 1 in the column of the label, not the label.")]


@judged
def slope(function):
    """Is `function(loss, w, place, step)` a central difference?"""
    W_hc, loss, gradient = _numpy_loss()
    place, long = (14, 3), 0.3
    before, now = W_hc.copy(), loss()
    up, down = [_moved(loss, W_hc, place, by) for by in (long, -long)]
    answer = result_of(function, loss, W_hc, place, long)
    left = not np.allclose(W_hc, before, 0, 1e-12)
    W_hc[...] = before
    must_be("the slope", answer, (up - down) / (2 * long),
            _of_slope(now, up, down, long, gradient[place]))
    if left:
        raise Hint("the number is right, but w[place] is not put back: whoever asks for the next "
                   "slope gets that of other weights.")
    must_be("the slope with a small step", result_of(function, loss, W_hc, place, 1e-5),
            gradient[place])
    return "With a small step it is the number of lstm_backward."


def _moved(loss, w, place, by):
    kept = w[place]
    w[place] = kept + by
    there = loss()
    w[place] = kept
    return there


def _of_slope(now, up, down, step, gradient):
    return [
        ((up - down) / step, "from w - step to w + step is twice the step."),
        ((up - now) / step, "this is the forward difference: it looks to one side only."),
        ((now - down) / step, "this is the backward difference: it looks to one side only."),
        ((up - now) / (2 * step), "this looks to one side only, and divides by both."),
        ((down - up) / (2 * step), "the sign is turned: L(w + step) - L(w - step)."),
        (up - down, "divide by the way from one place to the other."),
        (gradient, "this is the slope with another step: use the one that is given."),
        (0, "the loss did not change: loss() reads w itself, so write into w[place].")]


def _numpy_loss():
    """W_hc, a loss in 64 bits that reads it, and the gradient of that loss."""
    rng = np.random.default_rng(1)
    W_xc, b_c, W_hc = [np.float64(w) for w in xavier_start(D, H, rng, forget_bias=1.0)]
    x, zero = rng.standard_normal((T, B, D)), np.zeros((B, H))

    def run():
        return lstm_forward(x, zero, zero, W_xc, b_c, W_hc)
    trace = run()
    return W_hc, lambda: 50 * (run().h ** 2).sum(), lstm_backward(trace, 100 * trace.h).W_hc


@judged
def step(value):
    """Is a central difference with this step good to a thousandth, on Caffe's 32 bits?"""
    must_have_shape("the step", value, ())
    if not value > 0:
        raise Hint("a step is a positive number.")
    net = _unrolled()
    found, shorter = [_error(net, way) for way in (value, value / 3)]
    if found < GOOD:
        return f"On a net of this exercise's own the relative error is {found:.1e}."
    if shorter < found:
        raise Hint(f"the relative error is {found:.1e}, and smaller with a third of the step: on "
                   "so long a way the loss is no straight line. See the right of the picture.")
    raise Hint(f"the relative error is {found:.1e}, and no smaller with a third of the step: two "
               "losses so near to each other differ by little more than their rounding. See the "
               "left of the picture.")


def _unrolled():
    """A net of the size of the notebook's, on other numbers, after backward."""
    rng, (steps, images, pixels, units) = np.random.default_rng(2), (8, 32, 7, 16)
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[steps, images, pixels])))
    unroll(ns, ns.x, steps, units)
    net = _with_loss(ns, ns.h_T, rng.uniform(-0.4, 0.4, (10, units)),
                     rng.integers(10, size=images))
    set_weights(net, xavier_start(pixels, units, rng, forget_bias=1.0))
    net.blobs["x"].data[...] = rng.random((steps, images, pixels))
    net.forward()
    net.backward()
    return net


def _error(net, way):
    """The distance of both gradients of 40 numbers of W_hc, as a part of their length."""
    W_hc, rng = shared_weights(net)["w_Mhw"][0], np.random.default_rng(0)
    places = list(zip(*[rng.integers(size, size=40) for size in W_hc.data.shape]))
    numeric = [central_difference(lambda: _loss(net), W_hc.data, place, way) for place in places]
    gradient = np.array([W_hc.diff[place] for place in places])
    return np.linalg.norm(gradient - numeric) / np.linalg.norm(gradient)


def _loss(net):
    """Caffe's scores, and from there 64 bits."""
    net.forward()
    p, labels = _softmax(net), net.blobs["label"].data[0].astype(int)
    return -np.log(p[np.arange(len(p)), labels]).mean()


def _with_loss(ns, h, V, labels):
    """The net with scores of h, by the weight V (classes, H), and their loss."""
    ns.scores = L.InnerProduct(h, num_output=len(V), axis=2)
    ns.label = L.Input(input_param=dict(shape=dict(dim=[1, len(labels)])))
    ns.loss = L.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    net = load_net(ns, force_backward=True)
    net.params["scores"][0].data[...] = V
    net.blobs["label"].data[...] = labels
    return net


def _softmax(net):
    powers = np.exp(net.blobs["scores"].data[0].astype("f8"))  # (B, classes)
    return powers / powers.sum(1, keepdims=True)

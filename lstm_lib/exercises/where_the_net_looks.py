"""Checks of notebook 12: a look at a map, uniform weights, what the maps of a trained net say."""
import numpy as np

from ..cells import attention
from ..nets import load_net
from ..safe_caffe.engine import caffe
from .verdict import judged, must_be, result_of

B, C, K, H = 3, 5, 2, 6
PLACES = K * K


@judged
def look(my_look):
    """What a step reads: my_look(h, X, W_l, b_l) from h (B, H) and X (B, C, K, K) to (B, C)."""
    rng = np.random.default_rng(1)
    h, X = rng.standard_normal((B, H)), rng.standard_normal((B, C, K, K))
    W_l, b_l = rng.standard_normal((PLACES, H)), rng.standard_normal(PLACES)
    flat, scores = X.reshape(B, C, PLACES), h @ W_l.T + b_l
    powers, no_bias = np.exp(scores), np.exp(h @ W_l.T)
    top = np.eye(PLACES)[scores.argmax(1)]

    def weighed(l, places=flat):
        return np.einsum("bk,bck->bc", l, places)

    must_be("x", result_of(my_look, h, X, W_l, b_l), seen_by_caffe(h, X, W_l, b_l), [
        (weighed(powers / powers.sum(0)),
         "the softmax goes over the sequences: for each of them the weights of its places sum to "
         "1. Which axis of l is that of the places?"),
        (weighed(powers / powers.sum()), "all weights of the batch together sum to 1; those of "
                                         "each sequence must."),
        (weighed(powers), "the weights do not sum to 1: exp is there, and what divides it?"),
        (weighed(scores), "the scores themselves are the weights: the softmax is missing."),
        (weighed(no_bias / no_bias.sum(1, keepdims=True)), "b_l is not used."),
        (weighed(top), "only the place with the largest weight is read: that is a choice, and "
                       "has no gradient. Each place counts as much as its weight."),
        (flat.sum(2), "all places are added as they are: l is not used. Weigh each by its l."),
        (flat.mean(2), "that is the mean of the places: l is not used. Weigh each by its l."),
        (weighed(powers / powers.sum(1, keepdims=True)) / PLACES,
         "the weights sum to 1 already: there is nothing more to divide by."),
        (weighed(powers / powers.sum(1, keepdims=True), X.swapaxes(2, 3).reshape(flat.shape)),
         "the places are counted column by column; they are counted row by row.")])
    return "What Caffe's layers read is the same."


def seen_by_caffe(h, X, W_l, b_l):
    """x (B, C) of the library's attention on Caffe, for one step."""
    ns = caffe.NetSpec()
    ns.h = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, B, H])))
    ns.X = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, B, C, K, K])))
    attention(ns, ns.X, 1, C, PLACES)(1, ns.h)
    net = load_net(ns)
    for blob, array in zip(net.params["t1/attention/Ml"], (W_l, b_l)):
        blob.data[...] = array
    net.forward(h=h[None], X=X[None])
    return net.blobs["t1/attention/x"].data[0].copy()


@judged
def uniform(my_uniform):
    """What a step reads where W_l and b_l are 0: my_uniform(X) from (B, C, K, K) to (B, C)."""
    rng = np.random.default_rng(2)
    h, X = rng.standard_normal((B, H)), rng.standard_normal((B, C, K, K))
    truth = seen_by_caffe(h, X, np.zeros((PLACES, H)), np.zeros(PLACES))
    must_be("x", result_of(my_uniform, X), truth, [
        (X.sum((2, 3)), "that counts each place as 1; the weights of all places sum to 1."),
        (np.zeros((B, C)), "the scores are 0; exp(0) is not."),
        (X.max((2, 3)), "no place is picked: all have the same weight."),
        (X[:, :, 0, 0], "no place is picked: all have the same weight."),
        (X.sum((2, 3)) / K, "there are K times K places, not K.")])
    return "All K times K weights are equal: the step reads the mean of the places, whatever h is."


@judged
def said(my_digits, looks):
    """What the digit in the middle says, read off where a trained net looks, (T, fields, 9)."""
    first, second = np.asarray(looks)[:2].argmax(2) + 1  # the places, counted from 1
    must_be("the list", my_digits, second, [
        (first, "that is where the first step looks: always at the middle, to read there where "
                "to go. Look at the second step."),
        (second - 1, "places are counted from 1, as on a telephone."),
        (3 * ((second - 1) % 3) + (second - 1) // 3 + 1,
         "places are counted row by row: 1, 2, 3 are the upper row."),
        (10 - second, "1 is the place at the upper left, 9 that at the lower right.")],
        tolerance=0.5)
    return "You read the digit in the middle, and have seen no pixel of it."

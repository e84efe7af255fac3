"""Checks of notebook 13: the gradient of a batch from those of its parts; what a step takes."""
import numpy as np

from ..nets import load_net
from ..safe_caffe.engine import caffe
from ..unrolling import unroll
from ..weights import shared_weights
from .verdict import Hint, judged, must_be, result_of

T, D, H = 3, 5, 4
PARTS = 2, 1, 5  # sequences in each part of the batch


@judged
def combined(my_combined):
    """The gradient of a batch of 8 from those of three parts of 2, 1 and 5 sequences."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((T, sum(PARTS), D)), rng.standard_normal((1, sum(PARTS), H))
    ends = np.cumsum((0, *PARTS))
    gradients = [_gradient(x[:, a:b], y[:, a:b]) for a, b in zip(ends, ends[1:])]
    n, total = np.array(PARTS), sum(PARTS)
    answer = result_of(my_combined, [g.copy() for g in gradients], list(PARTS))
    must_be("the gradient", answer, _gradient(x, y), [
        (sum(gradients), "that is the sum; each part's loss is a mean over its own sequences, "
                         "so its gradient is one, too."),
        (sum(gradients) / 3, "that is the plain mean: the part of one sequence counts as much as "
                             "that of five."),
        (sum(k * g for k, g in zip(n, gradients)), "each part has its weight now; what is left "
                                                   "is to divide by the whole batch."),
        (sum(k * g for k, g in zip(n, gradients)) / 3, "the weights are right; divide by the number "
                                                       "of sequences, not of parts."),
        (sum(g / k for k, g in zip(n, gradients)), "a part with more sequences counts more, not "
                                                   "less."),
        (sum((total - k) / total * g for k, g in zip(n, gradients)),
         "a part with more sequences counts more, not less."),
        (gradients[0], "that is the first part alone.")])
    return "Caffe's gradient of all 8 sequences is the same."


def _gradient(x, y):
    """Of W_xc, for the mean over the sequences of a squared distance of h_T to y."""
    ns = caffe.NetSpec()
    ns.x, ns.y = [caffe.layers.Input(input_param=dict(shape=dict(dim=list(a.shape))))
                  for a in (x, y)]
    unroll(ns, ns.x, T, H)
    ns.h = caffe.layers.Reshape(ns.h_T, reshape_param=dict(shape=dict(dim=[-1, H])))
    ns.to = caffe.layers.Reshape(ns.y, reshape_param=dict(shape=dict(dim=[-1, H])))
    ns.loss = caffe.layers.EuclideanLoss(ns.h, ns.to)
    net, rng = load_net(ns, force_backward=True), np.random.default_rng(5)
    for blob, _ in shared_weights(net).values():
        blob.data[...] = 0.5 * rng.standard_normal(blob.shape)
    net.forward(x=x, y=y)
    net.clear_param_diffs()
    net.backward()
    return next(iter(shared_weights(net).values()))[0].diff.copy()


@judged
def step_time(my_step_time):
    """Seconds of a step: compute / N + 2 (N - 1) / N * 4 numbers / bandwidth."""
    compute, numbers, bandwidth = 0.5, 10_000_000, 2e8
    cases = 1, 2, 5, 64
    answers = np.array([float(result_of(my_step_time, N, compute, numbers, bandwidth))
                        for N in cases])
    N = np.array(cases)
    sent = 4 * numbers / bandwidth
    if answers[0] > compute and abs(answers[0] - compute) > 1e-9:
        raise Hint(f"one process has nobody to send to, so a step takes {compute} s; yours "
                   f"takes {answers[0]:g}.")
    must_be("the times for N = 1, 2, 5, 64", answers, compute / N + 2 * (N - 1) / N * sent, [
        (compute / N, "that is the computing alone; the gradients travel, too."),
        (compute + 2 * (N - 1) / N * sent, "each process computes its part of the batch only."),
        (compute / N + (N - 1) / N * sent, "each gradient goes round twice: once to be added up, "
                                           "once to be handed out."),
        (compute / N + 2 * (N - 1) * sent, "that sends whole gradients N - 1 times; in a ring "
                                           "each message is one N-th of them."),
        (compute / N + 2 * (N - 1) / N * sent / 4, "the bandwidth is in bytes: a float32 has "
                                                   "four."),
        (compute / N + 2 * (N - 1) / N * sent * 8, "the bandwidth is in bytes already, not in "
                                                   "bits.")],
        tolerance=1e-9)
    return "With many processes the first term vanishes, and the second stays."

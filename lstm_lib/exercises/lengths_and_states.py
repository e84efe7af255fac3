"""Checks of notebook 08: cont, a loss without padding, a forecast that knows no future."""
import numpy as np

from .verdict import Hint, judged, must_be, must_have_shape, result_of
from ..lengths import cont_from_lengths, mask_from_lengths
from ..nets import load_net
from ..safe_caffe.engine import caffe

L, PROD = caffe.layers, caffe.params.Eltwise.PROD
STREAMS, STEPS = [[3, 1, 2], [6], [1, 5], [2, 2, 2]], 6  # all sums are STEPS
LENGTHS = [2, 6, 3]  # of STEPS
YEARS = 5


@judged
def cont(function):
    """`function(lengths, T)` makes the same array as `cont_from_lengths`."""
    truth = cont_from_lengths(STREAMS, STEPS)
    must_be(f"cont of {STREAMS}", result_of(function, STREAMS, STEPS), truth, [
        (1 - truth, "0 and 1 are the wrong way round: the state is multiplied by cont."),
        (_first_step_only(truth), "only step 1 is 0: where do the later sequences of a stream "
                                  "begin?"),
        (_last_steps(truth), "a 0 stands at the last step of a sequence; the state is cleared "
                             "before a step, so which step is it?"),
        (_starts_at_lengths(truth), "you count each start from the beginning of the stream; it "
                                    "is the sum of all lengths before it."),
        (_without_first(truth), "step 1 of each stream begins a sequence, too.")])
    return "0 at the first step of each sequence, for the state is cleared before that step."


def _first_step_only(truth):
    wrong = np.ones_like(truth)
    wrong[0] = 0
    return wrong


def _last_steps(truth):
    return np.roll(truth, -1, axis=0)  # the last step of a stream stands before the first


def _without_first(truth):
    wrong = truth.copy()
    wrong[0] = 1
    return wrong


def _starts_at_lengths(truth):
    wrong = _first_step_only(truth)
    for b, lengths in enumerate(STREAMS):
        wrong[lengths[:-1], b] = 0
    return wrong


@judged
def masked_loss(function):
    """`function(y, target, lengths)` is what Caffe computes, for each valid step."""
    y, target = np.random.default_rng(8).standard_normal((2, STEPS, len(LENGTHS)))
    mask = mask_from_lengths(LENGTHS, STEPS)
    total = _sum_by_caffe(y, target, mask)
    turned = 0.5 * ((y - target) ** 2 * mask[::-1]).sum()
    missing = 0.5 * ((y - target)[1:] ** 2 * mask[1:]).sum()
    one_more = mask_from_lengths(np.minimum(np.array(LENGTHS) + 1, STEPS), STEPS)
    more = 0.5 * ((y - target) ** 2 * one_more).sum()
    must_be("the loss", _result_of_masking(function, y, target), total / mask.sum(), [
        (total / mask.size, "you divide by T * B; how many steps count?"),
        (total, "that is the sum; the mean divides by the number of steps that count."),
        (total / STEPS, "you divide by T, as EuclideanLoss does; how many steps count?"),
        (2 * total / mask.sum(), "the half is missing."),
        (turned / mask.sum(), "the padding stands at the end of a sequence, and your mask is 0 "
                              "at its beginning."),
        (0.5 * ((y - target) ** 2).mean(), "the padding counts, too: where is the mask?"),
        (missing / mask[1:].sum(), "each sequence lacks a step: steps are counted from 0 here."),
        (more / one_more.sum(), "each sequence has a step too many: a sequence of 2 steps has "
                                "the steps 0 and 1.")])
    return f"{int(mask.sum())} of {mask.size} steps count, and the sum is that of Caffe."


def _sum_by_caffe(y, target, mask):
    """Half the squared error of the valid steps, summed: EuclideanLoss times its divisor."""
    ns = caffe.NetSpec()
    for name in ("y", "target", "mask"):
        ns[name] = L.Input(input_param=dict(shape=dict(dim=list(mask.shape))))
    ns.loss = L.EuclideanLoss(L.Eltwise(ns.y, ns.mask, operation=PROD),
                              L.Eltwise(ns.target, ns.mask, operation=PROD))
    net = load_net(ns)
    for name, values in (("y", y), ("target", target), ("mask", mask)):
        net.blobs[name].data[...] = values
    return float(net.forward()["loss"]) * len(mask)


def _result_of_masking(function, y, target):
    """The learner's loss; arrays that do not fit together are most often a mask (B, T)."""
    try:
        loss = result_of(function, y, target, list(LENGTHS))
    except Hint as hint:
        if "broadcast" in str(hint) or "boolean index" in str(hint):
            raise Hint(f"{hint} y is (T, B) = {y.shape}: is your mask (B, T)?") from None
        raise
    must_have_shape("the loss", loss, ())
    return loss


@judged
def season(function):
    """`function(months, n)` is the mean of the same month in the n years before."""
    months, n = np.random.default_rng(8).standard_normal(12 * YEARS), 2
    before = {lag: np.roll(months, lag) for lag in (0, 1, 2, 11, 12, 13, 24)}
    forecast = result_of(function, months.copy(), n)
    must_have_shape("the forecast", forecast, months.shape)

    def known(values):
        return np.asarray(values, "f8")[12 * (n + 1):]

    if np.isnan(known(forecast)).any():
        raise Hint("some forecast behind the first n years is NaN: which month does it read?")
    must_be(f"the forecast from year {n + 2} on", known(forecast),
            known((before[12] + before[24]) / 2), [
        (known((before[0] + before[12]) / 2),
         "the month that you forecast is among those of the mean: nobody knows it yet."),
        (known(before[0]), "you forecast each month by itself: nobody knows it yet."),
        (known(before[12]), "that is last year alone; n is 2 here."),
        (known(before[24]), "that is one year alone, n years ago."),
        (known(before[12] + before[24]), "that is the sum, not the mean."),
        (known((before[1] + before[2]) / 2), "these are the last n months, not years."),
        (known((before[11] + np.roll(months, 23)) / 2),
         "that is the month after the one you forecast: a year is 12 months back."),
        (known((before[13] + np.roll(months, 25)) / 2),
         "that is the month before the one you forecast: a year is 12 months back."),
        (known(np.tile(months.reshape(-1, 12).mean(0), YEARS)),
         "that is the mean over all years, those to come among them.")])
    return "No month that it forecasts, nor a later one, goes into it."

"""Checks of notebook 11: pairs of letters counted, states of two layers carried, a temperature."""
from itertools import product

import numpy as np

from ..nets import load_net
from ..safe_caffe.engine import caffe
from ..stacks import stack
from ..start_values import xavier_start
from ..weights import set_weights
from .verdict import Hint, judged, must_be, must_have_shape, result_of

LETTERS, ADDED = 5, 0.1
T, B, D, H = 3, 2, 5, 4
STATES = tuple(product((1, 2), "hc"))  # (layer, state)


@judged
def bigram(my_bigram):
    """How likely each letter is after each, (D, D), from `my_bigram(code, D)`."""
    code = np.random.default_rng(1).choice(LETTERS, 60, p=[0.4, 0.3, 0.15, 0.1, 0.05])
    answer = result_of(my_bigram, code.copy(), LETTERS)
    pairs = list(zip(code.tolist(), code[1:].tolist()))
    must_be("the table", answer, _rows(_counts(pairs)), list(_wrong_tables(code, pairs)))
    return "Each row adds up to 1, and no pair is impossible."


def _counts(pairs):
    table = np.zeros((LETTERS, LETTERS))
    for before, after in pairs:
        table[before, after] += 1
    return table


def _rows(counts, added=ADDED):
    return (counts + added) / (counts + added).sum(1, keepdims=True)


def _wrong_tables(code, pairs):
    """What typical mistakes give, (table, hint) each."""
    counts = _counts(pairs)
    once = "each pair that occurs was counted once: with `table[a, b] += 1` NumPy adds to a place " \
           "once, however often it is named. np.add.at adds each time."
    for added in (ADDED, 0):
        yield counts + added, "these are counts; the probabilities of a row add up to 1."
        yield (counts > 0) + added, once
        yield (counts + added) / (counts + added).sum(), (
            "all numbers together add up to 1; each row must: what comes after one letter.")
        yield (counts + added) / (counts + added).sum(0), (
            "the columns add up to 1; a row holds what comes after one letter.")
        yield _rows(counts.T, added), (
            "the pairs are the other way round: the row is the letter before, the column the "
            "letter that follows.")
        yield _rows(counts > 0, added), once
    yield _rows(counts, 0), (
        f"a pair that never came has probability 0, so its bits are infinite; begin each count "
        f"at {ADDED}.")
    yield _rows(counts, 0) + ADDED, f"{ADDED} is added to each count, not to each probability."
    yield _rows(_counts(pairs + [(code[-1], code[0])])), (
        "the last letter was paired with the first; after the last comes nothing.")
    yield _rows(_counts(pairs[:-1])), "the last pair is missing."
    yield _rows(_counts(zip(code, code[2:]))), "the letters of a pair stand one apart, not two."


@judged
def carry(my_next):
    """The upper outputs (T, B, H) of a second piece, from `my_next(net, x)` after the first."""
    x = np.random.default_rng(2).standard_normal((2 * T, B, D))
    answer = np.array(result_of(my_next, _after_first(x), x[T:].copy()))
    truth = _net(2 * T).forward(x=x)["layer2/H"][T:].copy()
    if answer.shape == (2 * T, B, H):
        raise Hint(f"these are {2 * T} steps; the outputs of the second piece are {T}.")
    must_be("the array of outputs", answer, truth, list(_wrong_pieces(x)))
    return f"Two pieces of {T} steps are one of {2 * T}, in both layers."


def _net(steps):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[steps, B, D])))
    layers = stack(ns, ns.x, steps, [H, H], cell="fused")
    net = load_net(ns)
    for layer, inputs in zip(layers, (D, H)):
        weights = xavier_start(inputs, H, np.random.default_rng(inputs), forget_bias=1.0)
        set_weights(net, weights, layer.weight_names)
    return net


def _after_first(x):
    net = _net(T)
    net.forward(x=x[:T])
    return net


def _wrong_pieces(x):
    """What the second piece gives where something was not carried, or to a wrong place."""
    right = {f"layer{n}/{s}0": f"layer{n}/{s}_T" for n, s in STATES}
    first = _after_first(x)
    yield first.blobs["layer2/H"].data.copy(), (
        "these are the outputs of the first piece: call net.forward(x=x) after the states.")
    yield _second(x, right, upper="layer1/H"), "these are the outputs of the lower layer."
    yield _second(x, {}), "the second piece starts from zeros: nothing was carried."
    for layer, state in STATES:
        alone = {f"layer{layer}/{s}0": f"layer{layer}/{s}_T" for s in "hc"}
        both = {f"layer{n}/{state}0": f"layer{n}/{state}_T" for n in (1, 2)}
        without = {into: of for into, of in right.items() if into != f"layer{layer}/{state}0"}
        yield _second(x, alone), f"only the states of layer {layer} were carried."
        yield _second(x, both), f"only the states {state} were carried; a layer has two."
        yield _second(x, without), f"the state {state} of layer {layer} was not carried."
    yield _second(x, {f"layer{n}/{s}0": f"layer{3 - n}/{s}_T" for n, s in STATES}), (
        "the layers have changed places: each gets the states of its own.")
    other = dict(h="c", c="h")
    yield _second(x, {f"layer{n}/{s}0": f"layer{n}/{other[s]}_T" for n, s in STATES}), (
        "h and c have changed places.")
    yield _second(x, right, x[:T]), "the second run has read the first piece again."


def _second(x, carried, piece=None, upper="layer2/H"):
    net = _after_first(x)
    states = {into: net.blobs[of].data.copy() for into, of in carried.items()}
    net.forward(x=x[T:] if piece is None else piece, **states)
    return net.blobs[upper].data.copy()


@judged
def temperature(my_probabilities):
    """The probabilities (D,) of Caffe's Softmax, from `my_probabilities(scores, temperature)`."""
    scores = 3 * np.random.default_rng(3).standard_normal(D)
    for heat in (0.5, 2.0):
        answer = result_of(my_probabilities, scores.copy(), heat)
        must_be("the array of probabilities", answer, _softmax(scores, heat),
                list(_wrong_probabilities(scores, heat)))
    with np.errstate(all="ignore"):
        large = np.asarray(result_of(my_probabilities, scores + 1000, 0.5), "f8")
    must_have_shape("the array of probabilities", large, (D,))
    if not np.isfinite(large).all():
        raise Hint("right for small scores. Those of 1000 give inf / inf = nan: take the largest "
                   "score off all of them first, which changes no probability.")
    return "Caffe's Softmax says the same, and large scores do no harm."


def _softmax(scores, heat):
    ns = caffe.NetSpec()
    ns.scores = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, D])))
    ns.p = caffe.layers.Softmax(caffe.layers.Power(ns.scores, scale=1 / heat))
    return load_net(ns).forward(scores=scores[None])["p"][0].copy()


def _wrong_probabilities(scores, heat):
    """What typical mistakes give, (probabilities, hint) each."""
    plain, e = _softmax(scores, 1.0), np.exp(scores / heat)
    sizes = scores / heat
    yield plain, "the temperature makes no difference to what you return."
    yield _softmax(scores, 1 / heat), (
        "the scores were multiplied by the temperature: a low one must make the likely letter "
        "likelier still.")
    yield plain / heat, "the probabilities were divided; they no longer add up to 1. Divide the scores."
    yield e, "these do not add up to 1."
    yield np.exp(sizes - sizes.max()), "these do not add up to 1."
    yield sizes / sizes.sum(), "the scores themselves were made to add up to 1; where is exp?"
    yield np.eye(D)[scores.argmax()], "this always takes the likeliest letter; return probabilities."
    yield np.log(_softmax(scores, heat)), "these are logarithms of probabilities."

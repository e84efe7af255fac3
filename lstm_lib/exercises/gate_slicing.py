"""Checks of notebook 01: one step in NumPy, a memory that stays, a cell of one's own."""
import numpy as np

from ..cells import single_time_step_lstm
from ..errors import NetError
from ..nets import load_net
from ..reference import sigmoid
from ..safe_caffe.engine import caffe
from ..start_values import xavier_start
from ..unrolling import initial_state
from ..weights import LSTMWeights, set_weights
from .verdict import Hint, judged, made_by, must_be, must_have_shape, near, result_of, shape_of

B, D, H = 3, 5, 4


@judged
def step(my_step):
    """One step, `my_step(x, h, c, W_xc, b_c, W_hc) -> h, c`, beside Caffe's."""
    x, h0, c0, W = _numbers()
    h, c = _caffe_step(W, x, h0, c0)
    answer = result_of(my_step, *(array.copy() for array in (x, h0, c0, *W)))
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Hint("my_step returns two arrays: h and c.")
    if all(shape_of(one) == (B, H) and near(one, truth, 1e-5)
           for one, truth in zip(answer, (c, h))):
        raise Hint("these are c and h; the order is h, c.")
    wrong = list(_wrong_steps(x, h0, c0, W))
    must_be("c", answer[1], c, [(result[1], hint) for result, hint in wrong])
    must_be("h", answer[0], h, [(result[0], hint) for result, hint in wrong])
    return "h and c are those of Caffe's thirteen layers."


def _numbers():
    rng = np.random.default_rng(1)
    W = xavier_start(D, H, rng)
    x, h0, c0 = (rng.standard_normal((B, size)) for size in (D, H, H))
    return x, h0, c0, W._replace(b_c=rng.standard_normal(4 * H).astype("f4"))


def _caffe_step(W, x, h0, c0, steps=1):
    """(h, c), each (B, H), of Caffe's step, made `steps` times with the same x."""
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, *x.shape])))
    h, c = initial_state(ns, *h0.shape)
    _, _, names = single_time_step_lstm(ns, h, c, ns.x, "t1/", h0.shape[1])
    net = load_net(ns)
    set_weights(net, W, names)
    for _ in range(steps):
        net.forward(x=x[None], h0=h0[None], c0=c0[None])
        h0, c0 = (net.blobs[f"t1/lstm/{state}"].data[0].copy() for state in "hc")
    return h0, c0


def _wrong_steps(x, h0, c0, W):
    """What typical mistakes give, ((h, c), hint) each."""
    Mx, Mh = x @ W.W_xc.T, h0 @ W.W_hc.T
    z = Mx + W.b_c + Mh
    for order, said in (("ifgo", "i, f, g, o (PyTorch's)"), ("fiog", "f, i, o, g"),
                        ("gifo", "g, i, f, o"), ("iofg", "i, o, f, g")):
        yield _step(z, c0, order), f"the gates are cut in the order {said}; here it is i, f, o, g."
    yield _step(z, 0 * c0), "the old state is not carried over: where is c of the step before?"
    yield _step(z, c0, keep=False), ("the old state is kept whole: which gate says how much of "
                                     "it stays?")
    yield _step(Mx + W.b_c, c0), "h of the step before plays no part: z has two products."
    yield _step(Mx + Mh, c0), "the bias b_c is missing in z."
    yield _step(z, c0, squash=lambda c: c), "h is o times c: the tanh of c is missing."
    yield _step(z, c0, candidate=sigmoid), "g went through a sigmoid; the candidate has a tanh."
    yield _step(z, c0, candidate=lambda raw: raw), "g is still raw: the candidate has a tanh."
    yield _step(z, c0, gate=lambda raw: raw, candidate=lambda raw: raw), (
        "all four are still raw: the gates need a sigmoid, the candidate a tanh.")
    yield _step(z, c0, gate=lambda raw: raw), "i, f and o are still raw: they need a sigmoid."
    h, c = _step(z, c0)
    yield (_step(z, 0 * c0, "ifog")[0], c), "h is made from a c without the old state."
    yield (sigmoid(np.split(z, 4, 1)[2]) * np.tanh(c0), c), "h is made from the old c, not c_t."


def _step(z, c, order="ifog", keep=True, gate=sigmoid, candidate=np.tanh, squash=np.tanh):
    raw = dict(zip(order, np.split(z, 4, axis=1)))
    c = (gate(raw["f"]) if keep else 1) * c + gate(raw["i"]) * candidate(raw["g"])
    return gate(raw["o"]) * squash(c), c


@judged
def memory(raw_i, raw_f, raw_o):
    """Three raw numbers with which a cell keeps c for 100 steps, and shows nothing of it."""
    given = [raw_i, raw_f, raw_o]
    for name, value in zip(("raw_i", "raw_f", "raw_o"), given):
        must_have_shape(name, value, ())
    c0 = np.array([[2, -1, 0.5, -3]])
    W = LSTMWeights(np.zeros((16, 5)), np.append(np.repeat(given, 4), [3, 3, -3, -3]),
                    np.zeros((16, 4)))  # raw numbers that no input and no h can change
    h, c = _caffe_step(W, np.zeros((1, 5)), np.zeros((1, 4)), c0, steps=100)
    if not np.allclose(c, c0, 0, 0.01):
        raise Hint(_why_lost(given, c0, c))
    if np.abs(h).max() > 0.01:
        raise Hint(f"c stays, but o = {sigmoid(raw_o):.2g} shows it: h is as large as "
                   f"{np.abs(h).max():.2g}.")
    return "After 100 steps c is what it was, to within 0.01, and h shows nothing of it."


def _why_lost(given, c0, c):
    i, f = sigmoid(np.array(given[:2], "f8"))
    if all(0 <= value <= 1 for value in given):
        return (f"these look like gates, but they are raw: i = sigmoid({given[0]:g}) = {i:.2g}, "
                f"f = sigmoid({given[1]:g}) = {f:.2g}.")
    if f < 0.5:
        return f"f = {f:.2g} forgets: c of {c0[0, 0]:g} is {c[0, 0]:.2g} after 100 steps."
    if i > 0.001:
        return f"i = {i:.2g} lets the candidate in, at each of 100 steps."
    return f"f = {f:.4f} is close to 1, but 100 steps multiply: {f:.4f}^100 = {f ** 100:.2g}."


@judged
def coupled(my_coupled):
    """Layers i, c and h of a cell whose input gate is 1 - f, added to f, o, g and c0."""
    ns = caffe.NetSpec()
    for name in ("f", "o", "g", "c0"):
        ns[name] = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, B, H])))
    made = result_of(my_coupled, ns)
    for name in "ich":
        if name not in getattr(made, "tops", ()):
            raise Hint(f"no layer {name!r} in what my_coupled returns: ns.{name} = ...")
    rng = np.random.default_rng(2)
    f, o, g, c0 = (shift + scale * rng.random((1, B, H)) for shift, scale in (
        (0.1, 0.8), (0.1, 0.8), (-1, 2), (-2, 4)))
    i, c, h = _run(made, "ich", f=f, o=o, g=g, c0=c0)
    truth = f * c0 + (1 - f) * g
    must_be("i", i, 1 - f, [(f, "i equals f; it should be small where f is large."),
                            (-f, "i is -f: the 1 is missing (shift)."),
                            (f - 1, "i is f - 1: the sign is turned round.")])
    must_be("c", c, truth, _wrong_c(f, g, c0, truth))
    must_be("h", h, o * np.tanh(truth), [
        (o + np.tanh(truth), ADDED), (o * truth, "h is o times c: the tanh of c is missing."),
        (np.tanh(truth), "h is tanh(c): the gate o is missing."),
        (np.tanh(o * truth), "h is tanh(o * c): first the tanh, then the gate.")])
    return "Caffe's numbers are those of c = f * c0 + (1 - f) * g, with one gate fewer."


ADDED = "an Eltwise adds where nothing is said; operation=P.Eltwise.PROD multiplies."


def _run(ns, names, **inputs):
    """The blobs of these names after one forward; what Caffe refuses becomes a Hint."""
    try:
        net = load_net(ns)
        net.forward(**inputs)
        return [made_by(net, name) for name in names]
    except (NetError, ValueError) as error:
        raise Hint(f"Caffe cannot run it: {error}") from error


def _wrong_c(f, g, c0, truth):
    i = 1 - f
    return [(np.tanh(truth), "c holds tanh(c): the tanh worked in place, and the memory is gone."),
            (f + c0 + i + g, ADDED), (f + c0 + i * g, ADDED), (f * c0 + (i + g), ADDED),
            (f * c0 * i * g, "the kept and the written part are multiplied; c is their sum."),
            (i * c0 + f * g, "f and i have changed places."),
            (i * c0 + i * g, "i was written over f, in place; c needs both."),
            (f * c0, "nothing is written: where is i * g?"),
            (i * g, "the old state is not carried over: where is f * c0?")]

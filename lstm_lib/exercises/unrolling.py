"""Checks of notebook 03: a loop over the steps, how many layers it makes, a state carried on."""
import numpy as np

from ..nets import load_net, to_net_parameter
from ..safe_caffe.engine import caffe
from ..start_values import xavier_start
from ..unrolling import unroll
from ..weights import set_weights
from .verdict import Hint, judged, must_be, must_have_shape, result_of, shape_of

B, D, H = 3, 5, 2


def _spec(T):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H)
    return ns


def _net(T):
    net = load_net(_spec(T))
    set_weights(net, xavier_start(D, H, np.random.default_rng(1), forget_bias=1.0))
    return net


@judged
def loop(my_loop):
    """All outputs (T, B, H), from `my_loop(step, x, h, c)` with `step(x_t, h, c) -> h, c`."""
    T, rng = 4, np.random.default_rng(2)
    x, h0, c0 = (rng.standard_normal(shape) for shape in ((T, B, D), (B, H), (B, H)))
    step = _step()
    answer = result_of(my_loop, step, x.copy(), h0.copy(), c0.copy())
    truth = _net(T).forward(x=x, h0=h0[None], c0=c0[None])["H"].copy()
    _must_be_all_steps(answer, T)
    must_be("the array of outputs", answer, truth, list(_wrong_loops(step, x, h0, c0)))
    return f"The outputs of {T} steps are those of Caffe's net of {T} steps."


def _step():
    """A time step that Caffe computes, of arrays (B, .)."""
    net = _net(1)

    def step(x_t, h, c):
        net.forward(x=x_t[None], h0=h[None], c0=c[None])
        return tuple(net.blobs[state].data[0].copy() for state in ("h_T", "c_T"))
    return step


def _must_be_all_steps(answer, T):
    shape = shape_of(answer) or ()
    if shape == (B, H):
        raise Hint("that is the output of one step alone; all T outputs are asked for.")
    if shape == (T * B, H):
        raise Hint("the outputs were joined along the axis of the sequences; the steps need an "
                   "axis of their own, the first.")
    if shape[1:] == (B, H) and shape[0] in (T - 1, T + 1):
        raise Hint(f"there are {shape[0]} outputs for {T} inputs; which one is "
                   f"{'missing' if shape[0] < T else 'no output'}?")
    must_have_shape("the array of outputs", answer, (T, B, H))


def _wrong_loops(step, x, h0, c0):
    """What typical mistakes give, (outputs, hint) each."""
    zero = np.zeros_like(h0)

    def run(advance, h=h0, c=c0, inputs=x):
        pairs = []
        for x_t in inputs:
            h, c = advance(x_t, h, c)
            pairs.append((h, c))
        return np.array(pairs)[:, 0]

    yield run(lambda x_t, h, c: step(x_t, h0, c0)), (
        "every step starts from the initial states; each must be handed the h and c of the "
        "step before.")
    yield run(lambda x_t, h, c: (step(x_t, h, c0)[0], c0)), (
        "h is handed on and c is not: every step gets the initial c.")
    yield run(lambda x_t, h, c: step(x_t, h0, c)), (
        "c is handed on and h is not: every step gets the initial h.")
    yield run(step, zero, zero), "the loop starts from zeros, not from the h and c it was given."
    yield run(lambda x_t, h, c: step(x_t, c, h)), (
        "h and c have changed places on their way into step(x_t, h, c).")
    yield run(lambda x_t, h, c: step(x_t, h, c)[::-1]), (
        "h and c have changed places: step returns h first, then c.")
    yield run(step, inputs=x[::-1]), "the steps run from the last to the first."
    yield run(step)[::-1], "the outputs are in the wrong order: the last one stands first."
    yield np.repeat(run(step)[-1:], len(x), 0), "all outputs are the last one."
    yield run(step, inputs=np.repeat(x[:1], len(x), 0)), "every step reads the first input."
    yield _states(step, x, h0, c0), "these are the states c; the outputs are h."


def _states(step, x, h, c):
    states = []
    for x_t in x:
        h, c = step(x_t, h, c)
        states.append(c)
    return np.array(states)


@judged
def layers(my_layers):
    """How many layers the net of `unroll` has for T steps, from `my_layers(T)`."""
    said = {T: result_of(my_layers, T) for T in (2, 3, 7, 1)}
    for T, number in said.items():
        must_have_shape(f"my_layers({T})", number, ())
    truth = {T: len(to_net_parameter(_spec(T)).layer) for T in said}
    a_step = said[3] - said[2]
    if a_step != truth[3] - truth[2] or said[7] - said[3] != 4 * a_step:
        raise Hint(f"from T = 2 to 3 your net grows by {a_step} layers; how many layers is a step?")
    if said[2] != truth[2]:
        around = said[2] - 2 * a_step
        raise Hint(f"around the steps you count {around} layers, which is too "
                   f"{'few' if said[2] < truth[2] else 'many'}: count inputs, initial states, and "
                   "what is not drawn; summary(net) lists them all.")
    if said[1] != truth[1]:
        raise Hint(f"right from T = 2 on. For T = 1 you say {said[1]}; look at trap two.")
    long = int(my_layers(1000))
    return f"It grows by the same number each step: a net of 1000 steps has {long:,}."


@judged
def chunks(my_chunks):
    """The outputs of four steps, from `my_chunks(net, x)` with a net of two."""
    x = np.random.default_rng(3).standard_normal((4, B, D))
    answer = result_of(my_chunks, _used_net(), x.copy())
    truth = _net(4).forward(x=x)["H"].copy()
    if shape_of(answer) == (2, B, H):
        raise Hint("these are the outputs of two steps; all four are asked for.")
    must_be("the array of outputs", answer, truth, list(_wrong_chunks(x, truth)))
    return "Two pieces with the state carried over are the whole."


def _used_net():
    """A net of two steps whose states are left over from another sequence."""
    net = _net(2)
    net.blobs["h0"].data[...], net.blobs["c0"].data[...] = 0.5, -1
    return net


def _wrong_chunks(x, truth):
    forgotten = "{} is not carried over to the second piece."
    second = _in_two(x, {"h": "h_T", "c": "c_T"})[2:]
    yield np.concatenate([second, second]), (
        "both halves are the second piece: forward writes into the same memory again (copy).")
    yield _in_two(x, {"h": "h0", "c": "c0"}), (
        "the second piece starts from zeros: which states should it start from?")
    yield _in_two(x, {"h": "h_T", "c": "c0"}), forgotten.format("c")
    yield _in_two(x, {"h": "h0", "c": "c_T"}), forgotten.format("h")
    yield _in_two(x, {"h": "c_T", "c": "h_T"}), "h and c have changed places between the pieces."
    yield _in_two(x, {"h": "h1", "c": "c1"}), (
        "the second piece starts from the states after one step; the piece has two.")
    yield _in_two(x, {"h": "h_T", "c": "c_T"}, net=_used_net()), (
        "the first piece starts from states that were left in the net; a sequence begins with "
        "zeros.")
    yield _in_two(x, {"h": "h0", "c": "c0"}, net=_used_net()), (
        "both pieces start from states that were left in the net: what does each start from?")
    yield truth[[2, 3, 0, 1]], "the two pieces are joined in the wrong order."


def _in_two(x, carried, net=None):
    """Outputs (4, B, H) of two pieces; `carried` says which blob becomes which state."""
    net = net or _net(2)
    first = net.forward(x=x[:2])["H"].copy()
    states = {state + "0": net.blobs[blob].data.copy() for state, blob in carried.items()}
    return np.concatenate([first, net.forward(x=x[2:], **states)["H"]])

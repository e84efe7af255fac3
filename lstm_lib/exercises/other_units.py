"""Checks of notebook 10: a cell of your own, the state of a GRU, how many weights it has."""
import numpy as np

from ..cells import Cell, cell_of
from ..errors import NetError
from ..nets import load_net
from ..reference import rnn_forward
from ..safe_caffe.engine import caffe
from ..start_values import xavier_start
from ..unrolling import unroll
from ..weights import shared_weights
from .verdict import Hint, judged, must_be, result_of

T, B, D, H = 4, 3, 5, 2


@judged
def rnn_step(my_step):
    """A step of a plain recurrent net, as layers: my_step(ns, Mx, states, p, H, w)."""
    net = _unrolled(my_step)
    users = {name: layers for name, (_, layers) in shared_weights(net).items()}
    if "w_Mhw" not in users:
        raise Hint(_who_has_no_name(users))
    if len(net.params[users["w_Mhw"][0]]) > 1:
        raise Hint("the hidden product has a bias, and Mx has one already: bias_term=False.")
    rng = np.random.default_rng(1)
    W_xh, b_h, W_hh = weights = xavier_start(D, H, rng, cell="rnn")
    b_h[:] = rng.standard_normal(H)
    x, h0 = rng.standard_normal((T, B, D)), rng.standard_normal((B, H))
    for name, array in zip(("w_Mxw", "w_Mxb", "w_Mhw"), weights):
        _written(shared_weights(net)[name][0], name, array)
    answer = net.forward(x=x, h0=h0[None])["H"]
    must_be("the blob H", answer, rnn_forward(x, h0, *weights).h, list(_mistakes(x, h0, *weights)))
    return "All outputs are those of rnn_forward."


def _who_has_no_name(users):
    own = [name for name in users if "[" in name]
    if own:
        return (f"the weight {own[0]} belongs to one step alone: tie it to the other steps by "
                "param=dict(name=w[\"Mhw\"]).")
    return "no layer uses the weight w[\"Mhw\"]: which product does h_{t-1} go through?"


def _unrolled(my_step):
    if not callable(my_step):
        raise Hint(f"expected a function, got {my_step!r}.")
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    result_of(my_step, ns, ns.x, {"h": ns.x}, "trial/", H, {"Mhw": "trial"})
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    try:
        unroll(ns, ns.x, T, H, cell=Cell("mine", my_step, own={"Mhw": lambda H: (H, H)}))
        return load_net(ns)
    except NetError as error:
        raise Hint(f"the net does not build: {error}") from None


def _written(blob, name, array):
    if tuple(blob.shape) != array.shape:
        raise Hint(f"{name} has the shape {tuple(blob.shape)}, expected {array.shape}.")
    blob.data[...] = array


def _mistakes(x, h0, W_xh, b_h, W_hh):
    """What a typical wrong step gives, and the hint that helps."""
    def run(step):
        h, outputs = h0, []
        for x_t in x:
            h = step(x_t @ W_xh.T + b_h, h)
            outputs.append(h)
        return np.array(outputs)

    yield run(lambda Mx, h: Mx + h @ W_hh.T), "the sum goes on as it is: nothing squashes it."
    yield (run(lambda Mx, h: 1 / (1 + np.exp(-Mx - h @ W_hh.T))),
           "that is a sigmoid; a plain recurrent net squashes between -1 and 1.")
    yield (run(lambda Mx, h: np.tanh(Mx * (h @ W_hh.T))),
           "the two products are multiplied; they are added.")
    yield run(lambda Mx, h: np.tanh(h @ W_hh.T)), "Mx is not used: the net does not see x."


@judged
def gru_state(my_state):
    """h_t of a GRU from its update gate z, the old h and the candidate n."""
    rng = np.random.default_rng(2)
    z, h, n = rng.uniform(size=(B, H)), rng.standard_normal((B, H)), rng.standard_normal((B, H))
    must_be("h_t", result_of(my_state, z, h, n), n + z * (h - n), [
        (h + z * (n - h), "there z = 1 takes the candidate; here z = 1 keeps the old state."),
        (z * h, "what is forgotten leaves room: the candidate n is missing."),
        (z * h + n, "the candidate comes in whole; it gets the part that z leaves, 1 - z."),
        (n - z * (h - n), "a sign: at z = 1 the result must be h.")])
    return "z = 1 keeps h, z = 0 takes n."


@judged
def gru_weights(my_count):
    """How many numbers a GRU learns, with D = 8 inputs and H = 32 hidden units."""
    D, H = 8, 32
    right = sum(int(np.prod(shape)) for shape in cell_of("gru").shapes(D, H).values())
    must_be("the number of weights", my_count, right, [
        (right - 3 * H, "one bias is missing: the hidden product of a GRU has its own, for r "
                        "multiplies it."),
        (4 * H * (D + H + 1), "that is the LSTM, with four blocks of rows; a GRU has three."),
        (H * (D + H + 1), "that is the plain net, with one block of rows; a GRU has three."),
        (3 * H * (D + H), "the biases are missing.")], tolerance=0.5)
    return f"3H(D + H + 2) = {right:,}, three quarters of an LSTM's, but for the second bias."

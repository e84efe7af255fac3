"""What is one step of an LSTM? Two ways to write it, equal in every number.

    z_t = W_xc x_t + b_c + W_hc h_{t-1}         (4H numbers: raw_i, raw_f, raw_o, raw_g)
    i, f, o = sigmoid(raw_i, raw_f, raw_o),  g = tanh(raw_g)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

In the net, Mxw is W_xc, Mxb is b_c and Mhw is W_hc; Mx = W_xc x_t + b_c and
Mh = W_hc h_{t-1}. All blobs are (1, B, .), so the gates are sliced on axis 2.
Source: arXiv:1511.04119, eq. 1-3; Caffe's lstm_layer.cpp and lstm_unit_layer.cpp.
"""
from collections import namedtuple

from ..arguments import check_count, check_name
from ..netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
from ..safe_caffe.engine import caffe
from .cell import Cell, add, project_hidden, project_input, times

L = caffe.layers
GATES = ("i", "f", "o", "g")


class LSTMWeights(namedtuple("LSTMWeights", "W_xc b_c W_hc")):
    """The three arrays of an LSTM: (4H, D), (4H,), (4H, H), float32."""

    @property
    def H(self):
        """Number of hidden units."""
        return self.W_hc.shape[1]


def single_time_step_lstm(ns, h0, c0, x, prefix, num_output, weight_names=None):
    """One LSTM step, every operation a layer of its own (thirteen layers).

    Bottoms
    -------
    h0, c0 : (1, B, H) output and cell state of the step before.
    x : (1, B, ...) input of this step; all axes after B are multiplied as one, D.

    Params (shared by all steps that are given the same weight_names)
    ------
    Mxw : (4H, D). Mxb : (4H,). Mhw : (4H, H), rows in the order i, f, o, g.

    Returns
    -------
    (c1, h1, weight_names) : Tops (1, B, H), and the names to hand to the next step.

    Raises
    ------
    ValueError : a layer of this prefix exists in the NetSpec already.

    Source: arXiv:1511.04119, eq. 1-3; same layers as Stack Overflow answer 35967589.

    Examples
    --------
    >>> from lstm_lib import caffe, initial_state, single_time_step_lstm
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2, 3])))
    >>> h0, c0 = initial_state(ns, 2, 4)
    >>> c1, h1, names = single_time_step_lstm(ns, h0, c0, ns.x, "t1/", 4)
    >>> names
    ['w_t1/Mxw', 'w_t1/Mxb', 'w_t1/Mhw']
    """
    check_name("prefix", prefix)
    check_count("num_output", num_output)
    w, p = COMPOSED.names(prefix, weight_names), prefix + "lstm/"
    Mx = project_input(ns, x, p + "Mx", 4 * num_output, w["Mxw"], w["Mxb"])
    states = composed_step(ns, Mx, dict(h=h0, c=c0), p, num_output, w)
    return states["c"], states["h"], weight_names or list(w.values())


def composed_step(ns, Mx, states, p, H, w):
    """From Mx (1, B, 4H) to h and c, each operation its own layer: the one to look at."""
    z = add(ns, p + "Mx+Mh", Mx, project_hidden(ns, states["h"], p + "Mh", 4 * H, w["Mhw"]))
    raw = cut_gates(ns, z, p, H)
    i, f, o = [add_layer_to_net_spec(ns, L.Sigmoid, p + gate, top, in_place=True)
               for gate, top in zip("ifo", raw)]
    g = add_layer_to_net_spec(ns, L.TanH, p + "g", raw[3], in_place=True)
    # c_t = f * c_{t-1} + i * g
    c_f = times(ns, p + "c_f", f, states["c"])
    c_i = times(ns, p + "c_i", i, g)
    c = add(ns, p + "c", c_f, c_i)
    # h_t = o * tanh(c_t); not in place, for the next step reads c_t itself
    act_c = add_layer_to_net_spec(ns, L.TanH, p + "act_c", c, in_place=False)
    return dict(h=times(ns, p + "h", o, act_c), c=c)


def cut_gates(ns, z, p, H):
    """raw_i, raw_f, raw_o and raw_g, four times (1, B, H), of z (1, B, 4H)."""
    return add_layer_with_multiple_tops(
        ns, L.Slice, p + "slice", 4, z, *[f"{p}raw_{gate}" for gate in GATES],
        axis=2, slice_point=[H, 2 * H, 3 * H])


def fused_step(ns, Mx, states, p, H, w, cont, **options):
    """From Mx (1, B, 4H) to h and c with Caffe's `LSTMUnit`: the one for speed.

    `cont` (1, B) is 1 where the sequence goes on (see `lengths.always_continue`); the options
    are those of the layer that reads it.
    """
    z = add(ns, p + "Mx+Mh", Mx, project_hidden(ns, states["h"], p + "Mh", 4 * H, w["Mhw"]))
    c, h = add_layer_with_multiple_tops(ns, L.LSTMUnit, p + "unit", 2, states["c"], z, cont,
                                        p + "c", p + "h", **options)
    return dict(h=h, c=c)


OWN = {"Mhw": lambda H: (4 * H, H)}
SEEN = {gate: "raw_" + gate for gate in GATES}  # they work in place: raw_i holds i
COMPOSED = Cell("lstm", composed_step, ("h", "c"), 4, OWN, LSTMWeights, SEEN)
FUSED = Cell("lstm", fused_step, ("h", "c"), 4, OWN, LSTMWeights, SEEN, clears=("c",))

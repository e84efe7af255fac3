"""What is one step of an LSTM with peepholes? Its gates look at the cell state as well.

    i = sigmoid(raw_i + p_i * c_{t-1})
    f = sigmoid(raw_f + p_f * c_{t-1})
    g = tanh(raw_g)
    c_t = f * c_{t-1} + i * g
    o = sigmoid(raw_o + p_o * c_t)
    h_t = o * tanh(c_t)

raw_i, raw_f, raw_o and raw_g are the four parts of W_xc x_t + b_c + W_hc h_{t-1}, as in the LSTM;
p_i, p_f and p_o are (H,), one number for each cell.
Source: Gers, Schraudolph, Schmidhuber 2002; ONNX `LSTM` with P, in whose order i, o, f.
"""
from collections import namedtuple

from ..netspec import add_layer_to_net_spec
from ..safe_caffe.engine import caffe
from .cell import Cell, add, project_hidden, times, uniform
from .lstm import cut_gates

L = caffe.layers


def peephole_step(ns, Mx, states, p, H, w):
    """From Mx (1, B, 4H) to h and c, each operation its own layer."""
    z = add(ns, p + "Mx+Mh", Mx, project_hidden(ns, states["h"], p + "Mh", 4 * H, w["Mhw"]))
    raw_i, raw_f, raw_o, raw_g = cut_gates(ns, z, p, H)
    i = gate(ns, p, "i", raw_i, states["c"], w)
    f = gate(ns, p, "f", raw_f, states["c"], w)
    g = add_layer_to_net_spec(ns, L.TanH, p + "g", raw_g, in_place=True)
    c = add(ns, p + "c", times(ns, p + "c_f", f, states["c"]), times(ns, p + "c_i", i, g))
    o = gate(ns, p, "o", raw_o, c, w)
    act_c = add_layer_to_net_spec(ns, L.TanH, p + "act_c", c)
    return dict(h=times(ns, p + "h", o, act_c), c=c)


def gate(ns, p, name, raw, c, w):
    """sigmoid(raw + peephole * c)."""
    seen = add_layer_to_net_spec(
        ns, L.Scale, f"{p}peep_{name}", c, axis=2, filler=uniform(),
        param=dict(name=w["p_" + name], lr_mult=1, decay_mult=0))
    return add_layer_to_net_spec(ns, L.Sigmoid, p + name, add(ns, f"{p}sum_{name}", raw, seen))


PeepholeWeights = namedtuple("PeepholeWeights", "W_xc b_c W_hc p_i p_f p_o")
PEEPHOLE = Cell("peephole", peephole_step, ("h", "c"), 4, arrays=PeepholeWeights,
                gates=dict(i="i", f="f", o="o", g="raw_g"), own={
    "Mhw": lambda H: (4 * H, H), **{f"p_{name}": lambda H: (H,) for name in "ifo"}})

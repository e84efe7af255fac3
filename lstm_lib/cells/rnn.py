"""What is one step of a plain recurrent net? A product, a sum, and a tanh.

    h_t = tanh(W_xh x_t + b_h + W_hh h_{t-1})

In the net, Mxw is W_xh, Mxb is b_h and Mhw is W_hh; Mx = W_xh x_t + b_h and Mh = W_hh h_{t-1}.
Source: Caffe's rnn_layer.cpp, whose output adds o_t = tanh(W_ho h_t + b_o).
"""
from collections import namedtuple

from ..netspec import add_layer_to_net_spec
from ..safe_caffe.engine import caffe
from .cell import Cell, add, project_hidden


def rnn_step(ns, Mx, states, p, H, w):
    """From Mx (1, B, H) to h (1, B, H)."""
    z = add(ns, p + "Mx+Mh", Mx, project_hidden(ns, states["h"], p + "Mh", H, w["Mhw"]))
    return dict(h=add_layer_to_net_spec(ns, caffe.layers.TanH, p + "h", z))


RNNWeights = namedtuple("RNNWeights", "W_xh b_h W_hh")
RNN = Cell("rnn", rnn_step, own={"Mhw": lambda H: (H, H)}, arrays=RNNWeights)

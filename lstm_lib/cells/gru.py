"""What is one step of a GRU? Two gates, and a state that moves part of the way.

    r = sigmoid(W_xr x_t + b_xr + W_hr h_{t-1} + b_hr)          reset
    z = sigmoid(W_xz x_t + b_xz + W_hz h_{t-1} + b_hz)          update: 1 keeps the state
    n = tanh(W_xn x_t + b_xn + r * (W_hn h_{t-1} + b_hn))       the candidate
    h_t = n + z * (h_{t-1} - n)

In the net, Mxw and Mxb are W_x and b_x, Mhw and Mhb are W_h and b_h, with rows in the order
r, z, n. This is the form of PyTorch, cuDNN and ONNX (linear_before_reset = 1); the original
(Cho et al. 2014, arXiv:1406.1078) multiplies r with h_{t-1} before the product W_hn.
"""
from collections import namedtuple

from ..netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
from ..safe_caffe.engine import caffe
from .cell import Cell, add, project_hidden, times

L = caffe.layers


def gru_step(ns, Mx, states, p, H, w):
    """From Mx (1, B, 3H) to h (1, B, H)."""
    h = states["h"]
    Mh = project_hidden(ns, h, p + "Mh", 3 * H, w["Mhw"], w["Mhb"])
    x_r, x_z, x_n = cut(ns, Mx, p, "x", H)
    h_r, h_z, h_n = cut(ns, Mh, p, "h", H)
    r = add_layer_to_net_spec(ns, L.Sigmoid, p + "r", add(ns, p + "raw_r", x_r, h_r))
    z = add_layer_to_net_spec(ns, L.Sigmoid, p + "z", add(ns, p + "raw_z", x_z, h_z))
    raw_n = add(ns, p + "raw_n", x_n, times(ns, p + "r_h", r, h_n))
    n = add_layer_to_net_spec(ns, L.TanH, p + "n", raw_n)
    # h_t = n + z * (h_{t-1} - n)
    back = add(ns, p + "h-n", h, n, coeff=[1, -1])
    return dict(h=add(ns, p + "h", n, times(ns, p + "z_back", z, back)))


def cut(ns, top, p, of, H):
    """The three pieces (1, B, H) of a product (1, B, 3H): for r, z and n."""
    return add_layer_with_multiple_tops(ns, L.Slice, f"{p}slice_{of}", 3, top,
                                        *[f"{p}{of}_{part}" for part in "rzn"],
                                        axis=2, slice_point=[H, 2 * H])


GRUWeights = namedtuple("GRUWeights", "W_x b_x W_h b_h")
GRU = Cell("gru", gru_step, rows=3, arrays=GRUWeights, gates={name: name for name in "rzn"},
           own={"Mhw": lambda H: (3 * H, H), "Mhb": lambda H: (3 * H,)})

"""What is one step of an LSTM? Two ways to write it, equal in every number.

    z_t = W_xc x_t + b_c + W_hc h_{t-1}         (4H numbers: raw_i, raw_f, raw_o, raw_g)
    i, f, o = sigmoid(raw_i, raw_f, raw_o),  g = tanh(raw_g)
    c_t = f * c_{t-1} + i * g
    h_t = o * tanh(c_t)

In the net, Mxw is W_xc, Mxb is b_c and Mhw is W_hc; Mx = W_xc x_t + b_c and
Mh = W_hc h_{t-1}. All blobs are (1, B, .), so the gates are sliced on axis 2.
Source: arXiv:1511.04119, eq. 1-3; Caffe's lstm_layer.cpp and lstm_unit_layer.cpp.
"""
from .arguments import check_count, check_name
from .netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
from .safe_caffe.engine import caffe
from .weights import default_weight_names, three_names

L, P = caffe.layers, caffe.params
GATES = ("i", "f", "o", "g")


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
    weight_names = weight_names or default_weight_names(prefix)
    Mx = project_input(ns, x, prefix + "lstm/Mx", num_output, weight_names)
    c1, h1 = composed_step(ns, h0, c0, Mx, prefix, num_output, weight_names)
    return c1, h1, weight_names


def project_input(ns, x, name, num_output, weight_names):
    """Mx = W_xc x + b_c: (T, B, ...) -> (T, B, 4H), for one step or for all at once."""
    check_count("num_output", num_output)
    Mxw, Mxb, _ = three_names(weight_names)
    return add_layer_to_net_spec(
        ns, L.InnerProduct, name, x, num_output=4 * num_output, axis=2,
        weight_filler=_uniform(), bias_filler=dict(type="constant", value=0),
        param=[dict(name=Mxw, lr_mult=1, decay_mult=1), dict(name=Mxb, lr_mult=2, decay_mult=0)])


def composed_step(ns, h0, c0, Mx, prefix, num_output, weight_names):
    """From Mx (1, B, 4H) to (c1, h1), each operation its own layer: the one to look at."""
    p, H = prefix + "lstm/", num_output
    z = _add_hidden(ns, h0, Mx, p, H, weight_names)
    raw = add_layer_with_multiple_tops(
        ns, L.Slice, p + "slice", 4, z, *[f"{p}raw_{gate}" for gate in GATES],
        axis=2, slice_point=[H, 2 * H, 3 * H])  # four times (1, B, H)
    i, f, o = [add_layer_to_net_spec(ns, L.Sigmoid, p + gate, top, in_place=True)
               for gate, top in zip("ifo", raw)]
    g = add_layer_to_net_spec(ns, L.TanH, p + "g", raw[3], in_place=True)
    # c_t = f * c_{t-1} + i * g
    c_f = add_layer_to_net_spec(ns, L.Eltwise, p + "c_f", f, c0, operation=P.Eltwise.PROD)
    c_i = add_layer_to_net_spec(ns, L.Eltwise, p + "c_i", i, g, operation=P.Eltwise.PROD)
    c1 = add_layer_to_net_spec(ns, L.Eltwise, p + "c", c_f, c_i, operation=P.Eltwise.SUM)
    # h_t = o * tanh(c_t); not in place, for the next step reads c_t itself
    act_c = add_layer_to_net_spec(ns, L.TanH, p + "act_c", c1, in_place=False)
    h1 = add_layer_to_net_spec(ns, L.Eltwise, p + "h", o, act_c, operation=P.Eltwise.PROD)
    return c1, h1


def fused_step(ns, h0, c0, Mx, prefix, num_output, weight_names, cont):
    """From Mx (1, B, 4H) to (c1, h1) with Caffe's `LSTMUnit`: the one for speed.

    `cont` (1, B) is 1 where the sequence goes on (see `always_continue`).
    """
    p = prefix + "lstm/"
    z = _add_hidden(ns, h0, Mx, p, num_output, weight_names)
    return add_layer_with_multiple_tops(ns, L.LSTMUnit, p + "unit", 2, c0, z, cont,
                                        p + "c", p + "h")


def always_continue(ns, h0, prefix):
    """A blob `cont` (1, B) of ones, made from h0 (1, B, H) so that it follows B."""
    batch = add_layer_to_net_spec(ns, L.Reduction, prefix + "lstm/batch", h0, axis=2)
    return add_layer_to_net_spec(ns, L.Power, prefix + "lstm/cont", batch, scale=0, shift=1)


def _add_hidden(ns, h0, Mx, p, num_output, weight_names):
    """z = Mx + W_hc h_{t-1}: (1, B, 4H)."""
    Mh = add_layer_to_net_spec(
        ns, L.InnerProduct, p + "Mh", h0, num_output=4 * num_output, axis=2, bias_term=False,
        weight_filler=_uniform(), param=dict(name=weight_names[2], lr_mult=1, decay_mult=1))
    return add_layer_to_net_spec(ns, L.Eltwise, p + "Mx+Mh", Mx, Mh, operation=P.Eltwise.SUM)


def _uniform():
    return dict(type="uniform", min=-0.05, max=0.05)

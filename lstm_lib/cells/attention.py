"""Where does a step look? Soft attention over the places of a feature map.

    l_t = softmax(W_l h_{t-1} + b_l)            one weight for each of the K K places  (eq. 4)
    x_t = sum over places k of l_{t,k} X_{t,k}  what the cell reads, C numbers         (eq. 5)
    h_0 = f_h(mean of X),  c_0 = f_c(mean of X) over all steps and places              (eq. 6)

`attention` gives the function x(t, h) that `unroll` takes; each f is two products with a tanh
after each. Source: arXiv:1511.04119, eq. 4-6.
"""
from ..arguments import check_count, check_name
from ..netspec import add_layer_to_net_spec, all_or_nothing, slice_steps, step_name
from ..safe_caffe.engine import caffe
from .cell import times

L, P = caffe.layers, caffe.params


@all_or_nothing
def attention(ns, X, T, C, places, *, prefix=""):
    """A function x(t, h) for `unroll`: the mean of X's places, weighed by what h looks for.

    Bottoms
    -------
    X : (T, B, C, K, K), or (T, B, C, places): features of each step at each place.

    Tops
    ----
    t<t>/attention/l : (1, B, places) where step t looks; its numbers sum to 1.

    Params
    ------
    w_<prefix>Mlw : (places, H), w_<prefix>Mlb : (places,), shared over t.

    Source: arXiv:1511.04119, eq. 4 and 5.

    Examples
    --------
    >>> from lstm_lib import attention, caffe, initial_state, load_net, unroll
    >>> ns = caffe.NetSpec()
    >>> ns.X = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5, 7, 7])))
    >>> h0, c0 = initial_state(ns, 2, 4)
    >>> x = attention(ns, ns.X, 3, 5, 49)
    >>> net = load_net(unroll(ns, x, 3, 4, h0=h0, c0=c0) and ns)
    >>> tuple(net.blobs["t2/attention/l"].shape)
    (1, 2, 49)
    """
    check_name("prefix", prefix)
    for name, count in dict(T=T, C=C, places=places).items():
        check_count(name, count)
    flat = _reshaped(ns, prefix + "attention/X", X, [0, 0, C, places])
    steps = slice_steps(ns, flat, prefix + "attention/slice_X",
                        [step_name(prefix, t, "attention/X") for t in range(1, T + 1)])

    def x(t, h):
        return _looked_at(ns, steps[t - 1], h, step_name(prefix, t, "attention/"), C, places,
                          [f"w_{prefix}Mlw", f"w_{prefix}Mlb"])

    return x


def _looked_at(ns, X, h, p, C, places, names):
    """Eq. 4 and 5 for one step: X (1, B, C, places) and h (1, B, H) to x (1, B, C)."""
    scores = add_layer_to_net_spec(
        ns, L.InnerProduct, p + "Ml", h, num_output=places, axis=2,
        weight_filler=dict(type="xavier"), bias_filler=dict(type="constant"), param=[
            dict(name=names[0], lr_mult=1, decay_mult=1),
            dict(name=names[1], lr_mult=2, decay_mult=0)])
    where = add_layer_to_net_spec(ns, L.Softmax, p + "l", scores, axis=2)
    row = _reshaped(ns, p + "row", where, [0, 0, 1, places])
    everywhere = add_layer_to_net_spec(ns, L.Tile, p + "tile", row, axis=2, tiles=C)
    weighed = times(ns, p + "weighed", X, everywhere)
    return add_layer_to_net_spec(ns, L.Reduction, p + "x", weighed, axis=3)


@all_or_nothing
def attention_start(ns, X, T, C, places, num_output, *, hidden=None, prefix=""):
    """h0 and c0 from what there is to see: two products of the mean of X, each with a tanh.

        h_0 = tanh(W_2 tanh(W_1 mean(X) + b_1) + b_2), the same for c_0 with its own weights

    Parameters
    ----------
    X, T, C, places : as for `attention`. hidden : numbers between the two products, C if left out.

    Returns
    -------
    (h0, c0) : (1, B, H) each.

    Source: arXiv:1511.04119, eq. 6.

    Examples
    --------
    >>> from lstm_lib import attention_start, caffe, load_net
    >>> ns = caffe.NetSpec()
    >>> ns.X = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5, 7, 7])))
    >>> h0, c0 = attention_start(ns, ns.X, 3, 5, 49, 4)
    >>> tuple(load_net(ns).blobs["h0"].shape)
    (1, 2, 4)
    """
    check_name("prefix", prefix)
    for name, count in dict(T=T, C=C, places=places, num_output=num_output).items():
        check_count(name, count)
    p = prefix + "start/"
    flat = _reshaped(ns, p + "X", X, [0, 0, C, places])
    steps = slice_steps(ns, flat, p + "slice_X", [f"{p}X{t}" for t in range(1, T + 1)])
    whole = steps[0] if T == 1 else add_layer_to_net_spec(
        ns, L.Eltwise, p + "sum", *steps, operation=P.Eltwise.SUM, coeff=[1 / T] * T)
    mean = add_layer_to_net_spec(ns, L.Reduction, p + "mean", whole, axis=3,
                                 operation=P.Reduction.MEAN)  # (1, B, C)
    return tuple(_two_products(ns, mean, p + state, f"{prefix}{state}0", hidden or C, num_output)
                 for state in "hc")


def _two_products(ns, mean, p, name, hidden, num_output):
    top = mean
    for number, size in ((1, hidden), (2, num_output)):
        product = add_layer_to_net_spec(
            ns, L.InnerProduct, f"{p}/M{number}", top, num_output=size, axis=2,
            weight_filler=dict(type="xavier"), bias_filler=dict(type="constant"))
        top = add_layer_to_net_spec(ns, L.TanH, name if number == 2 else p + "/tanh", product)
    return top


def _reshaped(ns, name, top, dims):
    return add_layer_to_net_spec(ns, L.Reshape, name, top,
                                 reshape_param=dict(shape=dict(dim=dims)))

"""Checks of notebook 02: a gradient that is a sum, a misspelt name, a plain net that shares."""
import numpy as np

from ..errors import NetError
from ..nets import load_net, to_net_parameter
from ..safe_caffe.engine import caffe
from ..unrolling import unroll
from ..weights import shared_weights
from .verdict import MISSING, Hint, is_stub, judged, made_by, must_be, result_of

T, B, D, H = 3, 2, 5, 4


def _input(*shape):
    return caffe.layers.Input(input_param=dict(shape=dict(dim=list(shape))))


@judged
def gradient(my_gradient):
    """W.diff of h1 = W x, h2 = W h1, h3 = W h2, for x = (1, 2) and a gradient (1, 0) at h3."""
    x, h1, h2 = np.array([1, 2]), np.array([2, 1]), np.array([1, 2])
    d3, d2, d1 = np.array([1, 0]), np.array([0, 1]), np.array([1, 0])
    uses = [np.outer(d3, h2), np.outer(d2, h1), np.outer(d1, x)]
    truth = _diff_of_three_products(x, d3)
    must_be("the gradient", my_gradient, truth, [
        (sum(uses) / 3, "that is the mean of the three uses; backward only ever adds."),
        (uses[0], "that is the last use alone; W is used three times."),
        (uses[0] + uses[1], "the first use, the one that reads x, is missing."),
        (uses[1] + uses[2], "the last use is missing: it reads h2 and gets the gradient at h3."),
        (sum(uses).T, "it is transposed: the rows belong to the outputs, so (gradient)(input)ᵀ."),
        (np.outer(d3, h2 + h1 + x), "each use has a gradient of its own: send d3 back through W."),
        (np.outer(d3 + d2 + d1, x), "each use has an input of its own: h2, h1 and x.")])
    return "Caffe's backward gives the same: the sum of three outer products."


def _diff_of_three_products(x, d3):
    ns = caffe.NetSpec()
    ns.x = top = _input(1, 2)
    for t in (1, 2, 3):
        ns[f"h{t}"] = top = caffe.layers.InnerProduct(top, num_output=2, bias_term=False,
                                                      param=dict(name="W"))
    net = load_net(ns, force_backward=True)
    W = net.params["h1"][0]
    W.data[...] = [[0, 1], [1, 0]]
    net.forward(x=x[None])
    net.clear_param_diffs()
    net.blobs["h3"].diff[...] = d3
    net.backward()
    return W.diff.copy()


def broken_net():
    """An LSTM of three steps in which one layer's weight has a misspelt name."""
    ns = caffe.NetSpec()
    ns.x = _input(T, B, D)
    unroll(ns, ns.x, T, H)
    net = to_net_parameter(ns)
    _layer(net, "t2/lstm/Mh").param[0].name = "w_Mwh"
    return net


def _layer(net, name):
    return next((layer for layer in net.layer if layer.name == name), None)


@judged
def repaired(my_layer, my_name):
    """`broken_net` with the first weight of `my_layer` called `my_name`."""
    broken = broken_net()
    layer = _layer(broken, my_layer)
    if layer is None:
        raise Hint(f"there is no layer {my_layer!r}; step 1's are called t1/lstm/Mx, and so on.")
    if not layer.param:
        raise Hint(f"{my_layer} has no weight: the boxes with a number in them have.")
    before = layer.param[0].name
    users = shared_weights(load_net(broken))[before][1]
    if len(users) == T:
        raise Hint(f"{my_layer} is right: {len(users)} layers share its {before}.")
    if len(users) > 1:
        raise Hint(f"{my_layer} shares its {before} with another layer; look for a number in "
                   "the picture that stands in one box only.")
    layer.param[0].name = str(my_name)
    users = shared_weights(_loaded(broken)).get(str(my_name), (None, []))[1]
    if len(users) != T:
        raise Hint(f"the layer is found; but {str(my_name)!r} is now used by {len(users)} layer"
                   f"{'s' * (len(users) > 1)}, and should be by {T}.")
    return f"{my_name} is now used by {', '.join(users)}: three weights, three users each."


def _loaded(net):
    try:
        return load_net(net)
    except (NetError, ValueError) as error:
        raise Hint(f"Caffe cannot build it: {error}") from error


@judged
def rnn(my_rnn):
    """A plain recurrent net, h_t = tanh(W_x x_t + b + W_h h_{t-1}), that shares W_x, b, W_h."""
    ns = caffe.NetSpec()
    ns.h0 = _input(1, B, H)
    for t in range(1, T + 1):
        ns[f"x{t}"] = _input(1, B, D)
    tops = getattr(result_of(my_rnn, ns, T, H), "tops", None)
    if tops is None:
        raise Hint("my_rnn returns ns.")
    missing = [f"h{t}" for t in range(1, T + 1) if f"h{t}" not in tops]
    if missing:
        raise Hint(MISSING if len(missing) == T and is_stub(my_rnn) else
                   f"no layer {', '.join(missing)} in ns: ns[f\"h{{t}}\"] = ... keeps one.")
    _must_multiply_the_last_axis(ns)
    net = _loaded(ns)
    _must_share(shared_weights(net))
    given = _given()
    for name in ("W_x", "b", "W_h"):
        blob = shared_weights(net)[name][0]
        if tuple(blob.shape) != given[name].shape:
            raise Hint(f"{name} has the shape {tuple(blob.shape)}, expected {given[name].shape}.")
        blob.data[...] = given[name]
    net.forward(h0=given["h0"][None], **{f"x{t}": given["x"][t - 1:t] for t in (1, 2, 3)})
    outputs = np.concatenate([made_by(net, f"h{t}") for t in (1, 2, 3)])
    must_be("the array of h1, h2 and h3", outputs, _plain(**given), _wrong(given))
    return "Three weights for three steps, and the numbers are NumPy's."


def _must_multiply_the_last_axis(ns):
    for layer in to_net_parameter(ns).layer:
        if layer.type == "InnerProduct" and layer.inner_product_param.axis not in (2, -1):
            raise Hint("an InnerProduct without axis=2 takes all sequences together for one "
                       "long row.")


def _must_share(used):
    if used and all(len(layers) == 1 for _, layers in used.values()):
        raise Hint(f"the net has {len(used)} weights: each step has its own. What ties layers "
                   "together is the name in param.")
    for name in ("W_x", "b", "W_h"):
        if name not in used:
            raise Hint(f"the weights are {', '.join(used) or 'none'}; expected W_x, b and W_h.")
        if len(used[name][1]) != T:
            raise Hint(f"{name} is used by {len(used[name][1])} layers, expected {T}.")
    if len(used) > 3:
        raise Hint(f"the net has {len(used)} weights, expected W_x, b and W_h alone: one bias is "
                   "enough, so the product of h gets bias_term=False.")


def _given():
    rng = np.random.default_rng(3)
    shapes = dict(x=(T, B, D), h0=(B, H), W_x=(H, D), b=(H,), W_h=(H, H))
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def _plain(x, h0, W_x, b, W_h, carried=True, squash=np.tanh):
    h, outputs = h0, []
    for x_t in x:
        h = squash(x_t @ W_x.T + b + (h if carried else h0) @ W_h.T)
        outputs.append(h)
    return np.array(outputs)


def _wrong(given):
    first = dict(given, x=np.repeat(given["x"][:1], T, axis=0))
    last = dict(given, x=np.repeat(given["x"][-1:], T, axis=0))
    return [
        (_plain(**given, carried=False), "every step reads h0; each should read the h before."),
        (_plain(**given, squash=lambda z: z), "the tanh is missing."),
        (_plain(**given, squash=lambda z: 1 / (1 + np.exp(-z))), "that is a sigmoid, not a tanh."),
        (_plain(**first), "every step reads x1; step t reads x_t."),
        (_plain(**last), f"every step reads x{T}; step t reads x_t.")]

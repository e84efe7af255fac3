"""Checks of notebook 04: weights counted from a file, a fault in a picture, a net from one."""
import numpy as np

from ..errors import NetError
from ..nets import load_net, to_net_parameter
from ..reference import sigmoid
from ..safe_caffe.engine import caffe
from ..start_values import xavier_start
from ..unrolling import unroll
from ..weights import set_weights, shared_weights
from .verdict import MISSING, Hint, is_stub, judged, must_be, must_have_shape, result_of

L, P = caffe.layers, caffe.params
FAULTY, READ, RIGHT = "t3/lstm/c_f", "c1", "c2"
BOXES = "to_gate", "gate", "to_new", "new", "change", "y"  # in the order of the data


def _input(*shape):
    return L.Input(input_param=dict(shape=dict(dim=list(shape))))


def _unrolled(T, B, D, H):
    ns = caffe.NetSpec()
    ns.x = _input(T, B, D)
    unroll(ns, ns.x, T, H)
    return to_net_parameter(ns)


@judged
def count(my_count):
    """How many numbers an unrolled LSTM learns, from `my_count(T, B, D, H)`."""
    for sizes in ((3, 2, 7, 4), (2, 3, 5, 6), (7, 2, 7, 4)):
        said = result_of(my_count, *sizes)
        must_have_shape("my_count", said, ())
        weights = shared_weights(load_net(_unrolled(*sizes)))
        _must_count(said, sum(blob.count for blob, _ in weights.values()), *sizes)
    return f"For any T: the example of section 1 has {int(my_count(3, 10, 12800, 500)):,}."


def _must_count(said, truth, T, B, D, H):
    for wrong, hint in (
            (T * truth, f"that is {T} times too much: the steps share their weights."),
            (truth - 4 * H, "the bias is missing: one weight is no matrix."),
            (truth + 4 * H, "that is a bias too many: Mh has none (bias_term: false)."),
            (4 * H * D, "only the matrix of Mx: there are two more weights."),
            (4 * H * (D + H) + H, "a bias has a number for each row, and there are 4H rows."),
            (H * (D + H + 1), "each weight has 4H rows: three gates and the candidate."),
            (3 * H * (D + H + 1), "the candidate g has weights, too: 4H rows, not 3H."),
            (B * truth, "all sequences of a batch use the same weights: B plays no part."),
            (4 * H * (2 * D + 1), "Mh multiplies h, which has H numbers, not D."),
            (4 * D * (D + H + 1), "the rows are 4H, not 4D.")):
        if said == wrong:
            raise Hint(f"For T, B, D, H = {T}, {B}, {D}, {H}: {hint}")
    if said != truth:
        raise Hint(f"For T, B, D, H = {T}, {B}, {D}, {H} you say {said:,}, and Caffe has "
                   f"{truth:,}: add up the shapes behind the stars in the table.")


def faulty_net():
    """An LSTM of three steps, of which one reads a state of the wrong step."""
    net = _unrolled(3, 2, 5, 4)
    _layer(net, FAULTY).bottom[1] = READ
    return net


def _layer(net, name):
    return next((layer for layer in net.layer if layer.name == name), None)


@judged
def repaired(my_layer, my_bottom):
    """`faulty_net` in which `my_layer` reads the blob `my_bottom` in the place of the wrong one."""
    net = faulty_net()
    layer = _layer(net, my_layer)
    if layer is None:
        raise Hint(f"there is no layer {my_layer!r}; those of step 1 are called t1/lstm/Mx, "
                   "t1/lstm/c_f, and so on.")
    if my_layer != FAULTY:
        raise Hint(f"{my_layer} reads {' and '.join(layer.bottom)}, and that is right. Follow c "
                   "and h from step to step: where does a line end, and what comes from below?")
    before = _output(net)
    layer.bottom[1] = str(my_bottom)
    truth = _output(_unrolled(3, 2, 5, 4))
    if not np.allclose(_output(net), truth, 0, 1e-5):
        raise Hint(f"the layer is found, and {my_bottom} is not what it should read: c_3 is "
                   "f_3 times which state, plus i_3 times g_3?")
    return (f"The last output was wrong by up to {abs(before - truth).max():.2f}, without any "
            "message; now it is that of the equations.")


def _output(spec):
    net = _loaded(spec)
    rng = np.random.default_rng(1)
    set_weights(net, xavier_start(5, 4, rng))
    return net.forward(x=rng.standard_normal((3, 2, 5)))["H"].copy()


def _loaded(spec):
    try:
        return load_net(spec)
    except (NetError, ValueError) as error:
        raise Hint(f"Caffe cannot build it: {error}") from error


def wanted():
    """A net to be written from its picture: y = x + gate * new."""
    ns = caffe.NetSpec()
    ns.x = _input(3, 5)
    ns.to_gate = L.InnerProduct(ns.x, num_output=5)
    ns.gate = L.Sigmoid(ns.to_gate)
    ns.to_new = L.InnerProduct(ns.x, num_output=5)
    ns.new = L.TanH(ns.to_new)
    ns.change = L.Eltwise(ns.gate, ns.new, operation=P.Eltwise.PROD)
    ns.y = L.Eltwise(ns.x, ns.change)
    return load_net(ns)


@judged
def net(my_net):
    """A NetSpec like `wanted`, from `my_net()`: each blob has the numbers of that net."""
    tops = getattr(result_of(my_net), "tops", None)
    if tops is None:
        raise Hint("my_net returns ns.")
    missing = [name for name in ("x", *BOXES) if name not in tops]
    if missing:
        raise Hint(MISSING if len(missing) >= len(BOXES) and is_stub(my_net) else
                   f"no box {', '.join(missing)}: ns.{missing[0]} = ...")
    ours, theirs = _loaded(my_net()), wanted()
    for one in (ours, theirs):
        _run(one)
    told = {name: theirs.blobs[name].data.copy() for name in ("x", *BOXES)}
    for name in BOXES:
        must_be(name, ours.blobs[name].data, told[name], _mistakes(name, told))
    return "All six boxes have the numbers of the net in the picture."


def _run(net):
    rng = np.random.default_rng(2)
    missing = [name for name in BOXES if name not in net.blobs]
    if missing:
        raise Hint(f"there is no blob {missing[0]!r}: a layer in place writes into the blob it "
                   "reads, and the picture has a box for each.")
    for name in ("to_gate", "to_new"):
        if name not in net.params or net.params[name][0].data.shape != (5, 5):
            raise Hint(f"{name} is an InnerProduct that makes 5 numbers of 5.")
        if len(net.params[name]) != 2:
            raise Hint(f"{name} has no bias in your net; leave bias_term out.")
        for blob in net.params[name]:
            blob.data[...] = rng.standard_normal(blob.data.shape)
    x = rng.standard_normal((3, 5))
    if net.blobs["x"].data.shape != x.shape:
        raise Hint(f"x has the shape {net.blobs['x'].data.shape}; look below its name in the "
                   "picture.")
    net.forward(x=x)


def _mistakes(name, told):
    x, to_gate, gate, to_new, new, change, _ = told.values()
    return {
        "gate": [(np.tanh(to_gate), "gate is a TanH in your net, and something else in the "
                  "picture."), (sigmoid(to_new), "gate reads to_new; follow the line below it.")],
        "new": [(sigmoid(to_new), "new is a Sigmoid in your net, and something else in the "
                 "picture."), (np.tanh(to_gate), "new reads to_gate; follow the line below it.")],
        "change": [(gate + new, "change adds; an Eltwise multiplies if operation=P.Eltwise.PROD "
                    "is said.")],
        "y": [(x * change, "y multiplies; the picture says + sum."),
              (gate + change, "y reads gate; where does its second line come from?"),
              (new + change, "y reads new; where does its second line come from?"),
              (change, "y is change alone; a second line leads into y."),
              (np.maximum(x, change), "y takes the larger of the two; the picture says + sum.")],
    }.get(name, [])

"""What the judge tries of whole nets: rules of nets, and recurrent nets unrolled.

Each function makes the NetParameter of a net; its first line says what is special. Inputs
named `cont` hold 0 and 1, those named `label` classes 0 to 2, all others random numbers.
"""
from ..net_spec import NetSpec, layers as L

UNIFORM = dict(type="uniform", min=-0.05, max=0.05)


def _inputs(**shapes):
    ns = NetSpec()
    for name, shape in shapes.items():
        ns[name] = L.Input(input_param=dict(shape=dict(dim=list(shape))))
    return ns


def _classifier(**options):
    """Two products and a softmax loss; `options` are those of the second product."""
    ns = _inputs(x=(4, 5), label=(4,))
    ns.a = L.InnerProduct(ns.x, num_output=6)
    ns.b = L.TanH(ns.a)
    ns.score = L.InnerProduct(ns.b, num_output=3, **options)
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    return ns


def include_and_exclude():
    """phase, level and stage rules"""
    ns = _classifier()
    ns.test = L.Sigmoid(ns.score, include=dict(phase=1))
    ns.train = L.Sigmoid(ns.score, include=dict(phase=0))
    ns.never = L.TanH(ns.score, exclude=[dict(phase=1), dict(phase=0)])
    ns.level = L.TanH(ns.score, include=dict(min_level=1))
    ns.stage = L.TanH(ns.score, exclude=dict(not_stage="late"))
    return ns.to_proto()


def propagate_down():
    """propagate_down: false"""
    return _classifier(propagate_down=False).to_proto()


def propagate_down_true():
    """propagate_down: true to an input"""
    ns = _inputs(x=(4, 5), y=(4, 3))
    ns.score = L.InnerProduct(ns.x, num_output=3, propagate_down=True)
    ns.loss = L.EuclideanLoss(ns.score, ns.y, propagate_down=[True, False])
    return ns.to_proto()


def fixed_weights():
    """lr_mult: 0"""
    return _classifier(param=[dict(lr_mult=0), dict(lr_mult=2)]).to_proto()


def loss_weights():
    """loss_weight on losses and others"""
    ns = _classifier()
    ns.penalty = L.Reduction(ns.b, operation=3, loss_weight=0.01)
    ns.distance = L.EuclideanLoss(ns.a, ns.b, loss_weight=0.5)
    ns.ignored = L.SoftmaxWithLoss(ns.a, ns.label, loss_weight=0)
    return ns.to_proto()


def in_place():
    """tops in place, in a row"""
    ns = _inputs(x=(4, 5), y=(4, 6))
    ns.a = L.InnerProduct(ns.x, num_output=6)
    last = ns.a
    for layer in (L.ReLU, L.Scale, L.Bias, L.ELU, L.TanH, L.Sigmoid):
        last = layer(last, in_place=True)
    ns.loss = L.EuclideanLoss(last, ns.y)
    return ns.to_proto()


def several_readers():
    """a blob with several readers"""
    ns = _classifier()
    ns.c = L.Concat(ns.b, L.Power(ns.b, scale=2), L.Eltwise(ns.a, ns.b), axis=1)
    ns.more = L.InnerProduct(ns.c, num_output=3)
    ns.loss2 = L.SoftmaxWithLoss(ns.more, ns.label)
    return ns.to_proto()


def shared_parameters():
    """shared parameters, force_backward"""
    ns = _inputs(x=(3, 4))
    shared = [dict(name="w"), dict(name="b", lr_mult=2)]
    ns.a = L.InnerProduct(ns.x, num_output=4, param=shared)
    ns.b = L.InnerProduct(L.TanH(ns.a), num_output=4, param=shared)
    return _forced(ns)


def shared_by_many():
    """a weight that 12 layers share, in two shapes"""
    ns = _inputs(x=(3, 6))
    y = ns.x
    for size in (4, 6) * 6:
        y = L.InnerProduct(y, num_output=size, bias_term=False,
                           param=dict(name="w", share_mode=1))
    ns.y = y
    return _forced(ns)


def constants():
    """DummyData of constants, in place on a Reshape"""
    ns = _inputs(x=(2, 6))
    ns.one, ns.two = L.DummyData(ntop=2, shape=dict(dim=[2, 6]),
                                 data_filler=[dict(value=1), dict(value=2)])
    ns.a = L.Eltwise(ns.x, ns.one, ns.two, operation=0)
    ns.folded = L.Reshape(ns.a, reshape_param=dict(shape=dict(dim=[0, 3, 2])))
    ns.y = L.Power(L.TanH(ns.folded, in_place=True), scale=2)
    return _forced(ns)


def _forced(ns):
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def _product(x, H, weight, bias=None):
    names = [dict(name=weight)] + ([dict(name=bias)] if bias else [])
    return L.InnerProduct(x, num_output=4 * H, axis=2, bias_term=bool(bias), param=names,
                          weight_filler=UNIFORM)


def _gates(z, c, H):
    raw = L.Slice(z, ntop=4, axis=2, slice_point=[H, 2 * H, 3 * H])
    i, f, o = (L.Sigmoid(gate, in_place=True) for gate in raw[:3])
    c = L.Eltwise(L.Eltwise(f, c, operation=0),
                  L.Eltwise(i, L.TanH(raw[3], in_place=True), operation=0))
    return c, L.Eltwise(o, L.TanH(c), operation=0)


def _unrolled(x, h, c, T, B, H, fused=False, once=False, prefix=""):
    """All h_t of an LSTM over the steps of x (T, B, ...), joined."""
    names = [prefix + name for name in ("W_xc", "b_c", "W_hc")]
    if fused:
        k = L.DummyData(shape=dict(dim=[1, B]), data_filler=dict(value=1))
    steps, hs = L.Slice(_product(x, H, *names[:2]) if once else x, ntop=T, axis=0), []
    for step in steps:
        z = L.Eltwise(step if once else _product(step, H, *names[:2]), _product(h, H, names[2]))
        c, h = L.LSTMUnit(c, z, k, ntop=2) if fused else _gates(z, c, H)
        hs.append(h)
    return L.Concat(*hs, axis=0), c


def _lstm(T=4, B=3, D=(5,), H=6, **options):
    ns = _inputs(x=(T, B, *D), h0=(1, B, H), c0=(1, B, H))
    ns.H, ns.c_T = _unrolled(ns.x, ns.h0, ns.c0, T, B, H, **options)
    return _forced(ns)


def stacked():
    """two unrolled LSTMs, one on the other, with a loss"""
    ns = _inputs(x=(3, 2, 5), h0=(1, 2, 4), c0=(1, 2, 4), y=(3, 2, 4))
    first, _ = _unrolled(ns.x, ns.h0, ns.c0, 3, 2, 4, fused=True, once=True, prefix="a/")
    ns.H, _ = _unrolled(first, ns.h0, ns.c0, 3, 2, 4, prefix="b/")
    ns.loss = L.EuclideanLoss(ns.H, ns.y)
    return _forced(ns)


def stacked_layers():
    """LSTM and RNN layers, one on the other"""
    ns = _inputs(x=(4, 3, 5), cont=(4, 3), x_static=(3, 2))
    ns.h = L.LSTM(ns.x, ns.cont, ns.x_static, recurrent_param=dict(num_output=4))
    ns.o = L.RNN(ns.h, ns.cont, recurrent_param=dict(num_output=3))
    return _forced(ns)


SIZES = {"": {}, ", 12 steps": dict(T=12),
         ", sizes of the origin": dict(T=3, B=10, D=(128, 10, 10), H=500)}
RULES = [(make.__doc__, make) for make in (
    include_and_exclude, propagate_down, propagate_down_true, fixed_weights, loss_weights,
    in_place, several_readers, shared_parameters, shared_by_many, constants)]
RECURRENT = [(make.__doc__, make) for make in (stacked, stacked_layers)] + [
    (f"LSTM unrolled, {'fused' if fused else 'composed'}, x {'once' if once else 'per step'}"
     + title, lambda fused=fused, once=once, sizes=sizes: _lstm(fused=fused, once=once, **sizes))
    for title, sizes in SIZES.items() for fused in (False, True) for once in (False, True)]
NETS = RULES + RECURRENT

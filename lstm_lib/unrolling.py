"""How do T steps share one set of weights?"""
from collections import namedtuple

from .arguments import check_count, check_name, check_net_spec, check_top
from .cells import always_continue, composed_step, fused_step, project_input
from .lengths import cut_steps, hold_states, scale_state
from .netspec import add_layer_to_net_spec, all_or_nothing, slice_steps, step_name
from .safe_caffe.engine import caffe
from .weights import default_weight_names

L, P = caffe.layers, caffe.params
MOST_STEPS = 100_000  # a step takes 40 KB in Python and several times as much in Caffe


class Unrolled(namedtuple("Unrolled", "h c H weight_names")):
    """What `unroll` made: h and c (T Tops each, (1, B, H)), H (T, B, H), the weight names."""


@all_or_nothing
def initial_state(ns, B, H, prefix=""):
    """Two inputs `h0` and `c0` (1, B, H), zero until somebody writes into them.

    >>> from lstm_lib import caffe, initial_state
    >>> ns = caffe.NetSpec()
    >>> h0, c0 = initial_state(ns, 2, 4)
    >>> list(ns.to_proto().layer[0].input_param.shape[0].dim)
    [1, 2, 4]
    """
    check_name("prefix", prefix)
    check_count("B", B)
    check_count("H", H)
    return tuple(add_layer_to_net_spec(ns, L.Input, prefix + state,
                                       input_param=dict(shape=dict(dim=[1, B, H])))
                 for state in ("h0", "c0"))


@all_or_nothing
def unroll(ns, x, T, num_output, *, cell="composed", project="per_step", h0=None, c0=None,
           prefix="", weight_names=None, cont=None, hold=None):
    """Unroll an LSTM over T steps that share one set of weights.

        c_t, h_t = step(c_{t-1}, h_{t-1}, x_t)      for t = 1 .. T

    Bottoms
    -------
    x : (T, B, ...) the inputs of all steps; or a list of T Tops (1, B, ...); or a function
        x(t, h) that makes the input of step t from the output h of the step before.
    h0, c0 : (1, B, H) initial states; left out, two `Input` blobs of zeros are made.
    cont : (T, B), 0 where a new sequence begins and the state is cleared before the step,
        else 1, as Caffe's LSTM layer reads it.
    hold : (T, B), 0 where the state stays as it is (padding), else 1:
        c_t = m c_new + (1 - m) c_{t-1}, the same for h.

    Tops (all begin with `prefix`)
    ----
    h1 .. hT, c1 .. cT : (1, B, H) after each step. H : (T, B, H) all outputs.
    h_T, c_T : (1, B, H) the final states under names that do not depend on T; a gradient
    written into their `diff` before `backward()` flows in (with `force_backward`).

    Params
    ------
    w_<prefix>Mxw : (4H, D), w_<prefix>Mxb : (4H,), w_<prefix>Mhw : (4H, H), shared over t.

    Parameters
    ----------
    cell : "composed" (each operation a layer) or "fused" (Caffe's `LSTMUnit`).
    project : "per_step" (W_xc x_t in each step) or "once" (one product for all steps).

    Raises
    ------
    ValueError : T < 1 or > 100,000, an unknown cell or project, a prefix used before, or no h0
    where B cannot be read off x. NetError : what should be a Top or a NetSpec is none.

    Source: Caffe's recurrent_layer.cpp unrolls its LSTM layer in the same way.

    Examples
    --------
    >>> from lstm_lib import caffe, load_net, unroll
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> net = load_net(unroll(ns, ns.x, 3, 4) and ns)
    >>> tuple(net.blobs["H"].shape), tuple(net.blobs["h_T"].shape)
    ((3, 2, 4), (1, 2, 4))
    """
    _check_arguments(ns, x, T, num_output, cell, project, prefix)
    for name, top in dict(h0=h0, c0=c0, cont=cont, hold=hold).items():
        if top is not None:
            check_top(caffe, top, name)
    if (h0 is None) != (c0 is None):
        raise ValueError("give both h0 and c0, or neither.")
    weight_names = weight_names or default_weight_names(prefix)
    if h0 is None:
        h0, c0 = initial_state(ns, _batch_size(x, T), num_output, prefix)
    Mx_of = _projection(ns, x, T, num_output, project, prefix, weight_names)
    conts = cut_steps(ns, cont, T, prefix + "cont")
    holds = cut_steps(ns, hold, T, prefix + "hold")
    ones = always_continue(ns, h0, prefix) if cell == "fused" and cont is None else None
    h, c, hs, cs = h0, c0, [], []
    for t, cont_t, hold_t in zip(range(1, T + 1), conts, holds):
        step, before, Mx = step_name(prefix, t), (h, c), Mx_of(t, h)
        if cont_t:  # a fused step clears c itself
            h = scale_state(ns, step + "cont/h", h, cont_t)
            c = c if cell == "fused" else scale_state(ns, step + "cont/c", c, cont_t)
        if cell == "fused":
            c, h = fused_step(ns, h, c, Mx, step, num_output, weight_names, cont_t or ones)
        else:
            c, h = composed_step(ns, h, c, Mx, step, num_output, weight_names)
        if hold_t:
            h, c = hold_states(ns, step + "hold/", (h, c), before, hold_t)
        ns[f"{prefix}h{t}"], ns[f"{prefix}c{t}"] = h, c  # the names of the equations
        hs.append(h)
        cs.append(c)
    H = add_layer_to_net_spec(ns, L.Concat, prefix + "H", *hs, axis=0)
    for name, last in (("h_T", h), ("c_T", c)):
        add_layer_to_net_spec(ns, L.Split, prefix + name, last)
    return Unrolled(hs, cs, H, weight_names)


def _projection(ns, x, T, num_output, project, prefix, weight_names):
    """A function (t, h_{t-1}) -> Mx_t = W_xc x_t + b_c, (1, B, 4H), for t = 1 .. T."""
    def names_of(blob):
        return [step_name(prefix, t, blob) for t in range(1, T + 1)]

    if project == "once":
        Mx = project_input(ns, x, prefix + "lstm/Mx", num_output, weight_names)
        cut = slice_steps(ns, Mx, prefix + "lstm/slice_Mx", names_of("lstm/Mx"))
        return lambda t, h: cut[t - 1]
    if not callable(x):
        steps = x if isinstance(x, (list, tuple)) else slice_steps(
            ns, x, prefix + "slice_x", names_of("x"))
        return lambda t, h: project_input(ns, steps[t - 1], step_name(prefix, t, "lstm/Mx"),
                                          num_output, weight_names)
    return lambda t, h: project_input(ns, x(t, h), step_name(prefix, t, "lstm/Mx"), num_output,
                                      weight_names)


def _check_arguments(ns, x, T, num_output, cell, project, prefix):
    check_net_spec(caffe, ns)
    check_count("T", T)
    if T > MOST_STEPS:
        raise ValueError(f"T is {T}, and a net of more than {MOST_STEPS} steps does not fit into "
                         "memory: run a shorter one again and again, with h_T and c_T put into h0 "
                         "and c0.")
    check_count("num_output", num_output)
    check_name("prefix", prefix)
    if not callable(x):
        for top in x if isinstance(x, (list, tuple)) else [x]:
            check_top(caffe, top, "x")
    for name, value, known in (("cell", cell, ("composed", "fused")),
                               ("project", project, ("per_step", "once"))):
        if value not in known:
            raise ValueError(f"{name} must be one of {known}, got {value!r}.")
    if project == "once" and (callable(x) or isinstance(x, (list, tuple))):
        raise ValueError("project='once' needs all inputs in one blob (T, B, ...).")
    if isinstance(x, (list, tuple)) and len(x) != T:
        raise ValueError(f"x lists {len(x)} inputs and T is {T}.")
    if prefix + "H" in ns.tops:
        raise ValueError(f"this NetSpec has an unroll with the prefix {prefix!r} already; "
                         "give the second one another, like prefix='second/'.")


def _batch_size(x, T):
    """B, read off the shape of an `Input` or `DummyData`; other layers have no shape yet."""
    listed = isinstance(x, (list, tuple))
    x = x[0] if listed else x
    if callable(x):
        raise ValueError("x is a function, so B must be told: h0, c0 = initial_state(ns, B, H).")
    params = x.fn.params.get("input_param") or x.fn.params.get("dummy_data_param") or x.fn.params
    shape = params.get("shape") if x.fn.type_name in ("Input", "DummyData") else None
    dims = (shape[0] if isinstance(shape, (list, tuple)) else shape or {}).get("dim", [])
    if dims and dims[0] != T and not listed:
        raise ValueError(f"x is {tuple(dims)}, which is {dims[0]} steps, and T is {T}.")
    if len(dims) < 3:
        raise ValueError("x must be (T, B, ...), and where it is no Input of known shape, B "
                         "must be told: h0, c0 = initial_state(ns, B, H), then "
                         f"unroll(..., h0=h0, c0=c0). Here x comes from {x.fn.type_name} "
                         f"with shape {list(dims) or 'unknown'}.")
    return dims[1]

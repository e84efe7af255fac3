"""How do T steps share one set of weights?"""
from collections import namedtuple

from .cells import (always_continue, composed_step, default_weight_names, fused_step,
                    project_input)
from .engine import caffe
from .netspec import add_layer_to_net_spec, add_layer_with_multiple_tops

L = caffe.layers


class Unrolled(namedtuple("Unrolled", "h c H weight_names")):
    """What `unroll` made: h and c (T Tops each, (1, B, H)), H (T, B, H), the weight names."""


def initial_state(ns, B, H, prefix=""):
    """Two inputs `h0` and `c0` (1, B, H), zero until somebody writes into them.

    >>> from lstm_lib import caffe, initial_state
    >>> ns = caffe.NetSpec()
    >>> h0, c0 = initial_state(ns, 2, 4)
    >>> list(ns.to_proto().layer[0].input_param.shape[0].dim)
    [1, 2, 4]
    """
    return tuple(add_layer_to_net_spec(ns, L.Input, prefix + state,
                                       input_param=dict(shape=dict(dim=[1, B, H])))
                 for state in ("h0", "c0"))


def unroll(ns, x, T, num_output, *, cell="composed", project="per_step", h0=None, c0=None,
           prefix="", weight_names=None):
    """Unroll an LSTM over T steps that share one set of weights.

        c_t, h_t = step(c_{t-1}, h_{t-1}, x_t)      for t = 1 .. T

    Bottoms
    -------
    x : (T, B, ...) the inputs of all steps.
    h0, c0 : (1, B, H) initial states; left out, two `Input` blobs of zeros are made.

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
    ValueError : T < 1, an unknown cell or project, a prefix used before, or no h0 where B
    cannot be read off x.

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
    _check_arguments(ns, T, num_output, cell, project, prefix)
    if (h0 is None) != (c0 is None):
        raise ValueError("give both h0 and c0, or neither.")
    weight_names = weight_names or default_weight_names(prefix)
    if h0 is None:
        h0, c0 = initial_state(ns, _batch_size(x), num_output, prefix)
    cont = always_continue(ns, h0, prefix) if cell == "fused" else None
    h, c, hs, cs = h0, c0, [], []
    for t, Mx in enumerate(_projections(ns, x, T, num_output, project, prefix, weight_names), 1):
        step = (ns, h, c, Mx, f"{prefix}t{t}/", num_output, weight_names)
        c, h = composed_step(*step) if cont is None else fused_step(*step, cont)
        ns[f"{prefix}h{t}"], ns[f"{prefix}c{t}"] = h, c  # the names of the equations
        hs.append(h)
        cs.append(c)
    H = add_layer_to_net_spec(ns, L.Concat, prefix + "H", *hs, axis=0)
    for name, last in (("h_T", h), ("c_T", c)):
        add_layer_to_net_spec(ns, L.Split, prefix + name, last)
    return Unrolled(hs, cs, H, weight_names)


def _projections(ns, x, T, num_output, project, prefix, weight_names):
    """Yield Mx_t = W_xc x_t + b_c, (1, B, 4H), for t = 1 .. T."""
    steps = [f"{prefix}t{t}/" for t in range(1, T + 1)]
    if project == "once":
        Mx = project_input(ns, x, prefix + "lstm/Mx", num_output, weight_names)
        yield from _slice_steps(ns, Mx, prefix + "lstm/slice_Mx", [s + "lstm/Mx" for s in steps])
        return
    for step, x_t in zip(steps, _slice_steps(ns, x, prefix + "slice_x", [s + "x" for s in steps])):
        yield project_input(ns, x_t, step + "lstm/Mx", num_output, weight_names)


def _slice_steps(ns, top, name, names):
    """Cut (T, B, ...) into T blobs (1, B, ...); one step needs no cut."""
    if len(names) == 1:
        return (top,)
    return add_layer_with_multiple_tops(ns, L.Slice, name, len(names), top, *names,
                                        axis=0, slice_point=list(range(1, len(names))))


def _check_arguments(ns, T, num_output, cell, project, prefix):
    for name, value in (("T", T), ("num_output", num_output)):
        if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
            raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}.")
    for name, value, known in (("cell", cell, ("composed", "fused")),
                               ("project", project, ("per_step", "once"))):
        if value not in known:
            raise ValueError(f"{name} must be one of {known}, got {value!r}.")
    if prefix + "H" in ns.tops:
        raise ValueError(f"this NetSpec has an unroll with the prefix {prefix!r} already; "
                         "give the second one another, like prefix='second/'.")


def _batch_size(x):
    """B of an `Input` or `DummyData` (T, B, ...); of any other layer it is not known yet."""
    params = x.fn.params.get("input_param") or x.fn.params.get("dummy_data_param") or x.fn.params
    shape = params.get("shape") if x.fn.type_name in ("Input", "DummyData") else None
    dims = (shape[0] if isinstance(shape, (list, tuple)) else shape or {}).get("dim", [])
    if len(dims) < 3:
        raise ValueError("x must be (T, B, ...), and where it is no Input of known shape, B "
                         "must be told: h0, c0 = initial_state(ns, B, H), then "
                         f"unroll(..., h0=h0, c0=c0). Here x comes from {x.fn.type_name} "
                         f"with shape {list(dims) or 'unknown'}.")
    return dims[1]

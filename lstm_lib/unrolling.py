"""How do T steps share one set of weights?"""
from collections import namedtuple

from .arguments import check_count, check_name, check_net_spec, check_top, short
from .cells import cell_of
from .cells.cell import add, project_input, uniform
from .errors import NetError
from .lengths import always_continue, cut_steps, hold_states, scale_state
from .netspec import add_layer_to_net_spec, all_or_nothing, slice_steps, step_name
from .safe_caffe.engine import caffe

L = caffe.layers
MOST_STEPS = 100_000  # a step takes 40 KB in Python and several times as much in Caffe


class Unrolled(namedtuple("Unrolled", "h c H weight_names")):
    """What `unroll` made: h and c (T Tops each, (1, B, H)), H (T, B, H), the weight names.

    c is empty for a cell that has no state c.
    """


@all_or_nothing
def initial_state(ns, B, H, prefix="", states=("h", "c")):
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
    return tuple(add_layer_to_net_spec(ns, L.Input, f"{prefix}{state}0",
                                       input_param=dict(shape=dict(dim=[1, B, H])))
                 for state in states)


@all_or_nothing
def unroll(ns, x, T, num_output, *, cell="composed", project="per_step", h0=None, c0=None,
           prefix="", weight_names=None, cont=None, hold=None, x_static=None):
    """Unroll an LSTM, or any other cell, over T steps that share one set of weights.

        c_t, h_t = step(c_{t-1}, h_{t-1}, x_t)      for t = 1 .. T

    Bottoms
    -------
    x : (T, B, ...) the inputs of all steps; or a list of T Tops (1, B, ...); or a function
        x(t, h) that makes the input of step t from the output h of the step before.
    h0, c0 : (1, B, H) initial states; left out, `Input` blobs of zeros are made. A cell
        without c takes h0 alone.
    cont : (T, B), 0 where a new sequence begins and the state is cleared before the step,
        else 1, as Caffe's LSTM layer reads it.
    x_static : (B, S) what every step reads besides: W_xs x_static is added to each Mx_t.
    hold : (T, B), 0 where the state stays as it is (padding), else 1:
        c_t = m c_new + (1 - m) c_{t-1}, the same for h.

    Tops (all begin with `prefix`)
    ----
    h1 .. hT, c1 .. cT : (1, B, H) after each step. H : (T, B, H) all outputs.
    h_T, c_T : (1, B, H) the final states under names that do not depend on T; a gradient
    written into their `diff` before `backward()` flows in (with `force_backward`).

    Params
    ------
    w_<prefix>Mxw : (4H, D), w_<prefix>Mxb : (4H,), w_<prefix>Mhw : (4H, H), shared over t; those
    of another cell as its `shapes(D, H)` say. With x_static at the end w_<prefix>Mxs : (4H, S).

    Parameters
    ----------
    cell : an LSTM as "composed" (each operation a layer) or "fused" (Caffe's `LSTMUnit`);
        "rnn", "gru", "peephole"; or a `Cell` of your own.
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
    _check_arguments(ns, x, T, num_output, project, prefix)
    cell, H = cell_of(cell), num_output
    w = cell.names(prefix, weight_names, x_static is not None)
    states = _first_states(ns, cell, x, T, H, prefix, dict(h=h0, c=c0))
    for name, top in dict(cont=cont, hold=hold, x_static=x_static).items():
        for piece in top if isinstance(top, (list, tuple)) else [top] * (top is not None):
            check_top(caffe, piece, name)
    Mx_of = _projection(ns, x, T, cell.rows * H, project, prefix, cell, w)
    if x_static is not None:
        Mx_of = _with_static(ns, Mx_of, x_static, cell.rows * H, prefix, cell.name, w["Mxs"])
    conts = cut_steps(ns, cont, T, prefix + "cont")
    holds = cut_steps(ns, hold, T, prefix + "hold")
    ones = cell.clears and cont is None and always_continue(
        ns, states[cell.states[0]], f"{prefix}{cell.name}/")
    stop = dict(propagate_down=[True, True, False]) if _learns(ones, states) else {}
    made = []
    for t, cont_t, hold_t in zip(range(1, T + 1), conts, holds):
        step, before = step_name(prefix, t), states
        Mx = Mx_of(t, states[cell.states[0]])
        extra = dict(cont=cont_t or ones, **stop) if cell.clears else {}
        fed = {name: state if name in cell.clears or not cont_t
               else scale_state(ns, f"{step}cont/{name}", state, cont_t)
               for name, state in states.items()}
        states = _one_step(ns, cell, Mx, fed, f"{step}{cell.name}/", H, w, extra)
        if hold_t:
            states = hold_states(ns, step + "hold/", states, before, hold_t)
        for name, state in states.items():
            ns[f"{prefix}{name}{t}"] = state  # the names of the equations
        made.append(states)
    return _collected(ns, made, cell, prefix, list(weight_names or w.values()))


def _learns(ones, states):
    """Whether `cont` was made of a state that is computed: Caffe would send a gradient into it."""
    first = next(iter(states.values()))
    return bool(ones) and first.fn.type_name not in ("Input", "DummyData")


def _one_step(ns, cell, Mx, states, p, H, w, extra):
    """The states that a step returns, in the order of the cell's names; checked, for a learner
    may have written it."""
    new = cell.step(ns, Mx, states, p, H, w, **extra)
    if not isinstance(new, dict) or set(new) != set(cell.states):
        raise NetError(f"the step of {cell.name!r} returns a dict of its states, "
                       f"{', '.join(cell.states)}, got {short(new)}.")
    for name, top in new.items():
        check_top(caffe, top, f"the state {name!r} that the step of {cell.name!r} returns")
    return {name: new[name] for name in cell.states}


def _collected(ns, made, cell, prefix, weight_names):
    """All outputs in one blob, and the last states under names that do not depend on T."""
    outputs = [states[cell.states[0]] for states in made]
    H = add_layer_to_net_spec(ns, L.Concat, prefix + "H", *outputs, axis=0)
    for name, last in made[-1].items():
        add_layer_to_net_spec(ns, L.Split, f"{prefix}{name}_T", last)
    return Unrolled(outputs, [states["c"] for states in made if "c" in states], H, weight_names)


def first_inputs(ns, cell, B, H, prefix):
    """The arguments h0 (and c0) of `unroll` for B sequences: inputs of zeros."""
    states = cell_of(cell).states
    if not set(states) <= {"h", "c"}:
        raise NetError(f"{cell_of(cell).name!r} has the states {', '.join(states)}, and B is not "
                       "known here; only h0 and c0 can be given.")
    return dict(zip([f"{state}0" for state in states], initial_state(ns, B, H, prefix, states)))


def _first_states(ns, cell, x, T, H, prefix, given):
    """The states before step 1: those that were given, all of them, or inputs of zeros."""
    given = {name: top for name, top in given.items() if top is not None}
    for name, top in given.items():
        check_top(caffe, top, f"{name}0")
        if name not in cell.states:
            raise ValueError(f"{name}0 was given, and {cell.name!r} has the states "
                             f"{', '.join(cell.states)}.")
    if given and set(given) != set(cell.states):
        raise ValueError("give both h0 and c0, or neither." if set(cell.states) == {"h", "c"} else
                         f"the states {', '.join(cell.states)} cannot all be given; give none.")
    if given:
        return {name: given[name] for name in cell.states}
    made = initial_state(ns, batch_size(x, T), H, prefix, cell.states)
    return dict(zip(cell.states, made))


def _projection(ns, x, T, rows, project, prefix, cell, w):
    """A function (t, h_{t-1}) -> Mx_t = W_x x_t + b, (1, B, rows), for t = 1 .. T."""
    def names_of(blob):
        return [step_name(prefix, t, blob) for t in range(1, T + 1)]

    def product(name, top):
        return project_input(ns, top, name, rows, w["Mxw"], w["Mxb"])

    part = cell.name + "/Mx"
    if project == "once":
        cut = slice_steps(ns, product(prefix + part, x), f"{prefix}{cell.name}/slice_Mx",
                          names_of(part))
        return lambda t, h: cut[t - 1]
    if not callable(x):
        steps = x if isinstance(x, (list, tuple)) else slice_steps(
            ns, x, prefix + "slice_x", names_of("x"))
        return lambda t, h: product(step_name(prefix, t, part), steps[t - 1])
    return lambda t, h: product(step_name(prefix, t, part), x(t, h))


def _with_static(ns, Mx_of, x_static, rows, prefix, part, Mxs):
    """A function (t, h_{t-1}) -> Mx_t + W_xs x_static, where the second is computed once."""
    flat = add_layer_to_net_spec(ns, L.InnerProduct, f"{prefix}{part}/Ms", x_static, axis=1,
                                 num_output=rows, bias_term=False, weight_filler=uniform(),
                                 param=dict(name=Mxs, lr_mult=1, decay_mult=1))
    Ms = add_layer_to_net_spec(ns, L.Reshape, f"{prefix}{part}/Ms_t", flat, reshape_param=dict(
        shape=dict(dim=[1]), axis=0, num_axes=0))  # (1, B, rows)
    return lambda t, h: add(ns, step_name(prefix, t, f"{part}/Mx+Ms"), Mx_of(t, h), Ms)


def _check_arguments(ns, x, T, num_output, project, prefix):
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
    if project not in ("per_step", "once"):
        raise ValueError(f"project must be 'per_step' or 'once', got {project!r}.")
    if project == "once" and (callable(x) or isinstance(x, (list, tuple))):
        raise ValueError("project='once' needs all inputs in one blob (T, B, ...).")
    if isinstance(x, (list, tuple)) and len(x) != T:
        raise ValueError(f"x lists {len(x)} inputs and T is {T}.")
    if prefix + "H" in ns.tops:
        raise ValueError(f"this NetSpec has an unroll with the prefix {prefix!r} already; "
                         "give the second one another, like prefix='second/'.")


def batch_size(x, T):
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

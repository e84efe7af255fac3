"""How do I add a named layer to a `caffe.NetSpec`?"""
import functools
import re

from .arguments import check_count, check_name, check_net_spec, check_ntop, check_top
from .errors import NetError
from .safe_caffe.engine import caffe
from .safe_caffe.layer_options import check_made


def all_or_nothing(build):
    """`build(ns, ...)`; when it raises, the NetSpec has the tops it had before."""
    @functools.wraps(build)
    def built(ns, *args, **kwargs):
        before = set(getattr(ns, "tops", ()))
        try:
            return build(ns, *args, **kwargs)
        except Exception:
            for name in set(getattr(ns, "tops", ())) - before:
                del ns.tops[name]
            raise
    return built


def add_layer_to_net_spec(ns, caffe_layer, name, *args, **kwargs):
    """Make a layer called `name` and keep its top in the NetSpec under the same name.

    Parameters
    ----------
    ns : the `caffe.NetSpec` that grows.
    caffe_layer : what makes the layer, like `caffe.layers.InnerProduct`.
    args : the bottoms (Tops). kwargs : the layer's options.

    Returns
    -------
    The layer's Top.

    Raises
    ------
    ValueError : the name belongs to another top already.
    NetError : there is no such layer type or option.

    Examples
    --------
    >>> from lstm_lib import caffe, add_layer_to_net_spec
    >>> ns, L = caffe.NetSpec(), caffe.layers
    >>> x = add_layer_to_net_spec(ns, L.Input, "x", input_param=dict(shape=dict(dim=[3, 2])))
    >>> y = add_layer_to_net_spec(ns, L.TanH, "y", x)
    >>> [(layer.name, layer.type) for layer in ns.to_proto().layer]
    [('x', 'Input'), ('y', 'TanH')]
    """
    _check_free(ns, name)
    top = _make(caffe_layer, name, args, kwargs)
    check_top(caffe, top, f"what the layer {name!r} gives")
    ns[name] = top
    return top


def add_layer_with_multiple_tops(ns, caffe_layer, lname, ntop, *args, **kwargs):
    """Make a layer called `lname` with `ntop` tops and keep each top under its name.

    Parameters
    ----------
    args : first the bottoms (Tops), then the `ntop` names of the tops.

    Returns
    -------
    Tuple of `ntop` Tops, also for `ntop` = 1.

    Raises
    ------
    ValueError : fewer than `ntop` names, or a name that belongs to another top.
    NetError : there is no such layer type or option.

    Examples
    --------
    >>> from lstm_lib import caffe, add_layer_with_multiple_tops
    >>> ns, L = caffe.NetSpec(), caffe.layers
    >>> ns.x = L.Input(input_param=dict(shape=dict(dim=[1, 2, 6])))
    >>> a, b = add_layer_with_multiple_tops(
    ...     ns, caffe.layers.Slice, "halves", 2, ns.x, "a", "b", axis=2, slice_point=[3])
    >>> ns.to_proto().layer[1].top
    ['a', 'b']
    """
    check_count("ntop", ntop)
    bottoms, names = args[:max(len(args) - ntop, 0)], args[len(args) - ntop:]
    if len(set(names)) < ntop or not all(isinstance(name, str) for name in names):
        raise ValueError(f"layer {lname!r} with {ntop} tops: the last {ntop} arguments must "
                         f"be the names of the tops, got {len(args)} arguments: {args!r}.")
    for name in names:
        _check_free(ns, name)
    made = _make(caffe_layer, lname, bottoms, dict(kwargs, ntop=ntop))
    tops = (made,) if ntop == 1 else made
    for name, top in zip(names, tops):
        ns[name] = top
    return tops


def _make(caffe_layer, name, bottoms, options):
    for number, bottom in enumerate(bottoms):
        check_top(caffe, bottom, f"layer {name!r}: bottom {number}")
    if not callable(caffe_layer):
        raise NetError(f"layer {name!r}: expected what makes a layer, like caffe.layers.TanH, "
                       f"got {caffe_layer!r}.")
    check_ntop(f"layer {name!r}", options.get("ntop", 1))
    made = caffe_layer(*bottoms, name=name, **options)
    if not getattr(caffe_layer, "looks", False):  # plain pycaffe made it
        check_made(caffe, made)
    return made


def _check_free(ns, name):
    """NetSpec would overwrite a name in silence, and the first top would be lost."""
    check_net_spec(caffe, ns)
    check_name("the name of a layer", name)
    if name in ns.tops:
        raise ValueError(f"the name {name!r} is taken by a top of this NetSpec already "
                         f"({ns.tops[name].fn.type_name}); choose another name or prefix.")


STEP_NAME = re.compile(r"(.*?)t(\d{1,9})/(.+)", re.S)  # Python reads no number of 4,301 digits


def step_name(prefix, t, part=""):
    """The name of a part of step t, as `unroll` gives it.

    >>> step_name("second/", 3, "lstm/c"), step_name("", 1)
    ('second/t3/lstm/c', 't1/')
    """
    return f"{prefix}t{t}/{part}"


def parts_of_step_name(name):
    """(prefix, t, part) of a name that `step_name` gives, or None for any other name.

    >>> parts_of_step_name("second/t3/lstm/c"), parts_of_step_name("lstm")
    (('second/', 3, 'lstm/c'), None)
    """
    found = STEP_NAME.fullmatch(name)
    return (found[1], int(found[2]), found[3]) if found else None


def slice_steps(ns, top, name, names):
    """Cut (T, B, ...) into T blobs (1, B, ...); one step needs no cut."""
    if len(names) == 1:
        return (top,)
    return add_layer_with_multiple_tops(ns, caffe.layers.Slice, name, len(names), top, *names,
                                        axis=0, slice_point=list(range(1, len(names))))

"""How do several layers, or both directions, come from one `unroll`? Small functions over it."""
from collections import namedtuple

from .arguments import check_count, check_name, short
from .errors import NetError
from .lengths import cut_steps
from .netspec import add_layer_to_net_spec, all_or_nothing, slice_steps, step_name
from .safe_caffe.engine import caffe
from .unrolling import batch_size, first_inputs, unroll

L = caffe.layers


class Both(namedtuple("Both", "forward backward h H")):
    """What `both_directions` made: two `Unrolled`, h (T Tops (1, B, 2H)), H (T, B, 2H)."""


@all_or_nothing
def stack(ns, x, T, sizes, *, cell="composed", dropout=0.0, hold=None, cont=None, B=None,
          prefix=""):
    """Layers of one cell, one above the other: each reads the outputs of the one below.

        h^1_t = step_1(x_t, h^1_{t-1}),   h^2_t = step_2(h^1_t, h^2_{t-1}), ...

    Parameters
    ----------
    x, T, cell, hold, cont : as for `unroll`.
    sizes : H of each layer, from below, like [128, 128].
    dropout : in TRAIN this part of the outputs is dropped on the way from one layer to the
        next; what goes on to the next step stays whole.
    B : how many sequences; only where x is no Input of known shape.

    Returns
    -------
    A list of `Unrolled`, from below. Layer n has the prefix `<prefix>layer<n>/`.

    Raises
    ------
    NetError : sizes is no list of whole numbers, or dropout is not in [0, 1).

    Source: `torch.nn.LSTM(num_layers=...)`.

    Examples
    --------
    >>> from lstm_lib import caffe, load_net, stack
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> layers = stack(ns, ns.x, 3, [4, 6])
    >>> tuple(load_net(ns).blobs["layer2/H"].shape)
    (3, 2, 6)
    """
    _check_stack(sizes, dropout)
    B = B or batch_size(x, T)
    masks = _cut_masks(ns, T, prefix, hold=hold, cont=cont)
    made = []
    for number, H in enumerate(sizes, start=1):
        name = f"{prefix}layer{number}/"
        first = first_inputs(ns, cell, B, H, name)
        made.append(unroll(ns, x, T, H, cell=cell, prefix=name, **first, **masks))
        x = made[-1].h
        if dropout and number < len(sizes):
            x = [add_layer_to_net_spec(ns, L.Dropout, step_name(name, t, "dropout"), h,
                                       dropout_ratio=dropout) for t, h in enumerate(x, start=1)]
    return made


@all_or_nothing
def both_directions(ns, x, T, num_output, *, cell="composed", hold=None, B=None, prefix=""):
    """Two cells with weights of their own, from the first step on and from the last one back.

        forward_t = step(x_t, forward_{t-1}),   backward_t = step(x_t, backward_{t+1})
        h_t = (forward_t, backward_t)

    Sequences of unequal length need no turning round: with `hold` the backward cell keeps its
    initial state until it comes to the last step that a sequence has.

    Parameters
    ----------
    x : (T, B, ...), or a list of T Tops (1, B, ...). hold : (T, B), as for `unroll`; in the
        padding forward_t is the last output, and backward_t the initial state.
    B : how many sequences; only where x is no Input of known shape.

    Returns
    -------
    Both : the two `Unrolled`, with the prefixes `<prefix>forward/` and `<prefix>backward/` (whose
    step 1 is the last one); the joined outputs h (T Tops (1, B, 2H)) and `<prefix>H` (T, B, 2H).

    Source: `torch.nn.LSTM(bidirectional=True)`, `keras.layers.Bidirectional`.

    Examples
    --------
    >>> from lstm_lib import both_directions, caffe, load_net
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> both = both_directions(ns, ns.x, 3, 4)
    >>> tuple(load_net(ns).blobs["H"].shape)
    (3, 2, 8)
    """
    check_name("prefix", prefix)
    check_count("T", T)
    B = B or batch_size(x, T)
    if not isinstance(x, (list, tuple)):
        x = slice_steps(ns, x, prefix + "slice_x", [step_name(prefix, t, "x")
                                                    for t in range(1, T + 1)])
    holds = _cut_masks(ns, T, prefix, hold=hold)
    turned = {name: pieces[::-1] for name, pieces in holds.items()}
    made = [unroll(ns, steps, T, num_output, cell=cell, prefix=f"{prefix}{way}/", **pieces,
                   **first_inputs(ns, cell, B, num_output, f"{prefix}{way}/"))
            for way, steps, pieces in (("forward", x, holds), ("backward", x[::-1], turned))]
    h = [add_layer_to_net_spec(ns, L.Concat, f"{prefix}h{t}", *pair, axis=2)
         for t, pair in enumerate(zip(made[0].h, made[1].h[::-1]), start=1)]
    return Both(*made, h, add_layer_to_net_spec(ns, L.Concat, prefix + "H", *h, axis=0))


def _cut_masks(ns, T, prefix, **masks):
    """Each mask (T, B) that is given, cut into T pieces once, for all who read it."""
    return {name: cut_steps(ns, top, T, prefix + name) for name, top in masks.items()
            if top is not None}


def _check_stack(sizes, dropout):
    if not isinstance(sizes, (list, tuple)) or not sizes:
        raise NetError(f"sizes lists H of each layer, like [128, 128], got {short(sizes)}.")
    for H in sizes:
        check_count("H of a layer", H)
    if not isinstance(dropout, (int, float)) or not 0 <= dropout < 1:
        raise NetError(f"dropout is a part from 0 to less than 1, got {short(dropout)}.")

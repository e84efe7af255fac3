"""What happens inside? Gates, states, gradients and weights as pictures for matplotlib.

Every function draws into axes and returns them, so that a teacher can restyle them. The
colour-blind can tell the colours (Okabe and Ito's) apart; lines differ in style as well. In a
notebook each figure has an alt text (`alt_text`).
"""
import itertools

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patheffects import withStroke
from matplotlib.ticker import LogLocator

from .arguments import check_name, short
from .errors import NetError
from .nets import check_loaded
from .netspec import step_name

STYLES = list(zip(["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"],
                  ["-", "--", "-.", ":", "-"]))
EDGE = [withStroke(linewidth=4, foreground="white")]  # for lines on dark colours


def gates_over_time(net, sequence=0, prefix=""):
    """Gates and states of one sequence over time, each a row of H units, with x above.

    Parameters
    ----------
    net : a loaded net with an unroll of the composed cell, after `forward()`.
    sequence : which of the B sequences. prefix : the unroll's prefix.

    Returns
    -------
    Seven axes: x, i, f, o, g, c, h; time runs to the right.

    Raises
    ------
    NetError : the net has no composed steps, or fewer sequences.
    """
    check_loaded(net)
    check_name("prefix", prefix)
    rows = _gate_rows(net, sequence, prefix)
    fig, axes = plt.subplots(len(rows), 1, figsize=(7, 7), sharex=True, layout="constrained")
    for ax, (name, values) in zip(axes, rows.items()):
        low, high = _limits(name, values)
        image = ax.imshow(values, aspect="auto", interpolation="nearest", vmin=low, vmax=high,
                          cmap="PuOr_r" if low else "cividis")
        ax.set(yticks=[], ylabel=name)
        fig.colorbar(image, ax=ax)
    fig.supylabel("each row is one unit")
    steps = values.shape[1]
    fig.set_label(f"maps of {', '.join(rows)} over {steps} time steps, each row one unit; "
                  + "; ".join(f"mean |{name}| {abs(rows[name]).mean():.2g}" for name in rows))
    axes[-1].set(xlabel="time step t", xticks=range(0, steps, max(1, steps // 8)),
                 xticklabels=range(1, steps + 1, max(1, steps // 8)))
    return axes


def _limits(name, values):
    """What the colours stand for: what the numbers can be, and 0 in the middle if it is there."""
    if name in ("i", "f", "o"):
        return 0, 1
    largest = abs(values).max()
    return (0 if name == "x" and values.min() >= 0 else -largest), largest


def _gate_rows(net, sequence, prefix):
    """name -> (units, T); a gate after its sigmoid or tanh."""
    steps = sum(step_name(prefix, t, "lstm/raw_i") in net.blobs for t in range(1, len(net.blobs)))
    if not steps:
        raise NetError(f"this net has no blob {step_name(prefix, 1, 'lstm/raw_i')!r}: gates are "
                       "seen in an unroll with cell='composed' only.")
    blobs = {gate: [step_name(prefix, t, "lstm/raw_" + gate) for t in range(1, steps + 1)]
             for gate in "ifog"}  # they work in place: raw_i holds i
    blobs.update({state: [f"{prefix}{state}{t}" for t in range(1, steps + 1)] for state in "ch"})
    _check_sequence(sequence, net.blobs[blobs["h"][0]].shape[1])
    rows = {name: np.array([net.blobs[blob].data[0, sequence] for blob in names]).T
            for name, names in blobs.items()}
    return {"x": _inputs_of_steps(net, steps, sequence, prefix), **rows}


def _inputs_of_steps(net, steps, sequence, prefix):
    """x (D, T) of one sequence, as the layers read it that multiply it by W_xc."""
    reads = {layer.name: layer.bottom[0] for layer in net.built.layer
             if layer.type == "InnerProduct" and layer.bottom}
    once = reads.get(f"{prefix}lstm/Mx")  # project="once": one layer for all steps
    blobs = [once] if once else [reads[step_name(prefix, t, "lstm/Mx")]
                                 for t in range(1, steps + 1)]
    return np.concatenate([net.blobs[name].data[:, sequence].reshape(steps // len(blobs), -1)
                           for name in blobs]).T


def gradients_over_time(nets, state="c", sequence=None, prefix=""):
    """A line for each net: the mean size of the gradient at each step's state.

    Parameters
    ----------
    nets : dict of name -> net with an unroll, after `backward()`.
    state : "c" or "h". sequence : one of the B sequences; the mean over all if left out.

    Raises
    ------
    NetError : a net has no unroll with this prefix, or fewer sequences.
    """
    _check_named(nets, "net")
    series = {name: gradient_sizes(net, state, sequence, prefix) for name, net in nets.items()}
    return lines(series, "time step t", f"mean |dL/d{state}_t|")


def gradient_sizes(net, state="c", sequence=None, prefix=""):
    """Mean |dL/dc_t| (or h) for t = 1 .. T, after `backward()`, as an array (T,)."""
    check_loaded(net)
    check_name("state", state)
    check_name("prefix", prefix)
    blobs = itertools.takewhile(lambda name: name in net.blobs,
                                (f"{prefix}{state}{t}" for t in itertools.count(1)))
    diffs = np.array([net.blobs[name].diff[0] for name in blobs])  # (T, B, H)
    if not len(diffs):
        raise NetError(f"this net has no blob {prefix + state + '1'!r}; is the prefix right?")
    if sequence is None:
        return abs(diffs).mean((1, 2))
    _check_sequence(sequence, diffs.shape[1])
    return abs(diffs[:, sequence]).mean(1)


def _check_sequence(sequence, batch):
    if not isinstance(sequence, (int, np.integer)) or isinstance(sequence, bool) or not (
            0 <= sequence < batch):
        raise NetError(f"sequence {sequence!r} is asked for and the batch has {batch}, counted "
                       "from 0.")


def _check_named(series, what):
    if not hasattr(series, "items"):
        raise NetError(f"expected a dict of name -> {what}, got {short(series)}.")


def lines(series, xlabel, ylabel, log=False, ax=None):
    """Compare a few runs: one line for each name of `series`, numbered from 1.

    >>> ax = lines({"with": [3, 2, 1], "without": [3, 3, 3]}, "iteration", "loss")
    >>> len(ax.lines)
    2
    """
    _check_named(series, "numbers")
    ax = ax or plt.subplots(figsize=(7, 3.5))[1]
    for (name, values), (color, style) in zip(series.items(), itertools.cycle(STYLES)):
        ax.plot(range(1, len(values) + 1), values, style, color=color, lw=2, label=str(name))
    ax.set(xlabel=xlabel, ylabel=ylabel, yscale="log" if log else "linear")
    low, high = ax.get_ylim()
    if log and high < 1000 * low:  # too few powers of ten to read a value
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("")
    ax.legend()
    return ax


def weights_by_gate(weights):
    """W_xc and W_hc as heat maps, with lines between the rows of the gates i, f, o, g.

    >>> import numpy as np
    >>> from lstm_lib import xavier_start
    >>> axes = weights_by_gate(xavier_start(3, 2, np.random.default_rng(0)))
    >>> [label.get_text() for label in axes[0].get_yticklabels()]
    ['i', 'f', 'o', 'g']
    """
    if not hasattr(weights, "W_hc"):
        raise NetError(f"expected weights as get_weights returns them, got {short(weights)}.")
    limit = max(abs(weights.W_xc).max(), abs(weights.W_hc).max())
    fig, axes = plt.subplots(1, 2, figsize=(7, 4), layout="constrained")
    for ax, name in zip(axes, ("W_xc", "W_hc")):
        image = ax.imshow(getattr(weights, name), aspect="auto", interpolation="nearest",
                          cmap="PuOr_r", vmin=-limit, vmax=limit)
        for gate in (1, 2, 3):
            ax.axhline(gate * weights.H - 0.5, color="black", lw=1.5, path_effects=EDGE)
        ax.set(title=name, yticks=[(gate + 0.5) * weights.H - 0.5 for gate in range(4)],
               yticklabels="ifog", xlabel="input" if name == "W_xc" else "hidden unit")
    axes[0].set_ylabel("rows of the gates")
    fig.colorbar(image, ax=axes, label="weight")
    fig.set_label("maps of the weights W_xc and W_hc, with the rows of the gates i, f, o, g; "
                  f"the largest weight is {limit:.2g}")
    return axes

"""Gates, states and gradients of a net that has run, over its time steps, as plain lists.

The cells are those that the picture shows: what it recognises as i, f, o and g is read here.
"""
from collections import namedtuple

import numpy as np

from ..cells import CELLS
from ..nets import check_loaded
from ..netspec import step_name
from .structure.cell import typical_cell
from .structure.graph import read_graph
from .structure.recognise import is_lstm, lstm_gates
from .structure.steps import prepared
from .structure.units import gru_gates, unit_name

MOST_UNITS, MOST_STEPS = 32, 128  # rows and columns of a map
INSIDE = {"i": "sigmoid", "f": "sigmoid", "o": "sigmoid", "g": "tanh"}  # of a gate in place
HIDDEN = "Caffe's own layer keeps its gates and c, and the gradients at its states, to itself."
FUSED = ("A fused step keeps its gates to itself, and dL/dc_t here is what comes from later steps: "
         "what comes from h_t stays inside the layer.")

# of one gate or state: its blob at each step; `inside` is the function that works in place on it
Row = namedtuple("Row", "name blobs inside")


def states_over_time(net):
    """What the first sequence of the batch did: gates and states over time, and gradients.

    Parameters
    ----------
    net : a loaded net after `forward()`, and for gradients after `backward()`.

    Returns
    -------
    A dict that JSON can hold: `sequence` 1 of `batch`, and `cells`, a dict for each unroll,
    in the order of the picture. A net that has not run, and one without steps, has none.

    name : its prefix. unit : "LSTM", "GRU", ..., empty where it has no name. T : its steps.
    turned : whether it reads from the last step to the first.
    pool : how many steps a column is the mean of; 1 up to 128 steps.
    H : its units. units : numbers of those that are listed, at most 32, evenly chosen.
    rows : for each gate and state, in the order i, f, o, g, c, h, its `name`, its `kind`
        ("gate": between 0 and 1; "signed"), and `data` and `diff`, lists of units, each a list
        over the columns. `inside`: "sigmoid" or "tanh" where that works in place; then `diff`
        is the gradient before it.
    sizes : for each state its `name` and `values`, the norm of dL/dstate_t over all H units.
    note : what this cell does not show, and why.

    Raises
    ------
    NetError : it is no loaded net.

    Examples
    --------
    >>> from lstm_lib import caffe, load_net, unroll
    >>> from lstm_lib.drawing.strip import states_over_time
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> net = load_net(unroll(ns, ns.x, 3, 4) and ns)
    >>> states_over_time(net)["cells"]
    []
    >>> _ = net.forward(x=[[[1] * 5] * 2] * 3)
    >>> cell = states_over_time(net)["cells"][0]
    >>> cell["unit"], cell["T"], cell["H"], [row["name"] for row in cell["rows"]]
    ('LSTM', 3, 4, ['i', 'f', 'o', 'g', 'c', 'h'])
    """
    check_loaded(net)
    return states_of(prepared(read_graph(net)))


def states_of(graph):
    """`states_over_time` of a prepared graph of a loaded net."""
    net, found = graph.net, []
    batch = 1
    for stack in graph.stacks:
        rows, states = _gates(stack, net) + _states(stack, net), _states(stack, net)
        if any(net.blobs[name].data.any() for row in states for name in row.blobs):
            batch = len(_of_batch(net.blobs[states[0].blobs[0]].data))
            found.append(_cell(net, stack, rows, states))
    for node in graph.nodes:
        if node.type in ("LSTM", "RNN") and len(node.tops[0].shape or ()) == 3:
            H = net.blobs[node.tops[0].name].data  # (T, B, H)
            if H.any():
                batch = H.shape[1]
                found.append(_layer(node, H[:, 0].T))
    return {"sequence": 1, "batch": batch, "cells": found}


def _cell(net, stack, rows, states):
    def over_time(row, what):
        return np.array([_of_batch(getattr(net.blobs[name], what))[0] for name in row.blobs]).T

    H, T = over_time(states[0], "data").shape
    units, pool = _chosen(H), -(-T // MOST_STEPS)
    return {"name": stack.name, "unit": unit_name([stack]), "T": T, "turned": stack.turned,
            "pool": pool, "H": H, "units": [unit + 1 for unit in units],
            "note": FUSED if any(node.type == "LSTMUnit" for node in stack.cells[stack.steps[0]])
            else "",
            "rows": [{"name": row.name, "kind": _kind(row), "inside": row.inside,
                      **{what: _listed(over_time(row, what)[units], pool)
                         for what in ("data", "diff")}} for row in rows],
            "sizes": [{"name": row.name, "values": _listed(
                np.linalg.norm(over_time(row, "diff").astype("f8"), axis=0), pool)}
                for row in states]}


def _layer(node, h):
    """Caffe's `LSTM` or `RNN` layer, of which nothing but h (H, T) is to be had."""
    H, T = h.shape
    units, pool = _chosen(H), -(-T // MOST_STEPS)
    return {"name": node.name, "unit": f"{node.type} layer", "T": T, "turned": False,
            "pool": pool, "H": H, "units": [unit + 1 for unit in units], "note": HIDDEN,
            "rows": [{"name": "h", "kind": "signed", "inside": "",
                      "data": _listed(h[units], pool), "diff": None}], "sizes": []}


def _gates(stack, net):
    """The gates that the picture shows as such, or that a cell of `cells/` has by these names."""
    cell = typical_cell(stack)
    roles = lstm_gates(cell) or gru_gates(cell)
    blobs = {gate: [node.tops[0] for step in stack.steps for node in stack.cells[step]
                    if node.role == role] for gate, role in roles.items()}
    if not roles:
        return _gates_by_name(stack, net)
    return [Row(gate, [blob.name for blob in tops], _inside(gate, tops[0].maker))
            for gate, tops in blobs.items()
            if len(tops) == len(stack.steps) and all(top.last for top in tops)]


def _inside(gate, node):
    in_place = len(node.layers) > 1 or node.bottoms[0].name == node.tops[0].name
    return INSIDE.get(gate, "") if in_place else ""


def _gates_by_name(stack, net):
    for cell in CELLS.values():
        rows = [Row(gate, [step_name(stack.name, step, f"{cell.name}/{part}")
                           for step in stack.steps], INSIDE.get(gate, "") if part != gate else "")
                for gate, part in cell.gates.items()]
        if rows and all(name in net.blobs for row in rows for name in row.blobs):
            return rows
    return []


def _states(stack, net):
    """c and h of an LSTM; of another unit whatever one step hands to the next."""
    known, rows = {0: "c", 1: "h"} if is_lstm(stack) else {}, []
    for state in stack.states:
        role, top = state.key
        blobs = [node.tops[top] for step in stack.steps for node in stack.cells[step]
                 if node.role == role and top < len(node.tops)]
        if len(blobs) == len(stack.steps) and all(
                blob.last and blob.name in net.blobs for blob in blobs):
            rows.append(Row(known.get(state.number, state.label), [b.name for b in blobs], ""))
    return rows


def _of_batch(numbers):
    """(1, B, H), (B, H) or (B, H, 1, 1) as (B, H)."""
    if numbers.ndim == 3 and numbers.shape[0] == 1:
        return numbers[0]
    return numbers.reshape(len(numbers), -1)


def _kind(row):
    return "gate" if row.name in ("i", "f", "o", "r", "z") else "signed"


def _chosen(H):
    """Places of the units that are shown: all, or as many as there is room for, far and wide."""
    if H <= MOST_UNITS:
        return list(range(H))
    return [round(place * (H - 1) / (MOST_UNITS - 1)) for place in range(MOST_UNITS)]


def _listed(numbers, pool):
    """Lists, of which each number is the mean of `pool` steps; None is what is no number."""
    starts = range(0, numbers.shape[-1], pool)
    means = np.stack([numbers[..., start:start + pool].mean(-1) for start in starts], -1)
    return np.where(np.isfinite(means), means, None).tolist()

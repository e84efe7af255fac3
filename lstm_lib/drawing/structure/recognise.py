"""Is this step an LSTM, and which of its layers is which part of the equations?"""
from .cell import typical_cell
from .copies import is_added_split, original_node
from .graph import PROD, SUM
from .holding import held_states


PARTS = ("Mh", "Mx", "z", "slice", *"ifog", "c_f", "c_i", "c", "act_c", "h",
         "reset_c", "reset_h", "static",
         *(f"{what}_{gate}" for what in ("sum", "peep") for gate in "ifo"))


class NoLSTM(Exception):
    """This cell computes something else."""


def is_lstm(stack):
    """Whether its steps compute c = f * c + i * g and h = o * tanh(c), by whatever layers."""
    cell = typical_cell(stack)
    if any(node.type == "LSTMUnit" for node in cell.nodes):
        return True
    try:
        _equations(cell)
    except NoLSTM:
        return False
    return True


def lstm_gates(cell):
    """Role of i, f, o and g in a step of an LSTM; empty of others, and where a layer hides them."""
    try:
        part = _equations(cell)[0]
    except NoLSTM:
        return {}
    return {gate: part[gate] for gate in "ifog"}


def order_states(stack):
    """Put c and h, as the equations tell them, before all other states, and number the states.

    Where the equations do not tell, a name does.
    """
    named = {"c": 0, "h": 1}
    known = _state_roles(stack) or {
        state.key: named[state.label] for state in stack.states if state.label in named}
    stack.states.sort(key=lambda state: (known.get(state.key, 2), state.key))
    for place, state in enumerate(stack.states):
        state.number = known.get(state.key, 2 + place)


def _state_roles(stack):
    """Key of the state c -> 0 and of h -> 1; empty where it is no LSTM."""
    cell = typical_cell(stack)
    units = [node.role for node in cell.nodes if node.type == "LSTMUnit"]
    try:
        part = _equations(cell)[0] if not units else {}
    except NoLSTM:
        return {}
    found = {}
    for state in stack.states:
        role, top = original_top(cell, state.key)
        number = top if role in units else {part.get("c"): 0, part.get("h"): 1}.get(role)
        if number is not None:
            found.setdefault(number, state.key)
    return {key: number for number, key in found.items()} if len(found) == 2 else {}


def original_top(cell, key):
    """(role, number of a top) that a blob is, or that it copies if an added `Split` made it."""
    node = cell.role.get(key[0])
    if node is None or not is_added_split(node):
        return key
    copied = node.bottoms[0]
    return copied.maker.role, copied.maker.tops.index(copied)


def _equations(cell):
    """Role of each part of c = f * c + i * g and h = o * tanh(c), however the gates are computed.

    With it: who feeds each role, and which roles read a state.
    """
    feeds, carried = _feeds(cell)
    for role, node in cell.role.items():
        if _is(node, SUM):
            try:
                return _parts_around(role, cell, feeds, carried), feeds, carried
            except NoLSTM:
                continue
    raise NoLSTM


def _feeds(cell):
    """(role -> roles that feed it, the roles that read a state), without the resets of states."""
    feeds = {}
    for wire in cell.inner:
        feeds.setdefault(wire.target.role, []).append(original_node(wire.source).role)
    resets = set(_resets(cell)) - {None}
    carried = {role for role, _ in cell.reading}
    carried |= {role for role, before in feeds.items() if set(before) & resets}
    return {role: [r for r in before if r not in resets]
            for role, before in feeds.items()}, carried


def _parts_around(c, cell, feeds, carried):
    part, products = {"c": c}, feeds.get(c, ())
    part["c_f"] = _one(r for r in products if r in carried and _is(cell.role[r], PROD))
    part["c_i"] = _one(r for r in products if r != part["c_f"])
    part["f"] = _one(feeds.get(part["c_f"], ()))
    part["i"] = _one(r for r in feeds.get(part["c_i"], ()) if cell.role[r].type == "Sigmoid")
    part["g"] = _one(r for r in feeds.get(part["c_i"], ()) if cell.role[r].type == "TanH")
    part["act_c"] = _one(r for r, f in feeds.items()
                         if f == [c] and cell.role[r].type not in ("Split", "Scale"))
    part["h"] = _one(r for r, f in feeds.items() if part["act_c"] in f)
    part["o"] = _one(r for r in feeds[part["h"]] if r != part["act_c"])
    return part


def composed_parts(cell):
    """Role of each part of a step whose gates are cut from one sum of two products.

    'Mx' is None where x is projected outside; of a cell that grows, whatever is not there yet.
    """
    if cell.stack.parts:
        if "unit" in cell.stack.parts:
            raise NoLSTM
        return {**dict.fromkeys(PARTS), **cell.stack.parts}
    part, feeds, carried = _equations(cell)
    states = {_origin(cell, state.key[0]) for state in cell.stack.states}
    if len(cell.stack.states) != 2 or part["c"] not in states:
        raise NoLSTM
    part["reset_c"], part["reset_h"] = _resets(cell)
    part = {**dict.fromkeys(PARTS), **part, **_peepholes(cell, part, feeds)}
    seen = {part[f"peep_{gate}"] for gate in "ifo"}
    part["slice"] = _one({r for gate in "ifog" for r in feeds.get(_raw(part, gate), ())} - seen)
    part["z"] = _one(feeds.get(part["slice"], ()))
    part["Mh"] = _recurrent(cell, [r for r in feeds.get(part["z"], ()) if r in carried])
    part["Mx"] = next((r for r in feeds[part["z"]] if r != part["Mh"]), None)
    _find_static(cell, part, feeds)
    _gates_in_order(cell, part)
    _sum_of_products(cell, part)
    return part


def has_peepholes(stack):
    """Whether it is an LSTM whose gates i, f and o see the cell state."""
    cell = typical_cell(stack)
    try:
        part, feeds, _ = _equations(cell)
        return bool(_peepholes(cell, part, feeds))
    except NoLSTM:
        return False


def _peepholes(cell, part, feeds):
    """The `Scale` layers with which i and f see c before this step, and o the new c; or none.

    Behind each stands the sum of what it sees and of the gate's piece of z.
    """
    found = {}
    for gate in "ifo":
        before = feeds.get(part[gate], ())
        if len(before) == 1 and _is(cell.role[before[0]], SUM):
            seen = [r for r in feeds.get(before[0], ()) if cell.role[r].type == "Scale"]
            if len(seen) == 1 and _sees(cell, part, seen[0], gate):
                found.update({f"sum_{gate}": before[0], f"peep_{gate}": seen[0]})
    return found if len(found) == 6 else {}


def _sees(cell, part, peephole, gate):
    """Whether a peephole reads the cell state that its gate is to see."""
    if len(cell.role[peephole].bottoms) != 1:
        return False
    wires = [w for w in cell.inner if w.target.role == peephole]
    if gate == "o":
        return [original_node(w.source).role for w in wires] == [part["c"]]
    state = cell.reading.get((peephole, 0))
    reads = {_origin(cell, s.key[0]) for s in [state] if s} | {
        _origin(cell, cell.reading[w.source.role, 0].key[0]) for w in wires
        if (w.source.role, 0) in cell.reading}
    new = {held: new for held, (new, _) in held_states(cell).items()}
    return {new.get(role, role) for role in reads} == {part["c"]}


def _raw(part, gate):
    """The role that takes a gate's piece of z: the gate, or the sum behind its peephole."""
    return part.get(f"sum_{gate}") or part[gate]


def _find_static(cell, part, feeds):
    """Where W_xc x is added to an input that is the same at each step, tell the two apart."""
    products = feeds.get(part["Mx"], ())
    if part["Mx"] and _is(cell.role[part["Mx"]], SUM) and len(products) == 1:
        if [role for role, _ in cell.entering].count(part["Mx"]) == 1:
            part["static"], part["Mx"] = part["Mx"], products[0]


def _recurrent(cell, roles):
    """W_hc h. If both products of z read h, it is the one with fewer weights: it has no bias."""
    count = {role: len(cell.role[role].weights) for role in roles}
    return _one(role for role in roles if count[role] == min(count.values()))


def _origin(cell, role):
    """The role whose blob a role copies, if it is a `Split` that Caffe added; else itself."""
    return original_node(cell.role[role]).role if role in cell.role else role


def splits_of(cell, part):
    """The `Split` layers of c and h, in a net that is drawn with all its layers."""
    of = {original_node(node).role: role for role, node in cell.role.items()
          if is_added_split(node)}
    return {"split_c": of.get(part.get("c")), "split_h": of.get(part.get("h"))}


def _resets(cell):
    """For each state the `Scale` layer that clears it where a sequence begins, or None."""
    kept = {old for _, old in held_states(cell).values()}
    found = {state: role for (role, position), state in cell.reading.items()
             if cell.role[role].type == "Scale" and position == 0
             and len(cell.role[role].bottoms) == 2 and role not in kept}
    return [found.get(state) for state in cell.stack.states]


def _gates_in_order(cell, part):
    """Raise `NoLSTM` unless the gates are cut in the order in which they are drawn: i, f, o, g."""
    cut = [blob.name for blob in cell.role[part["slice"]].tops]
    slices = cell.role[part["slice"]]
    if cut != [blob.name for gate in "ifog" for blob in cell.role[_raw(part, gate)].bottoms
               if blob.maker is slices]:
        raise NoLSTM


def _sum_of_products(cell, part):
    """Raise `NoLSTM` unless z = Mx + Mh: some cells multiply [x, h], joined, by one weight."""
    products = [cell.role[part[name]] for name in ("Mx", "Mh") if part[name]]
    if not (part["z"] and _is(cell.role[part["z"]], SUM)
            and all(node.type == "InnerProduct" for node in products)):
        raise NoLSTM


def fused_parts(cell, unit):
    """Role of each part of a step around an `LSTMUnit`; 'Mx' is None where x comes from outside."""
    into = {(w.target.role, w.position): w.source.role for w in cell.inner}
    if len(cell.stack.states) != 2:
        raise NoLSTM
    part = {"unit": unit.role, "z": into.get((unit.role, 1)), "reset_h": _resets(cell)[-1]}
    carried = {role for role, _ in cell.reading}
    carried |= {role for (role, _), before in into.items() if before == part["reset_h"]}
    feeds = [into.get((part["z"], position)) for position in (0, 1)]
    part["Mh"] = _one(role for role in feeds if role in carried)
    part["Mx"] = next((role for role in feeds if role not in (None, part["Mh"])), None)
    if (unit.role, 0) not in cell.reading:
        raise NoLSTM
    _sum_of_products(cell, part)
    return part


def is_whole(cell, part, below=frozenset()):
    """Whether the step has no other layers, and only c and h are read outside it."""
    states = {state.key for state in cell.stack.states}
    copies = {part["split_c"], part["split_h"]} - {None}
    grown = len(states) == 2 or cell.stack.parts
    return (set(part.values()) - {None} == set(cell.role) - below and grown
            and all(key in states or key[0] in copies for key in cell.leaving))


def _is(node, operation):
    return node.type == "Eltwise" and node.layers[0].eltwise_param.operation == operation


def _one(roles):
    roles = list(roles)
    if len(roles) != 1:
        raise NoLSTM
    return roles[0]

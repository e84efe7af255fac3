"""Is this step an LSTM, and which of its layers is which part of the equations?"""
from .steps import copied


class NoLSTM(Exception):
    """The cell is another one."""


def composed_parts(cell):
    """Role of each part of the equations; 'Mx' is None where x is projected outside."""
    feeds = {}
    for wire in cell.inner:
        feeds.setdefault(wire.target.role, []).append(copied(wire.source).role)
    part = {}
    part["c"] = next((role for role, node in cell.role.items() if _is(node, "Eltwise", 1)
                      and role in {_origin(cell, s.key[0]) for s in cell.stack.states}
                      and len(feeds.get(role, ())) == 2), None)
    products = feeds.get(part["c"], ())
    carried = {role for role, _ in cell.reading}
    part["reset_c"], part["reset_h"] = resets = _resets(cell)
    carried |= {role for role, before in feeds.items() if set(before) & set(resets)}
    for role in feeds:
        feeds[role] = [before for before in feeds[role] if before not in resets]
    part["c_f"] = _one(r for r in products if r in carried and _is(cell.role[r], "Eltwise", 0))
    part["c_i"] = _one(r for r in products if r != part["c_f"])
    part["f"] = _one(feeds.get(part["c_f"], ()))
    part["i"] = _one(r for r in feeds.get(part["c_i"], ()) if cell.role[r].type == "Sigmoid")
    part["g"] = _one(r for r in feeds.get(part["c_i"], ()) if cell.role[r].type == "TanH")
    part["act_c"] = _one(r for r, f in feeds.items()
                         if f == [part["c"]] and cell.role[r].type != "Split")
    part["h"] = _one(r for r, f in feeds.items() if part["act_c"] in f)
    part["o"] = _one(r for r in feeds[part["h"]] if r != part["act_c"])
    part["slice"] = _one({r for gate in "ifog" for r in feeds.get(part[gate], ())})
    part["z"] = _one(feeds.get(part["slice"], ()))
    part["Mh"] = _recurrent(cell, [r for r in feeds.get(part["z"], ()) if r in carried])
    part["Mx"] = next((r for r in feeds[part["z"]] if r != part["Mh"]), None)
    _gates_in_order(cell, part)
    return part


def _recurrent(cell, roles):
    """Of the products of z that read h, the one with fewer weights: it has no bias."""
    count = {role: len(cell.role[role].weights) for role in roles}
    return _one(role for role in roles if count[role] == min(count.values()))


def _origin(cell, role):
    """What is copied, where a role is a `Split` that Caffe added."""
    return copied(cell.role[role]).role if role in cell.role else role


def splits_of(cell, part):
    """The `Split` layers of c and h, in a net that is drawn with all its layers."""
    of = {copied(node).role: role for role, node in cell.role.items()
          if copied(node) is not node}
    return {"split_c": of.get(part.get("c")), "split_h": of.get(part.get("h"))}


def _resets(cell):
    """The `Scale` layers that clear c and h where a sequence begins; None where none are."""
    found = {state: role for (role, position), state in cell.reading.items()
             if cell.role[role].type == "Scale" and position == 0}
    return [found.get(state) for state in cell.stack.states]


def _gates_in_order(cell, part):
    """The drawing has the gates in the order i, f, o, g: they must be cut in that order."""
    cut = [blob.name for blob in cell.role[part["slice"]].tops]
    if cut != [blob.name for gate in "ifog" for blob in cell.role[part[gate]].bottoms[:1]]:
        raise NoLSTM


def fused_parts(cell, unit):
    """Role of each part of a step around an `LSTMUnit`; 'Mx' is None where x comes from outside."""
    into = {(w.target.role, w.position): w.source.role for w in cell.inner}
    part = {"unit": unit.role, "z": into.get((unit.role, 1)), "reset_h": _resets(cell)[-1]}
    carried = {role for role, _ in cell.reading}
    carried |= {role for (role, _), before in into.items() if before == part["reset_h"]}
    feeds = [into.get((part["z"], position)) for position in (0, 1)]
    part["Mh"] = _one(role for role in feeds if role in carried)
    part["Mx"] = next((role for role in feeds if role not in (None, part["Mh"])), None)
    if (unit.role, 0) not in cell.reading:
        raise NoLSTM
    return part


def is_whole(cell, part, below=frozenset()):
    """Whether the parts are all there is, and only c and h are read from outside."""
    states = {state.key for state in cell.stack.states}
    copies = {part["split_c"], part["split_h"]} - {None}
    return (set(part.values()) - {None} == set(cell.role) - below and len(states) == 2
            and all(key in states or key[0] in copies for key in cell.leaving))


def _is(node, type_name, operation):
    return node.type == type_name and node.layers[0].eltwise_param.operation == operation


def _one(roles):
    roles = list(roles)
    if len(roles) != 1:
        raise NoLSTM
    return roles[0]

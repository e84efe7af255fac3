"""Is this step a GRU or a plain recurrent net, and which of its layers is which part?"""
from collections import defaultdict

from .cell import typical_cell
from .copies import is_added_split, original_blob, original_node
from .graph import PROD, SUM
from .holding import held_states
from .recognise import has_peepholes, is_lstm


class OtherUnit(Exception):
    """This step computes something else."""


def unit_name(stacks):
    """What all these steps are called in a textbook; empty where they have no name in common.

    >>> unit_name([])
    ''
    """
    for name, is_one in (("LSTM with peepholes", has_peepholes), ("LSTM", is_lstm),
                         ("GRU", _fits(gru_parts)), ("RNN", _fits(rnn_parts))):
        if stacks and all(map(is_one, stacks)):
            return name
    return ""


def _fits(parts_of):
    def is_one(stack):
        cell = typical_cell(stack)
        try:
            return bool(parts_of(cell))
        except OtherUnit:
            return False
    return is_one


def rnn_parts(cell):
    """Roles of Mh, Mx, z and h in h = tanh(z), z = Mx + Mh; 'Mx' is None if it is made outside."""
    state, net = _only_state(cell), _Equations(cell)
    part = {"h": net.is_a(net.role_of(state.key), "TanH"), "reset_h": net.reset}
    part["z"] = net.is_sum(net.only(part["h"]))
    part["Mh"], part["Mx"] = net.products(part["z"])
    return part


def gru_parts(cell):
    """Roles of each part of h = n + z * (h_before - n), with gates from two products.

    raw_r, raw_z = pieces of Mx + pieces of Mh, raw_n = a piece of Mx + r * a piece of Mh.
    """
    state, net = _only_state(cell), _Equations(cell)
    part = {"h": net.is_sum(net.role_of(state.key)), "reset_h": net.reset}
    part["n"], part["z_back"] = net.two(part["h"], _is_tanh, _is_product)
    part["z"], part["back"] = net.two(part["z_back"], _is_sigmoid, _is_difference)
    if net.feeds[part["back"]] != ["before", part["n"]]:
        raise OtherUnit
    part["raw_z"], part["raw_n"] = net.only(part["z"]), net.only(part["n"])
    part["slice_x"], part["r_h"] = net.two(net.is_sum(part["raw_n"]), _is_slice, _is_product)
    part["r"], part["slice_h"] = net.two(part["r_h"], _is_sigmoid, _is_slice)
    part["raw_r"] = net.only(part["r"])
    for raw in ("raw_r", "raw_z"):
        if set(net.feeds[net.is_sum(part[raw])]) != {part["slice_x"], part["slice_h"]}:
            raise OtherUnit
    for name, place in (("raw_r", 0), ("raw_z", 1), ("r_h", 2), ("raw_n", 2)):
        net.pieces(part[name], place)
    part["Mh"] = net.is_a(net.only(part["slice_h"]), "InnerProduct")
    part["Mx"] = next(iter(net.feeds[part["slice_x"]]), None)
    if net.feeds[part["Mh"]] != ["before"] or part["Mx"] and not net.is_input(part["Mx"]):
        raise OtherUnit
    return part


def gru_gates(cell):
    """Role of r, z and n in a step of a GRU; empty of any other."""
    try:
        part = gru_parts(cell)
    except OtherUnit:
        return {}
    return {gate: part[gate] for gate in "rzn"}


def _only_state(cell):
    if len(cell.stack.states) != 1:
        raise OtherUnit
    return cell.stack.states[0]


class _Equations:
    """Which roles feed each role of a cell; the state of the step before is called "before"."""

    def __init__(self, cell):
        self.cell = cell
        self.held, old = {}, set()  # a state with `hold` -> what it lets in
        for role, (new, kept) in held_states(cell).items():
            self.held[role] = new
            old.add(kept)
        self.reset = next((role for (role, place), _ in cell.reading.items()
                           if cell.role[role].type == "Scale" and place == 0
                           and len(cell.role[role].bottoms) == 2 and role not in old), None)
        self.feeds = defaultdict(list)
        for role, node in cell.role.items():
            self.feeds[role] = [name for place in range(len(node.bottoms))
                                for name in self._feeder(role, node, place)]

    def _feeder(self, role, node, place):
        if (role, place) in self.cell.reading:
            return ["before"]
        maker = original_node(node.bottoms[place].maker)
        if maker not in self.cell:
            return []
        return ["before" if maker.role == self.reset else maker.role]

    def role_of(self, key):
        role = original_node(self.cell.role[key[0]]).role if key[0] in self.cell.role else key[0]
        return self.held.get(role, role)

    def is_a(self, role, kind):
        if role in self.cell.role and self.cell.role[role].type == kind:
            return role
        raise OtherUnit

    def is_sum(self, role):
        if role in self.cell.role and _is(self.cell.role[role], SUM):
            return role
        raise OtherUnit

    def is_input(self, role):
        return self.is_a(role, "InnerProduct") and self.feeds[role] == []

    def only(self, role):
        """The one role that feeds this one."""
        if len(self.feeds[role]) == 1 == len(self.cell.role[role].bottoms):
            return self.feeds[role][0]
        raise OtherUnit

    def two(self, role, *tests):
        """The two roles that feed this one: the first passes one test, the second the other."""
        found = self.feeds[role]
        for pair in (found, found[::-1]):
            nodes = [self.cell.role.get(name) for name in pair]
            if len(nodes) == 2 and all(node and test(node) for node, test in zip(nodes, tests)):
                return pair
        raise OtherUnit

    def products(self, role):
        """(W_h h, W_x x) that a sum adds; the second is None where it is made outside."""
        if len(self.cell.role[role].bottoms) != 2:
            raise OtherUnit
        recurrent = [name for name in self.feeds[role] if self.feeds.get(name) == ["before"]]
        others = [name for name in self.feeds[role] if name not in recurrent]
        if len(recurrent) != 1 or len(others) > 1 or not all(map(self.is_input, others)):
            raise OtherUnit
        return self.is_a(recurrent[0], "InnerProduct"), others[0] if others else None

    def pieces(self, role, place):
        """Raise `OtherUnit` unless a role reads, of each slice, the piece at this place of three."""
        for blob in map(original_blob, self.cell.role[role].bottoms):
            node = blob.maker
            if node.type == "Slice" and [top is blob for top in node.tops] != [
                    k == place for k in range(3)]:
                raise OtherUnit


def _is(node, operation):
    return (node.type == "Eltwise" and len(node.layers) == 1
            and node.layers[0].eltwise_param.operation == operation
            and all(factor == 1 for factor in node.layers[0].eltwise_param.coeff))


def _is_product(node):
    return _is(node, PROD)


def _is_difference(node):
    return node.type == "Eltwise" and list(node.layers[0].eltwise_param.coeff) == [1, -1]


def _is_sigmoid(node):
    return node.type == "Sigmoid"


def _is_tanh(node):
    return node.type == "TanH"


def _is_slice(node):
    return node.type == "Slice" and not is_added_split(node)

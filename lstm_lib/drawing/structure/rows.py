"""The steps of a net that its names do not tell: by shared weights, and by what feeds what."""
import heapq
import itertools
import re
from collections import Counter, defaultdict

from .chains import chains_of, grouped
from .copies import is_added_split, makers, original_node, readers, role_of_split

NUMBER = re.compile(r"([0-9]{1,9})")
AT_END = re.compile(r"[^0-9A-Za-z]?[0-9]{1,9}$")


def steps_by_rows(graph):
    """Name of a stack -> {t -> its (node, role)}; the layers' names are no more than a hint."""
    found, taken = [], {}
    for chains in grouped(chains_of(graph)):
        if not any(user in taken for chain in chains for user in chain.users):
            rows = _Rows(graph, chains, taken)
            taken.update(rows.step)
            found.append(_cells(graph, rows))
    found.sort(key=lambda cells: cells[1][0][0].index)
    return dict(zip(_names(found), found))


def _names(stacks):
    """How most roles of a stack begin, like `enc_`; where that tells nothing, its number."""
    if len(stacks) < 2:
        return [""]
    names = []
    for cells in stacks:
        begins = Counter(re.match("([^_/.-]+[_/.-])?", role)[0] for _, role in cells[1])
        (begin, times), = begins.most_common(1)
        names.append(begin if 2 * times > len(cells[1]) else "")
    return names if len({*names, ""}) > len(names) else [
        f"{number}:" for number in range(1, len(stacks) + 1)]


def _cells(graph, rows):
    cells = defaultdict(list)
    for node in graph.nodes:
        original = original_node(node)
        if original in rows.step:
            role = rows.role[original]
            cells[rows.step[original]].append(
                (node, role_of_split(node, role) if is_added_split(node) else role))
    return dict(cells)


class _Rows:
    """Finds rows: a layer at each of the T steps. They grow from the users of shared weights.

    What the layers of a row read, or what reads them, is a row again if it looks alike in all
    steps; what is alike in all but the first or the last step is one that lacks a layer there.
    Of several ways to see it the most complete is taken, then the one that the numbers in the
    names tell, then the one that puts a layer into the step of those that feed it.
    """

    def __init__(self, graph, chains, taken):
        self.graph, self.taken, self.count = graph, taken, len(chains[0].users)
        self.step, self.role = {}, {}
        self._first = {node: max(chain.before[node] for chain in chains) for node in graph.nodes}
        self._last = _last_steps(graph, chains)
        self._waiting, self._serial, self._offset = [], itertools.count(), None
        for chain in chains:
            row = dict(enumerate(chain.users, 1))
            self._offset = common_name(row)[1] if self._offset is None else self._offset
            self._offer(row, 0)
        while self._waiting:
            row = heapq.heappop(self._waiting)[-1]
            if self._fits(row):
                self._add(row)
        self._add_what_is_between()
        self._add_first()

    def _offer(self, row, order):
        number = common_name(row)[1]
        hint = 2 if number is None else int(number != self._offset)
        heapq.heappush(self._waiting, (self.count - len(row), hint, order, next(self._serial),
                                       row))

    def _fits(self, row):
        return len(set(row.values())) == len(row) and all(
            self._may_stand(node, k) for k, node in row.items())

    def _may_stand(self, node, k):
        return (node not in self.step and node not in self.taken and node.bottoms
                and self._first[node] <= k <= self._last[node]
                and all(self.step.get(maker, k) <= k for maker in makers(node))
                and all(self.step.get(reader, k) >= k for reader in readers(node)))

    def _add(self, row):
        role = common_name(row)[0]
        for k, node in row.items():
            self.step[node], self.role[node] = k, role
        for order, near in enumerate((_reading, _read)):
            for found in self._alike({k: near(node) for k, node in row.items()}):
                self._offer(found, order)

    def _alike(self, near):
        """Rows of neighbours: `near` is step -> {how a neighbour looks: the neighbours}."""
        for look in dict.fromkeys(look for looks in near.values() for look in looks):
            there = {k: looks[look] for k, looks in near.items() if look in looks}
            lacking = set(range(1, self.count + 1)) - set(there)
            if len(set(map(len, there.values()))) > 1 or len(there) < 2:
                continue
            for nodes in zip(*there.values()):
                if not lacking:
                    yield dict(zip(there, nodes))
                elif lacking in ({1}, {self.count}):  # all can stand a step earlier or later
                    yield dict(enumerate(nodes, 1))
                    yield dict(enumerate(nodes, 2))

    def _add_what_is_between(self):
        """A layer on the way from a step to a step belongs to the one that feeds it."""
        leading = self._leading()
        for node in self.graph.nodes:
            k = max((self.step.get(maker, 0) for maker in makers(node)), default=0)
            if k and node in leading and not is_added_split(node) and self._may_stand(node, k):
                self.step[node], self.role[node] = k, _base(node)

    def _leading(self):
        """The nodes that lead to a step."""
        leading = set()
        for node in reversed(self.graph.nodes):
            if any(reader in self.step or reader in leading for reader in readers(node)):
                leading.add(node)
        return leading

    def _add_first(self):
        """A step before these that has no state to read yet, as in h_1 = tanh(W x_1).

        It uses a weight that each of the others uses once.
        """
        once_more, leading = self._users_outside(), self._leading()
        roles, first = set(self.role.values()), {}
        for node in self.graph.nodes:
            before = makers(node)
            if (node in self.step or node in self.taken or not before or is_added_split(node)
                    or any(maker in self.step for maker in before)):
                continue
            fed = any(maker in first for maker in before)
            if (node in leading and (fed or node in once_more)
                    or fed and (node in once_more or _base(node) in roles)):
                first[node] = _base(node)
        if first:
            self.step = {**dict.fromkeys(first, 1), **{n: k + 1 for n, k in self.step.items()}}
            self.role.update(first)

    def _users_outside(self):
        """The one user outside the steps of each weight that is used once in each step."""
        found = set()
        for weight in self.graph.weights:
            outside = [user for user in weight.users if user not in self.step]
            inside = {self.step[user] for user in weight.users if user in self.step}
            if len(outside) == 1 and len(inside) == self.count == len(weight.users) - 1:
                found.add(outside[0])
        return found


def _base(node):
    """The name without the number at its end."""
    return AT_END.sub("", node.name) or node.type


def _last_steps(graph, chains):
    """Node -> the first step that it leads to, which is the last one it can belong to."""
    last = {user: k for chain in chains for k, user in enumerate(chain.users, 1)}
    for node in reversed(graph.nodes):
        last[node] = min([last.get(node, len(chains[0].users)),
                          *(last.get(reader, len(chains[0].users)) for reader in readers(node))])
    return last


def _reading(node):
    """How a reader of a node looks, and at which places it reads it -> such readers."""
    found = defaultdict(list)
    for reader in readers(node):
        places = tuple(p for p, maker in enumerate(makers(reader)) if maker is node)
        found[_look(reader), places].append(reader)
    return found


def _read(node):
    """How the maker of a bottom looks, and which bottom it is -> that maker."""
    return {(_look(maker), place): [maker] for place, maker in enumerate(makers(node))}


def _look(node):
    return (tuple(layer.type for layer in node.layers), len(node.bottoms),
            tuple(layer.eltwise_param.operation for layer in node.layers),
            tuple(weight.name for weight in node.weights if weight.shared))


def common_name(row):
    """(name of a row without the number of the step, how far that number is off), of step -> node.

    The number is None where the names do not count the steps.
    """
    parts = {k: NUMBER.split(node.name) for k, node in row.items()}
    columns, node = list(zip(*parts.values())), next(iter(row.values()))
    if len(set(map(len, parts.values()))) == 1:
        counting = [c for c, column in enumerate(columns) if len(set(column)) > 1]
        off = {int(part[c]) - k if c % 2 else None for k, part in parts.items() for c in counting}
        if len(off) == 1 and None not in off:
            return _without(columns, counting) or node.type, off.pop()
    bases = Counter(map(_base, row.values()))
    (base, times), = bases.most_common(1)
    return (base if 2 * times > len(row) else node.type), None


def _without(columns, counting):
    """The name without its counting numbers, and without what joined them to it."""
    parts = [column[0] for column in columns]
    for c in counting:
        parts[c] = ""
        if parts[c - 1][-1:] in ("_", "-", ".", "/") and not parts[c + 1]:
            parts[c - 1] = parts[c - 1][:-1]
    return "".join(parts)

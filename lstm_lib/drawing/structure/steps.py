"""Which layers belong to which time step, and which blobs a step hands to the next."""
from collections import defaultdict

from .arrangement import opposite
from ...netspec import parts_of_step_name
from .copies import is_added_split, original_blob, original_node, role_of_split
from .growing import BEFORE, growing_cell
from .recognise import order_states
from .rows import steps_by_rows


class State:
    """A blob that each step hands to the next, like c and h of an LSTM."""

    def __init__(self, key, label):
        self.key, self.label = key, label  # key: (role, number of the top)
        self.number = 0  # of its colour
        self.reads = set()  # (role, number of the bottom) that take it in


class Stack:
    """One unrolled net: its steps, the nodes of each, the states between them."""

    def __init__(self, name, cells, parts=None):
        self.name = name
        self.cells = cells  # step number -> nodes in the net's order
        self.steps = sorted(cells)
        self.turned, self.pair = False, name  # runs right to left; shared by two directions
        self._before = dict(zip(self.steps[1:], self.steps))
        self.parts = parts and _roles(parts)  # name of a part -> role, in a cell that grows
        self.states = _states_of_parts(cells[1], parts) if parts else _states(self)
        self._fresh = _fresh(self)

    def place(self, step):
        """The column in which a step stands, counted like the steps; and back again.

        >>> stack = Stack("", {1: [], 2: [], 3: []})
        >>> stack.turned = True
        >>> [stack.place(step) for step in (1, 2, 3, 4)]
        [3, 2, 1, 4]
        """
        if not self.turned or step not in self.cells:
            return step
        return self.steps[-1 - self.steps.index(step)]

    def state_read(self, node, position):
        """The state that this bottom of this node takes in, or None."""
        if (node, position) in self._fresh:
            return None
        blob = node.bottoms[position]
        return next((s for s in self.states if (node.role, position) in s.reads
                     and (node.step == self.steps[0] or self._hands_on(s, blob, node.step))), None)

    def _hands_on(self, state, blob, step):
        """Whether the blob is this state as the step before `step` made it."""
        maker = blob.maker
        return (maker.stack == self.name and state.key == (maker.role, maker.tops.index(blob))
                and maker.step == self._before[step])

    def state_made(self, node, position):
        """The state that this top of this node gives out, or None."""
        split = is_added_split(node)  # any of its tops, which are all the same
        return next((s for s in self.states if s.key == (node.role, position)
                     or split and s.key[0] == node.role), None)


def find_steps(graph):
    """Fill in stack, step and role of each node, and `graph.stacks`.

    The names of the layers tell the steps (`t1/lstm/Mx`, with any prefix before the t). Where
    they do not, shared weights and the flow of the data do. Where there is no more than one
    step, it is found if it is a cell of an LSTM, or is to become one.
    """
    cells, parts = _by_names(graph) or steps_by_rows(graph), None
    if not cells:
        cells, parts = _one_cell(graph)
    for name, steps in cells.items():
        for step, nodes in steps.items():
            seen = defaultdict(int)
            for node, role in nodes:
                seen[role] += 1
                node.stack, node.step = name, step
                node.role = role if seen[role] == 1 else f"{role} ({seen[role]})"
    graph.stacks = [Stack(name, {step: [node for node, _ in nodes]
                                 for step, nodes in steps.items()}, parts)
                    for name, steps in cells.items()]
    for stack in graph.stacks:
        if not stack.parts:
            order_states(stack)
    for stack, turned in opposite(graph):
        turned.turned, turned.pair = True, stack.name
    return graph


def _one_cell(graph):
    """({"": {1: (node, role) of each part}}, the parts) of a cell that somebody builds."""
    parts = growing_cell(graph) or {}
    roles = {node: node.name for name, node in parts.items() if name not in BEFORE}
    roles.update({node: role_of_split(node, original_node(node).name) for node in graph.nodes
                  if is_added_split(node) and original_node(node) in roles})
    cell = [(node, roles[node]) for node in graph.nodes if node in roles]
    return ({"": {1: cell}} if cell else {}), parts


def _by_names(graph):
    found = defaultdict(lambda: defaultdict(list))
    for node in graph.nodes:
        parts = parts_of_step_name(original_node(node).name)
        if parts:
            prefix, step, role = parts
            if is_added_split(node):
                role = role_of_split(node, role)
            found[prefix][step].append((node, role))
    return {prefix: steps for prefix, steps in found.items()
            if not prefix[-1:].isalnum() or _share(steps)}


def _share(steps):
    """Whether a weight is used in two steps: `part1/`, `part2/` alone are no time steps."""
    used_in = defaultdict(set)
    for step, nodes in steps.items():
        for node, _ in nodes:
            for weight in node.weights:
                used_in[weight].add(step)
    return any(len(where) > 1 for where in used_in.values())


def _states(stack):
    """The blobs that go from a step to the one after it."""
    states = {}
    if len(stack.steps) == 1:
        _states_by_name(stack, states)
    for before, after in zip(stack.steps, stack.steps[1:]):
        for node in stack.cells[after]:
            for position, blob in enumerate(node.bottoms):
                maker = blob.maker
                if maker.stack == stack.name and maker.step == before:
                    key = (maker.role, maker.tops.index(blob))
                    label = _label(blob, stack.name)
                    state = states.setdefault(key, State(key, label))
                    state.reads.add((node.role, position))
    return sorted(states.values(), key=lambda state: state.key)


def _roles(parts):
    return {name: node.role for name, node in parts.items() if name not in BEFORE}


def _states_of_parts(nodes, parts):
    """c and h of a cell that grows, as far as it reads them already."""
    states = []
    for number, name in enumerate("ch"):
        before, made = parts.get(f"{name} before"), parts.get(name)
        if before is None:
            continue
        top = number if "unit" in parts else 0
        label = _label(made.tops[top] if made else before, "")
        state = State((made.role if made else "", top), label)
        state.number = number
        state.reads = {(node.role, position) for node in nodes
                       for position, blob in enumerate(node.bottoms)
                       if original_blob(blob) is before}
        states.append(state)
    return states


def _fresh(stack):
    """Bottoms of the first step that read no state, where those of later steps read one.

    A net that is fed its own output has an input of its own in the first step.
    """
    found = set()
    for state in stack.states:
        reads = [(node, position, blob) for node in stack.cells[stack.steps[0]]
                 for position, blob in enumerate(node.bottoms)
                 if (node.role, position) in state.reads and blob.maker.stack != stack.name]
        own = next((blob for _, _, blob in reads if _label(blob, stack.name) == state.label),
                   reads[0][2] if reads else None)
        found |= {(node, position) for node, position, blob in reads if blob is not own}
    return found


def _states_by_name(stack, states):
    """Find the states of a net of one step by names: it reads `c0` and makes `c1`."""
    nodes = stack.cells[stack.steps[0]]
    made = {_label(blob, stack.name): (node.role, position)
            for node in nodes for position, blob in enumerate(node.tops)}
    for node in nodes:
        for position, blob in enumerate(node.bottoms):
            label = _label(blob, stack.name)
            if blob.maker.stack is None and label in made:
                state = states.setdefault(made[label], State(made[label], label))
                state.reads.add((node.role, position))


def _label(blob, prefix):
    return _base(original_blob(blob).name, prefix)


def _base(name, prefix=""):
    """`h` of `h12`, `c` of `second/c3` or `t1/lstm/c`, `a` of `a_1`.

    >>> _base("h12"), _base("secondc3", "second"), _base("a_1"), _base("7")
    ('h', 'c', 'a', '7')
    """
    if prefix and name.startswith(prefix):
        name = name[len(prefix):]
    last = name.rsplit("/", 1)[-1]
    return last.rstrip("0123456789").rstrip("_-.") or last


def number_weights(graph):
    """Give a colour and a number to each weight that is shared, or named for sharing."""
    single = sum(weight.named and not weight.shared for weight in graph.weights)
    show_single = graph.stacks and single < 12  # some nets name all their weights
    marked = [w for w in graph.weights if w.shared or w.named and show_single]
    for number, weight in enumerate(marked, 1):
        weight.mark = number


def prepared(graph):
    """The graph with its steps found and its weights numbered."""
    find_steps(graph)
    number_weights(graph)
    return graph


def steps_of(graph):
    """How many time steps the net has, 0 for a net without."""
    return len({step for stack in graph.stacks for step in stack.steps})


def step_title(stack, step, last=None):
    """What a step is called in a picture: `t = 1`, `second/ t = 1`; `t = 1 … 3` for several."""
    several = f" … {last}" if last not in (None, step) else ""
    return f"{stack.name.rstrip('_-.:')} t = {step}{several}".strip()

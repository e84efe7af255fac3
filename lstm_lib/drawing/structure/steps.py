"""Which layers belong to which time step, and which blobs a step hands to the next."""
from collections import defaultdict

from ...netspec import parts_of_step_name
from .copies import is_added_split, original_blob, original_node, role_of_split
from .rows import steps_by_rows


class State:
    """A blob that each step hands to the next, like c and h of an LSTM."""

    def __init__(self, key, label):
        self.key, self.label = key, label  # key: (role, number of the top)
        self.number = 0  # of its colour
        self.reads = set()  # (role, number of the bottom) that take it in


class Stack:
    """One unrolled net: its steps, the nodes of each, the states between them."""

    def __init__(self, name, cells):
        self.name = name
        self.cells = cells  # step number -> nodes in the net's order
        self.steps = sorted(cells)
        self.states = _states(self)
        self._fresh = _fresh(self)

    def state_read(self, node, position):
        """The state that this bottom of this node takes in, or None."""
        if (node, position) in self._fresh:
            return None
        return next((s for s in self.states if (node.role, position) in s.reads), None)

    def state_made(self, node, position):
        """The state that this top of this node gives out, or None."""
        split = is_added_split(node)  # any of its tops, which are all the same
        return next((s for s in self.states if s.key == (node.role, position)
                     or split and s.key[0] == node.role), None)


def find_steps(graph):
    """Fill in stack, step and role of each node, and `graph.stacks`.

    The names of the layers tell the steps (`t1/lstm/Mx`, with any prefix before the t). Where
    they do not, shared weights and the flow of the data do.
    """
    cells = _by_names(graph) or steps_by_rows(graph)
    for name, steps in cells.items():
        for step, nodes in steps.items():
            seen = defaultdict(int)
            for node, role in nodes:
                seen[role] += 1
                node.stack, node.step = name, step
                node.role = role if seen[role] == 1 else f"{role} ({seen[role]})"
    graph.stacks = [Stack(name, {step: [node for node, _ in nodes]
                                 for step, nodes in steps.items()})
                    for name, steps in cells.items()]
    return graph


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
    """The blobs that go from a step to the one after it, in the order they are made."""
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
    known = {"c": 0, "h": 1}  # the two that have a colour of their own
    ordered = sorted(states.values(), key=lambda s: (known.get(s.label, 2), s.key))
    for place, state in enumerate(ordered):
        state.number = known.get(state.label, 2 + place)
    return ordered


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


def step_title(stack, step):
    """What a step is called in a picture: `t = 1`, `second/ t = 1`."""
    return f"{stack.name.rstrip('_-.:')} t = {step}".strip()

"""How several stacks stand to each other: one above the other, or one in each direction."""
from collections import Counter, defaultdict

from .copies import original_blob


def arrangement(graph):
    """In words, like "2 stacked" or "both directions"; empty for one stack.

    >>> from lstm_lib.drawing.structure.graph import read_graph
    >>> arrangement(read_graph('layer { name: "x" type: "Input" top: "x" }'))
    ''
    """
    pairs = opposite(graph)
    layers = len(graph.stacks) - len(pairs)
    words = [f"{layers} stacked"] if layers > 1 else []
    return ", ".join(words + ["both directions"] * bool(pairs))


def opposite(graph):
    """Pairs of stacks that read the same in opposite order: (the one that goes on, the turned one).

    >>> from lstm_lib.drawing.structure.graph import read_graph
    >>> opposite(read_graph('layer { name: "x" type: "Input" top: "x" }'))
    []
    """
    read = {stack: _inputs(stack) for stack in graph.stacks}
    ends_with = defaultdict(list)  # what a last step reads -> the stacks
    for stack, steps in read.items():
        for piece in steps[-1]:
            ends_with[piece].append(stack)
    pairs, paired = [], set()
    for stack, steps in read.items():
        for other in (other for piece in steps[0] for other in ends_with[piece]):
            if not {stack, other} & paired and _reversed(stack, other, read):
                paired |= {stack, other}
                down = any(number is not None and (whole, number - 1) in steps[1]
                           for whole, number in steps[0])
                pairs.append((other, stack) if down else (stack, other))
    return pairs


def _reversed(stack, other, read):
    """Whether the two read the same blobs, step by step, in opposite order."""
    there, back = read[stack], read[other]
    return (stack is not other and len(there) == len(back) > 1
            and all(one & two for one, two in zip(there, back[::-1]))
            and not all(one & two for one, two in zip(there, back))
            and not _feeds(stack, other) and not _feeds(other, stack))


def _feeds(stack, other):
    return any(blob.maker.stack == stack.name for nodes in other.cells.values()
               for node in nodes for blob in map(original_blob, node.bottoms))


def _inputs(stack):
    """For each step what it alone reads from outside: a blob, or which piece of which blob."""
    steps = [{_piece(original_blob(blob)) for node in stack.cells[step] for blob in node.bottoms
              if blob.maker.stack is None} for step in stack.steps]
    times = Counter(piece for step in steps for piece in step)
    return [{piece for piece in step if times[piece] == 1} for step in steps]


def _piece(blob):
    """(blob that is sliced into time steps, number of the piece) or (blob, None).

    A layer `Reverse`, which some forks have, turns the numbers round.
    """
    cutter = blob.maker
    if cutter.type != "Slice" or not cutter.bottoms:
        return blob, None
    number, whole = cutter.tops.index(blob), original_blob(cutter.bottoms[0])
    if whole.maker.type == "Reverse" and whole.maker.bottoms:
        return original_blob(whole.maker.bottoms[0]), len(cutter.tops) - 1 - number
    return whole, number

"""The main line of a graph: where all of its longest ways meet. It is drawn upright."""
from collections import defaultdict


def main_lines(items, edges, alone):
    """Lists of items that stand above each other, in the order in which they follow.

    An item is on the main line if each of the longest ways through the graph leads through it,
    like the ends of a module whose branches are of one length. `alone` items, which have a
    place of their own, part one line from the next.

    >>> main_lines("abcd", [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], {})
    [['a', 'd']]
    """
    into, out = defaultdict(list), defaultdict(list)
    for source, target in edges:
        into[target].append(source)
        out[source].append(target)
    below = _longest(items, into)
    above = _longest(reversed(list(items)), out)
    length = max((below[item] + above[item] for item in items), default=0)
    on_the_way = defaultdict(list)
    for item in items:
        if below[item] + above[item] == length:
            on_the_way[below[item]].append(item)
    lines = [[]]
    for place in sorted(on_the_way):
        if on_the_way[place][0] in alone:
            lines.append([])
        elif len(on_the_way[place]) == 1:
            lines[-1] += on_the_way[place]
    return [line for line in lines if len(line) > 1]


def _longest(items, near):
    """Item -> how many edges the longest way to it has."""
    length = {}
    for item in items:
        length[item] = max((length[other] + 1 for other in near[item]), default=0)
    return length

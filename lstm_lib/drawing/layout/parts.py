"""Parts of a net that no edge joins stand side by side, without a gap between them."""


def closed_up(rows, chains, x, width_of, gap):
    """x of each item, parts moved to the left until they meet what stands there.

    `rows` are the layers of items, `chains` the items that each edge passes.

    >>> closed_up([["a", "b"]], {}, {"a": 5, "b": 95}, {"a": 10, "b": 10}, 4)
    {'a': 5, 'b': 19.0}
    """
    row_of = {item: number for number, row in enumerate(rows) for item in row}
    ends, moved = {}, {}  # row -> where its last item ends

    def left(item):
        return x[item] - width_of[item] / 2

    for part in sorted(_parts(row_of, chains), key=lambda part: min(map(left, part))):
        nearest = max(ends.values(), default=0)
        room = max(ends.get(row_of[item], nearest) + gap - left(item) for item in part)
        for item in part:
            moved[item] = x[item] + (min(room, 0) if ends else 0)
        for item in part:
            end = moved[item] + width_of[item] / 2
            ends[row_of[item]] = max(end, ends.get(row_of[item], end))
    return {item: moved[item] for item in x}


def _parts(items, chains):
    """The items in lists, two of them in one list where edges lead from one to the other."""
    part = {item: [item] for item in items}
    for chain in chains.values():
        for item in chain[1:]:
            ours, others = part[chain[0]], part[item]
            if ours is not others:
                ours.extend(others)
                part.update(dict.fromkeys(others, ours))
    return {id(one): one for one in part.values()}.values()

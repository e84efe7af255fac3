"""A small layered layout: inputs at the bottom, each node above all that feed it."""
from collections import defaultdict

SWEEPS = 6


class Layout:
    """Centres of the items, bends of the edges, and the size of the whole."""

    def __init__(self, places, bends, width, height):
        self.places, self.bends, self.width, self.height = places, bends, width, height


def layered(sizes, edges, gap_x=24, gap_y=34, alone=(), floor=(), ceiling=()):
    """Place items so that edges go upward and cross little.

    Parameters
    ----------
    sizes : dict item -> (width, height), in the order in which the items were made.
    edges : list of (from, to); a `to` comes after its `from` in `sizes`.
    alone : items as wide as the sheet; no two of them share a layer.
    floor, ceiling : items that stand in the lowest and in the highest layer.

    Examples
    --------
    >>> layout = layered({"a": (10, 10), "b": (10, 10)}, [("a", "b")], gap_y=20)
    >>> layout.places
    {'a': (5.0, 35.0), 'b': (5.0, 5.0)}
    """
    edges = list(dict.fromkeys(edges))
    rank = _ranks(sizes, edges, alone, floor, ceiling)
    rows, chains = _rows(sizes, edges, rank)
    width_of = {item: sizes[item][0] if item in sizes else 2 for row in rows for item in row}
    above, below = _neighbours(chains)
    for sweep in range(SWEEPS):
        _order(rows, below if sweep % 2 == 0 else above, upward=sweep % 2 == 0)
    x = _columns(rows, width_of, above, below, gap_x)
    return _finish(sizes, rows, chains, x, width_of, gap_y)


def _ranks(sizes, edges, alone, floor, ceiling):
    """Longest way from an input; an item that only feeds sits just below its reader."""
    into, out = defaultdict(list), defaultdict(list)
    for source, target in edges:
        into[target].append(source)
        out[source].append(target)
    rank, taken = {}, set()
    for item in sizes:
        rank[item] = max((rank[source] + 1 for source in into[item]), default=int(bool(floor)))
        if item in alone:
            while rank[item] in taken:
                rank[item] += 1
            taken.add(rank[item])
    for item in reversed(list(sizes)):
        if out[item] and not into[item] and item not in alone:
            rank[item] = min(rank[target] for target in out[item]) - 1
    top = max(rank.values(), default=0)
    rank.update({item: 0 for item in floor})
    rank.update({item: top for item in ceiling})
    return rank


def _rows(sizes, edges, rank):
    """Items by rank, with a place holder wherever an edge passes a rank."""
    rows = [[] for _ in range(max(rank.values(), default=0) + 1)]
    for item in sizes:
        rows[rank[item]].append(item)
    chains = {}
    for source, target in edges:
        passed = [("bend", source, target, r) for r in range(rank[source] + 1, rank[target])]
        for bend in passed:
            rows[bend[3]].append(bend)
        chains[source, target] = [source, *passed, target]
    return rows, chains


def _neighbours(chains):
    above, below = defaultdict(list), defaultdict(list)
    for chain in chains.values():
        for low, high in zip(chain, chain[1:]):
            above[low].append(high)
            below[high].append(low)
    return above, below


def _order(rows, neighbours, upward):
    """Sort each row by the mean place of its neighbours in the row before."""
    place = {item: i / max(len(row) - 1, 1) for row in rows for i, item in enumerate(row)}
    for row in rows if upward else reversed(rows):
        centre = {item: _mean([place[n] for n in neighbours[item]], place[item])
                  for item in row}
        row.sort(key=centre.get)
        place.update({item: i / max(len(row) - 1, 1) for i, item in enumerate(row)})


def _columns(rows, width_of, above, below, gap):
    """x of each centre: near its neighbours, and nothing overlaps."""
    x = {}
    for row in rows:
        left = 0.0
        for item in row:
            x[item] = left + width_of[item] / 2
            left += width_of[item] + gap
    for sweep in range(2 * SWEEPS):
        upward = sweep % 2 == 0
        for row in rows if upward else reversed(rows):
            near = below if upward else above
            wish = [_mean([x[n] for n in near[item]], x[item]) for item in row]
            for item, place in zip(row, apart(wish, [width_of[i] for i in row], gap)):
                x[item] = place
    return x


def apart(wish, widths, gap):
    """Places nearest to the wishes with the gap kept: blocks that collide move as one."""
    blocks = []  # [place of the first item, weight, offsets, first width, last width]
    for place, width in zip(wish, widths):
        blocks.append([place, width ** 2, [0.0], width, width])  # what is wide stays put
        while len(blocks) > 1 and _collide(blocks[-2], blocks[-1], gap):
            right, left = blocks.pop(), blocks.pop()
            step = left[2][-1] + left[4] / 2 + gap + right[3] / 2
            first = (left[0] * left[1] + (right[0] - step) * right[1]) / (left[1] + right[1])
            blocks.append([first, left[1] + right[1],
                           left[2] + [step + offset for offset in right[2]], left[3], right[4]])
    return [block[0] + offset for block in blocks for offset in block[2]]


def _collide(left, right, gap):
    end = left[0] + left[2][-1] + left[4] / 2
    return end + gap > right[0] - right[3] / 2 + 1e-9


def _mean(values, otherwise):
    return sum(values) / len(values) if values else otherwise


def _finish(sizes, rows, chains, x, width_of, gap_y):
    heights = [max((sizes[item][1] for item in row if item in sizes), default=0)
               for row in rows]
    left = min((x[i] - width_of[i] / 2 for i in x), default=0)
    right = max((x[i] + width_of[i] / 2 for i in x), default=0)
    height = sum(heights) + gap_y * (len(rows) - 1)
    middle, bottom = [], height
    for tall in heights:
        middle.append(bottom - tall / 2)
        bottom -= tall + gap_y
    y = {item: middle[r] for r, row in enumerate(rows) for item in row}
    places = {item: (x[item] - left, y[item]) for item in sizes}
    tall = {item: heights[r] / 2 for r, row in enumerate(rows) for item in row}
    bends = {edge: [(x[item] - left, y[item] + side * tall[item])  # upright past each layer
                    for item in chain[1:-1] for side in (1, -1)]
             for edge, chain in chains.items()}
    return Layout(places, bends, right - left, height)

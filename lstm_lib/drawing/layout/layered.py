"""A small layered layout: inputs at the bottom, each node above all that feed it."""
from collections import defaultdict

from ...errors import NetError
from .main_line import main_lines
from .parts import closed_up

SWEEPS = 6
MOST_BENDS = 100_000  # places where lines pass a layer; the layout takes seconds by then


class Layout:
    """Centres of the items, bends of the edges, and the size of the whole."""

    def __init__(self, places, bends, width, height):
        self.places, self.bends, self.width, self.height = places, bends, width, height


def layered(sizes, edges, gap_x=24, gap_y=34, alone=None, ports=None, floor=(), ceiling=(),
            in_order=()):
    """Place items so that edges go upward and cross little.

    Parameters
    ----------
    sizes : dict item -> (width, height), in the order in which the items were made.
    edges : list of (from, to); a `to` comes after its `from` in `sizes`.
    alone : dict of items that have a layer to themselves, at a fixed x -> (x, whether
        edges may pass through it).
    ports : dict edge -> (dx, dx): where it leaves and arrives, from the items' centres.
    floor, ceiling : items that stand in the lowest and in the highest layer.
    in_order : lists of items to be kept in that order, left to right.

    Examples
    --------
    >>> layout = layered({"a": (10, 10), "b": (10, 10)}, [("a", "b")], gap_y=20)
    >>> layout.places
    {'a': (5.0, 35.0), 'b': (5.0, 5.0)}
    """
    edges, alone = list(dict.fromkeys(edges)), alone or {}
    rank = _ranks(sizes, edges, alone, floor, ceiling)
    rows, chains = _rows(sizes, edges, rank)
    width_of = {item: sizes[item][0] if item in sizes else 2 for row in rows for item in row}
    above, below = _neighbours(chains, ports or {})
    for sweep in range(SWEEPS):
        _order(rows, below if sweep % 2 == 0 else above, upward=sweep % 2 == 0)
    for items in in_order:
        _keep_order(rows, items)
    sheet = _Sheet(rows, width_of, _straight(above, sizes), _straight(below, sizes), gap_x, alone)
    x = sheet.columns(main_lines(sizes, edges, alone))
    if not alone:  # else some stand where the steps do
        x = closed_up(rows, chains, x, width_of, gap_x)
    return _finish(sizes, rows, chains, x, width_of, gap_y)


def _ranks(sizes, edges, alone, floor, ceiling):
    """How many edges the longest way from an input has; an input itself sits below its reader."""
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
    for item in sizes:
        if item not in alone and rank[item] in taken:
            rank[item] += 0.5
    for item in reversed(list(sizes)):
        if out[item] and not into[item] and item not in alone:
            rank[item] = _just_below(min(rank[target] for target in out[item]), rank, taken)
    top = max(rank.values(), default=0)
    rank.update({item: 0 for item in floor})
    rank.update({item: top for item in ceiling})
    level = {value: place for place, value in enumerate(sorted(set(rank.values())))}
    return {item: level[value] for item, value in rank.items()}


def _just_below(reader, rank, taken):
    """The rank one layer below `reader`, or between both where an item has that layer alone."""
    floor = max((value for value in taken if reader - 1 <= value < reader), default=None)
    if floor is None:
        return reader - 1
    return max((value for value in rank.values() if floor < value < reader),
               default=(floor + reader) / 2)


def _rows(sizes, edges, rank):
    """The items of each rank; an edge has a place holder in each rank that it passes."""
    bends = sum(max(rank[target] - rank[source] - 1, 0) for source, target in edges)
    if bends > MOST_BENDS:
        raise NetError(f"the lines of this net pass {bends:,} times beside a layer; up to "
                       f"{MOST_BENDS:,} are drawn. Draw a part of it; `summary` lists it all.")
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


def _neighbours(chains, ports):
    """(above, below): item -> [(neighbour, how far right of its centre the edge arrives)]."""
    above, below = defaultdict(list), defaultdict(list)
    for edge, chain in chains.items():
        leaves, arrives = ports.get(edge, (0, 0))
        for place, (low, high) in enumerate(zip(chain, chain[1:])):
            shift = (leaves if place == 0 else 0) - (arrives if place == len(chain) - 2 else 0)
            above[low].append((high, -shift))
            below[high].append((low, shift))
    return above, below


def _straight(neighbours, sizes):
    """Item -> the neighbours that should stand in line with it, so that main lines are straight.

    These are the neighbours that lead on to others; where it has none, the edges that pass;
    where it has none of these either, the dead ends.
    """
    def weight(item):
        return 1 if item not in sizes else 0 if neighbours.get(item) else 2

    lines = {}
    for item, near in neighbours.items():
        best = min((weight(other) for other, _ in near), default=0)
        lines[item] = [pair for pair in near if weight(pair[0]) == best]
    return lines


def _order(rows, neighbours, upward):
    """Sort each row by the mean place of its neighbours in the row before."""
    place = {item: i / max(len(row) - 1, 1) for row in rows for i, item in enumerate(row)}
    for row in rows if upward else reversed(rows):
        centre = {item: _mean([place[n] for n, _ in neighbours[item]], place[item])
                  for item in row}
        row.sort(key=centre.get)
        place.update({item: i / max(len(row) - 1, 1) for i, item in enumerate(row)})


def _keep_order(rows, items):
    for row in rows:
        kept = [item for item in items if item in row]
        places = sorted(row.index(item) for item in kept)
        for place, item in zip(places, kept):
            row[place] = item


class _Sheet:
    """Finds the x of each centre: near its neighbours, and nothing overlaps."""

    def __init__(self, rows, width_of, above, below, gap, alone):
        self.rows, self.width_of, self.gap, self.alone = rows, width_of, gap, alone
        self.above, self.below = above, below
        self.upright = {}  # item of a main line -> its x

    def columns(self, main_lines):
        """x of each item; those of a main line stand above each other, so that it cannot drift."""
        x = self._near_neighbours(self._from_the_left())
        for line in main_lines:
            self.upright.update(dict.fromkeys(line, sum(x[item] for item in line) / len(line)))
        return self._near_neighbours(x) if main_lines else x

    def _from_the_left(self):
        x = {}
        for row in self.rows:
            left = 0.0
            for item in row:
                x[item] = left + self.width_of[item] / 2
                left += self.width_of[item] + self.gap
        return x

    def _near_neighbours(self, x):
        for sweep in range(2 * SWEEPS + 1):
            upward = sweep % 2 == 0
            near = self.below if upward else self.above
            for row in self.rows if upward else reversed(self.rows):
                x.update(self._placed(row, {item: self.upright.get(item, _mean(
                    [x[other] + dx for other, dx in near.get(item, ())], x[item]))
                    for item in row}))
        return x

    def _placed(self, row, wish):
        """x of a layer's items; edges pass through or beside an item that has the layer alone."""
        fixed = next((item for item in row if item in self.alone or item in self.upright), None)
        at, through = self.alone.get(fixed, (self.upright.get(fixed), False))
        others = [item for item in row if item is not fixed or not through]
        places = dict(zip(others, apart(
            [wish[item] for item in others], [self.width_of[item] for item in others], self.gap,
            [self._firmness(item) for item in others])))
        if fixed is not None:
            moved = at - places.get(fixed, at)
            places = {**{item: place + moved for item, place in places.items()}, fixed: at}
        return places

    def _firmness(self, item):
        """How much others must make way: the wider, the more; an item that nothing feeds yields."""
        if item in self.upright:
            return 1e9
        return self.width_of[item] ** 2 if self.below.get(item) else 1


def apart(wish, widths, gap, firmness=None):
    """The places nearest to the wishes that keep the gap; items that collide move as one block.

    >>> apart([0, 0], [10, 10], 6)
    [-8.0, 8.0]
    """
    blocks = []  # [place of the first item, weight, offsets, first width, last width]
    for place, width, firm in zip(wish, widths, firmness or [width ** 2 for width in widths]):
        blocks.append([place, firm, [0.0], width, width])
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
    bends = {edge: [(x[item] - left, y[item] + side * tall[item])  # it passes each layer upright
                    for item in chain[1:-1] for side in (1, -1)]
             for edge, chain in chains.items()}
    return Layout(places, bends, right - left, height)


def sorted_upward(items, edges):
    """Items so that sources stand before targets, as far as there is no cycle."""
    into = defaultdict(list)
    for source, target in edges:
        into[target].append(source)
    order, state = [], {}
    for first in items:
        stack = [first]
        while stack:
            item = stack[-1]
            state.setdefault(item, "open")
            waiting = next((i for i in into[item] if i not in state), None)
            if waiting is not None:
                stack.append(waiting)
            else:
                stack.pop()
                if state[item] == "open":
                    state[item] = "done"
                    order.append(item)
    return order

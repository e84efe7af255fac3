"""Nodes below the steps step aside where lines from a bar lead up into the steps."""
ROOM = 8     # between a line and a node
REACH = 400  # the farthest that a node moves


def step_aside(scene):
    """Move each group of joined nodes as little as clears the lines that would run behind it."""
    lines = list(_lines(scene))
    for group in _groups(scene):
        boxes = [_box(scene, node) for node in group]
        if _is_clear(boxes, 0, lines, ()):
            continue
        others = [_box(scene, node) for node in scene.at
                  if node not in group and node not in scene.bars]
        tried = sorted(range(-REACH, REACH + 1, 4), key=abs)[1:]
        dx = next((dx for dx in tried if _is_clear(boxes, dx, lines, others)), 0)
        if dx:
            _move(scene, set(group), dx)


def _lines(scene):
    """(x, top, bottom) of each upright line from a bar into the row above it."""
    for wire in scene.wiring.wires:
        if wire.source in scene.bars and wire.source in scene.at and wire.target.stack is not None:
            port, foot = scene.port(wire, entering=True), scene.at[wire.source][1]
            if port and port[1] < foot and not any(
                    port[1] < row.top < foot for row in scene.rows):
                yield port[0], port[1], foot


def _groups(scene):
    """Lists of nodes outside the steps that wires join."""
    group_of = {node: [node] for node in scene.at if node not in scene.bars
                and node not in scene.beside and node not in scene.shelf_of}
    for wire in scene.wiring.wires:
        one, other = group_of.get(wire.source), group_of.get(wire.target)
        if one is not None and other is not None and one is not other:
            one += other
            group_of.update(dict.fromkeys(other, one))
    return list({id(group): group for group in group_of.values()}.values())


def _box(scene, node):
    (x, y), look = scene.at[node], scene.looks[node]
    return x - look.width / 2, y - look.height / 2, x + look.width / 2, y + look.height / 2


def _is_clear(boxes, dx, lines, others):
    """Whether boxes that move by dx stand on no line and on no other box."""
    for left, top, right, bottom in boxes:
        left, right = left + dx - ROOM, right + dx + ROOM
        if any(left < x < right and high < bottom and top < low for x, high, low in lines):
            return False
        if dx and any(left < other[2] and other[0] < right and top < other[3]
                      and other[1] < bottom for other in others):
            return False
    return True


def _move(scene, group, dx):
    for node in group:
        x, y = scene.at[node]
        scene.at[node] = x + dx, y
    for (source, _), bends in scene.layout.bends.items():
        if source in group:
            bends[:] = [(x + dx, y) for x, y in bends]

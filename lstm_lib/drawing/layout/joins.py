"""What joins the outputs of two opposite rows, as h_t of both directions: a box in each column."""


class Shelf:
    """Boxes in one layer, each as wide as the column that it stands above."""

    def __init__(self):
        self.columns = {}  # node -> Column

    def add(self, node, column):
        """Whether there is room: a column holds one box."""
        if column in self.columns.values():
            return False
        self.columns[node] = column
        return True

    def height(self, looks):
        """Of the tallest box."""
        return max(looks[node].height for node in self.columns)


def joins(scene, gathers):
    """Node -> (pair of rows, column), of nodes that gather several steps of one column."""
    found = {}
    for node, steps in gathers.items():
        spots = {scene.spot(wire.source) for wire in scene.into[node]
                 if wire.source.stack is not None}
        if len(steps) > 1 and len(spots) == 1:
            found[node], = spots
    return found


def over_joins(scene):
    """Nodes that gather joins of several columns, like the H of both directions."""
    found = set()
    for node in scene.looks:
        spots = {scene.joins[wire.source] for wire in scene.into[node]
                 if wire.source in scene.joins}
        if len(spots) > 1:
            found.add(node)
    return found


def shelves(scene):
    """Node -> its `Shelf`, for the joins that are shown."""
    made, found = [], {}
    for node, (_, place) in scene.joins.items():
        column = next((c for c in scene.columns if c.step <= place <= c.last), None)
        if node in scene.away or column is None:
            continue
        shelf = next((s for s in made if s.add(node, column)), None)
        if shelf is None:
            shelf = Shelf()
            shelf.add(node, column)
            made.append(shelf)
        found[node] = shelf
        scene.looks[node].width = max(scene.looks[node].width, column.width)
        if column.rolled:
            scene.looks[node].words = " … ".join(
                other.name for other in (node, list(scene.joins)[-1]))
    return found

"""What the time-step picture is ruled in: a column per step, a row per stack."""


class Column:
    """One time step of all stacks; or the steps `step` to `last`, folded or rolled up."""

    def __init__(self, step, last, x, width, rolled=False):
        self.step, self.last, self.x, self.width = step, last, x, width
        self.rolled = rolled and last > step
        self.folded = last > step and not rolled

    def step_of(self, row):
        """The step of this row that is shown; rolled up, a row shows its first."""
        return row.stack.steps[0] if self.rolled else self.step

    def shown_steps(self, row):
        """The steps whose wires are drawn here: rolled up, the first's and the last's."""
        if self.folded:
            return []
        return [row.stack.steps[0], row.stack.steps[-1]] if self.rolled else [self.step]


class Row:
    """A stack in the picture: its cells, and the nodes that stand left and right of it."""

    def __init__(self, stack):
        self.stack, self.top, self.height = stack, 0, 0
        self.left, self.right = [], []
        self.cells, self.layouts = {}, {}

    def set_layouts(self, layouts):
        """Take in the layout of each step; the row is as high as the tallest."""
        self.layouts = layouts
        self.height = max(layout.height for layout in layouts.values())

    def frame_top(self, step):
        """Frames stand on one baseline."""
        return self.top + self.height - self.layouts[step].height

    def lane(self, step, state):
        """Height of a state's line, the same in all steps."""
        return self.frame_top(step) + self.layouts[step].lanes[state]

    def side_width(self, looks):
        """Room for the initial and the final states."""
        sides = [looks[node].width for node in self.left + self.right]
        return max(sides, default=0) + 24

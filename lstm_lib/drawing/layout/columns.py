"""The columns and the rows of the time-step picture."""


class Column:
    """One time step of all stacks; or the steps `step` to `last`, folded or rolled up."""

    def __init__(self, step, last, x, width, rolled=False):
        self.step, self.last, self.x, self.width = step, last, x, width
        self.rolled = rolled and last > step
        self.folded = last > step and not rolled

    def step_of(self, row):
        """The step of this row that is shown; rolled up, a row shows its first."""
        return row.stack.steps[0] if self.rolled else row.stack.place(self.step)

    def last_step_of(self, row):
        """The latest of the steps of this row that stand here."""
        return max(row.stack.place(self.step), row.stack.place(self.last))

    def steps_of(self, row):
        """All steps of this row that stand here, from left to right."""
        found = [step for step in row.stack.steps
                 if self.step <= row.stack.place(step) <= self.last]
        return sorted(found, key=row.stack.place)

    def shown_steps(self, row):
        """The steps whose wires are drawn here: rolled up, the first's and the last's."""
        if self.folded:
            return []
        if self.rolled:
            return [row.stack.steps[0], row.stack.steps[-1]]
        return [row.stack.place(self.step)]


class Row:
    """A stack in the picture: its cells, and the nodes that stand where it begins and ends.

    It runs to the right, or with `way` = -1 to the left.
    """

    def __init__(self, stack):
        self.stack, self.top, self.height = stack, 0, 0
        self.way = -1 if stack.turned else 1
        self.starts, self.ends = [], []
        self.cells, self.layouts = {}, {}

    def set_layouts(self, layouts):
        """Take in the layout of each step; the row is as high as the tallest."""
        self.layouts = layouts
        self.height = max(layout.height for layout in layouts.values())

    def frame_top(self, step):
        """Frames stand on one baseline."""
        return self.top + self.height - self.layouts[step].height

    def frame_left(self, column):
        """Frames of a row that runs to the left stand at the right of their column."""
        layout = self.layouts[column.step_of(self)]
        return column.x + (column.width - layout.width if self.way < 0 else 0)

    def lane(self, step, state):
        """Height of a state's line, the same in all steps."""
        return self.frame_top(step) + self.layouts[step].lanes[state]

    def side_width(self, looks):
        """Room for the initial and the final states."""
        sides = [looks[node].width for node in self.starts + self.ends]
        return max(sides, default=0) + 24

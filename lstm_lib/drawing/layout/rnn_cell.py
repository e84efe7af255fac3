"""The step of a plain recurrent net as in a textbook: h runs straight through a product and tanh."""
from .cell_layout import CellLayout
from .lstm_cell import half_height
from .lstm_grid import R
from ..looks import look_of
from ..structure.units import OtherUnit, rnn_parts

WIDTH, HEIGHT = 300, 190
LINE, Y_M = 72, 138   # heights of h and of W_x x
# from left to right: the reset, W_h h, the sum, tanh, and where h leaves
RESET, MH, SUM, ACT, OUT = 28, 88, 160, 222, 280
ROOM = 86             # for W_h h


def rnn_layout(cell):
    """The step h = tanh(W_x x + b + W_h h), or None for any other cell."""
    try:
        part = rnn_parts(cell)
    except OtherUnit:
        return None
    h = cell.stack.states[0]
    if set(part.values()) - {None} != set(cell.role) or any(key != h.key for key in cell.leaving):
        return None
    layout = CellLayout(WIDTH, HEIGHT)
    at = {"reset_h": (RESET, LINE), "Mh": (MH, LINE), "z": (SUM, LINE), "h": (ACT, LINE),
          "Mx": (SUM, Y_M)}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.rooms = {part["Mh"]: ROOM}
    layout.called = {part["h"]: ""}
    layout.names = dict.fromkeys(part[name] for name in ("z", "reset_h") if part[name])
    layout.notes = dict.fromkeys(part[name] for name in ("z", "h", "reset_h"))
    layout.lanes, layout.numbers = {h: LINE}, {h: (OUT - 7, LINE - 24)}
    half = min(look_of(cell.role[part["Mh"]]).width, ROOM) / 2
    squashed = look_of(cell.role[part["h"]])
    squashed.call("")
    layout.tracks = [(h, [(0, LINE), (MH - half, LINE)], True),
                     (h, [(ACT + squashed.width / 2, LINE), (WIDTH, LINE)], False)]
    layout.lines = [[(MH + half, LINE), (SUM - R, LINE)],
                    [(SUM + R, LINE), (ACT - squashed.width / 2, LINE)], *_from_below(cell, part)]
    if part["reset_h"]:
        layout.lines.append([(RESET, HEIGHT), (RESET, LINE + R)])
        layout.entries[part["reset_h"], 1] = RESET
    target = part["Mx"] or part["z"]
    layout.entries.update({key: SUM for key in cell.entering if key[0] == target})
    for key in cell.leaving:
        layout.exits[key] = OUT
        layout.tracks.append((h, [(OUT, LINE), (OUT, 0)], False))
    return layout


def _from_below(cell, part):
    """x through its product into the sum."""
    if not part["Mx"]:
        return [[(SUM, HEIGHT), (SUM, LINE + R)]]
    up, down = half_height(cell.role[part["Mx"]])
    return [[(SUM, HEIGHT), (SUM, Y_M + down)], [(SUM, Y_M - up), (SUM, LINE + R)]]

"""The step of an `LSTMUnit` as in a textbook: c runs along the top, h along the bottom."""
from .cell_layout import CellLayout
from .lstm_cell import TURNED, edges, ports
from .lstm_grid import R, TOP
from ..structure.recognise import NoLSTM, fused_parts, is_whole, splits_of

WIDTH, HEIGHT, FLOOR = 292, 284, 260  # of the frame, and the height of h's line
UNIT = 130, 58                        # the unit's width and height
# from left to right: reset, W_hc h, unit and sum, W_xc x, where cont enters, where h turns back
RESET, MH, SUM, MX, CONT, TURN = 34, 68, 125, 182, 246, 272
# and from top to bottom: the unit, where h leaves it, cont's turn, the sum, the products
Y_UNIT, Y_H, Y_CONT, Y_SUM, Y_M = 70, 86, 114, 152, 206
UNIT_CONT = 45                        # how far right of its middle cont meets the unit


def fused_layout(cell):
    """The step made of `LSTMUnit`, or None for any other cell."""
    units = [node for node in cell.nodes if node.type == "LSTMUnit"]
    if len(units) != 1:
        return None
    try:
        part = fused_parts(cell, units[0])
    except NoLSTM:
        return None
    part["h"] = units[0].role
    part.update(splits_of(cell, part))
    if not is_whole(cell, part):
        return None
    layout = CellLayout(WIDTH, HEIGHT)
    at = {"unit": (SUM, Y_UNIT), "z": (SUM, Y_SUM), "Mh": (MH, Y_M), "Mx": (MX, Y_M),
          "reset_h": (RESET, FLOOR), "split_h": (TURN, Y_H)}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.sizes = {part["unit"]: UNIT}
    layout.rooms = {part[name]: MX - MH - 4 for name in ("Mh", "Mx") if part[name]}
    layout.names = {part["z"]: (R + 5, -14, "start"),
                    **({part["reset_h"]: None} if part["reset_h"] else {})}
    layout.notes = {part["z"]: (-R - 3, -12, "end"), part["split_h"]: None}
    _lines(cell, layout, part)
    ports(cell, layout, part, (cell.stack.states, [(TURN, Y_H + TURNED), (TURN, 0)]), MX, TURN)
    _cont(cell, layout, part)
    return layout


def _lines(cell, layout, part):
    """The states' ways, and plain wires from below to above."""
    c, h = cell.stack.states
    up, down = edges(cell, part, Y_M)
    layout.lanes = {c: TOP, h: FLOOR}
    layout.numbers = {c: (TURN - 7, TOP - 13), h: (CONT - 4, FLOOR - 13)}
    layout.tracks = [
        (c, [(0, TOP), (WIDTH, TOP)], False),
        (h, [(0, FLOOR), (MH, FLOOR), (MH, down["Mh"])], True),
        (h, [(SUM + UNIT[0] / 2, Y_H), (TURN, Y_H), (TURN, FLOOR), (WIDTH, FLOOR)], False)]
    layout.lines = [
        [(MH, up["Mh"]), (MH, Y_SUM), (SUM - R, Y_SUM)],
        [(MX, up.get("Mx", HEIGHT)), (MX, Y_SUM), (SUM + R, Y_SUM)],
        [(SUM, Y_SUM - R), (SUM, Y_UNIT + UNIT[1] / 2)]]


def _cont(cell, layout, part):
    """From below into the reset of h and into the unit, which clears c itself."""
    if part["reset_h"]:
        layout.entries[part["reset_h"], 1] = RESET
        layout.lines.append([(RESET, HEIGHT), (RESET, FLOOR + R)])
    key, x = (part["unit"], 2), SUM + UNIT_CONT
    if key in cell.entering:
        layout.entries[key] = CONT
        layout.lines.append([(CONT, HEIGHT), (CONT, Y_CONT), (x, Y_CONT),
                             (x, Y_UNIT + UNIT[1] / 2)])

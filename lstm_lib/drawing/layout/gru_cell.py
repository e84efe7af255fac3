"""The step of a GRU as in a textbook: h runs along the top, its gates stand below."""
from .cell_layout import CellLayout
from .lstm_cell import half_height
from .lstm_grid import R, TOP
from ..structure.units import OtherUnit, gru_parts

WIDTH, HEIGHT = 528, 470
# from left to right: the reset, where h turns down to its product, the pieces for r, z and n of
# that product, those of W_x x, and where h leaves
RESET, TAP, OUT = 34, 64, 507
HR, HZ, HN = 106, 174, 242
XR, XZ, XN = 328, 396, 464
# from top to bottom: where n branches, n, r * h_n and raw_n, the gates, raw_z, raw_r, the slices,
# the products, where h turns to its own
Y_BRANCH, Y_N, Y_RH, Y_GATES, Y_Z, Y_R, Y_CUT, Y_M, Y_TURN = (
    92, 126, 174, 218, 264, 302, 346, 398, 442)
SLICE = 3 * (HZ - HR), 22  # its width and height


def gru_layout(cell):
    """The step of a GRU, or None for any other cell; found by what feeds what."""
    try:
        part = gru_parts(cell)
    except OtherUnit:
        return None
    h = cell.stack.states[0]
    if set(part.values()) - {None} != set(cell.role) or any(key != h.key for key in cell.leaving):
        return None
    layout = CellLayout(WIDTH, HEIGHT)
    _places(layout, part)
    layout.lanes, layout.numbers = {h: TOP}, {h: (OUT - 7, TOP - 13)}
    foot = Y_M + half_height(cell.role[part["Mh"]])[1]
    layout.tracks = [(h, [(0, TOP), (WIDTH, TOP)], False),
                     (h, [(TAP, TOP), (TAP, Y_TURN), (HZ, Y_TURN), (HZ, foot)], True)]
    layout.lines = _lines(cell, part)
    if part["reset_h"]:
        layout.lines.append([(RESET, HEIGHT), (RESET, TOP + R)])
        layout.entries[part["reset_h"], 1] = RESET
    target = part["Mx"] or part["slice_x"]
    layout.entries.update({key: XZ for key in cell.entering if key[0] == target})
    for key in cell.leaving:
        layout.exits[key] = OUT
        layout.tracks.append((h, [(OUT, TOP), (OUT, 0)], False))
    return layout


def _places(layout, part):
    """Where each layer stands, and where its name and its shape are written."""
    at = {"back": (HR, TOP), "z_back": (HZ, TOP), "h": (XN, TOP), "n": (XN, Y_N),
          "r_h": (HN, Y_RH), "raw_n": (XN, Y_RH), "r": (HR, Y_GATES), "z": (HZ, Y_GATES),
          "raw_z": (HZ, Y_Z), "raw_r": (HR, Y_R), "slice_h": (HZ, Y_CUT), "slice_x": (XZ, Y_CUT),
          "Mh": (HZ, Y_M), "Mx": (XZ, Y_M), "reset_h": (RESET, TOP)}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.sizes = dict.fromkeys((part["slice_h"], part["slice_x"]), SLICE)
    layout.rooms = {part[name]: SLICE[0] for name in ("Mh", "Mx") if part[name]}
    layout.called = {part[gate]: gate for gate in "rzn"}
    beside, below = (R + 3, -13, "start"), (R + 3, 16, "start")
    layout.names = {part["raw_r"]: beside, part["raw_z"]: beside, part["r_h"]: beside,
                    part["raw_n"]: (-R - 3, -13, "end"),
                    part["back"]: below, part["z_back"]: below, part["h"]: None,
                    **({part["reset_h"]: None} if part["reset_h"] else {})}
    layout.notes = {**dict.fromkeys(part[name] for name in (
        "raw_r", "raw_z", "r_h", "raw_n", "back", "z_back", "h", "reset_h", "r", "z")),
        part["n"]: (4, 21, "start")}


def _lines(cell, part):
    """Plain wires, from below to above."""
    cut, up = Y_CUT - SLICE[1] / 2, {name: Y_M - half_height(cell.role[part[name]])[0]
                                     for name in ("Mh", "Mx") if part[name]}
    down = Y_M + half_height(cell.role[part["Mx"]])[1] if part["Mx"] else 0
    return [
        [(HZ, up["Mh"]), (HZ, Y_CUT + SLICE[1] / 2)],
        [(XZ, up.get("Mx", HEIGHT)), (XZ, Y_CUT + SLICE[1] / 2)],
        *([[(XZ, HEIGHT), (XZ, down)]] if part["Mx"] else []),
        [(HR, cut), (HR, Y_R + R)], [(XR, cut), (XR, Y_R), (HR + R, Y_R)],
        [(HZ, cut), (HZ, Y_Z + R)], [(XZ, cut), (XZ, Y_Z), (HZ + R, Y_Z)],
        [(HN, cut), (HN, Y_RH + R)], [(XN, cut), (XN, Y_RH + R)],
        [(HR, Y_R - R), (HR, Y_GATES + R)], [(HZ, Y_Z - R), (HZ, Y_GATES + R)],
        [(HR, Y_GATES - R), (HR, Y_RH), (HN - R, Y_RH)], [(HN + R, Y_RH), (XN - R, Y_RH)],
        [(XN, Y_RH - R), (XN, Y_N + R)], [(XN, Y_N - R), (XN, TOP + R)],
        [(XN, Y_BRANCH), (HR, Y_BRANCH), (HR, TOP + R)], [(HZ, Y_GATES - R), (HZ, TOP + R)]]

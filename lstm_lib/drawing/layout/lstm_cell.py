"""A step of layers as in a textbook: c runs along the top, h along the bottom."""
from math import ceil, floor

from .cell_layout import CellLayout
from .lstm_input import input_layers
from ..looks import look_of
from ..structure.recognise import NoLSTM, composed_parts, is_whole, splits_of

TOP, FLOOR = 58, 386  # heights of the lines of c and of h
R = 15                # radius of an operator
WIDTH, HEIGHT, CONT_ROOM = 338, 408, 20  # of the frame, and below it where cont enters
TURNED = 6            # how far below its turn a way out of h begins
C_OUT = 56            # how far left of h the state c leaves, where it is read outside
# from left to right: where cont enters, the resets, the gates, the products
# W_hc h and W_xc x with their sum, tanh(c) and h, and where h turns back to its line
CONT, RESET, I, F, O, G = 13, 40, 48, 111, 174, 237
MH, SUM, MX, OUT, TURN = 80, 142.5, 214, 292, 325
# and from top to bottom: cont's turn, tanh(c), i * g, h, the gates, slice, sum, products
Y_CONT, Y_ACT, Y_IG, Y_H, Y_GATES, Y_CUT, Y_SUM, Y_M = 98, 106, 130, 162, 204, 250, 284, 334
SLICE = 252, 22       # its width and height


def composed_layout(cell):
    """The step whose operations are layers of their own, or None for any other cell.

    Found by what feeds what, not by names: c = f*c + i*g, h = o*tanh(c).
    """
    try:
        part = composed_parts(cell)
    except NoLSTM:
        return None
    part.update(splits_of(cell, part))
    c, h = (next((s for s in cell.stack.states if s.number == n), None) for n in (0, 1))
    up, down = edges(cell, part)
    below = input_layers(cell, part, h)
    if (not is_whole(cell, part, below.roles if below else set())
            or bool(part["reset_c"]) != bool(part["reset_h"])):
        return None
    layout = CellLayout(WIDTH, HEIGHT + (CONT_ROOM if part["reset_c"] else 0))
    if below:
        layout.width = max(layout.width, below.width(MX))
        layout.height += below.height
    _composed_places(layout, part)
    layout.lanes = {state: lane for state, lane in ((c, TOP), (h, FLOOR)) if state}
    layout.numbers = {state: (TURN - 7, lane - 13) for state, lane in layout.lanes.items()}
    layout.tracks = _tracks(layout.width, part, c, h, down)
    if part["Mx"] and cell.reading.get((part["Mx"], 0)) is h:  # the output is fed back as input
        layout.tracks.append((h, [(MH - 8, FLOOR), (MX, FLOOR), (MX, down["Mx"])], True))
    layout.lines = _composed_lines(part, up["Mh"], up.get("Mx", layout.height))
    if part["reset_c"]:
        layout.entries.update({(part["reset_c"], 1): CONT, (part["reset_h"], 1): CONT})
        branch = FLOOR + R + 15
        layout.lines += [[(CONT, layout.height), (CONT, Y_CONT), (RESET, Y_CONT), (RESET, TOP + R)],
                         [(CONT, branch), (RESET, branch), (RESET, FLOOR + R)]]
    ports(cell, layout, part, ((c, h), [(TURN, Y_H + TURNED), (TURN, 0)]), MX, TURN)
    if below:
        below.draw(layout, h, FLOOR, (MX, down["Mx"]))
    return layout


def edges(cell, part, y=Y_M):
    """Heights of the upper and of the lower edges of the products in the middle at `y`."""
    halves = {name: half_height(cell.role[part[name]]) for name in ("Mh", "Mx") if part[name]}
    return ({name: y - up for name, (up, _) in halves.items()},
            {name: y + down for name, (_, down) in halves.items()})


def half_height(node):
    """From the middle of a node to its upper and to its lower edge, in whole pixels."""
    half = look_of(node).height / 2
    return floor(half), ceil(half)


def _composed_places(layout, part):
    """Where each layer stands, how wide the slice is, where shapes are written."""
    at = {"c_f": (F, TOP), "c": (O, TOP), "c_i": (O, Y_IG), "act_c": (OUT, Y_ACT),
          "h": (OUT, Y_H), "slice": (SUM, Y_CUT), "z": (SUM, Y_SUM), "Mh": (MH, Y_M),
          "Mx": (MX, Y_M), "reset_c": (RESET, TOP), "reset_h": (RESET, FLOOR),
          "split_c": (OUT, TOP), "split_h": (TURN, Y_H),
          **{gate: (x, Y_GATES) for gate, x in zip("ifog", (I, F, O, G))}}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.sizes = {part["slice"]: SLICE} if part["slice"] else {}
    layout.rooms = {part[name]: MX - MH - 4 for name in ("Mh", "Mx") if part[name]}
    layout.called = {part[gate]: gate for gate in "ifog" if part[gate]}
    names = {"c_f": (-R - 3, 18, "end"), "c_i": (R + 2, 17, "start"), "z": (R + 5, -14, "start"),
             "act_c": (-31, -5, "end"),  # c and h are named on their lines
             **dict.fromkeys(("c", "h", "reset_c", "reset_h"))}
    layout.names = {part[name]: place for name, place in names.items() if part[name]}
    layout.notes = {part["z"]: (-R - 3, -12, "end"), part["c_i"]: (-6, -24, "end"),
                    part["act_c"]: (-31, 12, "end"), part["h"]: None,
                    part["reset_h"]: (16, 14, "start"),
                    part["split_c"]: None, part["split_h"]: None,
                    **{part[gate]: (4, 19, "start") for gate in "ifog"}}


def _tracks(width, part, c, h, down):
    """The ways of c and h, as far as the cell has grown."""
    tracks = []
    if part["c_f"]:
        tracks.append((c, [(0, TOP), (width if part["c"] else F, TOP)], False))
    if part["Mh"]:
        tracks.append((h, [(0, FLOOR), (MH, FLOOR), (MH, down["Mh"])], True))
    if part["h"]:
        tracks.append((h, [(OUT + R, Y_H), (TURN, Y_H), (TURN, FLOOR), (width, FLOOR)], False))
    return tracks


def _composed_lines(part, mh_from, mx_from):
    """Plain wires, from below to above; those of Mh and Mx begin at these heights."""
    cut = [(("slice", gate), [(x, Y_CUT - SLICE[1] / 2), (x, Y_GATES + R)])
           for gate, x in zip("ifog", (I, F, O, G))]
    lines = [
        *cut, (("i", "c_i"), [(I, Y_GATES - R), (I, Y_IG), (O - R, Y_IG)]),
        (("g", "c_i"), [(G, Y_GATES - R), (G, Y_IG), (O + R, Y_IG)]),
        (("f", "c_f"), [(F, Y_GATES - R), (F, TOP + R)]),
        (("c_i", "c"), [(O, Y_IG - R), (O, TOP + R)]),
        (("o", "h"), [(O, Y_GATES - R), (O, Y_H), (OUT - R, Y_H)]),
        (("c", "act_c"), [(OUT, TOP), (OUT, Y_ACT - R)]),
        (("act_c", "h"), [(OUT, Y_ACT + R), (OUT, Y_H - R)]),
        (("Mh", "z"), [(MH, mh_from), (MH, Y_SUM), (SUM - R, Y_SUM)]),
        (("z", "z"), [(MX, mx_from), (MX, Y_SUM), (SUM + R, Y_SUM)]),
        (("z", "slice"), [(SUM, Y_SUM - R), (SUM, Y_CUT + SLICE[1] / 2)])]
    return [points for (low, high), points in lines if part[low] and part[high]]


def ports(cell, layout, part, out, x_in, x_out):
    """x enters from below; h and c leave on top where a layer outside the stack reads them."""
    target = part["Mx"] or part["z"]
    for role, position in cell.entering:
        if role == target:
            layout.entries[role, position] = x_in
            if part["Mx"]:
                foot = layout.places[role][1] + half_height(cell.role[role])[1]
                layout.lines.append([(x_in, layout.height), (x_in, foot)])
    (c, h), points = out
    for key in cell.leaving:
        if key == h.key or key[0] == part["split_h"]:
            layout.exits[key] = x_out
            layout.tracks.append((h, points, False))
        else:  # it is c
            layout.exits[key] = x_out - C_OUT
            layout.tracks.append((c, [(x_out - C_OUT, TOP), (x_out - C_OUT, 0)], False))

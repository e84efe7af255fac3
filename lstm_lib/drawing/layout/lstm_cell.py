"""A step of layers as in a textbook: c runs along the top, h along the bottom."""
from .cell_layout import CellLayout
from .lstm_input import input_layers
from ..structure.recognise import NoLSTM, composed_parts, is_whole, splits_of

TOP, FLOOR = 58, 386  # heights of the lines of c and of h
R = 15                # radius of an operator
UP, DOWN = 27, 28     # from the middle of a product to the wires above and below it
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
    below = input_layers(cell, part)
    if (not is_whole(cell, part, below.roles if below else set())
            or bool(part["reset_c"]) != bool(part["reset_h"])):
        return None
    layout = CellLayout(WIDTH, HEIGHT + (CONT_ROOM if part["reset_c"] else 0))
    if below:
        layout.width = max(layout.width, below.width(MX))
        layout.height += below.height
    _composed_places(layout, part)
    c, h = cell.stack.states
    layout.lanes = {c: TOP, h: FLOOR}
    layout.numbers = {c: (TURN - 7, TOP - 13), h: (TURN - 7, FLOOR - 13)}
    layout.tracks = [
        (c, [(0, TOP), (layout.width, TOP)], False),
        (h, [(0, FLOOR), (MH, FLOOR), (MH, Y_M + DOWN)], True),
        (h, [(OUT + R, Y_H), (TURN, Y_H), (TURN, FLOOR), (layout.width, FLOOR)], False)]
    if (part["Mx"], 0) in cell.reading:  # the output is fed back as input
        layout.tracks.append((h, [(MH - 8, FLOOR), (MX, FLOOR), (MX, Y_M + DOWN)], True))
    layout.lines = _composed_lines(Y_M - UP if part["Mx"] else layout.height)
    if part["reset_c"]:
        layout.entries.update({(part["reset_c"], 1): CONT, (part["reset_h"], 1): CONT})
        branch = FLOOR + R + 15
        layout.lines += [[(CONT, layout.height), (CONT, Y_CONT), (RESET, Y_CONT), (RESET, TOP + R)],
                         [(CONT, branch), (RESET, branch), (RESET, FLOOR + R)]]
    ports(cell, layout, part, (h, [(TURN, Y_H + TURNED), (TURN, 0)]), MX, TURN)
    if below:
        below.draw(layout, h, FLOOR, (MX, Y_M + DOWN))
    return layout


def _composed_places(layout, part):
    """Where each layer stands, how wide the slice is, where shapes are written."""
    at = {"c_f": (F, TOP), "c": (O, TOP), "c_i": (O, Y_IG), "act_c": (OUT, Y_ACT),
          "h": (OUT, Y_H), "slice": (SUM, Y_CUT), "z": (SUM, Y_SUM), "Mh": (MH, Y_M),
          "Mx": (MX, Y_M), "reset_c": (RESET, TOP), "reset_h": (RESET, FLOOR),
          "split_c": (OUT, TOP), "split_h": (TURN, Y_H),
          **{gate: (x, Y_GATES) for gate, x in zip("ifog", (I, F, O, G))}}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.sizes = {part["slice"]: SLICE}
    layout.called = {part[gate]: gate for gate in "ifog"}
    layout.names = {part["c_f"]: (-R - 3, 18, "end"), part["c_i"]: (R + 2, 17, "start"),
                    part["z"]: (R + 5, -14, "start"), part["act_c"]: (-31, -5, "end"),
                    **{part[name]: None for name in ("c", "h", "reset_c", "reset_h")
                       if part[name]}}  # c and h are named on their lines
    layout.notes = {part["z"]: (-R - 3, -12, "end"), part["c_i"]: (-6, -24, "end"),
                    part["act_c"]: (-31, 12, "end"), part["h"]: None,
                    part["reset_h"]: (16, 14, "start"),
                    part["split_c"]: None, part["split_h"]: None,
                    **{part[gate]: (4, 19, "start") for gate in "ifog"}}


def _composed_lines(mx_from):
    """Plain wires, from below to above; `mx_from` is where that of Mx begins."""
    return [
        *[[(x, Y_CUT - SLICE[1] / 2), (x, Y_GATES + R)] for x in (I, F, O, G)],
        [(I, Y_GATES - R), (I, Y_IG), (O - R, Y_IG)],
        [(G, Y_GATES - R), (G, Y_IG), (O + R, Y_IG)],
        [(F, Y_GATES - R), (F, TOP + R)], [(O, Y_IG - R), (O, TOP + R)],
        [(O, Y_GATES - R), (O, Y_H), (OUT - R, Y_H)], [(OUT, TOP), (OUT, Y_ACT - R)],
        [(OUT, Y_ACT + R), (OUT, Y_H - R)], [(MH, Y_M - UP), (MH, Y_SUM), (SUM - R, Y_SUM)],
        [(MX, mx_from), (MX, Y_SUM), (SUM + R, Y_SUM)],
        [(SUM, Y_SUM - R), (SUM, Y_CUT + SLICE[1] / 2)]]


def ports(cell, layout, part, out, x_in, x_out):
    """x enters from below; h and c leave on top where a layer outside the stack reads them."""
    target = part["Mx"] or part["z"]
    for role, position in cell.entering:
        if role == target:
            layout.entries[role, position] = x_in
            if part["Mx"]:
                layout.lines.append([(x_in, layout.height), (x_in, layout.places[role][1] + DOWN)])
    state, points = out
    for key in cell.leaving:
        if key == state.key or key[0] == part["split_h"]:
            layout.exits[key] = x_out
            layout.tracks.append((state, points, False))
        else:  # it is c
            layout.exits[key] = x_out - C_OUT
            c = cell.stack.states[0]
            layout.tracks.append((c, [(x_out - C_OUT, TOP), (x_out - C_OUT, 0)], False))

"""The two steps of `cells` as in a textbook: c runs along the top, h along the bottom."""
from .cell import CellLayout
from .lstm_input import input_layers
from ..structure.recognise import NoLSTM, composed_parts, fused_parts, is_whole, splits_of

TOP, FLOOR = 46, 304  # heights of the lines of c and of h


def composed_layout(cell):
    """The step whose operations are layers of their own, or None for any other cell.

    Found by what feeds what, not by names: c = f*c + i*g, h = o*tanh(c).
    """
    if len(cell.stack.states) != 2:
        return None
    try:
        part = composed_parts(cell)
    except NoLSTM:
        return None
    part.update(splits_of(cell, part))
    below = input_layers(cell, part)
    if (not is_whole(cell, part, below.roles if below else set())
            or bool(part["reset_c"]) != bool(part["reset_h"])):
        return None
    layout = CellLayout(344, 326 if part["reset_c"] is None else 344)
    if below:
        layout.width = max(layout.width, below.width(234))
        layout.height += below.found.height + 34
    gates = [part[gate] for gate in "ifog"]
    at = {"c_f": (128, TOP), "c": (194, TOP), "c_i": (194, 98), "act_c": (296, 84),
          "h": (296, 126), "slice": (161, 188), "z": (161, 214), "Mh": (88, 258),
          "Mx": (234, 258), "reset_c": (46, TOP), "reset_h": (46, FLOOR),
          "split_c": (296, TOP), "split_h": (326, 126),
          **{gate: (62 + 66 * i, 156) for i, gate in enumerate("ifog")}}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.sizes = {part["slice"]: (264, 12)}
    layout.notes = {part["z"]: (20, -11, "start"), part["c_i"]: (-6, -20, "end"),
                    part["act_c"]: (-26, 0, "end"), part["h"]: None,
                    part["reset_h"]: (16, 14, "start"),
                    part["split_c"]: None, part["split_h"]: None,
                    **{part[gate]: (4, 19, "start") for gate in "ifog"}}
    c, h = cell.stack.states
    layout.lanes = {c: TOP, h: FLOOR}
    layout.tracks = [
        (c, [(0, TOP), (layout.width, TOP)], False),
        (h, [(0, FLOOR), (88, FLOOR), (88, 283)], True),
        (h, [(309, 126), (326, 126), (326, FLOOR), (layout.width, FLOOR)], False)]
    if (part["Mx"], 0) in cell.reading:  # the output is fed back as input
        layout.tracks.append((h, [(80, FLOOR), (234, FLOOR), (234, 283)], True))
    layout.lines = [
        *[[(62 + 66 * i, 182), (62 + 66 * i, 169)] for i in range(len(gates))],
        [(62, 143), (62, 98), (181, 98)], [(260, 143), (260, 98), (207, 98)],
        [(128, 143), (128, 59)], [(194, 85), (194, 59)],
        [(194, 143), (194, 126), (283, 126)], [(296, TOP), (296, 71)],
        [(296, 97), (296, 113)], [(88, 234), (88, 214), (148, 214)],
        [(234, 234 if part["Mx"] else layout.height), (234, 214), (174, 214)],
        [(161, 201), (161, 194)]]
    if part["reset_c"]:
        layout.entries.update({(part["reset_c"], 1): 18, (part["reset_h"], 1): 18})
        layout.lines += [[(18, 344), (18, 82), (46, 82), (46, 59)],
                         [(18, 332), (46, 332), (46, 317)]]
    _ports(cell, layout, part, (h, [(326, 132), (326, 0)]), 234, 326)
    if below:
        below.draw(layout, h, FLOOR, (234, 283))
    return layout


def fused_layout(cell):
    """The step made of `LSTMUnit`, or None for any other cell."""
    units = [node for node in cell.nodes if node.type == "LSTMUnit"]
    if len(units) != 1 or len(cell.stack.states) != 2:
        return None
    try:
        part = fused_parts(cell, units[0])
    except NoLSTM:
        return None
    part["h"] = units[0].role
    part.update(splits_of(cell, part))
    if not is_whole(cell, part):
        return None
    layout = CellLayout(292, 252)
    floor = 230
    layout.places = {part[name]: place for name, place in
                     {"unit": (125, 66), "z": (125, 132), "Mh": (68, 182),
                      "Mx": (182, 182), "reset_h": (34, floor),
                      "split_h": (272, 82)}.items() if part[name]}
    layout.sizes = {part["unit"]: (130, 56)}
    layout.notes = {part["z"]: (16, -17, "start"), part["split_h"]: None}
    c, h = cell.stack.states
    layout.lanes = {c: TOP, h: floor}
    layout.tracks = [
        (c, [(0, TOP), (292, TOP)], False),
        (h, [(0, floor), (68, floor), (68, 207)], True),
        (h, [(190, 82), (272, 82), (272, floor), (292, floor)], False)]
    layout.lines = [[(68, 158), (68, 132), (112, 132)],
                    [(182, 158 if part["Mx"] else 252), (182, 132), (138, 132)],
                    [(125, 119), (125, 94)]]
    _ports(cell, layout, part, (h, [(272, 88), (272, 0)]), 182, 272)
    if part["reset_h"]:
        layout.entries[part["reset_h"], 1] = 34
        layout.lines.append([(34, 252), (34, 243)])
    cont = (part["unit"], 2)
    if cont in cell.entering:
        layout.entries[cont] = 246
        layout.lines.append([(246, 252), (246, 108), (170, 108), (170, 94)])
    return layout


def _ports(cell, layout, part, out, x_in, x_out):
    """x from below; h out on top, where somebody outside the stack reads it."""
    target = part["Mx"] or part["z"]
    for role, position in cell.entering:
        if role == target:
            layout.entries[role, position] = x_in
            if part["Mx"]:
                layout.lines.append([(x_in, layout.height), (x_in, layout.places[role][1] + 25)])
    state, points = out
    for key in cell.leaving:
        if key == state.key or key[0] == part["split_h"]:
            layout.exits[key] = x_out
            layout.tracks.append((state, points, False))
        else:  # c is read outside too
            layout.exits[key] = x_out - 56
            c = cell.stack.states[0]
            layout.tracks.append((c, [(x_out - 56, TOP), (x_out - 56, 0)], False))

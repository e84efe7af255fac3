"""A step of layers as in a textbook: c runs along the top, h along the bottom."""
from math import ceil, floor

from .cell_layout import CellLayout
from .lstm_grid import PLAIN, R, TOP, WIDE, Y_SEEN, add_peepholes, gate_places
from .lstm_input import input_layers
from ..looks import look_of
from ..structure.recognise import NoLSTM, composed_parts, is_whole, splits_of

CONT_ROOM = 20        # below the frame's lower edge, where cont enters
TURNED = 6            # how far below its turn a way out of h begins
C_OUT = 56            # how far left of h the state c leaves, where it is read outside
CONT, RESET = 13, 40  # where cont enters, and the resets, from the left
CUT = 22              # height of the slice
STATIC = 66           # how far right of W_xc x a static input comes in
# from top to bottom: cont's turn, tanh(c), i * g, h
Y_CONT, Y_ACT, Y_IG, Y_H = 98, 106, 130, 162


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
    grid = WIDE if part["peep_i"] else PLAIN
    up, down = edges(cell, part, grid.Y_M)
    below = input_layers(cell, part, h)
    if (not is_whole(cell, part, below.roles if below else set())
            or bool(part["reset_c"]) != bool(part["reset_h"])):
        return None
    layout = CellLayout(grid.WIDTH, grid.HEIGHT + (CONT_ROOM if part["reset_c"] else 0))
    if below:
        layout.width = max(layout.width, below.width(grid.MX))
        layout.height += below.height
    _composed_places(layout, grid, part)
    layout.lanes = {state: lane for state, lane in ((c, TOP), (h, grid.FLOOR)) if state}
    layout.numbers = {state: (grid.TURN - 7, lane - 13) for state, lane in layout.lanes.items()}
    layout.tracks = _tracks(layout.width, grid, part, c, h, down)
    if part["Mx"] and cell.reading.get((part["Mx"], 0)) is h:  # the output is fed back as input
        layout.tracks.append((h, [(grid.MH - 8, grid.FLOOR), (grid.MX, grid.FLOOR),
                                  (grid.MX, down["Mx"])], True))
    layout.lines = _composed_lines(grid, part, up["Mh"], up.get("Mx", layout.height))
    add_peepholes(layout, grid, part, c)
    _cont_and_static(cell, layout, grid, part)
    out = [(grid.TURN, Y_H + TURNED), (grid.TURN, 0)]
    ports(cell, layout, part, ((c, h), out), grid.MX, grid.TURN)
    if below:
        below.draw(layout, h, grid.FLOOR, (grid.MX, down["Mx"]))
    return layout


def _cont_and_static(cell, layout, grid, part):
    """What comes in from below beside x."""
    if part["reset_c"]:
        layout.entries.update({(part["reset_c"], 1): CONT, (part["reset_h"], 1): CONT})
        branch = grid.FLOOR + R + 15
        layout.lines += [[(CONT, layout.height), (CONT, Y_CONT), (RESET, Y_CONT), (RESET, TOP + R)],
                         [(CONT, branch), (RESET, branch), (RESET, grid.FLOOR + R)]]
    if part["static"]:
        x = grid.MX + STATIC
        layout.entries.update({key: x for key in cell.entering if key[0] == part["static"]})
        layout.lines.append([(x, layout.height), (x, grid.Y_SUM), (grid.MX + R, grid.Y_SUM)])


def edges(cell, part, y):
    """Heights of the upper and of the lower edges of the products in the middle at `y`."""
    halves = {name: half_height(cell.role[part[name]]) for name in ("Mh", "Mx") if part[name]}
    return ({name: y - up for name, (up, _) in halves.items()},
            {name: y + down for name, (_, down) in halves.items()})


def half_height(node):
    """From the middle of a node to its upper and to its lower edge, in whole pixels."""
    half = look_of(node).height / 2
    return floor(half), ceil(half)


def _composed_places(layout, g, part):
    """Where each layer stands, how wide the slice is, where shapes are written."""
    at = {"c_f": (g.F, TOP), "c": (g.O, TOP), "c_i": (g.O, Y_IG), "act_c": (g.OUT, Y_ACT),
          "h": (g.OUT, Y_H), "slice": (g.SUM, g.Y_CUT), "z": (g.SUM, g.Y_SUM),
          "Mh": (g.MH, g.Y_M), "Mx": (g.MX, g.Y_M), "static": (g.MX, g.Y_SUM),
          "reset_c": (RESET, TOP), "reset_h": (RESET, g.FLOOR),
          "split_c": (g.OUT, TOP), "split_h": (g.TURN, Y_H),
          **{gate: (x, g.Y_GATES) for gate, x in zip("ifog", (g.I, g.F, g.O, g.G))}}
    layout.places = {part[name]: place for name, place in at.items() if part[name]}
    layout.places.update(gate_places(g, part))
    layout.sizes = {part["slice"]: (4 * (g.F - g.I), CUT)} if part["slice"] else {}
    layout.rooms = {part[name]: g.MX - g.MH - 4 for name in ("Mh", "Mx") if part[name]}
    layout.called = {part[gate]: gate for gate in "ifog" if part[gate]}
    names = {"c_f": (-R - 3, 18, "end"), "c_i": (R + 2, 17, "start"), "z": (R + 5, -14, "start"),
             "static": (R + 4, -14, "start"),
             "act_c": (-31, -5, "end"),  # c and h are named on their lines
             **dict.fromkeys(("c", "h", "reset_c", "reset_h"))}
    beside = -R - 3, -12, "end"
    if part["static"]:  # stands right of the sum
        names["z"], beside = (-R - 5, -14, "end"), None
    layout.names = {part[name]: place for name, place in names.items() if part[name]}
    layout.notes = {part["z"]: beside, part["c_i"]: (-6, -24, "end"),
                    part["act_c"]: (-31, 12, "end"), part["h"]: None,
                    part["reset_h"]: (16, 14, "start"),
                    part["split_c"]: None, part["split_h"]: None, part["static"]: None,
                    **{part[gate]: (4, 19, "start") for gate in "ifog"
                       if not part.get(f"peep_{gate}")}}


def _tracks(width, g, part, c, h, down):
    """The ways of c and h, as far as the cell has grown."""
    tracks = []
    if part["c_f"]:
        tracks.append((c, [(0, TOP), (width if part["c"] else g.F, TOP)], False))
    if part["Mh"]:
        tracks.append((h, [(0, g.FLOOR), (g.MH, g.FLOOR), (g.MH, down["Mh"])], True))
    if part["h"]:
        tracks.append((h, [(g.OUT + R, Y_H), (g.TURN, Y_H), (g.TURN, g.FLOOR), (width, g.FLOOR)],
                       False))
    return tracks


def _composed_lines(g, part, mh_from, mx_from):
    """Plain wires, from below to above; those of Mh and Mx begin at these heights."""
    cut = []
    for gate, x in zip("ifog", (g.I, g.F, g.O, g.G)):
        stops = [Y_SEEN] if part.get(f"sum_{gate}") else []
        for low, high in zip([g.Y_CUT - CUT / 2, *(y - R for y in stops)],
                             [*(y + R for y in stops), g.Y_GATES + R]):
            cut.append((("slice", gate), [(x, low), (x, high)]))
    lines = [
        *cut, (("i", "c_i"), [(g.I, g.Y_GATES - R), (g.I, Y_IG), (g.O - R, Y_IG)]),
        (("g", "c_i"), [(g.G, g.Y_GATES - R), (g.G, Y_IG), (g.O + R, Y_IG)]),
        (("f", "c_f"), [(g.F, g.Y_GATES - R), (g.F, TOP + R)]),
        (("c_i", "c"), [(g.O, Y_IG - R), (g.O, TOP + R)]),
        (("o", "h"), [(g.O, g.Y_GATES - R), (g.O, Y_H), (g.OUT - R, Y_H)]),
        (("c", "act_c"), [(g.OUT, TOP), (g.OUT, Y_ACT - R)]),
        (("act_c", "h"), [(g.OUT, Y_ACT + R), (g.OUT, Y_H - R)]),
        (("Mh", "z"), [(g.MH, mh_from), (g.MH, g.Y_SUM), (g.SUM - R, g.Y_SUM)]),
        *_from_input(g, part, mx_from),
        (("z", "slice"), [(g.SUM, g.Y_SUM - R), (g.SUM, g.Y_CUT + CUT / 2)])]
    return [points for (low, high), points in lines if part[low] and part[high]]


def _from_input(g, part, mx_from):
    """From W_xc x into the sum, by way of what a static input adds."""
    points = [(g.MX, mx_from), (g.MX, g.Y_SUM), (g.SUM + R, g.Y_SUM)]
    if part["static"]:
        return [(("z", "z"), [points[0], (g.MX, g.Y_SUM + R)]),
                (("z", "z"), [(g.MX - R, g.Y_SUM), points[2]])]
    return [(("z", "z"), points)]


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

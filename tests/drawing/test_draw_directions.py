"""Two unrolls over one sequence, stacked ones, and what Graphviz and a PNG make of them."""
import re

import pytest
from drawn_nets import (
    SVG, frames, modules, parsed, stacked, texts, unrolled, wires, words_at)
from numbered_nets import encoder_decoder, product, source

from lstm_lib import NetError, caffe, draw, initial_state, unroll
from lstm_lib.drawing.svg import WEIGHT_COLOURS

L = caffe.layers
T = 3


def two(turned=True, sliced=True):
    """An unroll over x and a second one over the same x, `turned` round or not."""
    ns = caffe.NetSpec()
    if sliced:
        ns.x = L.Input(input_param=dict(shape=dict(dim=[T, 2, 3])))
        steps = list(L.Slice(ns.x, axis=0, ntop=T))
        for t, step in enumerate(steps, 1):
            ns[f"x{t}"] = step
    else:
        steps = [L.Input(input_param=dict(shape=dict(dim=[1, 2, 3]))) for _ in range(T)]
        for t, step in enumerate(steps, 1):
            ns[f"x{t}"] = step
    for prefix, order in (("", steps), ("back/", steps[::-1] if turned else steps)):
        h0, c0 = initial_state(ns, 2, 4, prefix)
        unroll(ns, order, T, 4, prefix=prefix, h0=h0, c0=c0)
    return ns


def over_a_bar():
    """Each unroll slices x for itself, so that x is a bar below both."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, 2, 3])))
    unroll(ns, ns.x, T, 4)
    h0, c0 = initial_state(ns, 2, 4, "back/")
    pieces = list(L.Slice(ns.x, axis=0, ntop=T, slice_point=list(range(1, T))))
    for t, piece in enumerate(pieces, 1):
        ns[f"back/x{t}"] = piece
    unroll(ns, pieces[::-1], T, 4, prefix="back/", h0=h0, c0=c0)
    return ns


def both_and_above():
    """Two directions, and two more above them."""
    ns = two()
    for t in range(1, T + 1):
        ns[f"y{t}"] = L.Concat(ns[f"h{t}"], ns[f"back/h{T + 1 - t}"], axis=2)
    steps = [ns[f"y{t}"] for t in range(1, T + 1)]
    for prefix, order in (("up/", steps), ("upback/", steps[::-1])):
        h0, c0 = initial_state(ns, 2, 4, prefix)
        unroll(ns, order, T, 4, prefix=prefix, h0=h0, c0=c0)
    return ns


def forks():
    """As some forks do it: a layer `Reverse` turns x round."""
    text = 'layer { name: "x" type: "Input" top: "x" } '
    text += 'layer { name: "turned" type: "Reverse" bottom: "x" top: "turned" } '
    for prefix, whole in (("", "x"), ("back/", "turned")):
        tops = " ".join(f'top: "{prefix}x{t}"' for t in range(1, T + 1))
        text += f'layer {{ name: "{prefix}cut" type: "Slice" bottom: "{whole}" {tops} }} '
        before = "x"
        for t in range(1, T + 1):
            text += (f'layer {{ name: "{prefix}t{t}/m" type: "Concat" bottom: "{prefix}x{t}" '
                     f'bottom: "{before}" top: "{prefix}m{t}" }} ')
            before = f"{prefix}m{t}"
    return text


@pytest.mark.parametrize("net, words", [
    (two(), "both directions"), (two(sliced=False), "both directions"),
    (over_a_bar(), "both directions"), (forks(), "both directions"),
    (both_and_above(), "2 stacked, both directions"),
    (two(turned=False), "2 stacked"), (stacked(), "2 stacked"),
    (encoder_decoder(3, 3), "2 stacked")],
    ids=["sliced", "inputs", "two slices", "forks", "above", "same way", "stacked", "decoder"])
def test_the_alt_text_tells_directions_from_layers(net, words):
    told = draw(net).alt.split(", ", 1)[1]
    assert told.startswith(f"{words}, 3 steps")


@pytest.mark.parametrize("net", [two(), two(sliced=False), over_a_bar(), stacked()],
                         ids=["sliced", "inputs", "two slices", "stacked"])
def test_rolled_up_no_word_stands_on_another(net):
    places = list(words_at(parsed(net, steps="rolled")))
    assert len(set(places)) == len(places) > 20


def test_rolled_up_a_turned_input_is_named_from_its_last_piece_to_its_first():
    words = texts(parsed(two(), steps="rolled"))
    assert words.count("x") == 2 and "x3 … x1" in words  # the bar and the first direction, the second


@pytest.mark.parametrize("steps", ["all", "rolled"])
@pytest.mark.parametrize("net", [over_a_bar(), both_and_above()], ids=["below", "above"])
def test_no_wire_to_a_bar_passes_behind_a_frame(net, steps):
    tree = parsed(net, steps=steps)
    boxes, seen = list(frames(tree)), 0
    for wire in wires(tree):
        for (x1, y1), (x2, y2) in zip(wire, wire[1:]):
            if abs(x1 - x2) < 0.1 and abs(y1 - y2) > 100:
                seen += 1
                assert not any(left < x1 < right and min(y1, y2) < top and bottom < max(y1, y2)
                               for left, top, right, bottom in boxes)
    assert seen


def light(colour):
    """How light a colour is, from 0 to 1 (WCAG's relative luminance)."""
    parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    parts = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(share * v for share, v in zip((0.2126, 0.7152, 0.0722), parts))


def test_graphviz_s_words_can_be_read_on_each_weight_s_colour():
    text = source("x", 2, 4)
    for t in (1, 2):
        text += "".join(product(f"t{t}/m{k}", ["x"], f"w{k}") for k in range(len(WEIGHT_COLOURS)))
    dot = draw(text, style="graphviz")._dot()
    pairs = set(re.findall(r'fillcolor="(#\w{6})", fontcolor=(\w+)', dot))
    assert {fill for fill, _ in pairs} == set(WEIGHT_COLOURS)
    for fill, ink in pairs:
        darker, lighter = sorted([light(fill), {"white": 1, "black": 0}[ink]])
        assert (lighter + 0.05) / (darker + 0.05) > 4, f"{ink} on {fill}"


def test_graphviz_names_operations():
    assert draw(two(), style="graphviz")._dot().count("Eltwise (× product)") == 2 * 3 * T


@pytest.mark.parametrize("net, steps, folds", [
    (modules(200), "auto", False), (unrolled(60), "all", True), (unrolled(60), "fold", False)],
    ids=["no steps", "unfolded", "folded"])
def test_a_png_that_is_too_large_advises_what_helps(net, steps, folds, tmp_path, monkeypatch):
    from lstm_lib.drawing import raster
    monkeypatch.setattr(raster, "MOST_PIXELS", 1000)  # all are too large
    with pytest.raises(NetError) as error:
        draw(net, steps=steps, path=tmp_path / "net.png")
    assert ("steps='fold'" in str(error.value)) == folds
    assert "Save it as .svg or .pdf" in str(error.value)


def test_no_wire_strikes_through_the_words_of_a_bar():
    tree = parsed(both_and_above())
    drawn = list(tree.iter())
    wires_end = max(drawn.index(path) for path in tree.findall(SVG + "path"))
    for name in ("H", "back/H"):
        (group,) = [g for g in tree.findall(SVG + "g") if name in [t.text for t in g]
                    and not g.find(SVG + "rect").get("stroke")]
        ground = group.find(SVG + "rect")
        words = next(t for t in group if t.text == name)
        assert drawn.index(ground) > wires_end
        assert float(ground.get("x")) < float(words.get("x")) < (
            float(ground.get("x")) + float(ground.get("width")))


def test_wires_of_different_steps_share_no_upright_way():
    uprights = {}
    for wire in wires(parsed(both_and_above())):
        for (x1, y1), (x2, y2) in zip(wire, wire[1:]):
            if abs(x1 - x2) < 0.1 and abs(y1 - y2) > 60:
                uprights.setdefault(round(x1), []).append((min(y1, y2), max(y1, y2), wire[0]))
    assert uprights
    for ways in uprights.values():
        for top, bottom, start in ways:
            others = [way for way in ways if way[2] != start and way[0] < bottom - 30
                      and top + 30 < way[1]]
            assert not others


def test_a_step_without_wires_inside_becomes_pixels(tmp_path):
    text = source("x", 2, 4) + product("h1", ["x"], "W") + product("h2", ["h1"], "W")
    text += 'layer { name: "cut" type: "Slice" bottom: "h2" top: "all" }'
    draw(text, path=tmp_path / "net.png")
    assert (tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")
    assert not [p for p in parsed(text).iter(SVG + "path") if not p.get("d")]

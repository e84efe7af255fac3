"""Can the picture be read from the back of a classroom, and does a colour mean one thing?"""
import itertools
import re

import numpy as np
import pytest
from drawn_nets import SVG, parsed, stacked, texts, unrolled

from lstm_lib import caffe, draw, load_net, prototxt, unroll
from lstm_lib.drawing.values import NO_NUMBER, SHADES, ZERO, shade
from lstm_lib.drawing.svg import GREY, INK, STATE_COLOURS, WEIGHT_COLOURS, WHITE, ink_on, mixed

PAGE = 960  # pixels: as wide as a notebook shows a picture

# What people see who lack one kind of cone (Machado, Oliveira, Fernandes 2009), in linear RGB.
EYES = {
    "all": np.eye(3),
    "no red": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "no green": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                          [-0.011820, 0.042940, 0.968881]]),
    "no blue": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                         [0.004733, 0.691367, 0.303900]])}
TO_XYZ = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                   [0.0193339, 0.1191920, 0.9503041]]) / [[0.95047], [1], [1.08883]]


def linear(colour):
    """Linear red, green and blue of a colour like #C25100 or #666."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    rgb = np.array([int(digits[i:i + 2], 16) for i in (0, 2, 4)]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(colour, eye="all"):
    """CIELAB: lightness from 0 to 100, and two axes of hue."""
    xyz = TO_XYZ @ np.clip(EYES[eye] @ linear(colour), 0, 1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one, other, eye="all"):
    """How far apart two colours are (CIE 1976); from about 2.3 on it is seen side by side."""
    return np.linalg.norm(lab(one, eye) - lab(other, eye))


def contrast(one, other):
    """WCAG's ratio, from 1 to 21."""
    low, high = sorted(linear(colour) @ [0.2126, 0.7152, 0.0722] for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def sizes(tree):
    """Text -> size of its letters in pixels where the picture is as wide as a page."""
    wide = max(float(tree.get("viewBox").split()[2]), PAGE)
    found = {}
    for element in tree.iter(SVG + "text"):
        size = float(element.get("font-size", tree.get("font-size"))) * PAGE / wide
        found[element.text] = min(size, found.get(element.text, size))
    return found


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_all_words_of_three_steps_are_12_pixels_or_more_on_a_page(options):
    assert min(sizes(parsed(unrolled(3, **options))).values()) >= 12


def test_all_words_stay_large_where_all_layers_are_drawn():
    assert min(sizes(parsed(load_net(unrolled(3)), all_layers=True)).values()) >= 12


def test_a_type_is_left_out_where_a_symbol_says_it():
    words = texts(parsed(unrolled(3)))
    assert not {"InnerProduct", "Input", "Slice", "Eltwise", "TanH"} & set(words)
    assert "with weights: InnerProduct" in words, "the legend tells what such a box is"
    assert words.count("Split") == 2 and words.count("Concat") == 1


def test_wires_into_and_out_of_a_step_carry_the_blob_and_its_step():
    words = texts(parsed(unrolled(3)))
    assert [w for w in words if re.fullmatch("[xhc][1-3]", w)].count("x2") == 1
    assert {"x1", "x2", "x3", "h1", "c1", "h3", "c3"} <= set(words)


def test_rolled_up_a_wire_carries_the_blob_alone():
    words = texts(parsed(unrolled(10), steps="rolled"))
    assert {"x", "h"} <= set(words) and not {"x1", "h1"} & set(words)


def test_the_bar_of_the_slice_says_which_piece_is_which_gate():
    bar = next(g for g in parsed(unrolled(1)).iter(SVG + "g") if g.get("data-n")
               and " Slice" in g.find(SVG + "title").text)
    words = [(float(t.get("x")), t.text) for t in bar.iter(SVG + "text")]
    assert [word for _, word in sorted(words)] == ["i", "f", "o", "g"]


def test_each_piece_of_the_bar_stands_below_its_gate():
    x = {}
    for element in parsed(unrolled(1)).iter(SVG + "text"):
        x.setdefault(element.text, float(element.get("x")))
    for gate in ("σ i", "σ f", "σ o", "tanh g"):
        assert abs(x[gate] - x[gate[-1]]) < 4


@pytest.mark.parametrize("hold", [False, True])
def test_what_makes_a_blob_of_its_own_is_labelled_with_it(hold):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2, 3])))
    options = {}
    if hold:  # another cell, laid out in layers
        ns.hold = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 2])))
        options = dict(hold=ns.hold)
    unroll(ns, ns.x, 2, 4, **options)
    words = " ".join(texts(parsed(ns))).split()
    for name in ("c_f", "c_i", "act_c", "Mx+Mh", "Mx", "Mh", "i", "f", "o", "g"):
        assert words.count(name) >= 2, name


def test_gates_are_called_by_their_letter_whatever_their_layers_are_called():
    text = prototxt(unrolled(1))
    for gate in "ifog":
        assert f'name: "t1/lstm/{gate}"' in text
        text = text.replace(f'name: "t1/lstm/{gate}"', f'name: "t1/lstm/a_long_name_{gate}"')
    assert {"σ i", "σ f", "σ o", "tanh g"} <= set(texts(parsed(text)))


@pytest.mark.parametrize("eye", EYES)
def test_lines_of_states_look_like_no_weight_and_like_no_other_state(eye):
    for state, weight in itertools.product(STATE_COLOURS[:2], WEIGHT_COLOURS[:4]):
        assert difference(state, weight, eye) > 25
    assert difference(*STATE_COLOURS[:2], eye) > 25


def test_no_state_has_the_hue_of_any_weight():
    for state, weight in itertools.product(STATE_COLOURS, WEIGHT_COLOURS):
        assert difference(state, weight) > 25


def test_states_differ_in_lightness_too():
    lightness = [lab(colour)[0] for colour in STATE_COLOURS[:2]]
    assert abs(lightness[0] - lightness[1]) > 15


def test_states_and_weights_are_told_apart_without_colours():
    tree = parsed(unrolled(3))
    assert {"c1", "c2", "c3", "h1", "h2", "h3"} <= set(texts(tree)), "names on the lines"
    for chip in tree.iter(SVG + "g"):
        if chip.get("data-w") and len(chip) == 2:  # in the legend there is an entry around it
            assert any(t.text == chip.get("data-w") for t in chip.iter(SVG + "text"))


@pytest.mark.parametrize("colour", STATE_COLOURS)
def test_names_in_a_state_s_colour_can_be_read(colour):
    assert contrast(colour, "#FFFFFF") >= 4.5


def test_all_words_can_be_read_on_what_they_stand_on():
    assert contrast(INK, WHITE) >= 7 and contrast(GREY, "#F4F4F4") >= 4.5
    for colour in WEIGHT_COLOURS:
        assert contrast(ink_on(colour), colour) >= 4.5, f"a number on {colour}"
        tint = mixed(colour, 0.25)
        assert contrast(ink_on(tint), tint) >= 7, f"a name on the tint of {colour}"


def test_a_chip_has_an_outline_for_its_colour_may_be_pale():
    chip = next(g for g in parsed(unrolled(1)).iter(SVG + "g") if g.get("data-w"))
    assert contrast(chip.find(SVG + "rect").get("stroke"), "#FFFFFF") >= 3


def test_words_of_neighbours_do_not_touch():
    for source in (unrolled(3), unrolled(3, cell="fused"), stacked(2)):
        for column in (g for g in parsed(source).iter(SVG + "g") if g.get("data-step")):
            boxes = []
            for t in column[0].iter(SVG + "text"):
                wide = 0.55 * float(t.get("font-size", 16)) * len(t.text)
                left = float(t.get("x")) - {"start": 0, "end": wide}.get(
                    t.get("text-anchor"), wide / 2)
                boxes.append((left, left + wide, float(t.get("y")), t.text))
            for a, b in itertools.combinations(boxes, 2):
                apart = a[1] <= b[0] or b[1] <= a[0] or abs(a[2] - b[2]) >= 13
                assert apart, (a, b)


def fills(tree):
    """Name of a node -> the fill of its shape."""
    found = {}
    for g in tree.iter(SVG + "g"):
        if g.get("data-n") and g.find(SVG + "title") is not None:
            found[g.find(SVG + "title").text.split(" ")[0]] = fill_of(g)
    return found


def fill_of(g):
    return next(part.get("fill") for part in g if part.tag in (SVG + "rect", SVG + "circle"))


@pytest.fixture
def halving():
    """Gradients of c that halve at each step back, and a gate's that are far smaller."""
    net = load_net(unrolled(4))
    for t in range(1, 5):
        net.blobs[f"c{t}"].diff[...] = 0.4 * 2.0 ** (t - 4)
        net.blobs[f"h{t}"].diff[...] = -0.3
        net.blobs[f"t{t}/lstm/raw_f"].diff[...] = 1e-6 * 2.0 ** (t - 4)
    return net


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("role", ["c", "f"])
def test_gradients_that_halve_are_seen_to_halve_however_small_another_layer_s_are(
        halving, role, eye):
    found = fills(parsed(halving, values="diff"))
    shades = [found[f"t{t}/lstm/{role}"] for t in range(1, 5)]
    assert shades[-1] == SHADES[0], "the largest of its kind is darkest"
    lightness = [lab(colour, eye)[0] for colour in shades]
    for before, after in zip(lightness, lightness[1:]):
        assert before - after > 6, "three times what is just seen side by side"


def test_equal_values_look_equal(halving):
    found = fills(parsed(halving, values="diff"))
    assert {found[f"t{t}/lstm/h"] for t in range(1, 5)} == {SHADES[0]}


def printed(tree):
    """Colour of a state -> its printed values, from step to step."""
    numbers = {}
    for t in tree.iter(SVG + "text"):
        if t.get("data-of"):
            numbers.setdefault(t.get("fill"), []).append(t.text)
    return numbers


def test_a_unit_that_makes_both_states_has_both_values_printed():
    net = load_net(unrolled(2, cell="fused"))
    net.blobs["c1"].data[...], net.blobs["h1"].data[...] = 2, 0.5
    net.blobs["c2"].data[...], net.blobs["h2"].data[...] = -1e-5, 30000
    assert printed(parsed(net, values="data")) == {STATE_COLOURS[0]: ["2", "1e-5"],
                                                   STATE_COLOURS[1]: ["0.5", "3e4"]}


def test_initial_and_final_states_are_compared_with_their_own_state():
    net = load_net(unrolled(2, cell="fused"))
    for name, value in dict(c0=4, c1=8, c2=8, c_T=8, h0=0.01, h1=0, h2=0.01, h_T=0.01).items():
        net.blobs[name].data[...] = value
    found = fills(parsed(net, values="data"))
    assert [found[name] for name in ("c0", "c_T", "h0", "h_T")] == [SHADES[1], *SHADES[:1] * 3]


def test_the_values_of_c_and_h_are_printed_in_each_step(halving):
    tree = parsed(halving, values="diff")
    assert printed(tree) == {STATE_COLOURS[0]: ["0.05", "0.1", "0.2", "0.4"],
                             STATE_COLOURS[1]: ["0.3"] * 4}
    assert not any(t.get("data-of") for t in parsed(halving).iter(SVG + "text"))


@pytest.mark.parametrize("largest", [1.0, 3.7, 1e-30])
def test_any_two_sizes_of_which_one_is_twice_the_other_have_different_shades(largest):
    for half_steps in range(130):
        size = largest * 2 ** -(half_steps / 20)
        if size / 2 >= largest / 2 ** 6.4:
            assert shade(size, largest) != shade(size / 2, largest)


def test_nothing_is_white_and_what_is_far_below_the_largest_has_the_lightest_shade():
    assert shade(0, 1) == ZERO != shade(1e-30, 1) == SHADES[-1]
    assert NO_NUMBER not in SHADES


def test_the_values_are_explained_in_the_legend(halving):
    words = texts(parsed(halving, values="diff"))
    assert any(w.startswith("mean |diff| beside the largest of its kind") for w in words)
    assert {"1", "1/2", "1/4", "1/64", "less"} <= set(words)
    assert any("dashed: the mean is below 0" in w for w in words)


def test_values_are_greys_and_no_state_or_weight_is_one_of_them():
    for grey in SHADES:
        assert len({grey[i:i + 2] for i in (1, 3, 5)}) == 1
        for eye, state in itertools.product(EYES, STATE_COLOURS[:2]):
            assert difference(grey, state, eye) > 20
        for weight in WEIGHT_COLOURS:
            assert difference(grey, weight) > 15


def test_words_can_be_read_on_every_shade_and_stay_large(halving):
    for colour in (*SHADES, ZERO, NO_NUMBER):
        assert contrast(ink_on(colour), colour) >= 4.5
    for g in parsed(halving, values="diff").iter(SVG + "g"):
        if g.get("data-n") and g.find(SVG + "title") is not None:
            fill = fill_of(g)
            inks = {t.get("fill", INK) for t in g.findall(SVG + "text") if not t.get("data-beside")}
            assert all(contrast(ink, fill) >= 4.5 for ink in inks)
    assert min(sizes(parsed(load_net(unrolled(3)), values="data")).values()) >= 12


def test_the_alt_text_tells_the_values_that_the_picture_shades(halving):
    alt = draw(halving, values="diff").alt
    assert "; mean |diff| of c from step to step: 0.05, 0.1, 0.2, 0.4; mean |diff| of h" in alt
    assert "mean" not in draw(halving).alt
    long = draw(load_net(unrolled(12)), values="data").alt
    assert "c from step to step: 0, 0, 0, 0, 0, 0, 0, …, 0;" in long

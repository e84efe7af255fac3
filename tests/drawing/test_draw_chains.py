"""Long chains of modules, like those of GoogLeNet and ResNet: their main line is upright."""
import re

import pytest
from drawn_nets import SVG, modules, parsed
from numbered_nets import layer, source

LIGHT = 'convolution_param { num_output: 4 kernel_size: 1 }'


def centre(group):
    shape = next(e for e in group.iter() if e.tag == SVG + "rect")
    return round(float(shape.get("x")) + float(shape.get("width")) / 2, 1)


def columns(net):
    """Name of each node -> x of its middle."""
    return {g.find(SVG + "title").text.split(" ")[0]: centre(g)
            for g in parsed(net).iter(SVG + "g") if g.get("data-n")}


def inception(count, heads=(), label=False):
    """Modules of four branches; `heads` are losses beside the main line, with a label or not."""
    text = layer("data", "Data", tops=["data", "label"]) if label else source("data", 2, 4, 8, 8)
    below = "data"
    for k in range(10, 10 + count):
        branches = [["a"], ["b_in", "b"], ["c_in", "c_longer"], ["pool", "d"]]
        ends = []
        for branch in branches:
            read = below
            for name in branch:
                text += layer(f"{name}{k}", "Pooling" if name == "pool" else "Convolution",
                              [read], more="" if name == "pool" else LIGHT)
                read = f"{name}{k}"
            ends.append(read)
        below = f"join{k}"
        text += layer(below, "Concat", ends)
        if k in heads:
            text += layer(f"head{k}", "Pooling", [below]) + layer(
                f"fc{k}", "InnerProduct", [f"head{k}"],
                more="inner_product_param { num_output: 4 }")
            text += layer(f"loss{k}", "SoftmaxWithLoss", [f"fc{k}", "label"])
    return text + layer("loss", "SoftmaxWithLoss", [below, "label"] if label else [below])


def residual(count):
    """Blocks of three layers with a way past them, some with a layer on that way."""
    text, below = source("data", 2, 4, 8, 8), "data"
    for k in range(10, 10 + count):
        past = below
        if k % 3 == 0:
            past = f"past{k}"
            text += layer(past, "Convolution", [below], more=LIGHT)
        read = below
        for name in "abc":
            text += layer(f"{name}{k}", "Convolution", [read], more=LIGHT)
            read = f"{name}{k}"
        below = f"sum{k}"
        text += layer(below, "Eltwise", [past, read])
    return text


def test_a_chain_of_modules_is_as_wide_as_one_of_them():
    widths = {n: float(parsed(modules(n)).get("width")) for n in (1, 6, 18)}
    assert widths[1] == widths[6] == pytest.approx(widths[18], abs=12)  # its names are longer


@pytest.mark.parametrize("net", [modules(18), inception(12), inception(12, (12, 16), label=True)],
                         ids=["modules", "inception", "with losses beside it"])
def test_what_all_branches_meet_in_stands_on_one_upright_line(net):
    line = {x for name, x in columns(net).items() if name.startswith("join")}
    assert len(line) == 1


def test_the_long_way_through_a_residual_net_is_straight():
    places = columns(residual(12))
    assert len({x for name, x in places.items() if not name.startswith("past")}) == 1


def test_the_way_past_a_block_does_not_cross_the_block_s_own():
    meeting = {}  # where a curve ends -> (x from where it comes, x of its end)
    for path in parsed(residual(4)).iter(SVG + "path"):
        for curve in re.findall(r"C[-\d., ]+(?=M|$)", path.get("d")):
            x_from, _, _, _, x, y = map(float, re.findall(r"-?[\d.]+", curve))
            meeting.setdefault(y, []).append((x_from, x))
    pairs = [wires for wires in meeting.values() if len(wires) > 1]
    assert len(pairs) >= 3
    for wires in pairs:
        assert sorted(wires) == sorted(wires, key=lambda wire: wire[1])

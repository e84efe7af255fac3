"""A net too large to be shown is refused with what to do; names that are too long are cut."""
import re

import pytest
from drawn_nets import parsed

from lstm_lib import NetError, caffe, draw, load_net, summary
from lstm_lib.__main__ import main
from lstm_lib.drawing.layout.layered import MOST_BENDS
from lstm_lib.drawing.structure import limits

MANY = 1_000_000
INPUT = 'layer { name: "x" type: "Input" top: "x" }\n'
TOO_LARGE = {
    "axes": 'layer { name: "y" type: "Input" top: "y" input_param { shape { %s } } }' % (
        "dim: 1 " * MANY),
    "slice points": 'layer { name: "y" type: "Slice" bottom: "x" top: "y" slice_param { %s } }' % (
        "slice_point: 1 " * MANY),
    "a name": 'layer { name: "%s" type: "Input" top: "y" }' % ("n" * 5 * MANY),
    "a type": 'layer { name: "y" type: "%s" top: "y" }' % ("n" * 5 * MANY)}


@pytest.mark.parametrize("what", TOO_LARGE)
def test_a_layer_too_large_to_be_shown_is_refused_with_its_line_and_what_to_do(what, tmp_path,
                                                                               capsys):
    text = INPUT + TOO_LARGE[what] + INPUT
    for show in (draw, summary, lambda text: draw(text, style="caffe")):
        with pytest.raises(NetError, match=r"line 2: .* characters.* fewer time steps"):
            show(text)
    (tmp_path / "net.prototxt").write_text(text)
    for words in (["check"], ["draw"]):
        assert main([*words, str(tmp_path / "net.prototxt")]) == 1
        error = capsys.readouterr().err
        assert "line 2: " in error and len(error) < 1000


def test_more_layers_than_can_be_shown_are_counted(monkeypatch):
    monkeypatch.setattr(limits, "MOST_LAYERS", 2)
    draw(INPUT * 2)
    with pytest.raises(NetError, match="3 layers; up to 2"):
        draw(INPUT * 3)


def test_lines_that_pass_too_many_layers_are_counted():
    net = caffe.proto.caffe_pb2.NetParameter()
    net.layer.add(name="b", type="Input", top=["b"])
    for number in range(int((2 * MOST_BENDS) ** 0.5) + 10):  # each layer reads the first, too
        net.layer.add(name="y", type="Eltwise", bottom=["b", f"b{number - 1}" if number else "b"],
                      top=[f"b{number}"])
    with pytest.raises(NetError, match="beside a layer.*summary"):
        draw(net)
    assert summary(net)


def test_a_slice_into_ten_thousand_steps_is_shown():
    steps = range(1, 10_001)
    text = INPUT + 'layer { name: "s" type: "Slice" bottom: "x" %s slice_param { %s } }' % (
        " ".join(f'top: "t{t}/x"' for t in steps), " ".join(f"slice_point: {t}" for t in steps[1:]))
    assert "t10000/x" in summary(text) and parsed(text) is not None


def long_names(name):
    """A net in which everything that has a name has a long one; two differ in the middle."""
    net = caffe.proto.caffe_pb2.NetParameter(name=name, input=[name + "in"])
    ends = name[:len(name) // 2], name[:len(name) // 2]
    net.layer.add(name=name, type="Input", top=["A".join(ends), "B".join(ends)])
    net.layer.add(name="y", type=name, bottom=["B".join(ends)], top=["y"]).param.add(name=name)
    net.layer.add(name="z", type=name, bottom=["A".join(ends), name + "in"], top=["z"]).param.add(name=name)
    return net


@pytest.mark.parametrize("style, names", [("time", 1), ("caffe", 3), ("graphviz", 1)])
def test_a_name_that_is_too_long_is_cut_and_says_so(style, names):
    svg = draw(long_names("n" * 5 * MANY), style=style).svg
    assert len(svg) < 100_000
    said = re.findall(r"<text[^<]*(long name \d has 5,000,00[01] char)", svg.replace("&#160;", " "))
    assert len(set(said)) == names


def test_the_page_and_the_summary_say_where_a_name_was_cut_and_keep_two_apart(tmp_path):
    net = long_names("n" * 5 * MANY)
    page = open(draw(net).save(tmp_path / "net.html"), encoding="utf-8").read()
    for words in (page, summary(net)):
        assert len(words) < 200_000 and "has 5,000,000 characters) …" in words
        assert len(set(re.findall(r"long name (\d) has 5,000,001", words))) == 2


def test_a_name_as_long_as_allowed_is_whole():
    net = long_names("n" * (limits.LONGEST_NAME - 2))
    longest = net.input[0]
    assert len(longest) == limits.LONGEST_NAME
    assert longest in summary(net) and "long name" not in summary(net)


def test_a_loaded_net_with_a_long_name_is_drawn_with_values(tmp_path):
    name = "n" * 3000
    net = load_net(f'layer {{ name: "{name}" type: "Input" top: "{name}" input_param {{ shape '
                   f'{{ dim: 2 }} }} }} layer {{ name: "y" type: "TanH" bottom: "{name}" top: "y" }}')
    net.forward()
    for options in (dict(values="data"), dict(shapes=True), dict(all_layers=True)):
        assert "has 3,000 characters" in draw(net, **options).svg
    draw(net, path=tmp_path / "net.html")

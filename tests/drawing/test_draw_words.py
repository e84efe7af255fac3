"""Whatever words a net holds, a picture of it shows them and does nothing else."""
import functools
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from lstm_lib import caffe, draw
from lstm_lib.drawing.graphviz import run_dot
from lstm_lib.drawing.svg import printable

SCRIPT = "javascript:alert(1)"
WORDS = [
    f'"; URL="{SCRIPT}" //', f'\\"; URL="{SCRIPT}" //', f'" URL="{SCRIPT}', f'", href="{SCRIPT}',
    '"; image="/etc/hostname', '"]; graph [imagepath="/"]; x [label="', "\" onclick='alert(1)'",
    f'<a href="{SCRIPT}">x</a>', "<b>bold</b>", "<<TABLE><TR><TD>x</TD></TR></TABLE>>",
    '<img src="x" onerror="alert(1)"/>', "</title><script>alert(1)</script>", "]]>", "<!--", "-->",
    '"quoted"', "'", "`", "\\", "\\\\", 'a\\"', "a\\", "\\N \\G \\E \\T \\L \\l", "{a|b}", "{", "}",
    "{{", "|", "<p>|<q>", "<", ">", "->", "--", "&", "&amp;", "a&b;", "&#60;b&#62;", "&#x", "&lt;",
    "graph", "node", "strict", "a:b", "a;b", "/* */", "// x", "#include", "{0}", "%s", "$x$",
    "a\nb", "a\rb", "a\tb", "a\\\nb", "nul\0b", "\x01", "\x7f", "\ufffe", "\ufeff", "a\u2028b",
    "\u202egnp.exe", "größe ∑ 图 😀", "-5", "_", "name1x", "x" * 900]
ELEMENTS = {"svg", "g", "title", "text", "rect", "circle", "ellipse", "path", "polygon",
            "polyline"}
FORBIDDEN = re.compile(r"(?i)^(on.*|.*href|.*url|src|image.*|shapefile|script|action|formaction)$")


def names_and_types():
    """Layers and blobs of these names, and in-place layers of these types, each by itself."""
    net = caffe.proto.caffe_pb2.NetParameter(name=WORDS[0])
    for word in WORDS:
        net.layer.add(name=f"layer {word}", type="TanH", top=[word])
        net.layer.add(name="in place", type=word, bottom=[word], top=[word])
        net.layer.add(name="alone", type=f"type {word}", bottom=[word])
    return net


def weights_and_steps():
    """A stack of two steps for each word, which is its prefix and the name of its weight."""
    net = caffe.proto.caffe_pb2.NetParameter()
    net.layer.add(name="x", type="Input", top=["x"])
    for number, word in enumerate(WORDS):
        before = "x"
        for t in (1, 2):
            layer = net.layer.add(name=f"{word}/t{t}/m", type="InnerProduct", bottom=[before],
                                  top=[f"{word}{number}h{t}"])
            layer.param.add(name=word)
            before = layer.top[0]
    return net


def options():
    """Each text option of a layer that may be drawn at all, with each word as its value."""
    net = caffe.proto.caffe_pb2.NetParameter()
    for word in WORDS:
        layer = net.layer.add(name="layer", type="Python", top=["x"])
        layer.python_param.module = layer.python_param.layer = word
        layer.python_param.param_str = layer.transform_param.mean_file = word
        layer.data_param.source = layer.hdf5_data_param.source = word
        layer.inner_product_param.weight_filler.type = word
    return net


NETS = [names_and_types, weights_and_steps, options]
STYLES = ["time", "caffe", "graphviz"]


@functools.lru_cache(None)
def drawn(net, style):
    """The picture, drawn once for all tests, for `dot` takes seconds."""
    return draw(net(), style=style)


def shown(words):
    """As the picture shows it: one space where there are several, a sign for what XML lacks."""
    return " ".join(printable(words).replace("\xa0", " ").split())


def check_svg(text):
    """The tree of a picture that holds shapes and texts, and nothing that leads elsewhere."""
    tree = ElementTree.fromstring(text.encode())
    for element in tree.iter():
        assert element.tag.rsplit("}", 1)[-1] in ELEMENTS
        for name, value in element.attrib.items():
            assert not FORBIDDEN.match(name.rsplit("}", 1)[-1])
            assert name in ("aria-label", "data-state") or (
                SCRIPT not in value and "url(" not in value)
    return tree


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("style", STYLES)
def test_a_picture_holds_shapes_and_texts_only_whatever_words_are_in_the_net(net, style):
    picture = drawn(net, style)
    check_svg(picture.svg)
    check_svg(picture._repr_mimebundle_()[0]["image/svg+xml"])


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("style", STYLES)
def test_in_dot_a_word_is_a_label_and_sets_no_attribute(net, style, tmp_path):
    path = drawn(net, style).save(tmp_path / "net.dot")
    read = json.loads(run_dot(open(path, encoding="utf-8").read(), "json", "").decode())
    names = {name for thing in [read, *read.get("objects", ()), *read.get("edges", ())]
             for name in thing}
    assert {"objects", "name"} <= names and not [n for n in names if FORBIDDEN.match(n)]


@pytest.mark.parametrize("style", ["caffe", "graphviz"])
def test_graphviz_shows_each_word_as_it_is(style):
    tree = check_svg(drawn(names_and_types, style).svg)
    texts = {shown(element.text or "") for element in tree.iter() if element.tag.endswith("text")}
    wanted = {"caffe": [f"layer {word} (TanH)" for word in WORDS]
              + [f"in place ({word})" for word in WORDS] + WORDS,
              "graphviz": [f"layer {word}" for word in WORDS]
              + [f"type {word}" for word in WORDS]}[style]
    assert {shown(words) for words in wanted} - texts == set()


class Page(HTMLParser):
    """The elements of an HTML page, as a browser finds them."""

    def __init__(self, text):
        super().__init__()
        self.elements = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))


def check_page(text, elements):
    """A page without links, whose elements are those and no more that a plain net gives."""
    page = Page(text)
    assert {tag for tag, _ in page.elements} <= elements
    for _, attributes in page.elements:
        assert not [name for name in attributes if FORBIDDEN.match(name)
                    and not (attributes[name] or "").startswith("data:image/svg+xml;base64,")]
    return page


@pytest.mark.parametrize("net", NETS)
def test_the_page_has_the_elements_of_a_plain_nets_page_and_no_more(net, tmp_path):
    plain = 'layer { name: "x" type: "Input" top: "x" } ' + "".join(
        f'layer {{ name: "t{t}/y" type: "InnerProduct" bottom: "x" top: "y{t}" '
        'param { name: "w" } } layer { name: "a" type: "Eltwise" bottom: "x" top: "a" }'
        for t in (1, 2))
    pages = [open(draw(source).save(tmp_path / "net.html"), encoding="utf-8").read()
             for source in (plain, net())]
    elements = {tag for tag, _ in Page(pages[0]).elements} | ELEMENTS
    page = check_page(pages[1], elements)
    assert sum(tag == "script" for tag, _ in page.elements) == 2
    notebook = draw(net(), interactive=True)._repr_mimebundle_()[0]["text/html"]
    assert [tag for tag, _ in check_page(notebook, {"div", "img", "script"}).elements] == [
        "div", "img", "script"]

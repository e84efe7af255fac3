"""Nets that the drawing tests share."""
import re
import xml.etree.ElementTree as ElementTree

from lstm_lib import caffe, initial_state, unroll
from lstm_lib import draw

L = caffe.layers
SVG = "{http://www.w3.org/2000/svg}"

PERCEPTRON = """
name: "perceptron"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 8 dim: 4 } } }
layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 8 } } }
layer { name: "ip1" type: "InnerProduct" bottom: "data" top: "ip1"
        inner_product_param { num_output: 5 } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
        inner_product_param { num_output: 3 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip2" bottom: "label" top: "loss" }
"""

# Steps that no name tells of: a weight `w` used again and again, each use fed by the last.
NAMELESS = 'layer { name: "a" type: "Input" top: "s" input_param { shape { dim: 2 dim: 4 } } }' + (
    "".join('layer { name: "m%d" type: "InnerProduct" bottom: "%s" top: "m%d" param { name: "w" }'
            " inner_product_param { num_output: 4 bias_term: false } }"
            'layer { name: "y%d" type: "TanH" bottom: "m%d" top: "y%d" }'
            % (k, "s" if k == 0 else f"y{k - 1}", k, k, k, k) for k in range(4)))


def unrolled(T=3, **options):
    """A NetSpec of T steps, small enough to run."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, 2, 3])))
    unroll(ns, ns.x, T, 4, **options)
    return ns


def stacked(T=3):
    """Two unrolls, the second on the outputs of the first."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, 2, 3])))
    lower = unroll(ns, ns.x, T, 4, prefix="low/")
    h0, c0 = initial_state(ns, 2, 4, "high/")
    unroll(ns, lower.H, T, 4, prefix="high/", h0=h0, c0=c0)
    return ns


def parsed(source, **options):
    """The picture as an XML tree: it is well-formed, or this raises."""
    return ElementTree.fromstring(draw(source, **options).svg)


def steps_in(tree):
    """What stands in the attribute `data-step` of the columns, left to right."""
    return [g.get("data-step") for g in tree.iter(SVG + "g") if g.get("data-step")]


def drawn_names(tree):
    """First words of the title of each drawn node."""
    return [g.find(SVG + "title").text.split(" ")[0]
            for g in tree.iter(SVG + "g") if g.get("data-n") and g.find(SVG + "title") is not None]


def texts(tree):
    """All texts of the picture."""
    return [element.text for element in tree.iter(SVG + "text")]


def modules(count):
    """A chain of modules of three branches, which are joined before the next begins."""
    def convolution(name, bottom):
        return (f'layer {{ name: "{name}" type: "Convolution" bottom: "{bottom}" top: "{name}" '
                "convolution_param { num_output: 8 kernel_size: 1 } }")

    text, below = 'layer { name: "data" type: "Input" top: "data" }', "data"
    for k in range(1, count + 1):
        text += convolution(f"one{k}", below)
        ends = [f"one{k}"]
        for branch in ("two", "three"):
            text += convolution(f"{branch}_in{k}", below)
            text += convolution(f"{branch}_out{k}", f"{branch}_in{k}")
            ends.append(f"{branch}_out{k}")
        below = f"join{k}"
        bottoms = " ".join(f'bottom: "{end}"' for end in ends)
        text += f'layer {{ name: "{below}" type: "Concat" {bottoms} top: "{below}" }}'
    return text


def words_at(element, x=0, y=0):
    """(x, y) of each text on the page."""
    moved = re.match(r"translate\(([-\d.]+),([-\d.]+)\)", element.get("transform", ""))
    if moved:
        x, y = x + float(moved[1]), y + float(moved[2])
    if element.tag == SVG + "text" and element.text:
        yield round(x + float(element.get("x")), 1), round(y + float(element.get("y")), 1)
    for child in element:
        yield from words_at(child, x, y)


def wires(tree):
    """The points of each grey wire outside the steps."""
    groups = {p for g in tree.iter(SVG + "g") if g.get("data-step") for p in g.iter(SVG + "path")}
    for path in tree.iter(SVG + "path"):
        if path not in groups:
            for wire in re.findall(r"M[^MvVHz]+(?=M|$)", path.get("d")):
                yield [tuple(map(float, p)) for p in re.findall(r"(-?[\d.]+),(-?[\d.]+)", wire)]


def frames(tree):
    """(left, top, right, bottom) of each frame."""
    for column in tree.iter(SVG + "g"):
        for cell in column if column.get("data-step") else ():
            x, y = map(float, re.findall(r"[-\d.]+", cell.get("transform")))
            yield x, y, x + float(cell[0].get("width")), y + float(cell[0].get("height"))

"""Pictures by Graphviz: a cluster per step, and Caffe's own `caffe.draw`."""
import os
import re
import shutil
import signal
import subprocess

from portable_caffe.interrupts import HeldBack

from . import svg
from ..doctor import dot_command
from ..safe_caffe.engine import caffe
from ..errors import DotMissing, NetError
from .looks import weight_colour
from .structure.limits import with_short_names
from .structure.operations import type_words
from .structure.steps import step_title
from .structure.wiring import Wiring

SECONDS = 120  # `caffe.draw` needs some at T = 15, minutes at T = 20, and more on a busy machine


def run_dot(dot_text, kind, instead, seconds=SECONDS):
    """What `dot -T<kind>` makes of the text, as bytes.

    Raises
    ------
    DotMissing : there is no `dot`; the message has the command that installs it here.
    NetError : it took longer than the limit, or failed; `instead` says what to use.
    """
    if shutil.which("dot") is None:
        raise DotMissing(f"this style needs Graphviz's program `dot`: {dot_command()}. "
                         "style='time' needs no program.")
    with HeldBack() as held:  # a process object that goes swallows Ctrl-C
        status, out, said = _ended(["dot", f"-T{kind}"], dot_text.encode(), seconds, held)
    if status is None:
        raise NetError(f"`dot` was stopped after {seconds} seconds. {instead}")
    if status:
        raise NetError(f"`dot` failed: {said.decode(errors='replace').strip()[-300:]}")
    return out


def _ended(command, given, seconds, held):
    """(exit status, what it wrote, its errors) of a command; a status of None: it was stopped."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, start_new_session=True)
    try:
        with held.let_in():
            out, said = process.communicate(given, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None, b"", b""
    finally:  # after Ctrl-C too
        if process.poll() is None:
            _end(process)
    return process.returncode, out, said


def _end(process):
    """End it, and what it started where there are groups: it leads one, so no other is in it."""
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:  # Windows
        process.kill()
    process.wait()


def caffe_dot(spec):
    """The DOT text of `caffe.draw`, with each name and unknown type quoted.

    Caffe takes a colon in a name for a port and stumbles over quotes and words like
    `graph`; a type it writes as it is, also one that ends the label and goes on with a link.
    So it draws a copy with plain words, and the labels get the real ones.
    """
    net, names = _plain_names(with_short_names(spec))
    style = dict(caffe.draw.LAYER_STYLE_DEFAULT)
    try:
        drawn = caffe.draw.get_pydot_graph(net, "BT")
    finally:  # it colours that dict while drawing
        caffe.draw.LAYER_STYLE_DEFAULT.clear()
        caffe.draw.LAYER_STYLE_DEFAULT.update(style)
    for node in drawn.get_nodes():
        label = (node.get_label() or node.get_name()).strip('"')
        node.set_label('"' + re.sub(r"name\d+x", lambda m: _escaped(names[m[0]]), label) + '"')
    return drawn.to_string()


def _plain_names(source):
    """A copy in which each word that is not Caffe's own is plain, and plain -> real words."""
    known = set(caffe.layer_type_list())
    net = caffe.proto.caffe_pb2.NetParameter()
    net.CopyFrom(source)
    plain, names = {}, {}

    def name_for(name):
        if name not in plain:
            plain[name] = f"name{len(plain)}x"
            names[plain[name]] = name
        return plain[name]

    net.name = "net"
    for layer in net.layer:
        layer.name = name_for(layer.name)
        layer.type = layer.type if layer.type in known else name_for(layer.type)
        layer.bottom[:] = [name_for(name) for name in layer.bottom]
        layer.top[:] = [name_for(name) for name in layer.top]
    return net, names


def _escaped(word):
    """The word as it may stand in a quoted label, of the `record` kind that Caffe uses too.

    All that a net brings into DOT goes through here. `&` may begin an entity, `&#60;`.
    """
    plain = " ".join(svg.printable(word).split()).replace("&", "&amp;")
    return re.sub(r'([\\"{}<>|])', r"\\\1", plain)


def _quoted(name):
    return '"' + _escaped(name) + '"'


def clustered_dot(graph):
    """DOT text with a cluster per step, in the order of time.

    An invisible row of anchors outside the clusters, each tied to its step, keeps the
    order; edges from step to step do not pull nodes upward.
    """
    wiring = Wiring(graph)
    lines = ["digraph {", "rankdir=BT; ranksep=0.3; nodesep=0.15; bgcolor=white;",
             'node [shape=box, style="rounded,filled", fillcolor="#F4F4F4", fontsize=10];',
             "edge [arrowsize=0.6];"]
    drawn = set(wiring.nodes)
    for number, stack in enumerate(graph.stacks):
        for step in stack.steps:
            lines.append(f"subgraph cluster_{number}_{step} {{ style=rounded; color=gray; "
                         f"label={_quoted(step_title(stack, step))};")
            lines += [_dot_node(node) for node in stack.cells[step] if node in drawn]
            lines.append("}")
        lines += _anchors(number, stack)
    lines += [_dot_node(node) for node in wiring.nodes if node.stack is None]
    for wire in wiring.wires:
        apart = wire.source.step != wire.target.step
        lines.append(f"n{wire.source.index} -> n{wire.target.index}"
                     + (" [constraint=false]" if apart and _in_steps(wire) else "") + ";")
    return "\n".join([*lines, "}", ""])


def _in_steps(wire):
    return wire.source.stack is not None and wire.target.stack is not None


def _anchors(number, stack):
    names = [f"a{number}_{step}" for step in stack.steps]
    first = [f"n{stack.cells[step][0].index}" for step in stack.steps]
    return ["{ rank=same; " + " ".join(f"{name} [style=invis, width=0, height=0, label=\"\"];"
                                       for name in names) + " }",
            *[f"{a} -> {b} [style=invis];" for a, b in zip(names, names[1:])],
            *[f"{a} -> {n} [style=invis, weight=100];" for a, n in zip(names, first)]]


def _dot_node(node):
    types = " + ".join(map(type_words, node.layers))
    label = _escaped(node.name) + "\\n" + _escaped(types)
    marked = [weight for weight in node.weights if weight.mark]
    if marked:
        label += "\\n" + _escaped(", ".join(weight.name for weight in marked))
    colour = weight_colour(marked[0]) if marked else None
    colours = f', fillcolor="{colour}", fontcolor={_ink_on(colour)}' if colour else ""
    return f'n{node.index} [label="{label}"{colours}];'


def _ink_on(colour):
    return "white" if svg.ink_on(colour) == svg.WHITE else "black"

"""Which recurrent nodes stand in an .onnx file, and which are their weights?"""
import os

import numpy as np

from ..errors import NetError
from ..files import readable

INPUTS = dict(W=1, R=2, B=3, P=7)  # places among the inputs of a node
ACTIVATIONS = dict(RNN=["tanh"], GRU=["sigmoid", "tanh"], LSTM=["sigmoid", "tanh", "tanh"])
REASONS = dict(
    clip="no cell of lstm_lib clips what goes into its gates",
    input_forget="the LSTM of lstm_lib has a forget gate of its own",
    linear_before_reset="the GRU of lstm_lib multiplies r after the product with h, as PyTorch's "
                        "(1); in the first form, r * h goes into the product (0)",
    direction="turn x round and take the node as a forward one, or hand over W, R and B",
    activations="the cells of lstm_lib have sigmoid gates, and tanh")


def import_onnx():
    """The package onnx."""
    try:
        import onnx
    except ImportError as error:
        raise ImportError(f"an .onnx file is read and written by the package onnx, and it does "
                          f"not import here: {error}. Install it with `pip install 'onnx<1.18'` "
                          "(newer ones need a protobuf that Caffe does not run on).") from error
    return onnx


def read_nodes(given):
    """W, R, B (and P) by name, of each recurrent node of a file or model, in order."""
    onnx = import_onnx()
    graph = _model(onnx, given).graph
    nodes = [node for node in graph.node if node.op_type in ACTIVATIONS]
    if not nodes:
        others = ", ".join(sorted({node.op_type for node in graph.node})) or "none"
        raise NetError(f"ONNX: there is no LSTM, GRU or RNN node in this graph; its nodes: "
                       f"{others}.")
    for node in nodes:
        _check_settings(node, {attribute.name: _plain(onnx.helper.get_attribute_value(attribute))
                               for attribute in node.attribute})
    return [_arrays(onnx, graph, node) for node in nodes]


def _model(onnx, given):
    if not isinstance(given, (str, os.PathLike)):
        return given
    try:
        return onnx.load(readable(given))
    except NetError:
        raise
    except Exception as error:  # protobuf has a class of its own in each of its versions
        raise NetError(f"{str(given)!r} cannot be read as an .onnx file: {error}.") from None


def _plain(value):
    """Text where ONNX keeps bytes."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.decode() if isinstance(value, bytes) else value


def _check_settings(node, settings):
    """Raise for what none of our cells computes; `layout` is about x and the states alone."""
    ways = 2 if settings.get("direction") == "bidirectional" else 1
    given = [name.lower() for name in settings.get("activations", ())]
    refused = {
        "clip": "clip" in settings,
        "input_forget": settings.get("input_forget", 0) != 0,
        "linear_before_reset": node.op_type == "GRU" and not settings.get("linear_before_reset"),
        "direction": settings.get("direction") == "reverse",
        "activations": given not in ([], ACTIVATIONS[node.op_type] * ways)}
    for name, strange in refused.items():
        if strange:
            raise NetError(f"ONNX: {_said(node)} has {name}={settings.get(name, 0)!r}: "
                           f"{REASONS[name]}.")


def _arrays(onnx, graph, node):
    """The weights of one node, by name; without B there are zeros."""
    stored = {tensor.name: tensor for tensor in graph.initializer}
    stored.update({other.output[0]: other.attribute[0].t for other in graph.node
                   if other.op_type == "Constant" and other.attribute[0].name == "value"})
    names = {name: node.input[place] for name, place in INPUTS.items()
             if place < len(node.input) and node.input[place]}
    for name, source in names.items():
        if source not in stored:
            raise NetError(f"ONNX: {_said(node)} takes {name} from {source!r}, which is no stored "
                           "array (initializer) of the graph but given or computed when it runs.")
    arrays = {name: onnx.numpy_helper.to_array(stored[source]) for name, source in names.items()}
    arrays.setdefault("B", np.zeros((len(arrays["W"]), 2 * arrays["W"].shape[1]), np.float32))
    return arrays


def _said(node):
    return f"the {node.op_type} node {node.name!r}"

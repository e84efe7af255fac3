"""How does an unrolled unit become an .onnx file?"""
import numpy as np

from ..files import write_whole
from .layers import layers_of
from .layouts import CELL_OF, unit_of
from .onnx import to_onnx
from .onnx_reading import import_onnx

NODES = {"RNN": ("RNN", {}), "GRU": ("GRU", dict(linear_before_reset=1)), "LSTM": ("LSTM", {}),
         "LSTM with peepholes": ("LSTM", {})}  # operator and settings


def write_onnx(weights, path):
    """Write an .onnx file with a node for each layer, the whole file or nothing; return the path.

    Inputs: X : (T, B, D). h0, c0 : (1, B, H), the latter of an LSTM alone. Any T and B.
    Outputs: Y : (T, 1, B, H), all h_t, with an axis for the direction. h_T, c_T : (1, B, H).
    In both directions the axes of 1 are 2. Of several layers the states have the names that they
    have in a `stack`, like `layer1/h0`, and Y is that of the last.

    It is written for operator set 14, which ONNX Runtime reads since version 1.8.

    Parameters
    ----------
    weights : of one layer, as `get_weights` returns them; a tuple (forward, backward) of both
        directions; a list of several layers.

    Raises
    ------
    NetError : the weights do not fit together, or the path cannot be written.
    ImportError : the package onnx is not installed.

    Examples
    --------
    >>> import numpy as np, onnx
    >>> from lstm_lib import from_onnx, write_onnx, xavier_start
    >>> rng = np.random.default_rng(0)
    >>> gru, lstm = xavier_start(3, 2, rng, cell="gru"), xavier_start(2, 4, rng)
    >>> path = write_onnx([gru, lstm], "two_layers.onnx")
    >>> [node.op_type for node in onnx.load(path).graph.node]
    ['GRU', 'Transpose', 'Reshape', 'LSTM']
    >>> bool(np.array_equal(from_onnx(path)[1].W_hc, lstm.W_hc))
    True
    """
    model = _model(import_onnx(), layers_of("ONNX", weights)).SerializeToString()

    def write(beside):
        with open(beside, "wb") as file:
            file.write(model)

    write_whole(path, write)
    return path


def _model(onnx, layers):
    """The nodes one behind the other, and between them what joins the two directions."""
    D, x, last = layers[0][0][0].shape[1], "X", len(layers)
    nodes, stored, inputs, outputs = [], [], dict(X=["T", "B", D]), {}
    for number, layer in enumerate(layers, start=1):
        p = f"layer{number}/" if last > 1 else ""
        arrays = to_onnx(tuple(layer) if len(layer) == 2 else layer[0])
        states = CELL_OF[unit_of(layer[0])].states
        shape = [len(layer), "B", layer[0][2].shape[1]]
        y = "Y" if number == last else p + "Y"
        nodes.append(_node(onnx, layer[0], p, x, y, states, shape[2], len(layer)))
        stored += [onnx.numpy_helper.from_array(array, p + name)
                   for name, array in arrays._asdict().items()]
        inputs.update({f"{p}{state}0": shape for state in states})
        outputs.update({f"{p}{state}_T": shape for state in states})
        if number < last:
            x = p + "x"
            nodes += _joined(onnx, p, y, x)
    if last > 1:
        stored.append(onnx.numpy_helper.from_array(np.array([0, 0, -1]), "as_is_and_joined"))
    return _checked(onnx, nodes, stored, inputs, dict(Y=["T", *shape], **outputs))


def _node(onnx, weights, p, x, y, states, H, ways):
    operator, settings = NODES[unit_of(weights)]
    names = ["W", "R", "B", "", *[f"{state}0" for state in states]]  # "": lengths
    if hasattr(weights, "p_i"):
        names.append("P")
    if ways == 2:
        settings = dict(settings, direction="bidirectional")
    return onnx.helper.make_node(
        operator, [x, *[p + name if name else "" for name in names]],
        [y, *[f"{p}{state}_T" for state in states]], name=p + operator.lower(), hidden_size=H,
        **settings)


def _joined(onnx, p, y, x):
    """(T, ways, B, H) -> (T, B, ways H): what the next layer reads."""
    return [onnx.helper.make_node("Transpose", [y], [p + "turned"], perm=[0, 2, 1, 3]),
            onnx.helper.make_node("Reshape", [p + "turned", "as_is_and_joined"], [x])]


def _checked(onnx, nodes, stored, inputs, outputs):
    def described(shapes):
        return [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
                for name, shape in shapes.items()]

    graph = onnx.helper.make_graph(nodes, "lstm", described(inputs), described(outputs), stored)
    model = onnx.helper.make_model(graph, producer_name="lstm_lib", ir_version=7,
                                   opset_imports=[onnx.helper.make_opsetid("", 14)])
    onnx.checker.check_model(model)
    return model

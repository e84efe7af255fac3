"""How does an LSTM become an .onnx file, which ONNX Runtime and others run?"""
from collections import namedtuple

import numpy as np

from .layouts import checked, from_order_of, to_order_of
from ..files import write_whole


def write_onnx(weights, path):
    """Write an .onnx file with one LSTM node, the whole file or nothing; return the path.

    Inputs: X : (T, B, D). h0, c0 : (1, B, H). Any T and B.
    Outputs: Y : (T, 1, B, H), all h_t, with an axis for the direction. h_T, c_T : (1, B, H).

    It is written for operator set 14, which ONNX Runtime reads since version 1.8.

    Raises
    ------
    NetError : the weights do not fit together, or the path cannot be written.
    ImportError : the package onnx is not installed.

    Examples
    --------
    >>> import numpy as np, onnx
    >>> from lstm_lib import write_onnx, xavier_start
    >>> path = write_onnx(xavier_start(3, 2, np.random.default_rng(0)), "lstm.onnx")
    >>> [node.op_type for node in onnx.load(path).graph.node]
    ['LSTM']
    """
    model = _onnx_model(_import_onnx(), to_onnx(weights)).SerializeToString()

    def write(beside):
        with open(beside, "wb") as file:
            file.write(model)

    write_whole(path, write)
    return path


def _onnx_model(onnx, arrays):
    D, H = arrays.W.shape[2], arrays.R.shape[2]

    def described(**shapes):
        return [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
                for name, shape in shapes.items()]

    node = onnx.helper.make_node("LSTM", ["X", *arrays._fields, "", "h0", "c0"],  # "": lengths
                                 ["Y", "h_T", "c_T"], name="lstm", hidden_size=H)
    state = [1, "B", H]
    graph = onnx.helper.make_graph(
        [node], "lstm", described(X=["T", "B", D], h0=state, c0=state),
        described(Y=["T", 1, "B", H], h_T=state, c_T=state),
        [onnx.numpy_helper.from_array(array, name) for name, array in arrays._asdict().items()])
    model = onnx.helper.make_model(graph, producer_name="lstm_lib", ir_version=7,
                                   opset_imports=[onnx.helper.make_opsetid("", 14)])
    onnx.checker.check_model(model)
    return model


def _import_onnx():
    try:
        import onnx
    except ImportError as error:
        raise ImportError(f"an .onnx file is written by the package onnx, and it does not import "
                          f"here: {error}. Install it with `pip install 'onnx<1.18'` (newer ones "
                          "need a protobuf that Caffe does not run on).") from error
    return onnx


class ONNXWeights(namedtuple("ONNXWeights", "W R B")):
    """(1, 4H, D), (1, 4H, H), (1, 8H), gates i, o, f, g: inputs 1 to 3 of an ONNX LSTM node."""


def to_onnx(weights):
    """The inputs W, R and B of an ONNX `LSTM` node with one direction.

        W = W_xc,  R = W_hc,  B = b_c ++ 0,  gates i, o, f, g, behind an axis for the direction

    Raises
    ------
    NetError : the weights are no W_xc (4H, D), b_c (4H,), W_hc (4H, H).

    Source: operator LSTM in the ONNX specification.

    Examples
    --------
    >>> import numpy as np
    >>> from lstm_lib import to_onnx, xavier_start
    >>> [array.shape for array in to_onnx(xavier_start(3, 2, np.random.default_rng(0)))]
    [(1, 8, 3), (1, 8, 2), (1, 16)]
    """
    W_xc, b_c, W_hc = to_order_of("ONNX", weights)
    return ONNXWeights(W_xc[None], W_hc[None], np.concatenate([b_c, np.zeros_like(b_c)])[None])


def from_onnx(arrays):
    """LSTMWeights from the inputs W, R and B of an ONNX `LSTM` node.

        b_c = Wb + Rb,  the two halves of B

    Out of a file they come with `onnx.numpy_helper.to_array` of its `graph.initializer`.

    Raises
    ------
    NetError : not three arrays, or a shape is not that of an LSTM in one direction.

    Examples
    --------
    >>> import numpy as np
    >>> from_onnx([np.ones((1, 8, 3)), np.ones((1, 8, 2)), np.ones((1, 16))]).b_c.tolist()
    [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]
    """
    W, R, B = checked("ONNX", arrays)
    Wb, Rb = np.split(B[0], 2)
    return from_order_of("ONNX", W[0], Wb + Rb, R[0])

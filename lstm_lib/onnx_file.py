"""How does an LSTM become an .onnx file, which ONNX Runtime and others run?"""
from .exchange import to_onnx
from .files import in_place_of


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

    in_place_of(path, write)
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

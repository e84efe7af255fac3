"""Weights in the layouts of other libraries, and back."""
from .keras import from_keras, to_keras
from .layouts import reorder_gates
from .onnx import from_onnx, to_onnx
from .onnx_writing import write_onnx
from .pytorch import from_pytorch, to_pytorch

__all__ = ["from_keras", "from_onnx", "from_pytorch", "reorder_gates", "to_keras", "to_onnx",
           "to_pytorch", "write_onnx"]

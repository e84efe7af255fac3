"""A small Caffe in Python: pycaffe's names on NumPy, PyTorch or CuPy arrays."""
from . import draw
from .arrays import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from .blob import Blob
from .errors import NetError, NoGPU
from .layer_types import LAYER_TYPES
from .net import Net
from .net_spec import NetSpec, layers, params, to_proto
from .proto import caffe_pb2
from .solver import (AdaDeltaSolver, AdaGradSolver, AdamSolver, NesterovSolver, RMSPropSolver,
                     SGDSolver, get_solver)
from .user_layer import Layer

TRAIN, TEST = caffe_pb2.TRAIN, caffe_pb2.TEST
__version__ = "1.0.0"  # the version of Caffe whose nets it runs


def layer_type_list():
    """The names of all layer types."""
    return sorted(LAYER_TYPES)

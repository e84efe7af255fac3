"""A small Caffe in Python: pycaffe's names on NumPy, PyTorch or CuPy arrays."""
from . import coord_map, draw, io
from .arrays import set_device, set_mode_cpu, set_mode_gpu, set_random_seed
from .blob import Blob
from .classifier import Classifier
from .errors import NetError, NoGPU, NoSuchName
from .layer_types import LAYER_TYPES
from .net import Net
from .net_spec import NetSpec, layers, params, to_proto
from .proto import caffe_pb2
from .real_caffe import NAMES as _NAMES_OF_REAL_CAFFE
from .solver import (AdaDeltaSolver, AdaGradSolver, AdamSolver, NesterovSolver, RMSPropSolver,
                     SGDSolver, get_solver)
from .timer import Timer
from .user_layer import Layer

TRAIN, TEST = caffe_pb2.TRAIN, caffe_pb2.TEST
__version__ = "1.0.0"  # the version of Caffe whose nets it runs


def layer_type_list():
    """The names of all layer types."""
    return sorted(LAYER_TYPES)


def has_nccl():
    """Whether several GPUs compute together; here never."""
    return False


def __getattr__(name):
    """What pycaffe has and portable_caffe has not is no misspelt name."""
    if name in _NAMES_OF_REAL_CAFFE:
        raise NoSuchName(f"portable_caffe has no {name!r}; real Caffe does.", name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

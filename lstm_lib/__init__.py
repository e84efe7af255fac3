"""See a recurrent net: an LSTM as one Caffe time step, unrolled with shared weights."""
from .engine import caffe, describe
from .errors import DotMissing, NetError, NoGPU
from .netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
from .cells import single_time_step_lstm
from .unroll import Unrolled, initial_state, unroll
from .nets import (load_net, prototxt, save_weights, shared_weights, to_net_parameter,
                   write_prototxt)
from .weights import (LSTMWeights, get_gradients, get_layer_weights, get_weights,
                      set_layer_weights, set_weights, uniform_start, xavier_start)
from .exchange import (from_keras, from_onnx, from_pytorch, reorder_gates, to_keras, to_onnx,
                       to_pytorch)
from .onnx_file import write_onnx
from .reference import compare, lstm_backward, lstm_forward

__all__ = [name for name in dir() if not name.startswith("_")]
__version__ = "0.1.0"

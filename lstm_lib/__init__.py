"""See a recurrent net: an LSTM as one Caffe time step, unrolled with shared weights."""
from .errors import DotMissing, NetError, NoGPU

__version__ = "0.1.0"

try:
    from .engine import caffe, describe
    from .netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
    from .cells import single_time_step_lstm
    from .unroll import Unrolled, initial_state, unroll
    from .lengths import cont_from_lengths, mask_from_lengths
    from .nets import (load_net, prototxt, save_weights, shared_weights, to_net_parameter,
                       write_prototxt)
    from .weights import (LSTMWeights, get_gradients, get_layer_weights, get_weights,
                          set_layer_weights, set_weights, uniform_start, xavier_start)
    from .exchange import (from_keras, from_onnx, from_pytorch, reorder_gates, to_keras,
                           to_onnx, to_pytorch)
    from .onnx_file import write_onnx
    from .draw import Picture, draw, summary
    from .training import Solver, make_solver
    from .reference import compare, lstm_backward, lstm_forward
except (ImportError, ValueError) as error:  # raised on use, so that `python -m lstm_lib doctor` works
    _why_not = str(error)

    def __getattr__(name):
        """Whatever needs a Caffe raises the reason why there is none."""
        if name.startswith("_"):
            raise AttributeError(name)
        raise ImportError(_why_not)

__all__ = [name for name in dir() if not name.startswith("_")]

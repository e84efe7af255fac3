"""See a recurrent net: an LSTM as one Caffe time step, unrolled with shared weights.

Where is what: README.md in this folder.
"""
from .alt_text import describe_figures as _describe_figures
from .errors import DotMissing, NetError, NoGPU

__version__ = "0.1.0"

try:
    from .safe_caffe.engine import caffe, describe
    from .netspec import add_layer_to_net_spec, add_layer_with_multiple_tops
    from .cells import (Cell, LSTMWeights, attention, attention_start,
                        single_time_step_lstm)
    from .stacks import both_directions, stack
    from .unrolling import Unrolled, initial_state, unroll
    from .lengths import cont_from_lengths, mask_from_lengths
    from .nets import load_net, prototxt, to_net_parameter, write_prototxt
    from .weights import (get_gradients, get_layer_weights, get_weights, save_weights,
                          set_layer_weights, set_weights, shared_weights)
    from .start_values import xavier_start
    from .exchange import (from_keras, from_onnx, from_pytorch, reorder_gates, to_keras, to_onnx,
                           to_pytorch, write_onnx)
    from .drawing import Picture, draw, summary
    from .lint import lint
    from .training import Solver, make_solver
    from .reference import compare, lstm_backward, lstm_forward
except (ImportError, ValueError) as error:  # raised on use: `python -m lstm_lib doctor` must work
    _why_not = str(error)

    def __getattr__(name):
        """Whatever needs a Caffe raises the reason why there is none."""
        if name.startswith("_"):
            raise AttributeError(name)
        raise ImportError(_why_not)

_describe_figures()

__all__ = [
    "Cell", "DotMissing", "LSTMWeights", "NetError", "NoGPU", "Picture", "Solver", "Unrolled",
    "add_layer_to_net_spec", "add_layer_with_multiple_tops", "attention", "attention_start",
    "both_directions", "caffe", "compare", "cont_from_lengths", "describe", "draw", "from_keras", "from_onnx", "from_pytorch",
    "get_gradients", "get_layer_weights", "get_weights", "initial_state", "lint", "load_net",
    "lstm_backward", "lstm_forward", "make_solver", "mask_from_lengths", "prototxt",
    "reorder_gates", "save_weights", "set_layer_weights", "set_weights", "shared_weights",
    "single_time_step_lstm", "stack", "summary", "to_keras", "to_net_parameter", "to_onnx",
    "to_pytorch", "unroll", "views", "write_onnx", "write_prototxt", "xavier_start"]

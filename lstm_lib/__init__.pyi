"""The public names for editors, which do not run `__init__.py`; a test compares both."""
from . import views as views
from .errors import DotMissing as DotMissing, NetError as NetError, NoGPU as NoGPU
from .safe_caffe.engine import caffe as caffe, describe as describe
from .netspec import (add_layer_to_net_spec as add_layer_to_net_spec,
                      add_layer_with_multiple_tops as add_layer_with_multiple_tops)
from .cells import (Cell as Cell, LSTMWeights as LSTMWeights, attention as attention,
                    attention_start as attention_start,
                    single_time_step_lstm as single_time_step_lstm)
from .stacks import both_directions as both_directions, stack as stack
from .unrolling import Unrolled as Unrolled, initial_state as initial_state, unroll as unroll
from .lengths import (cont_from_lengths as cont_from_lengths,
                      mask_from_lengths as mask_from_lengths)
from .nets import (load_net as load_net, prototxt as prototxt,
                   to_net_parameter as to_net_parameter, write_prototxt as write_prototxt)
from .weights import (get_gradients as get_gradients, get_layer_weights as get_layer_weights,
                      get_weights as get_weights, save_weights as save_weights,
                      set_layer_weights as set_layer_weights, set_weights as set_weights,
                      shared_weights as shared_weights)
from .start_values import xavier_start as xavier_start
from .exchange import (from_keras as from_keras, from_onnx as from_onnx,
                       from_pytorch as from_pytorch, reorder_gates as reorder_gates,
                       to_keras as to_keras, to_onnx as to_onnx, to_pytorch as to_pytorch,
                       write_onnx as write_onnx)
from .drawing import Picture as Picture, draw as draw, summary as summary
from .linting import lint as lint
from .training import Solver as Solver, make_solver as make_solver
from .reference import (compare as compare, lstm_backward as lstm_backward,
                        lstm_forward as lstm_forward)

__version__: str

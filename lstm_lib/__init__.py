"""See a recurrent net: an LSTM as one Caffe time step, unrolled with shared weights.

Where is what: README.md in this folder. A name's module is imported when the name is first asked
for: so the start is quick, and `python -m lstm_lib doctor` works where no Caffe does.
"""
import importlib
import sys

__version__ = "0.1.0"

_NAMES_IN = {  # the public names; __init__.pyi tells the same to editors
    "errors": "DotMissing NetError NoGPU",
    "safe_caffe.engine": "caffe describe",
    "netspec": "add_layer_to_net_spec add_layer_with_multiple_tops",
    "cells": "Cell LSTMWeights attention attention_start single_time_step_lstm",
    "stacks": "both_directions stack",
    "unrolling": "Unrolled initial_state unroll",
    "lengths": "cont_from_lengths mask_from_lengths",
    "nets": "load_net prototxt to_net_parameter write_prototxt",
    "weights": "get_gradients get_layer_weights get_weights save_weights set_layer_weights "
               "set_weights shared_weights",
    "start_values": "xavier_start",
    "exchange": "from_keras from_onnx from_pytorch reorder_gates to_keras to_onnx to_pytorch "
                "write_onnx",
    "drawing": "Picture draw summary",
    "linting": "lint",
    "training": "Solver make_solver",
    "reference": "compare lstm_backward lstm_forward"}
_MODULE_OF = {name: module for module, names in _NAMES_IN.items() for name in names.split()}

__all__ = sorted([*_MODULE_OF, "views"])


def __getattr__(name):
    """A public name, from its module; whatever needs a Caffe raises why there is none."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f"{__name__}.{_MODULE_OF.get(name, name)}")
    except ValueError as error:  # a setting that is none of its choices
        raise ImportError(str(error)) from error
    if name in _MODULE_OF:
        globals()[name] = getattr(module, name)
    return globals()[name]


def __dir__():
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:  # figures in a notebook get words
    from . import alt_text

    alt_text.describe_figures()

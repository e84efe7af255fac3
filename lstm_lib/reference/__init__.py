"""What is the plain truth? Each cell in NumPy, forward and backward through time.

No Caffe in here: this is what Caffe's numbers are compared with. It computes in the type of its
inputs, float32 or float64.
"""
from .arrays import central_difference, compare, sigmoid
from .gru import gru_backward, gru_forward
from .lstm import lstm_backward, lstm_forward
from .peephole import peephole_backward, peephole_forward
from .rnn import rnn_backward, rnn_forward

__all__ = ["central_difference", "compare", "gru_backward", "gru_forward", "lstm_backward",
           "lstm_forward", "peephole_backward", "peephole_forward", "rnn_backward", "rnn_forward",
           "sigmoid"]

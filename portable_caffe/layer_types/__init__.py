"""The layer types, by name: `LAYER_TYPES["TanH"]`.

    base            what a layer is: forward and backward, its options, its weights
    inputs, shapes  layers that give numbers, and layers that cut, join and copy them
    data            layers that bring rows of arrays or files
    inner_product, convolution, recurrent    layers that compute with weights
    activations, elementwise, normalise    layers that compute number by number, or a mean
    losses, label_losses, accuracy    layers that compare with a label or a target
    selection, windows  layers that pick a part of a blob, or all parts
    parameter, python   a weight on its own; a layer that a user has written
"""
from . import (accuracy, activations, convolution, data, elementwise, inner_product, inputs,
               label_losses, losses, normalise, parameter, python, recurrent, selection, shapes,
               windows)
from .base import Layer

LAYER_TYPES = {name: found
               for module in (accuracy, activations, convolution, data, elementwise,
                              inner_product, inputs, label_losses, losses, normalise, parameter,
                              python, recurrent, selection, shapes, windows)
               for name, found in sorted(vars(module).items())
               if isinstance(found, type) and issubclass(found, Layer)
               and name[0] != "_" and found is not Layer}

"""The layer types, by name: `LAYER_TYPES["TanH"]`.

    base            what a layer is: forward and backward, its options, its weights
    inputs, shapes  layers that give numbers, and layers that cut, join and copy them
    inner_product, convolution, recurrent    layers that compute with weights
    activations, elementwise, normalise    layers that compute number by number, or a mean
    losses, accuracy    layers that compare with a label or a target
"""
from . import (accuracy, activations, convolution, elementwise, inner_product, inputs, losses,
               normalise, recurrent, shapes)
from .base import Layer

LAYER_TYPES = {name: found
               for module in (accuracy, activations, convolution, elementwise, inner_product,
                              inputs, losses, normalise, recurrent, shapes)
               for name, found in sorted(vars(module).items())
               if isinstance(found, type) and issubclass(found, Layer)
               and name[0] != "_" and found is not Layer}

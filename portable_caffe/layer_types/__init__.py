"""The layer types, by name: `LAYER_TYPES["TanH"]`.

    base            what a layer is: forward and backward, its options, its weights
    inputs, shapes  layers that give numbers, and layers that cut, join and copy them
    inner_product, convolution, elementwise, recurrent    layers that compute
    losses, accuracy    layers that compare with a label or a target
"""
from . import (accuracy, convolution, elementwise, inner_product, inputs, losses, recurrent,
               shapes)
from .base import Layer

LAYER_TYPES = {name: found
               for module in (accuracy, convolution, elementwise, inner_product, inputs, losses,
                              recurrent, shapes)
               for name, found in sorted(vars(module).items())
               if isinstance(found, type) and issubclass(found, Layer)
               and name[0] != "_" and found is not Layer}

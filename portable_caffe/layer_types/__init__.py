"""The layer types, by name: `LAYER_TYPES["TanH"]`."""
from . import (elementwise, inner_product, inputs, losses, ranking, recurrent, shape_layers,
               windows)
from .base import Layer

LAYER_TYPES = {name: found
               for module in (elementwise, inner_product, inputs, losses, ranking, recurrent,
                              shape_layers, windows)
               for name, found in sorted(vars(module).items())
               if isinstance(found, type) and issubclass(found, Layer)
               and name[0] != "_" and found is not Layer}

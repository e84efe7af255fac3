"""Functions that are called before and after each layer of a pass."""
MOMENTS = "before_forward", "after_forward", "before_backward", "after_backward"


class Callbacks:
    """The part of a net that calls whoever wants to look on.

    A callback gets the number of the layer: its place in `net.layers`. It is called for each
    layer of the pass, also for one that has nothing to compute, like Split. It finds all blobs
    and gradients as far as they are computed.
    """

    def _prepare_callbacks(self):
        self._callbacks = {moment: [] for moment in MOMENTS}

    def before_forward(self, callback):
        """Call `callback(number of the layer)` before each layer of a forward pass."""
        self._callbacks["before_forward"].append(callback)

    def after_forward(self, callback):
        """Call `callback(number of the layer)` after each layer of a forward pass."""
        self._callbacks["after_forward"].append(callback)

    def before_backward(self, callback):
        """Call `callback(number of the layer)` before each layer of a backward pass."""
        self._callbacks["before_backward"].append(callback)

    def after_backward(self, callback):
        """Call `callback(number of the layer)` after each layer of a backward pass."""
        self._callbacks["after_backward"].append(callback)

    def _is_watched(self, way):
        return any(self._callbacks[f"{when}_{way}"] for when in ("before", "after"))

    def _run_watched(self, way, numbers, nodes, do):
        """Do those of the layers `numbers` that are in `nodes`; call before and after each."""
        running = set(map(id, nodes))
        for number in numbers:
            node = self._nodes[number]
            for callback in self._callbacks[f"before_{way}"]:
                callback(number)
            if id(node) in running:
                with node:
                    do(node)
                for weight in node.layer.blobs:
                    weight.diff_memory.add_products()
            for callback in self._callbacks[f"after_{way}"]:
                callback(number)

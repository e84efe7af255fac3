"""What went wrong, and what would be right."""

try:  # one class each on both engines
    from portable_caffe.errors import NetError, NoGPU, did_you_mean
except Exception:  # a broken environment, in which the doctor must still start
    class NetError(RuntimeError):
        """A net that Caffe would not build or run: Caffe's reason, the layer, what to do."""

    class NoGPU(RuntimeError):
        """The GPU was asked for and this Caffe has none."""


class DotMissing(RuntimeError):
    """A picture needs Graphviz's `dot` program and it is not installed."""

"""What went wrong, and what would be right."""
import difflib

try:  # one class each on both engines
    from portable_caffe.errors import NetError, NoGPU
except Exception:  # a broken environment, in which the doctor must still start
    class NetError(RuntimeError):
        """A net that Caffe would not build or run: Caffe's reason, the layer, what to do."""

    class NoGPU(RuntimeError):
        """The GPU was asked for and this Caffe has none."""


class DotMissing(RuntimeError):
    """A picture needs Graphviz's `dot` program and it is not installed."""


def did_you_mean(word, known):
    """' Did you mean 'x'?' for the nearest of the known words, or nothing.

    >>> did_you_mean("num_outptu", ["axis", "num_output"])
    " Did you mean 'num_output'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean '{near[0]}'?" if near else ""

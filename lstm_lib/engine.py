"""The only door through which a Caffe is reached, and what is behind it.

`from lstm_lib import caffe` gives pycaffe as every tutorial uses it, with the calls that
can end the process replaced by ones that raise.
"""
import importlib
import os
import platform

os.environ.setdefault("GLOG_minloglevel", "2")  # Caffe reads it once, at its import
try:
    import caffe as real
except Exception as error:  # protobuf 4 and later raise TypeError here
    raise ImportError(
        f"real Caffe does not import here: {error}. It is installed by `make run` on Linux "
        "x86-64 with Python 3.9; `python -m lstm_lib doctor` says what is missing.") from error

from .checks import check_layer
from .errors import NoGPU
from .guard import Died, in_child
from .safe_net import guarded


class CheckedLayers:
    """`caffe.layers` whose functions look at type and options at once."""

    def __getattr__(self, type_name):
        make = getattr(real.layers, type_name)

        def layer(*args, **kwargs):
            made = make(*args, **kwargs)
            fn = _function(made)
            check_layer(real, fn, fn.params.get("name", "(not named)"))
            return made

        return layer


def _function(made):
    """The layer behind a Top, several Tops, or none (a layer without tops)."""
    first = made[0] if isinstance(made, tuple) else made
    return getattr(first, "fn", first)


class Door:
    """pycaffe with guarded `Net`, `layers` and GPU switch; all else is Caffe's own."""

    layers = CheckedLayers()
    Net = guarded(real)

    def __getattr__(self, name):
        try:
            return getattr(real, name)
        except AttributeError:
            if name.startswith("_"):
                raise
        try:
            return importlib.import_module("caffe." + name)  # caffe.draw is not loaded at first
        except ModuleNotFoundError:
            raise AttributeError(f"Caffe has no {name!r}.") from None

    def __dir__(self):
        return sorted({*dir(real), "draw", "Net", "layers"})

    @staticmethod
    def set_mode_gpu():
        """Compute on the GPU from now on; `NoGPU` when this Caffe or machine has none."""
        need_gpu(0)
        real.set_mode_gpu()

    @staticmethod
    def set_device(number):
        """Use GPU `number`; `NoGPU` when there is none."""
        need_gpu(number)
        real.set_device(number)


def need_gpu(number):
    """Raise `NoGPU` unless Caffe can open GPU `number` (tried in a child process)."""
    try:
        in_child(lambda: real.set_device(number))
    except Died as died:
        raise NoGPU(f"GPU {number} cannot be used: {died}. This is {describe()}. Go on with "
                    "caffe.set_mode_cpu(), which computes the same numbers.") from None


caffe = Door()


def describe():
    """One line: which Caffe runs here, from where, on what."""
    return (f"real Caffe {real.__version__} (CPU), Python {platform.python_version()}, "
            f"{platform.system()} {platform.machine()}")

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
from .errors import NetError, NoGPU
from .guard import Died, in_child
from .safe_net import guarded, readable

_reshape = real._caffe.Blob.reshape


def reshape(blob, *dims):
    """`Blob.reshape` that raises for a shape Caffe would die of."""
    size = 1
    for dim in dims:
        size *= int(dim)
    if len(dims) > 32 or any(int(dim) < 0 for dim in dims) or size >= 2 ** 31:
        raise NetError(f"a blob has at most 32 axes, none negative, and fewer than 2^31 numbers; "
                       f"got the shape {dims}.")
    _reshape(blob, *[int(dim) for dim in dims])


real._caffe.Blob.reshape = reshape


def _tried(name):
    """A solver class of Caffe that is made in a child process first."""
    make = getattr(real, name)

    def solver(path):
        path = readable(path)
        try:
            in_child(lambda: bool(make(path)))
        except (Died, RuntimeError) as error:
            raise NetError(f"Caffe makes no solver of {path!r}: {error}") from None
        return make(path)

    return staticmethod(solver)


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
    get_solver, SGDSolver, AdamSolver = map(_tried, ("get_solver", "SGDSolver", "AdamSolver"))
    NesterovSolver, AdaGradSolver = map(_tried, ("NesterovSolver", "AdaGradSolver"))
    RMSPropSolver, AdaDeltaSolver = map(_tried, ("RMSPropSolver", "AdaDeltaSolver"))

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

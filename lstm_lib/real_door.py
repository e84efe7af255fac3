"""The door to real Caffe: pycaffe with the calls that can end the process replaced."""
import os

os.environ.setdefault("GLOG_minloglevel", "2")  # Caffe reads it once, at its import
import caffe as real  # noqa: E402

from .door import Door  # noqa: E402
from .errors import NetError, NoGPU  # noqa: E402
from .files import readable  # noqa: E402
from .guard import Died, in_child  # noqa: E402
from .safe_blob import guard_blobs  # noqa: E402
from .safe_net import guarded  # noqa: E402

guard_blobs(real)


def _tried_net(name):
    """`Classifier` or `Detector`, made in a child process first."""
    make = getattr(real, name)

    def maker(model, weights, *args, **kwargs):
        model, weights = readable(model), readable(weights)
        try:
            in_child(lambda: bool(make(model, weights, *args, **kwargs)))
        except (Died, RuntimeError) as error:
            raise NetError(f"Caffe makes no {name} of {model!r}: {error}") from None
        return make(model, weights, *args, **kwargs)

    return staticmethod(maker)


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


class RealDoor(Door):
    """pycaffe with guarded `Net`, `layers` and GPU switch; all else is Caffe's own."""

    engine, device = "real", "CPU"
    Net = guarded(real)
    get_solver, SGDSolver, AdamSolver = map(_tried, ("get_solver", "SGDSolver", "AdamSolver"))
    NesterovSolver, AdaGradSolver = map(_tried, ("NesterovSolver", "AdaGradSolver"))
    RMSPropSolver, AdaDeltaSolver = map(_tried, ("RMSPropSolver", "AdaDeltaSolver"))
    Classifier, Detector = map(_tried_net, ("Classifier", "Detector"))
    raw_solver = staticmethod(real.get_solver)

    def attempt(self, work):
        """Do `work` in a child process; `NetError` with the reason if it fails there."""
        try:
            in_child(work)
        except (Died, RuntimeError) as error:
            raise NetError(str(error)) from None

    def needs_gpu(self, number=0):
        """Raise `NoGPU` unless Caffe can open GPU `number` (tried in a child process)."""
        try:
            in_child(lambda: real.set_device(number))
        except (Died, RuntimeError) as error:
            raise NoGPU(
                f"GPU {number} cannot be used: {error}. This is {self.describe()}. Go on with "
                "caffe.set_mode_cpu(), which computes the same numbers, or start Python with "
                "LSTM_LIB_ENGINE=portable, which reaches a GPU through PyTorch or CuPy."
            ) from None

    def set_mode_cpu(self):
        """Compute on the CPU from now on."""
        real.set_mode_cpu()
        self.device = "CPU"

    def set_mode_gpu(self):
        """Compute on the GPU from now on; `NoGPU` when this Caffe or machine has none."""
        self.needs_gpu()
        real.set_mode_gpu()
        self.device = "GPU"

    def set_device(self, number):
        """Use GPU `number`; `NoGPU` when there is none."""
        self.needs_gpu(number)
        real.set_device(number)

    def describe(self):
        """Which Caffe this is, on what it computes."""
        return f"real Caffe {real.__version__} ({self.device})"


door = RealDoor(real)

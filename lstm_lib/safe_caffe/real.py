"""Real Caffe made safe: pycaffe with the calls that can end the process replaced."""
from portable_caffe.images import load_image
from portable_caffe.prepare import in_state
from portable_caffe.prototxt import parse

from .base import SafeCaffe, state_of
from .blob import make_blobs_safe
from .child import Died, in_child
from .net import SafeNet
from .pycaffe import real
from .records import check_files
from .resources import file_with
from .snapshots import beside, write_snapshot
from .solver_files import SolverFile
from .solver import SafeSolver, specs, without_snapshots
from ..errors import NetError, NoGPU
from ..files import read_text, readable, without_mark

make_blobs_safe(real)
real.io.load_image = load_image  # Caffe's own asks scikit-image for what that has no more


def attempt(work):
    """Do `work` in a child process; `NetError` with the reason if it fails there."""
    try:
        in_child(work)
    except Died as died:
        raise NetError(str(died)) from None


def _tried(name, what, files=1):
    """What makes an object of Caffe out of files, tried in a child process first."""
    make = getattr(real, name)

    def maker(*args, **kwargs):
        args = [*map(readable, args[:files]), *args[files:]]
        try:
            attempt(lambda: bool(make(*args, **kwargs)))
        except NetError as error:
            raise NetError(f"Caffe makes no {what} of {args[0]!r}: {error}") from None
        return make(*args, **kwargs)

    return maker


def _net_of(name):
    """What makes a safe Classifier or Detector out of a prototxt and weights."""
    make, theirs = _tried(name, name, files=2), getattr(real, name)
    safe_too = type(name, (SafeNet, theirs), {"__doc__": theirs.__doc__})

    def net(model_file, pretrained_file, *args, **kwargs):
        spec = parse(read_text(model_file), real.proto.caffe_pb2.NetParameter(), str(model_file))
        state = state_of(spec, real.TEST)
        check_files(in_state(spec, state))
        return safe_too.adopt(make(model_file, pretrained_file, *args, **kwargs), spec, state)

    return staticmethod(net)


def _solver(name):
    """What makes a safe solver out of a file."""
    trial, make = _tried(name, "solver"), _of_message(getattr(real, name))

    def solver(path):
        file = SolverFile(safe, without_mark(path))
        try:
            check_read(file.options)
            trial(path)
        except NetError as error:
            raise file.placed(error) from None
        return SafeSolver(safe, make, file.options, file)

    return staticmethod(solver)


def check_read(options):
    """Raise where a net of a SolverParameter will read what ends the process."""
    train, tests = specs(safe, options)
    for spec, state in (train, *tests):
        check_files(in_state(spec, state))


def _of_message(read):
    """What makes a solver of a SolverParameter, out of what reads a file."""
    def make(options):
        asked = type(options)()
        asked.CopyFrom(options)
        asked.snapshot_prefix = beside(options.snapshot_prefix)
        with file_with(str(asked)) as path:
            return read(path)

    return make


class RealCaffe(SafeCaffe):
    """pycaffe with safe `Net`, `layers` and GPU switch; all else is Caffe's own."""

    engine, device = "real", "CPU"
    Net = SafeNet
    get_solver, SGDSolver, AdamSolver = map(_solver, ("get_solver", "SGDSolver", "AdamSolver"))
    NesterovSolver, AdaGradSolver = map(_solver, ("NesterovSolver", "AdaGradSolver"))
    RMSPropSolver, AdaDeltaSolver = map(_solver, ("RMSPropSolver", "AdaDeltaSolver"))
    Classifier, Detector = map(_net_of, ("Classifier", "Detector"))
    attempt = staticmethod(attempt)
    _logs = False

    def net_of(self, spec, phase):
        """The safe net of a NetParameter; Caffe itself only reads files."""
        with file_with(str(spec)) as path:
            try:
                return SafeNet(path, phase, spec=spec)
            except NetError as error:
                raise NetError(str(error).replace(path, "the net")) from None

    def solver_of(self, options, kind=SafeSolver):
        """The safe solver of a SolverParameter."""
        make = _of_message(real.get_solver)
        check_read(options)
        attempt(lambda: bool(without_snapshots(make, options)))
        return kind(self, make, options)

    def write_snapshot(self, solver, options, stem):
        """Write both files of a snapshot in a child process, and move them to their place."""
        return write_snapshot(attempt, solver, options, stem)

    def init_log(self, *args):
        """Let Caffe write its log; it dies of being told a second time."""
        if not self._logs:
            real.init_log(*args)
        self._logs = True

    def set_random_seed(self, seed):
        """Let Caffe draw the same random numbers each time."""
        if not hasattr(seed, "__index__") or not 0 <= seed < 2 ** 32:
            raise NetError(f"a seed is a whole number from 0 to {2 ** 32 - 1}, got {seed!r}.")
        real.set_random_seed(int(seed))

    def needs_gpu(self, number=0):
        """Raise `NoGPU` unless Caffe can open GPU `number` (tried in a child process)."""
        try:
            attempt(lambda: real.set_device(number))
        except NetError as error:
            raise NoGPU(
                f"GPU {number} cannot be used: {str(error).rstrip('.')}. This is "
                f"{self.describe()}. Go on with "
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


safe = RealCaffe(real)

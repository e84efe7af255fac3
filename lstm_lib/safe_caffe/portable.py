"""portable_caffe made safe: it raises by itself, so little is put in front of it."""
import portable_caffe
from portable_caffe.prepare import in_state
from portable_caffe.prototxt import parse

from .listed import check_listed_files
from .net_checks import check_spec
from .base import SafeCaffe
from ..errors import NetError
from ..files import read_text, readable
from .inputs import NamesOfLayers, Results, fixed, listed, write_into
from .solver import SafeSolver
from .sources import check_sources
from .solver_files import SolverFile
from .base import source_shapes
from .weight_files import check_common, check_names, check_weights


def results(found):
    """What a pass gives; from a GPU it is fetched when it is looked at."""
    return Results(found) if isinstance(found, dict) else found


class Net(NamesOfLayers, portable_caffe.Net):
    """`caffe.Net` of portable_caffe, with what `lstm_lib` asks of a net on either engine.

    `net.spec` is the NetParameter it was built from; who has it parsed already hands it over.
    """

    def __init__(self, network_file, phase=portable_caffe.TRAIN, *args, spec=None, **kwargs):
        spec = spec or parse(read_text(network_file), portable_caffe.caffe_pb2.NetParameter(),
                             str(network_file))
        super().__init__(spec, phase, *args, **kwargs)
        self.blobs, self.params = fixed(self)

    def _build(self, state):
        part = in_state(self.spec, state)
        check_spec(portable_caffe, part, "the net")
        check_sources(part)
        check_listed_files(part)
        super()._build(state)

    @classmethod
    def adopt(cls, raw, spec, state):
        """Give a net that a solver has made the methods of this class."""
        raw.__class__, raw.spec = cls, spec
        raw.blobs, raw.params = fixed(raw)
        return raw

    source_shapes = source_shapes

    def forward(self, blobs=None, start=None, end=None, **inputs):
        """Run the layers forward; `inputs` are some or all of the net's, by name."""
        write_into(self, self.inputs, "data", inputs)
        return results(super().forward(listed(blobs), start, end))

    def backward(self, diffs=None, start=None, end=None, **output_diffs):
        """Run the layers backward; `output_diffs` are gradients of outputs, by name."""
        write_into(self, self.outputs, "diff", output_diffs)
        return results(super().backward(listed(diffs), start, end))

    def share_with(self, other):
        """Use the weights of another net of the same layers."""
        if isinstance(other, portable_caffe.Net):
            check_common(self, other)
        super().share_with(other)

    def copy_from(self, path):
        """Read weights from a file; each layer that learns must find its own."""
        path = readable(path)
        if not path.endswith((".h5", ".hdf5")):
            check_weights(portable_caffe, self, path)
        super().copy_from(path)

    def load_hdf5(self, path):
        """Read weights from an HDF5 file."""
        super().load_hdf5(readable(path))

    def save(self, path):
        """Write all weights the way Caffe does, the whole file or nothing."""
        check_names(self)
        super().save(path)


def _solver(name):
    """What makes a solver out of a file, and names the file if it is no good."""
    make = getattr(portable_caffe, name)

    def solver(path):
        file = SolverFile(safe, readable(path))
        try:
            return SafeSolver(safe, make, file.options, file)
        except NetError as error:
            raise file.placed(f"portable_caffe makes no solver of {path!r}: {error}") from None

    return staticmethod(solver)


def _classifier(*args, **kwargs):
    """`caffe.Classifier`, a net with the methods of all nets here."""
    made = portable_caffe.Classifier(*args, **kwargs)
    return type("Classifier", (Net, portable_caffe.Classifier), {}).adopt(made, made.spec, made.state)


class PortableCaffe(SafeCaffe):
    """portable_caffe, with its own `Net`."""

    engine, Net, Classifier = "portable", Net, staticmethod(_classifier)
    get_solver, SGDSolver, AdamSolver = map(_solver, ("get_solver", "SGDSolver", "AdamSolver"))
    NesterovSolver, AdaGradSolver = map(_solver, ("NesterovSolver", "AdaGradSolver"))
    RMSPropSolver, AdaDeltaSolver = map(_solver, ("RMSPropSolver", "AdaDeltaSolver"))

    def net_of(self, spec, phase):
        """The net of a NetParameter."""
        return Net("the net", phase, spec=spec)

    def solver_of(self, options, kind=SafeSolver):
        """The safe solver of a SolverParameter."""
        return kind(self, portable_caffe.get_solver, options)

    def write_snapshot(self, solver, options, stem):
        """Write both files of a snapshot; the path of the state for `restore`."""
        solver.snapshot()
        return f"{stem}.solverstate" + ".h5" * (options.snapshot_format == options.HDF5)

    def attempt(self, work):
        """Do `work`; it raises by itself if it fails."""
        work()

    def needs_gpu(self):
        """Raise `NoGPU` unless an array library reaches a GPU."""
        portable_caffe.arrays.gpu_arrays()

    def describe(self):
        """Which Caffe this is, on what it computes."""
        return f"portable_caffe {portable_caffe.__version__} ({portable_caffe.arrays.current})"


safe = PortableCaffe(portable_caffe)

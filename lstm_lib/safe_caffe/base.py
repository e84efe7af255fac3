"""What a safe Caffe has, whichever Caffe computes."""
import importlib
import inspect
from types import ModuleType

from portable_caffe.errors import NoSuchName

from .option_places import check_written
from .layer_options import SafeLayers, SafeParams, make_tops_safe


MAKES_NETS = {"Net", "Classifier", "Detector"}  # some of what a SafeCaffe sets itself


class SafeModule(ModuleType):
    """A module of Caffe, like `caffe.pycaffe`, in which what is made safe is so, too."""

    def __init__(self, caffe, module):
        super().__init__(module.__name__, module.__doc__)
        self._caffe, self._module = caffe, module

    def __getattr__(self, name):
        theirs = getattr(self._module, name)
        return getattr(self._caffe, name) if hasattr(type(self._caffe), name) else theirs

    def __dir__(self):
        return dir(self._module)


class SafeCaffe:
    """pycaffe as every tutorial uses it; what is not set here is that Caffe's own.

    Each also sets `Net`, the solvers and the GPU switch, made so that mistakes raise, and
      engine         "real" or "portable";
      net_of(spec, phase)  the safe net of a NetParameter;
      solver_of(options, kind)  the safe solver of a SolverParameter, of this kind;
      write_snapshot(solver, options, stem)  write the files of a snapshot, or none of them;
      attempt(work)  do `work`, which may be done twice; `NetError` with the reason if it fails;
      needs_gpu()    raise `NoGPU` unless a GPU can be used;
      describe()     which Caffe this is, on what it computes.
    """

    def __init__(self, caffe):
        self._caffe = caffe
        self.layers, self.params = SafeLayers(caffe), SafeParams(caffe)
        self.to_proto = check_written(caffe, caffe.to_proto)
        make_tops_safe(caffe)

    def __getattr__(self, name):
        try:
            return self._safe(getattr(self._caffe, name))
        except NoSuchName:  # here, and real Caffe has it
            raise
        except AttributeError:
            if name.startswith("_"):
                raise
        try:  # caffe.draw is not loaded at first
            return self._safe(importlib.import_module(f"{self._caffe.__name__}.{name}"))
        except ModuleNotFoundError:
            raise NoSuchName(f"Caffe has no {name!r}.", name, dir(self)) from None

    def _safe(self, found):
        """What was found in Caffe; of a module that defines a net, one with the safe nets."""
        if inspect.ismodule(found) and MAKES_NETS & vars(found).keys():
            return SafeModule(self, found)
        return found

    def __dir__(self):
        return sorted({*dir(self._caffe), *dir(type(self)), *vars(self), "draw"})


def state_of(spec, phase, level=0, stages=None, more=None):
    """The NetState in which a net is built: its own, what it is called with, and `more`."""
    state = type(spec.state)()
    state.CopyFrom(spec.state)
    state.phase, state.level = int(phase), level
    state.stage.extend(stages or ())
    if more is not None:
        state.MergeFrom(more)
    return state


def sources(net):
    """The blobs no layer computes."""
    made = [top for layer in net.built.layer if not layer.bottom for top in layer.top]
    return list(dict.fromkeys([*net.inputs, *made]))


def source_shapes(net):
    """Shapes of the blobs no layer computes; all other shapes follow from them."""
    return [tuple(net.blobs[top].shape) for top in sources(net)]


def counts(net):
    """How many numbers each blob holds, quicker to ask for than shapes; the shapes of weights."""
    return ([blob.count for blob in net.blobs.values()],
            [tuple(blob.shape) for blobs in net.params.values() for blob in blobs])


def bytes_needed(net):
    """Data and gradient of every blob and weight, 4 bytes a number."""
    counts = [blob.count for name, blob in net.blobs.items() if "_split_" not in name]
    counts += {id(blob): blob.count for blobs in net.params.values() for blob in blobs}.values()
    return 8 * sum(counts)

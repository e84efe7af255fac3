"""What a door to a Caffe has, whichever Caffe is behind it."""
import importlib

from .checks import check_layer


class CheckedLayers:
    """`caffe.layers` whose functions look at type and options at once."""

    def __init__(self, caffe):
        self._caffe = caffe

    def __getattr__(self, type_name):
        make = getattr(self._caffe.layers, type_name)

        def layer(*args, **kwargs):
            made = make(*args, **kwargs)
            fn = _function(made)
            check_layer(self._caffe, fn, fn.params.get("name", "(not named)"))
            return made

        return layer


def _function(made):
    """The layer behind a Top, several Tops, or none (a layer without tops)."""
    first = made[0] if isinstance(made, tuple) else made
    return getattr(first, "fn", first)


class Door:
    """pycaffe as every tutorial uses it; what is not set here is that Caffe's own.

    A door also sets `Net`, the solvers and the GPU switch, made so that mistakes raise, and
      engine         "real" or "portable";
      _solver_of(options)  the guarded solver of a SolverParameter;
      attempt(work)  do `work`, which may be done twice; `NetError` with the reason if it fails;
      needs_gpu()    raise `NoGPU` unless a GPU can be used;
      describe()     which Caffe this is, on what it computes.
    """

    def __init__(self, caffe):
        self._caffe = caffe
        self.layers = CheckedLayers(caffe)

    def __getattr__(self, name):
        try:
            return getattr(self._caffe, name)
        except AttributeError:
            if name.startswith("_"):
                raise
        try:  # caffe.draw is not loaded at first
            return importlib.import_module(f"{self._caffe.__name__}.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"Caffe has no {name!r}.") from None

    def __dir__(self):
        return sorted({*dir(self._caffe), *dir(type(self)), *vars(self), "draw"})

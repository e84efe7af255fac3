"""How a net runs forward and backward: what a child process tries, and when it does so again.

A pass is tried once, then again when a shape has changed: by Python between two passes, or
by a layer while it runs. What depends on numbers is looked at each time (`values`). Inside a
pass, also one of a solver, Caffe calls `_called` before and after each layer.
"""
import mmap
import weakref

from . import blob
from .explain import running_layer
from .memory import blank, raw_array, release
from .pycaffe import real
from .shapes import HAS_THREADS, Shapes
from .values import watches

FORWARD, BACKWARD = "forward", "backward"
MARK = 7.25  # a gradient that no layer gives
MOMENTS = "before_forward", "after_forward", "before_backward", "after_backward"


class Passes(Shapes):
    """The part of a safe net that runs it."""

    is_trained = False  # by a solver, which runs it backward, too; the solver sets it
    _in_child = False  # that tries something: nothing is to be tried in there
    _silent = False  # while layers run that no user asked for: no callback, no look

    def _prepare_passes(self):
        """Note what is to be looked at, and let Caffe call where a look before is too early."""
        in_place = {top for layer in self.built.layer for top in layer.top
                    if top in layer.bottom}
        self.given = set(self.inputs) - in_place  # inputs that nobody else writes
        self._watched = watches(self)
        self._callbacks, self._needs = {}, {}
        self._last = len(self.layers) - 1
        if self._shaping or not all(watch.given for _, watch in self._watches()):
            self.be_called()

    def _watches(self):
        return [(place, watch) for place, several in self._watched.items() for watch in several]

    def be_called(self):
        """Let Caffe call this net before and after each of its layers."""
        if self._callbacks:
            return
        net = weakref.ref(self)
        for moment in MOMENTS:
            self._callbacks[moment] = []
            getattr(super(), moment)(
                lambda place, moment=moment: net() and net()._called(moment, place))

    def before_forward(self, callback):
        """Call `callback(number of the layer)` before each layer of a forward pass."""
        self._add_callback("before_forward", callback)

    def after_forward(self, callback):
        """Call `callback(number of the layer)` after each layer of a forward pass."""
        self._add_callback("after_forward", callback)

    def before_backward(self, callback):
        """Call `callback(number of the layer)` before each layer of a backward pass."""
        self._add_callback("before_backward", callback)

    def after_backward(self, callback):
        """Call `callback(number of the layer)` after each layer of a backward pass."""
        self._add_callback("after_backward", callback)

    def _add_callback(self, moment, callback):
        self.be_called()
        self._callbacks[moment].append(callback)

    def _called(self, moment, place):
        """Caffe is before or after this layer: what was added is called, then it is looked."""
        if self._silent:
            return
        for callback in self._callbacks[moment]:
            try:
                callback(place)
            except Exception:
                if not self._in_child:  # where it is tried, and the user is to get his own
                    raise
        if moment == "before_forward":
            self._check_shapes(place)
        elif moment == "before_backward":
            self._check_same_shapes()
        for watch in self._watched.get(place, ()):
            getattr(watch, moment)(self)

    def _check_shapes(self, place):
        if self._has_new_shapes(place):
            self._check_weights()
            self._try_passes((FORWARD, place, self._last),
                             *[(BACKWARD, len(self.layers) - 1, 0)] * self.is_trained)

    def _check_same_shapes(self):
        if self._took_new_shapes:
            self._note_shapes()
        self.check_unchanged()

    def finish(self):
        """After a pass: note the shapes that it has taken up."""
        if self._changes != blob.changes or self._took_new_shapes:
            self._note_shapes()
        release()

    def _forward(self, start, end):
        """Layers start to end by number, as `forward` asks for them."""
        if not self.layers:  # none is built in this phase
            return 0
        self._check_numbers(start, end)
        whole = (start, end) == (0, len(self.layers) - 1)
        (self.take_shapes_forward if whole else self.take_shapes)()
        self._try_passes((FORWARD, start, end))
        self._look(range(start, end + 1), "before_forward")
        self._last = end
        try:
            super()._forward(start, end)
        finally:
            self._last = len(self.layers) - 1
            self.finish()

    def _backward(self, start, end):
        """Layers start back to end by number, as `backward` asks for them."""
        if not self.layers:
            return
        self._check_numbers(start, end)
        self.take_shapes()
        self.check_unchanged()
        self._try_passes((BACKWARD, start, end))
        self._look(range(end, start + 1), "before_backward")
        super()._backward(start, end)
        release()

    def try_out(self, backward):
        """Before a solver runs all layers: new shapes flow, passes are tried, labels looked at."""
        self.take_shapes_forward()
        last = len(self.layers) - 1
        self._try_passes((FORWARD, 0, last), *[(BACKWARD, last, 0)] * backward)
        self._look(range(last + 1), "before_forward")

    def _look(self, places, moment):
        """What can be looked at before a pass begins, where Caffe does not call on the way."""
        if not self._callbacks:
            for place, watch in self._watches():
                if place in places:
                    getattr(watch, moment)(self)

    def _try_passes(self, *passes):
        """Run layers in a child process, unless that was done with these shapes."""
        if passes in self._tried or self._in_child:
            return
        now = mmap.mmap(-1, 64)  # written by the child, read by the parent

        def one_by_one():
            self._in_child = True
            blank(self, HAS_THREADS)
            for way, first, last in passes:
                step = 1 if last >= first and way == FORWARD else -1
                for place in range(first, last + step, step):
                    now[:] = f"{way} {place}".ljust(64).encode()
                    self._look([place], "before_" + way)
                    if self.layers[place].type not in HAS_THREADS:
                        getattr(real.Net, "_" + way)(self, place, place)

        def explain(reason):
            way, place = now[:].decode().split()
            return running_layer(self, int(place), way, reason)

        self._try(one_by_one, explain)
        self._tried.add(passes)

    def try_layer(self, place):
        """Run one layer forward in a child process."""
        def run():
            self._in_child = self._silent = True
            real.Net._forward(self, place, place)

        if not self._in_child:
            self._try(run, lambda reason: running_layer(self, place, FORWARD, reason))

    def needs_backward(self, place):
        """Whether Caffe's backward pass runs this layer, seen in a child process."""
        def runs():
            self._silent = True
            names = self._blob_names
            diffs = [raw_array(self.blobs[names[bottom]], "diff")
                     for bottom in super(Passes, self)._bottom_ids(place)]
            for diff in diffs:
                diff[...] = MARK
            real.Net._backward(self, place, place)
            return any((diff != MARK).any() for diff in diffs)

        if place not in self._needs:
            self._needs[place] = self._try(lambda: bool(runs()), str)
        return self._needs[place]

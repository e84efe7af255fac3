"""pycaffe's `Net`, made so that a mistake raises `NetError` and the process lives on."""
import mmap
import weakref
from itertools import zip_longest

from portable_caffe.prototxt import parse

from . import blob
from .base import bytes_needed, counts, sources
from .child import Died, Stuck, free_memory, in_child
from .explain import hint_for, running_layer, which_layer
from .inputs import Gathered, check_batches, fixed, write_into
from .labels import lookups
from .net_checks import check_listed_files, check_spec
from .pycaffe import real
from .weight_files import WeightFiles, check_common, check_weights
from ..errors import NetError, did_you_mean
from ..files import read_text, readable, without_mark

HAS_THREADS = {"Data", "ImageData", "WindowData"}  # a child has none of their threads


class SafeNet(WeightFiles, real.Net):
    """`caffe.Net` that raises `NetError` where Caffe would end the process.

    Building, reshaping, loading and sharing run in a child process first; `forward` and
    `backward` do so the first time, and again when a shape has changed. `net.spec` is the
    NetParameter it was built from; who has it parsed already hands it over.
    """

    def __init__(self, path, *args, spec=None, **kwargs):
        self.spec = spec or parse(
            read_text(without_mark(path)), real.proto.caffe_pb2.NetParameter(), str(path))
        check_spec(real, self.spec, str(path))
        weights = kwargs.pop("weights", None)
        if args and not isinstance(args[0], int):  # the old order: model, weights, phase
            weights, args = args[0], args[1:]
        phase = args[0] if args else kwargs.pop("phase", real.TRAIN)

        def build():
            return super(SafeNet, self).__init__(str(path), phase, **kwargs)

        self._try(lambda: [build(), bytes_needed(self)],
                  lambda reason: which_layer(real, self.spec, phase, reason),
                  memory=True)
        build()
        self._remember()
        if weights is not None:
            self.copy_from(weights)

    @classmethod
    def adopt(cls, raw, spec):
        """Make a net safe that Caffe itself has made, like that of a solver."""
        raw.__class__ = cls
        raw.spec = spec
        raw._remember()
        raw._watch_labels()
        return raw

    def _watch_labels(self):
        """Let Caffe stop at labels that no input holds; a solver runs all layers at once."""
        computed = {lookup.place: lookup for lookup in self._lookups
                    if lookup.name not in self._given}
        net = weakref.ref(self)
        if computed:
            self.before_forward(
                lambda place: computed[place].check(net()) if place in computed else None)

    def _remember(self):
        self._blobs_dict, self._params_dict = fixed(self)  # where pycaffe keeps them
        self._lookups, self._source_names = lookups(self), sources(self)
        in_place = {top for layer in self.spec.layer for top in layer.top
                    if top in layer.bottom}
        self._given = set(self.inputs) - in_place  # what nobody else writes
        self._note_shapes()
        check_listed_files(self.spec, set(self._layer_names))

    def _note_shapes(self):
        """Keep the shapes that Caffe has taken up, and forget what was tried with others."""
        self._tried, self._changes = set(), blob.changes
        self._shapes, self._counts = self.source_shapes(), counts(self)
        self._empty = next((name for name in self._source_names if not self.blobs[name].count),
                           None)

    def _try(self, work, explain, memory=False):
        try:
            result = in_child(work)
        except Stuck as stuck:  # no layer is to blame
            raise NetError(str(stuck)) from None
        except Died as died:
            raise NetError(explain(str(died))) from None
        except RuntimeError as error:
            kind, _, said = str(error).partition(": ")
            raise NetError(said if kind == "NetError" else explain(str(error))) from None
        if memory and result[1] > free_memory():
            raise NetError(
                f"the blobs of this net need {result[1] / 1e9:.1f} GB and "
                f"{free_memory() / 1e9:.1f} GB are free. "
                + hint_for("host allocation"))

    def source_shapes(self):
        """Shapes of the blobs no layer computes; all other shapes follow from them."""
        return [tuple(self.blobs[top].shape) for top in self._source_names]

    def take_shapes(self):
        """Let new shapes of inputs flow on; those of weights stay as they are."""
        if self._changes != blob.changes:
            self._tried.clear()
            (blobs, weights), (noted_blobs, noted_weights) = counts(self), self._counts
            if weights != noted_weights:
                raise NetError("a weight was reshaped, and a layer cannot change its size: "
                               "build the net anew.")
            if self.source_shapes() != self._shapes:
                self.reshape()
            elif blobs == noted_blobs:
                self._changes = blob.changes
        if self._empty:
            shape = tuple(self.blobs[self._empty].shape)
            raise NetError(f"the blob {self._empty!r} has shape {shape} and holds no number; "
                           "give its layer a shape, like input_param { shape { dim: 3 "
                           "dim: 2 } }, or reshape it.")

    def reshape(self):
        """Let the shapes of the inputs flow through the net."""
        raw = super()
        self._try(lambda: [raw.reshape(), bytes_needed(self)],
                  lambda reason: f"these input shapes do not fit the net: {reason}\n"
                  f"Given: {self._describe_sources()}.\nHint: the number of steps T and "
                  "of inputs D are fixed when the net is built; for others build it anew.",
                  memory=True)
        raw.reshape()
        self._note_shapes()

    def _describe_sources(self):
        return ", ".join(f"{top} {tuple(self.blobs[top].shape)}" for top in self._source_names)

    def forward(self, blobs=None, start=None, end=None, **inputs):
        """`caffe.Net.forward`, of all or, from layer `start` to `end`, a part of the net."""
        self._check_call(blobs, start, end)
        self.take_shapes()
        write_into(self, self.inputs, "data", inputs)
        return super().forward(blobs, start, end)

    def backward(self, diffs=None, start=None, end=None, **output_diffs):
        """`caffe.Net.backward`, of all or, from layer `start` back to `end`, a part of it."""
        self._check_call(diffs, start, end)
        self.take_shapes()
        write_into(self, self.outputs, "diff", output_diffs)
        return super().backward(diffs, start, end)

    def forward_all(self, blobs=None, **inputs):
        """`caffe.Net.forward_all`: many batches, one after the other."""
        check_batches(self, self.inputs, inputs)
        found = Gathered(self, inputs)
        for batch in self._batch(inputs):
            found.add(self.forward(blobs, **batch))
        return found.joined()

    def forward_backward_all(self, blobs=None, diffs=None, **arrays):
        """`caffe.Net.forward_backward_all`: many batches, forward and backward."""
        check_batches(self, [*self.inputs, *self.outputs], arrays)
        found, gradients = Gathered(self, arrays), Gathered(self, arrays)
        ways = [self._batch({name: arrays[name] for name in names if name in arrays})
                for names in (self.inputs, self.outputs)]
        for forward, backward in zip_longest(*ways, fillvalue={}):
            found.add(self.forward(blobs, **forward))
            gradients.add(self.backward(diffs, **backward))
        return found.joined(), gradients.joined()

    def _batch(self, blobs):
        return super()._batch(blobs) if blobs else iter(())  # pycaffe's own wants one

    def _check_call(self, blobs, start, end):
        if not isinstance(blobs, (list, tuple, type(None))):
            raise NetError(f"the blobs to return are a list of names, got {blobs!r}.")
        layers = list(self._layer_names)
        for kind, name, known in [("blob", name, self.blobs) for name in blobs or ()] + [
                ("layer", name, layers) for name in (start, end) if name is not None]:
            if name not in known:
                raise NetError(f"this net has no {kind} {name!r}."
                               + did_you_mean(str(name), known))

    def _forward(self, start, end):
        """Layers start to end by number, as `forward` asks for them."""
        self.take_shapes()
        self._try_layers(super()._forward, start, end, 1)
        for stop in self._lookups:
            if start <= stop.place <= end:
                if start < stop.place:
                    super()._forward(start, stop.place - 1)
                stop.check(self)
                start = stop.place
        super()._forward(start, end)
        if self._changes != blob.changes:  # a shape set in the middle was taken up
            self._note_shapes()

    def _backward(self, start, end):
        """Layers start back to end by number, as `backward` asks for them."""
        self.take_shapes()
        if self._changes != blob.changes:
            raise NetError("a blob between the layers was reshaped: run forward() first.")
        self._try_layers(super()._backward, start, end, -1)
        for stop in self._lookups:
            if end <= stop.place <= start:
                stop.check(self)
        super()._backward(start, end)

    def _try_layers(self, run, first, last, step):
        """Run layers `first` to `last` in a child, unless that was done with these shapes."""
        self._check_numbers(first, last)
        key = first, last, step
        if key in self._tried and self._changes == blob.changes:
            return
        if any(layer.type in HAS_THREADS for layer in self.layers):
            return
        place = mmap.mmap(-1, 4)  # written by the child, read by the parent

        def one_by_one():
            for number in range(first, last + step, step):
                place[:] = number.to_bytes(4, "little")
                for lookup in self._lookups:
                    if lookup.place == number:
                        lookup.check(self)
                run(number, number)

        way = "forward" if step == 1 else "backward"
        self._try(one_by_one, lambda reason: running_layer(
            self, int.from_bytes(place[:], "little"), way, reason))
        self._tried.add(key)

    def _top_ids(self, number):
        """Which blobs layer `number` gives."""
        self._check_numbers(number)
        return super()._top_ids(number)

    def _bottom_ids(self, number):
        """Which blobs layer `number` takes."""
        self._check_numbers(number)
        return super()._bottom_ids(number)

    def _check_numbers(self, *numbers):
        count = len(self.layers)
        if not all(hasattr(n, "__index__") and 0 <= n < count for n in numbers):
            raise NetError(f"layers have the numbers 0 to {count - 1}, got {numbers}.")

    def check_indices(self):
        """Raise where an input holds a label or index that is none of those its layer knows."""
        for lookup in self._lookups:
            if lookup.name in self._given:
                lookup.check(self)

    def try_out(self, backward):
        """Run all layers in a child process, unless that was done with these shapes."""
        self.take_shapes()
        last = len(self.layers) - 1
        self._try_layers(super()._forward, 0, last, 1)
        if backward:
            self._try_layers(super()._backward, last, 0, -1)

    def copy_from(self, path):
        """Read weights from a file; each layer that learns must find its own."""
        path = readable(path)
        if not path.endswith((".h5", ".hdf5")):
            check_weights(real, self, path)
        raw = super()
        self._try(lambda: raw.copy_from(path),
                  lambda reason: f"{path} does not fit this net: {reason}\n"
                  + hint_for("Cannot copy param"))
        raw.copy_from(path)

    def share_with(self, other):
        """Use the weights of another net of the same layers."""
        if not isinstance(other, real.Net):
            raise NetError(f"a net shares weights with a net, got {type(other).__name__}.")
        check_common(self, other)
        raw = super()
        self._try(lambda: raw.share_with(other),
                  lambda reason: f"these nets cannot share weights: {reason}")
        raw.share_with(other)

"""pycaffe's `Net`, made so that a mistake raises `NetError` and the process lives on."""
from portable_caffe.batches import Batches
from portable_caffe.free_memory import in_gigabytes
from portable_caffe.net import in_new_order
from portable_caffe.prepare import in_state
from portable_caffe.prototxt import parse

from .base import bytes_needed, state_of
from .child import Died, free_memory, in_child
from .explain import hint_for, which_layer
from .given_weights import check_given_weights
from .inputs import NamesOfLayers, Results, fixed, listed, write_into
from .memory import EXPOSES, mark_lent, release, settle
from .net_checks import check_spec
from .passes import Passes
from .pycaffe import real
from .records import check_files
from .weight_files import WeightFiles, check_common, check_weights
from .wheel import warn_of_faults
from ..errors import NetError, did_you_mean
from ..files import read_text, readable, without_mark


class SafeNet(Passes, Batches, WeightFiles, NamesOfLayers, real.Net):
    """`caffe.Net` that raises `NetError` where Caffe would end the process.

    Building, reshaping, loading and sharing run in a child process first; `forward` and
    `backward` do so the first time, and again when a shape has changed. `net.spec` is the
    NetParameter it was built from; who has it parsed already hands it over.
    """

    def __init__(self, network_file, phase=real.TRAIN, level=0, stages=None, weights=None, *,
                 spec=None):
        phase, level, weights = in_new_order(phase, level, weights)
        self.spec = spec or parse(read_text(without_mark(network_file)),
                                  real.proto.caffe_pb2.NetParameter(), str(network_file))
        self._note_state(state_of(self.spec, phase, level, stages))
        check_spec(real, self.built, str(network_file))
        check_files(self.built)

        def build():
            super(SafeNet, self).__init__(str(network_file), phase, level, stages)
            settle(self)

        self._try_to_grow(build, lambda reason: which_layer(real, self, reason))
        build()
        self._remember()
        if weights is not None:
            self.copy_from(weights)

    def _note_state(self, state):
        """`built` is what Caffe builds of `spec` in this phase, at this level, in these stages."""
        self.state, self.phase = state, state.phase
        self.built = in_state(self.spec, state)

    @classmethod
    def adopt(cls, raw, spec, state):
        """Make a net safe that Caffe itself has made, like that of a solver."""
        raw.__class__ = cls
        raw.spec = spec
        raw._note_state(state)
        raw._try(lambda: settle(raw), str)
        settle(raw)
        raw._remember()
        return raw

    def _try(self, work, explain):
        """What `work()` returns in a child process; a NetError with an explanation if it fails."""
        try:
            return in_child(work)
        except Died as died:
            raise NetError(explain(str(died))) from None

    def _try_to_grow(self, work, explain):
        """`_try`; a NetError, too, where the blobs would need more memory than is free."""
        needed = self._try(lambda: [work(), bytes_needed(self)][1], explain)
        if needed > free_memory():
            raise NetError(
                f"the blobs of this net need {in_gigabytes(needed)} and "
                f"{in_gigabytes(free_memory())} are free. "
                + hint_for("host allocation"))

    def _remember(self):
        self._blobs_dict, self._params_dict = fixed(self)  # where pycaffe keeps them
        check_given_weights(self)
        mark_lent(self)
        self._prepare_shapes()
        self._prepare_passes()
        warn_of_faults(self)

    def forward(self, blobs=None, start=None, end=None, **inputs):
        """`caffe.Net.forward`, of all or, from layer `start` to `end`, a part of the net."""
        self._check_call(blobs, start, end)
        self.take_shapes()
        write_into(self, self.inputs, "data", inputs)
        return Results(super().forward(listed(blobs), start, end))

    def backward(self, diffs=None, start=None, end=None, **output_diffs):
        """`caffe.Net.backward`, of all or, from layer `start` back to `end`, a part of it."""
        self._check_call(diffs, start, end)
        self.take_shapes()
        write_into(self, self.outputs, "diff", output_diffs)
        return Results(super().backward(listed(diffs), start, end))

    def _check_call(self, blobs, start, end):
        layers = list(self._layer_names)
        for kind, name, known in [("blob", name, self.blobs) for name in listed(blobs)] + [
                ("layer", name, layers) for name in (start, end) if name is not None]:
            if not isinstance(name, str) or name not in known:
                raise NetError(f"this net has no {kind} {name!r}."
                               + did_you_mean(str(name), known))

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
        self.check_can_share()
        raw = super()

        def share():
            raw.share_with(other)
            if self.has_known_shapes():
                settle(self)

        self._try(share, lambda reason: f"these nets cannot share weights: {reason}")
        share()
        release()

    def check_can_share(self):
        """Raise where Caffe would go on with the weights of before: inside a recurrent layer."""
        kept = [name for name, layer in zip(self._layer_names, self.layers)
                if layer.type in EXPOSES and self.phase == real.TRAIN]
        if kept:
            raise NetError(f"layer {kept[0]!r} would compute with its own weights still, for Caffe "
                           "lets a recurrent layer use those of another net in the phase TEST "
                           "only: load this net with phase=caffe.TEST, or copy the weights.")

    def clear_param_diffs(self):
        """Set the gradients of all weights to 0."""
        empty = [name for name, blobs in self.params.items() for blob in blobs if not blob.count]
        if empty:
            raise NetError(f"a weight of layer {empty[0]!r} holds no number, so it has no "
                           "gradient; give it a shape without a 0.")
        super().clear_param_diffs()

    def set_input_arrays(self, data, labels):
        """Give a MemoryData layer, the first of the net, its numbers: data and labels."""
        if getattr(data, "size", 1) == 0:
            raise NetError("the arrays for a MemoryData layer hold nothing; give at least a batch.")
        try:
            super().set_input_arrays(data, labels)
        except (AttributeError, IndexError, RuntimeError, TypeError) as error:
            raise NetError(f"these arrays do not fit the MemoryData layer: {error}.") from None

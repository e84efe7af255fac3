"""pycaffe's `Net`, made so that a mistake raises `NetError` and the process lives on."""
import os
import tempfile

from . import checks
from .errors import NetError, did_you_mean, hint_for
from .guard import Died, free_memory, in_child


def guarded(caffe):
    """The class `Net` of this Caffe with each call tried where it can do no harm.

    Building, reshaping, loading and sharing run in a child process first. `forward` and
    `backward` do so only when a shape changed since the last time.
    """

    class Net(caffe.Net):
        """`caffe.Net` that raises `NetError` where Caffe would end the process.

        `net.spec` is the NetParameter it was built from; who has it parsed already hands
        it over.
        """

        def __init__(self, path, *args, spec=None, **kwargs):
            self.spec = spec or checks.parse(caffe, read_text(path), str(path))
            checks.check_net(caffe, self.spec, str(path))
            weights = kwargs.pop("weights", None)
            if args and not isinstance(args[0], int):  # the old order: model, weights, phase
                weights, args = args[0], args[1:]
            phase = args[0] if args else kwargs.pop("phase", caffe.TRAIN)

            def build():
                return super(Net, self).__init__(str(path), phase, **kwargs)

            self._try(lambda: [build(), _bytes_needed(self)],
                      lambda reason: _which_layer(caffe, self.spec, phase, reason),
                      memory=True)
            build()
            self._remember()
            if weights is not None:
                self.copy_from(weights)

        @classmethod
        def adopt(cls, raw, spec):
            """Guard a net that Caffe itself has made, like that of a solver."""
            raw.__class__ = cls
            raw.spec = spec
            raw._remember()
            return raw

        def _remember(self):
            self._source_names = self._find_sources()  # once: looking at T steps takes time
            self._shapes = self.source_shapes()
            self._ranges = checks.index_ranges(self.spec, self._source_names)
            self._went_back = False

        def _try(self, work, explain, memory=False):
            try:
                result = in_child(work)
            except Died as died:
                raise NetError(explain(str(died))) from None
            except RuntimeError as error:
                raise NetError(str(error)) from None
            if memory and result[1] > free_memory():
                raise NetError(
                    f"the blobs of this net need {result[1] / 1e9:.1f} GB and "
                    f"{free_memory() / 1e9:.1f} GB are free. "
                    + hint_for("host allocation"))

        def source_shapes(self):
            """Shapes of the blobs no layer computes; all other shapes follow from them."""
            return [tuple(self.blobs[top].shape) for top in self._source_names]

        def _find_sources(self):
            blobs = self.blobs
            made = [top for layer in self.spec.layer if not layer.bottom
                    for top in layer.top if top in blobs]
            return list(dict.fromkeys([*self.inputs, *made]))

        def _recheck(self):
            shapes = self.source_shapes()
            empty = [name for name in self._source_names if not self.blobs[name].count]
            if empty:
                raise NetError(f"the blob {empty[0]!r} has shape {tuple(self.blobs[empty[0]].shape)} "
                               "and holds no number; give its layer a shape, like "
                               "input_param { shape { dim: 3 dim: 2 } }, or reshape it.")
            if shapes != self._shapes:
                self.reshape()

        def reshape(self):
            """Let the shapes of the inputs flow through the net."""
            raw = super()
            self._try(lambda: [raw.reshape(), _bytes_needed(self)],
                      lambda reason: f"these input shapes do not fit the net: {reason}\n"
                      f"Given: {self._describe_sources()}.\nHint: the number of steps T and "
                      "of inputs D are fixed when the net is built; for others build it anew.",
                      memory=True)
            raw.reshape()
            self._shapes = self.source_shapes()

        def _describe_sources(self):
            return ", ".join(f"{top} {tuple(self.blobs[top].shape)}" for top in self._source_names)

        def forward(self, *args, **kwargs):
            """`caffe.Net.forward`; shapes that changed and labels are checked first."""
            self._recheck()
            for name in set(kwargs) & set(self.inputs):  # as pycaffe does, but looked at first
                self.blobs[name].data[...] = kwargs[name]
            self.check_indices()
            raw = super()
            if kwargs.get("start") or len(args) > 1:  # blobs in the middle may have any shape
                self._try(lambda: bool(raw.forward(*args, **kwargs)),
                          lambda reason: f"forward from the middle of the net: {reason}")
            return raw.forward(*args, **kwargs)

        def check_indices(self):
            """Raise where a label or index is none of those its layer knows."""
            for layer, name, of, axis, ignored in self._ranges:
                count = of if axis is None else self.blobs[of].shape[axis]
                checks.check_indices(layer, name, self.blobs[name].data, count, ignored)

        def backward(self, *args, **kwargs):
            """`caffe.Net.backward`; tried in a child the first time, shapes checked always."""
            self._recheck()
            raw = super()
            if not self._went_back:
                self._try(lambda: bool(raw.backward(*args, **kwargs)),
                          lambda reason: f"a layer of this net has no backward pass: {reason}")
                self._went_back = True
            return raw.backward(*args, **kwargs)

        def copy_from(self, path):
            """Read weights from a file; each layer that learns must find its own."""
            path = readable(path)
            if not path.endswith((".h5", ".hdf5")):
                _check_weights(caffe, self, path)
            raw = super()
            self._try(lambda: raw.copy_from(path),
                      lambda reason: f"{path} does not fit this net: {reason}\n"
                      + hint_for("Cannot copy param"))
            raw.copy_from(path)

        def share_with(self, other):
            """Use the weights of another net of the same layers."""
            if not isinstance(other, caffe.Net):
                raise NetError(f"a net shares weights with a net, got {type(other).__name__}.")
            raw = super()
            self._try(lambda: raw.share_with(other),
                      lambda reason: f"these nets cannot share weights: {reason}")
            raw.share_with(other)

        def save(self, path):
            """Write all weights the way Caffe does: a copy for each layer that uses them."""
            raw = super()  # a full disk would end the process, so the child writes
            in_place_of(path, lambda beside: self._try(
                lambda: raw.save(beside), lambda reason: f"cannot write {path}: {reason}"))

        def save_hdf5(self, path, *args):
            """Write the weights as HDF5, which has no place for '/' in a layer's name."""
            raw = super()
            slashed = [layer.name for layer in self.spec.layer if "/" in layer.name]
            if slashed:
                raise NetError(f"HDF5 takes '/' in a name for a folder, and layer "
                               f"{slashed[0]!r} has one. Use save_weights(net, "
                               "'x.caffemodel') instead.")
            in_place_of(path, lambda beside: self._try(
                lambda: raw.save_hdf5(beside, *args),
                lambda reason: f"cannot write {path}: {reason}"))

        def load_hdf5(self, path):
            """Read weights from an HDF5 file."""
            path, raw = readable(path), super()
            self._try(lambda: raw.load_hdf5(path),
                      lambda reason: f"{path} does not fit this net: {reason}")
            raw.load_hdf5(path)

    return Net


def _bytes_needed(net):
    """Data and gradient of every blob and weight, 4 bytes a number."""
    counts = [blob.count for name, blob in net.blobs.items() if "_split_" not in name]
    counts += {id(blob): blob.count for blobs in net.params.values() for blob in blobs}.values()
    return 8 * sum(counts)


def read_text(path):
    """The text of a file, or a NetError that says why not."""
    try:
        with open(readable(path), encoding="utf-8") as file:
            return file.read()
    except UnicodeDecodeError:
        raise NetError(f"{path} is no text; expected a prototxt file.") from None


def readable(path):
    """The path as a string, or a NetError that says why it cannot be read."""
    path = os.fspath(path)
    if not os.path.exists(path):
        where = os.path.dirname(os.path.abspath(path))
        raise NetError(f"there is no file {path!r} (looked in {where}).")
    if os.path.isdir(path):
        raise NetError(f"{path!r} is a folder; expected a file.")
    if not os.access(path, os.R_OK):
        raise NetError(f"{path!r} may not be read by this user; see its permissions.")
    return path


def in_place_of(path, write):
    """`write(beside)` a file next to `path`, then move it there: whole file or nothing."""
    path = os.path.realpath(os.fspath(path))  # a link stays one
    if os.path.exists(path) and not os.path.isfile(path):
        raise NetError(f"cannot write {path!r}: it is no file.")
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise NetError(f"cannot write {path!r}: there is no folder {folder!r}; make it first.")
    try:
        handle, beside = tempfile.mkstemp(suffix=os.path.splitext(path)[1], dir=folder)
        os.close(handle)
    except OSError as error:
        raise NetError(f"cannot write into {folder!r}: {error.strerror}.") from None
    try:
        write(beside)
        os.chmod(beside, 0o666 & ~_umask())
        os.replace(beside, path)
    except OSError as error:
        raise NetError(f"cannot write {path!r}: {error.strerror}.") from None
    finally:
        if os.path.exists(beside):
            os.remove(beside)
    return path


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _which_layer(caffe, spec, phase, reason):
    """Caffe's reason with the layer that caused it and the shapes that came in.

    The shortest piece of the net that still dies ends in the layer we look for.
    """
    if not spec.layer:
        return (f"{reason}\nHint: this is Caffe's format of 2014 (`layers {{`), in which layers "
                "are not looked at one by one; write it anew with `layer {`.")
    good, bad = 0, len(spec.layer)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _first_layers(caffe, spec, phase, middle) is None:
            bad = middle
        else:
            good = middle
    layer = spec.layer[bad - 1]
    shapes = _first_layers(caffe, spec, phase, good) or {}
    bottoms = [f"{name} {tuple(shapes[name]) if name in shapes else '(unknown)'}"
               for name in layer.bottom]
    return (f"layer {layer.name!r} ({layer.type}): {reason}\n"
            f"Given: {', '.join(bottoms) or 'no bottoms'}.\n{_hint(layer, shapes, reason)}")


def _first_layers(caffe, spec, phase, count):
    """Blob shapes of the net's first layers, or None when Caffe dies of them."""
    piece = caffe.proto.caffe_pb2.NetParameter()
    piece.CopyFrom(spec)
    del piece.layer[count:]

    def build():
        with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
            file.write(str(piece))
            file.flush()
            net = caffe.Net(file.name, phase)
            return {name: list(blob.shape) for name, blob in net.blobs.items()}

    try:
        return in_child(build)
    except (Died, RuntimeError):
        return None


def _hint(layer, shapes, reason):
    if "Unknown bottom blob" in reason:
        wrong = next((name for name in layer.bottom if name not in shapes), "")
        return hint_for(reason) + did_you_mean(wrong, shapes)
    return hint_for(reason, layer.type)


def _check_weights(caffe, net, path):
    """A caffemodel must be whole and hold each weight of the net."""
    stored = caffe.proto.caffe_pb2.NetParameter()
    with open(path, "rb") as file:
        data = file.read()
    try:
        stored.ParseFromString(data)
    except Exception:  # protobuf raises DecodeError from one of several modules
        stored.Clear()
    held = {layer.name for layer in [*stored.layer, *stored.layers] if layer.blobs}
    if not held:
        raise NetError(f"{path!r} ({len(data)} bytes) holds no weights: it is no .caffemodel "
                       "or was cut short while it was written.")
    missing = [name for name in owners(net) if name not in held]
    if missing:
        raise NetError(f"{path!r} has no weights for layer {missing[0]!r}; it holds "
                       f"{', '.join(sorted(held)[:6])}. It was saved from another net: "
                       "build this one with the same layer names.")


def owners(net):
    """The layers whose weights are not all shared from layers before them."""
    seen, first = set(), []
    for name, blobs in net.params.items():
        places = {blob.data.ctypes.data for blob in blobs}
        if not places <= seen:
            first.append(name)
        seen |= places
    return first

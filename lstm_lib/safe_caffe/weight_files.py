"""Weights in files, and whether a file of weights belongs to a net."""
from collections import Counter

from portable_caffe.files import parse_bytes

from .resources import disk_asked
from ..errors import NetError
from ..files import read_bytes, readable, write_whole


def check_weights(caffe, net, path):
    """A caffemodel must be whole and hold each weight of the net."""
    data, stored = read_bytes(path), caffe.proto.caffe_pb2.NetParameter()
    whole = parse_bytes(data, stored)
    held = {str(layer.name) for layer in [*stored.layer, *stored.layers] if whole and layer.blobs}
    if not held and net.params:
        _check_is_no_state(caffe, data, path)
        raise NetError(f"{path!r} ({len(data)} bytes) holds no weights: it is no .caffemodel "
                       "or was cut short while it was written.")
    missing = [name for name in owners(net) if name not in held]
    if missing:
        raise NetError(f"{path!r} has no weights for layer {missing[0]!r}; it holds "
                       f"{', '.join(sorted(held)[:6])}. It was saved from another net: "
                       "build this one with the same layer names.")


def _check_is_no_state(caffe, data, path):
    """Raise where it is a solver's state, which names the file that holds its weights."""
    state = caffe.proto.caffe_pb2.SolverState()
    if parse_bytes(data, state) and state.HasField("iter"):
        raise NetError(f"{path!r} is the state of a solver; its weights are in "
                       f"{state.learned_net!r}: give that .caffemodel, or let a solver go on: "
                       f"solver.restore({path!r}).")


def check_common(net, other):
    """Two nets that share weights must have a layer of the same name."""
    if not set(net.params) & set(other.params):
        raise NetError("these nets share no weights: they have no layer with weights of the same "
                       f"name. One has {', '.join(net.params) or 'none'}, the other "
                       f"{', '.join(other.params) or 'none'}.")


def owners(net):
    """The layers whose weights are not all shared from layers before them."""
    seen, first = set(), []
    for name, blobs in net.params.items():
        places = {blob.data.ctypes.data for blob in blobs}
        if not places <= seen:
            first.append(name)
        seen |= places
    return first


def check_names(net):
    """Each layer with weights of its own must have a name of its own: a file keeps one of a name."""
    count = Counter(name for name, layer in zip(net._layer_names, net.layers) if layer.blobs)
    kept = {}
    for name, layer in zip(net._layer_names, net.layers):
        if count[name] > 1:
            places = [blob.data.ctypes.data for blob in layer.blobs]
            if places and kept.setdefault(name, places) != places:
                raise NetError(f"{count[name]} layers of this net with weights are called "
                               f"{name!r}; a file would keep the weights of one. Give each a name "
                               "of its own, then build the net anew.")


class WeightFiles:
    """What real Caffe's nets write and read; a child tries it, for Caffe dies of a full disk."""

    def save(self, path):
        """Write all weights the way Caffe does: a copy for each layer that uses them."""
        check_names(self)
        raw = super()
        self._write(path, lambda beside: raw.save(beside))

    def save_hdf5(self, path, *args):
        """Write the weights as HDF5, which has no place for '/' in a layer's name."""
        check_names(self)
        raw = super()
        slashed = [layer.name for layer in self.built.layer if "/" in layer.name]
        if slashed:
            raise NetError(f"HDF5 takes '/' in a name for a folder, and layer "
                           f"{slashed[0]!r} has one. Use save_weights(net, "
                           "'x.caffemodel') instead.")
        self._write(path, lambda beside: raw.save_hdf5(beside, *args))

    def _write(self, path, write):
        """Let a child `write(beside)`."""
        def work(beside):
            with disk_asked(beside):
                self._try(lambda: write(beside), lambda reason: f"cannot write {path}: {reason}")

        write_whole(path, work)

    def load_hdf5(self, path):
        """Read weights from an HDF5 file."""
        path, raw = readable(path), super()
        self._try(lambda: raw.load_hdf5(path),
                  lambda reason: f"{path} does not fit this net: {reason}")
        raw.load_hdf5(path)

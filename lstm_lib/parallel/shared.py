"""All weights of a net, or their gradients, as one flat tensor, each shared weight once."""
import hashlib

from portable_caffe import arrays

from ..errors import NetError
from ..safe_caffe.engine import caffe


class SharedWeights:
    """The weights of a net, each once however many layers use it, and their gradients."""

    def __init__(self, net):
        import torch
        self._torch, once = torch, {}
        for name, blobs in net.params.items():
            for index, blob in enumerate(blobs):
                once.setdefault(blob.data.ctypes.data, (f"{name}[{index}]", blob))
        self._named = dict(once.values())
        self.blobs = list(self._named.values())
        if not self.blobs:
            raise NetError("this net has no weights, so there is nothing to train in parallel.")
        self._kinds = dict(zip(net._layer_names, (layer.type for layer in net.layers)))

    def shapes(self):
        """A text for each weight: its first layer, and its shape."""
        return [f"the weight {name} {tuple(blob.shape)}" for name, blob in self._named.items()]

    def fingerprints(self):
        """A text for each weight, which is another as soon as one bit is.

        The statistics of BatchNorm are left out: each process has those of its own parts.
        """
        return [f"the numbers of {name}, {hashlib.sha256(blob.data.tobytes()).hexdigest()[:12]}"
                for name, blob in self._named.items()
                if self._kinds.get(name.rpartition("[")[0]) != "BatchNorm"]

    def together(self, side, do):
        """Let `do` change all numbers of a side, "data" or "diff", in one flat tensor."""
        parts = [self._tensor(blob, side) for blob in self.blobs]
        flat = self._torch.cat([part.reshape(-1) for part in parts])
        do(flat)
        for blob, part, new in zip(self.blobs, parts,
                                   flat.split([part.numel() for part in parts])):
            if on_gpu():
                getattr(blob, f"{side}_memory").overwrite(new.reshape(part.shape))
            else:
                part.copy_(new.reshape(part.shape))

    def _tensor(self, blob, side):
        """The numbers where they are: on a GPU PyTorch's array, else the memory NumPy sees."""
        if on_gpu():
            return getattr(blob, f"{side}_memory").read()
        return self._torch.from_numpy(getattr(blob, side))


def fingerprint_of_inputs(net):
    """A text that is another as soon as one number is of what the net was given to compute.

    That is the tops of layers without bottoms, but for DummyData, which makes its own.
    """
    digest = hashlib.sha256()
    for name, layer in zip(net._layer_names, net.layers):
        if not net.bottom_names[name] and layer.type not in ("DummyData", "Parameter"):
            for top in net.top_names[name]:
                digest.update(net.blobs[top].data.tobytes())
    return digest.hexdigest()


def on_gpu():
    """Does portable_caffe compute with PyTorch's arrays on a CUDA GPU? NCCL reaches them there."""
    return (caffe.engine == "portable" and arrays.current.library == "torch"
            and arrays.current.device == "cuda")

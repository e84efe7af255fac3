"""Images on their way into a net: resized, turned, scaled, the mean taken away; and back."""
import numpy as np

from .errors import NoSuchName, WrongShape
from .images import resize_image


class Transformer:
    """What each input of a net wants done with an image (H, W, K), and how that is undone.

    inputs : name -> shape (N, K, H, W), like {"data": net.blobs["data"].data.shape}
    """

    def __init__(self, inputs):
        self.inputs = inputs
        self.transpose, self.channel_swap = {}, {}
        self.raw_scale, self.mean, self.input_scale = {}, {}, {}

    def preprocess(self, in_, data):
        """(H, W, K) -> (K, H, W): resized, turned, channels swapped; (x raw_scale - mean)
        input_scale.
        """
        self._check(in_)
        given = np.array(data, np.float32)
        if given.shape[:2] != tuple(self.inputs[in_][2:]):
            given = resize_image(given, self.inputs[in_][2:])
        if in_ in self.transpose:
            given = given.transpose(self.transpose[in_])
        if in_ in self.channel_swap:
            given = given[list(self.channel_swap[in_])]
        return ((given * self.raw_scale.get(in_, 1) - self.mean.get(in_, 0))
                * self.input_scale.get(in_, 1)).astype(np.float32)

    def deprocess(self, in_, data):
        """(K, H, W) -> (H, W, K): all that `preprocess` does, but for the size, undone."""
        self._check(in_)
        found = ((np.squeeze(data) / self.input_scale.get(in_, 1) + self.mean.get(in_, 0))
                 / self.raw_scale.get(in_, 1))
        if in_ in self.channel_swap:
            found = found[np.argsort(self.channel_swap[in_])]
        if in_ in self.transpose:
            found = found.transpose(np.argsort(self.transpose[in_]))
        return found

    def set_transpose(self, in_, order):
        """The order of the axes: (2, 0, 1) makes (K, H, W) of (H, W, K)."""
        self._check(in_)
        axes = len(self.inputs[in_]) - 1
        if len(order) != axes:
            raise WrongShape(f"the order of the axes of {in_!r} needs {axes} numbers, got "
                             f"{tuple(order)}.")
        self.transpose[in_] = order

    def set_channel_swap(self, in_, order):
        """The order of the channels after the transposition: (2, 1, 0) makes BGR of RGB."""
        self._check(in_)
        channels = self.inputs[in_][1]
        if len(order) != channels:
            raise WrongShape(f"the order of the channels of {in_!r} needs {channels} numbers, got "
                             f"{tuple(order)}.")
        self.channel_swap[in_] = order

    def set_raw_scale(self, in_, scale):
        """What the image is multiplied by before the mean is taken away: 255 for most nets."""
        self._check(in_)
        self.raw_scale[in_] = scale

    def set_input_scale(self, in_, scale):
        """What the image is multiplied by after the mean is taken away."""
        self._check(in_)
        self.input_scale[in_] = scale

    def set_mean(self, in_, mean):
        """What is taken away: a number for each channel (K), or an image (K, H, W) of any size."""
        self._check(in_)
        mean, shape = np.asarray(mean), tuple(self.inputs[in_][1:])
        if mean.ndim == 1 and len(mean) == shape[0]:
            mean = mean[:, np.newaxis, np.newaxis]
        elif mean.ndim not in (2, 3):
            raise WrongShape(f"the mean of {in_!r} is an array ({shape[0]},) or {shape}, got "
                             f"{mean.shape}.")
        elif mean.ndim == 3 and mean.shape != shape:
            mean = resize_image(mean.transpose(1, 2, 0), shape[1:]).transpose(2, 0, 1)
        self.mean[in_] = mean

    def _check(self, in_):
        if in_ not in self.inputs:
            raise NoSuchName(f"the net has no input {in_!r}; it has "
                             f"{', '.join(self.inputs) or 'none'}.", in_, self.inputs)

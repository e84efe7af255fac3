"""A net that says what is in an image: `caffe.Classifier`."""
import numpy as np

from .images import oversample as ten_crops, resize_image
from .net import Net
from .proto import caffe_pb2
from .transformer import Transformer


class ImageNet(Net):
    """A net for use, with what its input wants done with an image."""

    def __init__(self, model_file, pretrained_file, mean=None, input_scale=None, raw_scale=None,
                 channel_swap=None):
        super().__init__(model_file, caffe_pb2.TEST, weights=pretrained_file)
        name = self.inputs[0]
        self.transformer = Transformer({name: self.blobs[name].data.shape})
        self.transformer.set_transpose(name, (2, 0, 1))
        for setter, value in ((self.transformer.set_mean, mean),
                              (self.transformer.set_input_scale, input_scale),
                              (self.transformer.set_raw_scale, raw_scale),
                              (self.transformer.set_channel_swap, channel_swap)):
            if value is not None:
                setter(name, value)

    def scores(self, images):
        """What the net says of each image (H, W, K): an array (images, ...)."""
        name = self.inputs[0]
        batch = np.array([self.transformer.preprocess(name, image) for image in images])
        return self.forward_all(**{name: batch})[self.outputs[0]]


class Classifier(ImageNet):
    """`predict(images)` gives the scores of each class for each image.

    image_dims : (height, width) that images are resized to before they are cut to the size of
        the net's input; that size, if not given.
    """

    def __init__(self, model_file, pretrained_file, image_dims=None, mean=None, input_scale=None,
                 raw_scale=None, channel_swap=None):
        super().__init__(model_file, pretrained_file, mean, input_scale, raw_scale, channel_swap)
        self.crop_dims = np.array(self.blobs[self.inputs[0]].data.shape[2:])
        self.image_dims = image_dims or self.crop_dims

    def predict(self, inputs, oversample=True):
        """(images, classes); with `oversample` the mean over ten crops of each image (H, W, K)."""
        images = [resize_image(image, self.image_dims) for image in inputs]
        if oversample:
            scores = self.scores(ten_crops(images, self.crop_dims))
            return scores.reshape(len(images), 10, -1).mean(1)
        top, left = ((np.array(self.image_dims) - self.crop_dims) / 2).astype(int)
        height, width = self.crop_dims
        return self.scores([image[top:top + height, left:left + width] for image in images])

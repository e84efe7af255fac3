"""The names that pycaffe's net has inside, which programs use all the same."""
from .batches import batches


class InnerNames:
    """The part of a net that counts its blobs and layers, as Caffe itself does."""

    @property
    def _blob_names(self):
        """The names of all blobs, in the order in which layers make them."""
        return list(self.blobs)

    @property
    def _blobs(self):
        """All blobs, in the order of their names."""
        return list(self.blobs.values())

    @property
    def _blob_loss_weights(self):
        """How much each blob counts in the loss."""
        return list(self.blob_loss_weights.values())

    @property
    def _inputs(self):
        """The numbers of the blobs that are inputs."""
        return self._numbers(self.inputs)

    @property
    def _outputs(self):
        """The numbers of the blobs that are outputs."""
        return self._numbers(self.outputs)

    def _top_ids(self, layer):
        """The numbers of the blobs that layer number `layer` makes."""
        return self._numbers(self._nodes[layer].spec.top)

    def _bottom_ids(self, layer):
        """The numbers of the blobs that layer number `layer` reads."""
        return self._numbers(self._nodes[layer].spec.bottom)

    def _numbers(self, names):
        places = {name: number for number, name in enumerate(self.blobs)}
        return [places[name] for name in names]

    def _batch(self, blobs):
        """Arrays by name, cut into batches, the last one filled up with 0."""
        return batches(self, blobs)

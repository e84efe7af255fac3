"""Images and arrays on their way into and out of nets: the functions of `caffe.io`.

An image is an array (H, W, K) of numbers from 0 to 1; a net takes (K, H, W).
"""
import numpy as np

from .errors import WrongShape
from .images import load_image, oversample, resize_image
from .proto import caffe_pb2
from .transformer import Transformer

__all__ = ["Transformer", "array_to_blobproto", "array_to_datum", "arraylist_to_blobprotovector_str",
           "blobproto_to_array", "blobprotovector_str_to_arraylist", "datum_to_array",
           "load_image", "oversample", "resize_image"]


def blobproto_to_array(blob, return_diff=False):
    """The array of a BlobProto's data, or of its gradients; also of the old kind with four sizes.

    Raises
    ------
    ValueError : the message has another count of numbers than its shape says.
    """
    numbers = np.array(blob.diff if return_diff else blob.data)
    if any(map(blob.HasField, ("num", "channels", "height", "width"))):
        return numbers.reshape(blob.num, blob.channels, blob.height, blob.width)
    return numbers.reshape(tuple(blob.shape.dim))


def array_to_blobproto(arr, diff=None):
    """The BlobProto of an array, and of gradients of the same shape."""
    blob = caffe_pb2.BlobProto()
    blob.shape.dim.extend(arr.shape)
    blob.data.extend(np.asarray(arr, float).ravel().tolist())
    if diff is not None:
        blob.diff.extend(np.asarray(diff, float).ravel().tolist())
    return blob


def arraylist_to_blobprotovector_str(arraylist):
    """Several arrays as the bytes of a BlobProtoVector."""
    return caffe_pb2.BlobProtoVector(blobs=map(array_to_blobproto, arraylist)).SerializeToString()


def blobprotovector_str_to_arraylist(str):
    """The arrays in the bytes of a BlobProtoVector."""
    return [blobproto_to_array(blob) for blob in caffe_pb2.BlobProtoVector.FromString(str).blobs]


def array_to_datum(arr, label=None):
    """The Datum of an image (K, H, W): bytes where it holds whole numbers of 8 bits (uint8)."""
    if arr.ndim != 3:
        raise WrongShape(f"an image of a Datum has the shape (K, H, W), got {arr.shape}.")
    datum = caffe_pb2.Datum()
    datum.channels, datum.height, datum.width = arr.shape
    if arr.dtype == np.uint8:
        datum.data = arr.tobytes()
    else:
        datum.float_data.extend(np.asarray(arr, float).ravel().tolist())
    if label is not None:
        datum.label = label
    return datum


def datum_to_array(datum):
    """The image (K, H, W) of a Datum; its label is `datum.label`."""
    numbers = np.frombuffer(datum.data, np.uint8).copy() if datum.data else np.array(
        datum.float_data, float)
    return numbers.reshape(datum.channels, datum.height, datum.width)

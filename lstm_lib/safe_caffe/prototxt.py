"""Prototxt text as a net of either Caffe."""
from portable_caffe import prototxt

from ..errors import NetError


def parse(caffe, text, what="prototxt"):
    """The text as a NetParameter; NetError with line, word, and what is allowed there."""
    if not text.strip():
        raise NetError(f"{what} is empty; expected layers in prototxt form, "
                       'like: layer { name: "x" type: "Input" top: "x" }')
    return prototxt.parse(text, caffe.proto.caffe_pb2.NetParameter(), what)

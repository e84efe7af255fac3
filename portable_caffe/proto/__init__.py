"""Caffe's messages: `from portable_caffe.proto import caffe_pb2`."""

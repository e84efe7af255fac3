"""Caffe's messages and enums as classes, made at import from `caffe_subset.desc`.

No generated code, for that would run with one version of protobuf only. The messages live
in a pool and package (`portable_caffe`) of their own, so real Caffe can be imported too.
"""
import os

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.internal import enum_type_wrapper


def _read_file_descriptor():
    path = os.path.join(os.path.dirname(__file__), "caffe_subset.desc")
    with open(path, "rb") as file:
        return descriptor_pb2.FileDescriptorSet.FromString(file.read()).file[0]


def _class_maker(pool):
    """A function that gives a message's class, the same one whenever it is asked."""
    if hasattr(message_factory, "GetMessageClass"):  # protobuf 4.22 and newer
        return message_factory.GetMessageClass
    return message_factory.MessageFactory(pool).GetPrototype


_file, _pool = _read_file_descriptor(), descriptor_pool.DescriptorPool()
_pool.Add(_file)
DESCRIPTOR = _pool.FindFileByName(_file.name)

_class_of = _class_maker(_pool)
for _name, _descriptor in DESCRIPTOR.message_types_by_name.items():
    globals()[_name] = _class_of(_descriptor)
for _name, _descriptor in DESCRIPTOR.enum_types_by_name.items():
    globals()[_name] = enum_type_wrapper.EnumTypeWrapper(_descriptor)
    globals().update((_value.name, _value.number) for _value in _descriptor.values)

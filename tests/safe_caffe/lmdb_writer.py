"""Writes an LMDB as convert_imageset does, through the copy of LMDB that is in Caffe."""
import ctypes
import os
from ctypes import byref

ROOM = 1 << 24  # bytes that a database may grow to


class Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_char_p)]


def write_lmdb(folder, values):
    """Make a database of these bytes, in this order; its path."""
    from lstm_lib.safe_caffe.pycaffe import real
    lmdb, env, writing = ctypes.CDLL(real._caffe.__file__), ctypes.c_void_p(), ctypes.c_void_p()
    database = ctypes.c_uint()
    os.makedirs(folder)
    failed = (lmdb.mdb_env_create(byref(env))
              or lmdb.mdb_env_set_mapsize(env, ctypes.c_size_t(ROOM))
              or lmdb.mdb_env_open(env, os.fsencode(folder), 0, 0o600)
              or lmdb.mdb_txn_begin(env, None, 0, byref(writing))
              or lmdb.mdb_dbi_open(writing, None, 0, byref(database)))
    for place, value in enumerate(values):
        key = b"%08d" % place
        failed = failed or lmdb.mdb_put(writing, database, byref(Value(len(key), key)),
                                        byref(Value(len(value), value)), 0)
    assert not failed and not lmdb.mdb_txn_commit(writing)
    lmdb.mdb_env_close(env)
    return str(folder)


def datum(value=0, label=0, shape=(1, 4, 4), **more):
    """A record: numbers that are all `value`, and a label."""
    from lstm_lib.safe_caffe.pycaffe import real
    channels, height, width = shape
    numbers = {} if more else {"data": bytes([value]) * (channels * height * width)}
    return real.proto.caffe_pb2.Datum(channels=channels, height=height, width=width, label=label,
                                      **numbers, **more).SerializeToString()

"""The records of an LMDB, read by the copy of LMDB that is in Caffe."""
import ctypes
import os
from ctypes import byref

from .pycaffe import real

READ_ONLY, WITHOUT_LOCK = 0x20000, 0x400000  # lmdb.h, mdb_env_open
FIRST, NEXT = 0, 8  # lmdb.h, MDB_cursor_op


class _Value(ctypes.Structure):
    _fields_ = [("size", ctypes.c_size_t), ("data", ctypes.c_void_p)]

    def read(self):
        return ctypes.string_at(self.data, self.size)


def records(folder):
    """(key, value) of each record, in the order in which Caffe reads them.

    None where it cannot be opened, as Caffe will say.

    For a child process only: one process may open an LMDB once, and this never closes it.
    """
    lmdb = ctypes.CDLL(real._caffe.__file__)
    env, reading, cursor = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    database, key, value = ctypes.c_uint(), _Value(), _Value()
    failed = (  # each gives 0 where it works
        lmdb.mdb_env_create(byref(env))
        or lmdb.mdb_env_open(env, os.fsencode(folder), READ_ONLY | WITHOUT_LOCK, 0)
        or lmdb.mdb_txn_begin(env, None, READ_ONLY, byref(reading))
        or lmdb.mdb_dbi_open(reading, None, 0, byref(database))
        or lmdb.mdb_cursor_open(reading, database, byref(cursor)))
    way = FIRST
    while not failed and lmdb.mdb_cursor_get(cursor, byref(key), byref(value), way) == 0:
        yield key.read(), value.read()
        way = NEXT

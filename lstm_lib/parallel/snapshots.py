"""Snapshots of solvers that train together: one process writes or reads them for all."""
import os
import shutil
import tempfile

from portable_caffe import hdf5

from ..files import read_bytes
from ..safe_caffe.engine import caffe


def share(solver, group, weights):
    """Let one process write and read the solver's snapshots; `solver.group` are all processes."""
    write, read = solver.snapshot, solver.restore

    def snapshot():
        """Write weights and solver state, in process 0; return the path of the state."""
        group.must_agree(fingerprints=weights.fingerprints())
        return group.of_one(write)

    def restore(path, reader=0):
        """Go on from a snapshot that one process reads: weights, momentum, iteration number."""
        history = group.of_one(lambda: [read(path), history_of(str(path))][1], reader)
        if group.rank != reader:
            with tempfile.TemporaryDirectory() as folder:
                copy = os.path.join(folder, os.path.basename(path))
                with open(copy, "wb") as file:
                    file.write(history)
                read(copy)
        weights.together("data", lambda flat: group.send(flat, reader))

    solver.group, solver.snapshot, solver.restore = group, snapshot, restore


def history_of(path):
    """The bytes of a solver state that names no file of weights."""
    if not hdf5.is_hdf5(path):
        state = caffe.proto.caffe_pb2.SolverState.FromString(read_bytes(path))
        state.ClearField("learned_net")
        return state.SerializeToString()
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(path, folder)
        hdf5.change(copy, lambda file: file.pop("learned_net", None))
        return read_bytes(copy)

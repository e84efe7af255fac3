"""Snapshots of a solver: the weights in one file, how far it is in the other."""
import os
from math import prod

import numpy as np

from . import files, hdf5
from .errors import NetError
from .lr_policy import steps_done
from .proto import caffe_pb2


def name_snapshots(param, stem):
    """Fill in the prefix as Caffe does: `stem` without one, in a folder the last part of it.

    Source: upgrade_proto.cpp, UpgradeSnapshotPrefixProperty
    """
    if not param.HasField("snapshot_prefix"):
        param.snapshot_prefix = stem
    elif os.path.isdir(param.snapshot_prefix):
        param.snapshot_prefix = os.path.join(param.snapshot_prefix, os.path.basename(stem))


def write(solver):
    """Write PREFIX_iter_N.caffemodel, then .solverstate, which names it; both whole or none.

    With `snapshot_format: HDF5` the names end in .h5 as well.
    """
    stem = f"{solver.param.snapshot_prefix}_iter_{solver.iter}"
    in_hdf5 = solver.param.snapshot_format == solver.param.HDF5
    ending, make = (".h5", _write_hdf5) if in_hdf5 else ("", _write_proto)
    weights, state = stem + ".caffemodel" + ending, stem + ".solverstate" + ending
    files.write_together([weights, state], lambda *beside: make(solver, *beside, weights))


def _write_proto(solver, weights_path, state_path, learned_net):
    files.write_bytes(weights_path, solver.net.to_proto(solver.param.snapshot_diff))
    state = caffe_pb2.SolverState(iter=solver.iter, learned_net=learned_net,
                                  current_step=steps_done(solver.param, solver.iter))
    for memory in solver._history:
        files.to_message(memory.open(), state.history.add())
    files.write_bytes(state_path, state)


def _write_hdf5(solver, weights_path, state_path, learned_net):
    """Source: sgd_solver.cpp, SnapshotSolverStateToHDF5"""
    name = os.fsencode(learned_net)

    def fill(file):
        for key, number in (("iter", solver.iter),
                            ("current_step", steps_done(solver.param, solver.iter))):
            file[key] = np.array([number], np.int32)
        file["learned_net"] = np.array(name, f"S{len(name) + 1}")  # it ends with a 0
        for index, memory in enumerate(solver._history):
            file[f"history/{index}"] = memory.open()

    hdf5.make(weights_path, hdf5.weights_of(solver.net, solver.param.snapshot_diff))
    hdf5.make(state_path, fill)


def _read_proto(path):
    """(iter, the file of weights or None, history) of a .solverstate."""
    state = files.read_binary(path, caffe_pb2.SolverState())
    return (state.iter, state.learned_net if state.HasField("learned_net") else None,
            [files.from_message(message) for message in state.history])


def _read_hdf5(path):
    """(iter, the file of weights or None, history) of a .solverstate.h5."""
    def take(file):
        name = file["learned_net"][()] if "learned_net" in file else None
        history = file["history"] if "history" in file else ()
        return (int(file["iter"][0]), name and os.fsdecode(name),
                [hdf5.numbers(history, str(index)) for index in range(len(history))])

    return hdf5.read(path, take)


def read(solver, path):
    """Let a solver go on where a .solverstate stands; what does not fit changes nothing."""
    in_hdf5 = str(path).endswith(".h5") or hdf5.is_hdf5(path)
    iteration, learned_net, history = (_read_hdf5 if in_hdf5 else _read_proto)(path)
    memories = solver._history
    if len(history) != len(memories):
        raise NetError(f"{path}: Incorrect length of history blobs: {len(history)}, not "
                       f"{len(memories)}; it is from another net or solver type.")
    for memory, numbers in zip(memories, history):
        if numbers.size != prod(memory.shape):
            raise NetError(f"{path} is from a net of other sizes: a weight has the shape "
                           f"{memory.shape} here, {numbers.shape} there.")
    if learned_net is not None:
        solver.net.copy_from(learned_net)
    solver.iter = iteration
    for memory, numbers in zip(memories, history):
        memory.open()[...] = numbers.reshape(memory.shape)

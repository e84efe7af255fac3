"""Snapshots of a solver: the weights in one file, how far it is in the other."""
import os
from math import prod

from . import files
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
    """Write PREFIX_iter_N.caffemodel, then .solverstate, which names it; both whole or none."""
    stem = f"{solver.param.snapshot_prefix}_iter_{solver.iter}"
    weights, state = stem + ".caffemodel", stem + ".solverstate"
    files.write_together([weights, state], lambda *beside: _write(solver, *beside, weights))


def _write(solver, weights_path, state_path, learned_net):
    files.write_bytes(weights_path, solver.net.to_proto(solver.param.snapshot_diff))
    state = caffe_pb2.SolverState(iter=solver.iter, learned_net=learned_net,
                                  current_step=steps_done(solver.param, solver.iter))
    for memory in solver._history:
        files.to_message(memory.open(), state.history.add())
    files.write_bytes(state_path, state)


def read(solver, path):
    """Let a solver go on where a .solverstate stands; what does not fit changes nothing."""
    state, memories = files.read_binary(path, caffe_pb2.SolverState()), solver._history
    if len(state.history) != len(memories):
        raise NetError(f"{path}: Incorrect length of history blobs: {len(state.history)}, not "
                       f"{len(memories)}; it is from another net or solver type.")
    history = [files.from_message(message) for message in state.history]
    for memory, numbers in zip(memories, history):
        if numbers.size != prod(memory.shape):
            raise NetError(f"{path} is from a net of other sizes: a weight has the shape "
                           f"{memory.shape} here, {numbers.shape} there.")
    if state.HasField("learned_net"):
        solver.net.copy_from(state.learned_net)
    solver.iter = state.iter
    for memory, numbers in zip(memories, history):
        memory.open()[...] = numbers.reshape(memory.shape)

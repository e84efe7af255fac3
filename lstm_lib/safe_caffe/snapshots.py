"""Snapshots of real Caffe's solvers, which go to their place whole or not at all.

Caffe writes PREFIX_iter_N.caffemodel, then PREFIX_iter_N.solverstate with the name of the first,
over what was there. So it gets a prefix in the folder it works in, and a child process works
in a folder of its own.
"""
import os

from portable_caffe.files import write_together

from .pycaffe import real
from .resources import disk_asked

SolverState = real.proto.caffe_pb2.SolverState


def beside(prefix):
    """A prefix in the folder Caffe works in, no shorter than the one that is meant.

    >>> beside("a/s")
    './././unfinished'
    """
    return "./" * len(os.fsencode(prefix)) + "unfinished"


def write_snapshot(attempt, solver, options, stem):
    """Let `attempt` write both files in a child process; the path of the state for `restore`.

    They are `stem`.caffemodel and .solverstate, and in HDF5 end in .h5 as well.
    """
    ending = ".h5" if options.snapshot_format == options.HDF5 else ""
    paths = [f"{stem}.{kind}{ending}" for kind in ("caffemodel", "solverstate")]
    made = [f"{beside(options.snapshot_prefix)}_iter_{solver.iter}.{kind}{ending}"
            for kind in ("caffemodel", "solverstate")]

    def write(weights, state):
        os.chdir(os.path.dirname(weights))  # of the child alone
        solver.snapshot()
        os.rename(made[0], weights)
        with open(made[1], "rb") as file, open(state, "wb") as new:
            new.write(_renamed(file.read(), made[0], paths[0]))

    def tried(*besides):
        with disk_asked(besides[0]):
            attempt(lambda: write(*besides))

    write_together(paths, tried)
    return paths[1]


def _renamed(state, made, weights):
    """A solver state with another name for its weights."""
    if made.endswith(".h5"):  # a text of fixed length, which ends at the first 0
        made, weights = os.fsencode(made), os.fsencode(weights)
        return state.replace(made, weights.ljust(len(made), b"\0"))
    return state + SolverState(learned_net=weights).SerializeToString()  # the last one counts

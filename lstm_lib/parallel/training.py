"""Solvers that train together: one mean of all gradients in each step."""
import os
import random
import re

from ..errors import NetError
from ..safe_caffe.engine import caffe
from ..safe_caffe.solver import SafeSolver
from . import snapshots
from .processes import Group
from .shared import SharedWeights, fingerprint_of_inputs

OWN = ("net", "net_param", "train_net", "train_net_param", "test_net", "test_net_param",
       "snapshot_prefix", "random_seed")  # may differ between processes; the net is compared itself


def data_parallel(solver, timeout=600):
    """Train this solver's net together with those of all processes that torchrun started.

        dL/dW of the batch = 1/N (dL/dW of part 1 + ... + dL/dW of part N)

    From now on each step averages the gradients, in one all-reduce, after backward and before
    the solver clips and applies them: N processes with B / N sequences each go the way of one
    with B. Weights start as those of process 0. `snapshot()` is written by process 0, which also
    reads for all in `restore(path)`. Random layers, like Dropout, draw from the solver's
    `random_seed` + rank, as in Caffe, so that each process drops something else.

    Gradients that lie in PyTorch's arrays on a CUDA GPU are averaged there, by NCCL, all others
    by gloo; the way by NCCL has not run on a GPU yet. For it each process takes a GPU of its own
    before it makes the solver:
    `caffe.set_mode_gpu(); caffe.set_device(int(os.environ["LOCAL_RANK"]))`.

    Parameters
    ----------
    solver : of `make_solver` or `caffe.get_solver`, any type, at iteration 0; its loss is a mean
        over the sequences, as Caffe's losses are (with `ignore_label` each part must have
        equally many labels that count).
    timeout : seconds that one process waits for the slowest before all end with an error.

    Returns
    -------
    The solver, with all it had, and `group`: its `rank` says which process this is, of `size`.

    Raises
    ------
    NetError : not started by torchrun, no PyTorch, other weights, inputs or options in another
        process, or one that has ended; no solver, or one that was given here before. In the
        first step: two processes computed the same inputs.

    Source: Caffe's parallel.cpp, NCCL<Dtype>::on_gradients_ready; solver.cpp.
    """
    _check(solver)
    group = Group(timeout)
    weights = SharedWeights(solver.net)
    group.must_agree(weights=weights.shapes(), inputs=_inputs(solver.net),
                     options=_options(solver), iterations=[f"iteration {solver.iter}"])
    if solver.iter:
        raise NetError(f"this solver is at iteration {solver.iter}: call data_parallel first, then "
                       "restore(path), so that the others get its momentum, too.")
    weights.together("data", group.send)
    group.must_agree(fingerprints=weights.fingerprints())
    _draw_apart(solver, group)
    first = iter([True])

    def average():
        if next(first, False):
            group.must_differ(fingerprint_of_inputs(solver.net))
        weights.together("diff", group.mean)

    solver.add_callback(lambda: None, average)
    snapshots.share(solver, group, weights)
    return solver


def _check(solver):
    """Raise unless it is a solver that trains alone as yet."""
    if not isinstance(solver, SafeSolver):
        raise NetError("data_parallel takes a solver, as make_solver(net, base_lr=0.1) makes it, "
                       f"and this is of type {type(solver).__name__}.")
    if "group" in vars(solver):
        raise NetError("this solver trains with those of the other processes already: call "
                       "data_parallel once.")


def resume(solver):
    """Go on from the newest snapshot under the solver's snapshot_prefix, if there is one.

    So a script that torchrun starts again (`--max_restarts`) loses only what came after it.
    Each process of `data_parallel` looks in its own folder, for after a restart the one that
    wrote need not be process 0 again; the first that has the newest reads it for all.

    Returns
    -------
    The number of iterations done: 0 if there is no snapshot.

    Raises
    ------
    NetError : the solver was not given to `data_parallel`, or the snapshot is of another net.
    """
    if "group" not in vars(solver):
        raise NetError("resume is for a solver that data_parallel has returned; for one that "
                       "trains alone call solver.restore(path).")
    found = solver.group.of_all(_newest(solver._options.snapshot_prefix))
    done, path = max(found, key=lambda snapshot: snapshot[0])
    if path:
        solver.restore(path, found.index((done, path)))
    return solver.iter


def _newest(prefix):
    """(iterations, path) of the snapshot with the most iterations, or (0, None)."""
    folder, stem = os.path.split(prefix)
    name = re.compile(re.escape(stem) + r"_iter_(\d+)\.solverstate(\.h5)?")
    listed = os.listdir(folder or ".") if os.path.isdir(folder or ".") else []
    return max(((int(match[1]), os.path.join(folder, match[0]))
                for match in map(name.fullmatch, listed) if match), default=(0, None))


def _inputs(net):
    return [f"the input {name} {tuple(net.blobs[name].shape)}" for name in net.inputs]


def _options(solver):
    """The lines of the solver's options that must be the same in all processes."""
    options = type(solver._options)()
    options.CopyFrom(solver._options)
    for name in OWN:
        options.ClearField(name)
    return str(options).splitlines()


def _draw_apart(solver, group):
    """Let random layers draw other numbers in each process. Source: solver.cpp, Solver::Init"""
    asked = solver._options.random_seed
    seed = group.of_one(lambda: asked if asked >= 0 else random.randrange(2 ** 31))
    caffe.set_random_seed(seed + group.rank)

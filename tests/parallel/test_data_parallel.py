"""N processes with a part of the batch each go the way of one process with all of it."""
import functools
import os
import pathlib
import re
import time

import h5py
import numpy as np
import pytest
from together import (PATIENCE, B, alone, digit_net, digits, feed, go, in_parallel, joined,
                      plain_net, start, together, weights_of)

from lstm_lib import NetError, caffe, make_solver
from lstm_lib.parallel import data_parallel, part_of, resume
from lstm_lib.training import SolverParameter

pytest.importorskip("torch.distributed", reason="PyTorch is not installed here")

SGD = dict(base_lr=0.1, momentum=0.9)
SOLVERS = {
    "SGD": dict(SGD, weight_decay=0.001),
    "Nesterov": dict(type="Nesterov", base_lr=0.05, momentum=0.9),
    "AdaGrad": dict(type="AdaGrad", base_lr=0.05, momentum=0, delta=1e-3),
    "RMSProp": dict(type="RMSProp", base_lr=0.005, momentum=0, rms_decay=0.9, delta=1e-3),
    "AdaDelta": dict(type="AdaDelta", base_lr=0.5, momentum=0.95, delta=1e-4),
    "Adam": dict(type="Adam", base_lr=0.01, momentum=0.9, momentum2=0.999, delta=1e-4),
    "clipping, iter_size": dict(SGD, iter_size=2, clip_gradients=0.5),
}


def assert_equal(ours, theirs, allowed=0):
    assert list(ours) == list(theirs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], atol=allowed, rtol=0, err_msg=name)


@pytest.mark.parametrize("options", SOLVERS.values(), ids=SOLVERS)
def test_1_2_and_4_processes_learn_the_weights_of_one_alone(options):
    losses, weights = alone(options)
    assert losses[-1] < losses[0] - 0.2
    for size in (1, 2, 4):
        found = together(size, in_parallel, options)
        assert_equal(found[0][1], weights, 1e-5)
        np.testing.assert_allclose(np.mean([of_part for of_part, _ in found], 0), losses, atol=1e-4)
        for _, replica in found[1:]:
            assert_equal(replica, found[0][1])  # to the last bit


def by_files(folder, part, iter_size=3):
    """Two steps of three passes each, which read one after the other what a file holds."""
    path, each = f"{folder}/{os.environ.get('RANK', 'alone')}", len(part(range(8)))
    images = [part(np.random.default_rng(batch).choice(1797, 8)) for batch in range(2 * iter_size)]
    x, labels = digits()
    with h5py.File(path + ".h5", "w") as file:
        file["x"] = x[:, np.concatenate(images)].transpose(1, 0, 2)
        file["label"] = labels[np.concatenate(images)]
    pathlib.Path(path + ".txt").write_text(path + ".h5")
    ns = caffe.NetSpec()
    ns.x, ns.label = caffe.layers.HDF5Data(
        ntop=2, hdf5_data_param=dict(source=path + ".txt", batch_size=each))
    ns.scores = caffe.layers.InnerProduct(ns.x, num_output=10)
    ns.loss = caffe.layers.SoftmaxWithLoss(ns.scores, ns.label)
    solver = make_solver(ns, base_lr=0.1, iter_size=iter_size)
    if part is part_of:
        solver = data_parallel(solver, PATIENCE)
    solver.step(2)
    return weights_of(solver)


def test_with_iter_size_the_mean_is_taken_of_all_passes_each_with_data_of_its_own(tmp_path):
    whole = by_files(tmp_path, list)
    for weights in together(2, by_files, tmp_path, part_of):
        assert_equal(weights, whole, 1e-6)
    assert abs(by_files(tmp_path, list, iter_size=1)["scores[0]"] - whole["scores[0]"]).max() > 1e-3


def with_snapshots(folder, **options):
    """20 steps, a snapshot at 10, and the names of the files that each process wrote."""
    rank = os.environ["RANK"]
    os.makedirs(f"{folder}/{rank}")  # a disk of its own for each, as on many machines
    solver = joined(snapshot_prefix=f"{folder}/{rank}/s", snapshot=10, **options)
    go(solver, 0, 20)
    return weights_of(solver), sorted(os.listdir(f"{folder}/{rank}"))


def from_snapshots(folder, place, **options):
    """Go on after step 10 from what lies in the folder of one of two processes."""
    own = int(os.environ["RANK"]) ^ place
    solver = joined(seed=7, snapshot_prefix=f"{folder}/{own}/s", **options)
    done = resume(solver)
    go(solver, done, 20)
    return done, weights_of(solver)


@pytest.mark.parametrize("kind, more, ending", [
    ("SGD", {}, ""), ("AdaDelta", {}, ""), ("Adam", {}, ""),
    ("Adam", dict(net_of=plain_net, snapshot_format=SolverParameter.HDF5), ".h5")])
def test_all_go_on_in_the_middle_from_what_process_0_alone_has_written(
        kind, more, ending, tmp_path):
    """After a restart it need not be process 0 again; older files in its folder are let be."""
    options = {**SOLVERS[kind], **more}
    through = together(2, _with, with_snapshots, str(tmp_path), options)
    assert [names for _, names in through] == [
        [f"s_iter_{n}.{kind}{ending}" for n in (10, 20) for kind in ("caffemodel", "solverstate")],
        []]
    for later in (tmp_path / "0").glob("s_iter_20*"):
        later.rename(tmp_path / "1" / later.name.replace("20", "5"))
    for place in (0, 1):
        options["place"] = place
        for done, weights in together(2, _with, from_snapshots, str(tmp_path), options):
            assert done == 10
            assert_equal(weights, through[0][0])


def _with(work, folder, options):
    return work(folder, **options)


def nothing_to_go_on_from(folder):
    return resume(joined(snapshot_prefix=folder + "/none"))


def test_without_a_snapshot_all_begin_at_0(tmp_path):
    assert together(2, nothing_to_go_on_from, str(tmp_path)) == [0, 0]


def dropped(seed):
    """Which hidden units Dropout keeps in this process."""
    options = {} if seed is None else dict(random_seed=seed)
    solver = data_parallel(make_solver(digit_net(4, dropout=0.5), base_lr=0.1, **options))
    feed(solver.net, part_of(range(8)))
    solver.step()
    return solver.net.blobs["kept"].data != 0


def test_dropout_keeps_other_numbers_in_each_process_and_the_same_for_one_random_seed():
    first, second = together(2, dropped, 5)
    assert (first != second).any()
    np.testing.assert_array_equal([first, second], together(2, dropped, 5))
    first, second = together(2, dropped, None)
    assert (first != second).any()


# --- what goes wrong --------------------------------------------------------------------


def refused(make):
    """The error with which this process ends; `make` depends on its number."""
    with pytest.raises(NetError) as error:
        make(int(os.environ["RANK"]))
    return str(error.value)


def other_shapes(rank):
    data_parallel(make_solver(digit_net(8, units=16 + rank), base_lr=0.1))


def other_names(rank):
    data_parallel(make_solver(digit_net(8, scores=["scores", "points"][rank]), base_lr=0.1))


def other_batch(rank):
    data_parallel(make_solver(digit_net(8 - 4 * rank), base_lr=0.1))


def other_options(rank):
    data_parallel(start(0, 8, base_lr=0.5 if rank else 0.1))


def already_trained(rank):
    solver = start(0, 8)
    go(solver, 0, 1)
    data_parallel(solver)


def changed_alone(rank):
    solver = joined(snapshot_prefix=os.devnull)
    solver.net.params["scores"][1].data[...] += rank
    solver.snapshot()


def no_such_snapshot(rank):
    joined().restore("none.solverstate")


def no_folder(rank):
    solver = joined(snapshot_prefix="none/s")
    assert resume(solver) == 0
    solver.snapshot()


def tied_twice(rank):
    data_parallel(joined())


def a_net(rank):
    data_parallel(start(0, 8).net)


def a_solver_that_trains_alone(rank):
    resume(start(0, 8))


def no_time(rank):
    data_parallel(start(0, 8), timeout=0)


def one_part_for_all(rank):
    go(joined(), 0, 1, part=lambda images: images[:B // 2])


def whole_batches(rank):
    go(data_parallel(start(0, B)), 0, 1, part=list)


def one_file_for_all(rank, path):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.HDF5Data(hdf5_data_param=dict(source=path, batch_size=2))
    ns.scores = caffe.layers.InnerProduct(ns.x, num_output=3)
    ns.loss = caffe.layers.EuclideanLoss(ns.scores, ns.x)
    data_parallel(make_solver(ns, base_lr=0.1)).step()


def test_a_layer_that_reads_one_file_in_all_processes_is_told_of(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["x"] = np.ones((4, 3), "f")
    (tmp_path / "list.txt").write_text(f"{tmp_path}/x.h5\n")
    for error in together(2, refused, functools.partial(one_file_for_all,
                                                        path=f"{tmp_path}/list.txt")):
        assert "computed the same inputs in the first step" in error


def no_weights(rank):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 3])))
    ns.loss = caffe.layers.Reduction(ns.x, loss_weight=1)
    data_parallel(make_solver(ns, base_lr=0.1))


@pytest.mark.parametrize("make, said", [
    (other_shapes, "differ in weights: the weight .* in process 1, the weight .* in process 0"),
    (other_names, r"the weight points\[0\] .* in process 1, the weight scores\[0\] .*in process 0"),
    (other_batch, r"differ in inputs: the input x \(8, 4, 8\) in process 1, .*\(8, 8, 8\)"),
    (other_options, "differ in options: base_lr: 0.5 in process 1, base_lr: 0.1.* in process 0"),
    (already_trained, r"at iteration 1: call data_parallel first, then restore"),
    (changed_alone, r"differ in fingerprints: the numbers of scores\[1\]"),
    (no_such_snapshot, "there is no file 'none.solverstate'"),
    (no_weights, "no weights, so there is nothing to train"),
    (no_folder, "cannot write a snapshot: there is no folder 'none'.*snapshot_prefix="),
    (tied_twice, "already: call data_parallel once"),
    (a_net, "takes a solver, as make_solver.* of type .*Net"),
    (a_solver_that_trains_alone, r"trains alone call solver\.restore"),
    (no_time, "a number above 0, got int 0"),
    (one_part_for_all, r"processes 0 and 1 computed the same inputs in the first step.*part_of"),
    (whole_batches, r"processes 0 and 1 computed the same inputs in the first step.*part_of"),
])
def test_all_processes_end_with_the_same_reason(make, said):
    first, second = together(2, refused, make)
    assert first == second
    assert re.search(said, first), first


def one_hangs(rank):
    solver = data_parallel(start(0, 8), timeout=3)
    if rank:
        time.sleep(6)
    go(solver, 0, 1)


def test_who_waits_longer_than_the_time_limit_is_told_that_another_does_not_come():
    for error in together(2, refused, one_hangs):
        assert "waited for the others in vain" in error

"""A class begins at once: thirty trials in a child, no process left, two that write one file."""
import json
import multiprocessing
import os
import resource

import pytest
from conftest import on_real_caffe, unrolled_net, unrolled_spec

from lstm_lib import NetError, load_net
from portable_caffe.files import write_together

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
STUDENTS, ROUNDS = 30, 300
NOBODY = 54321  # a user of whom no process runs


def at_once(work, count=STUDENTS):
    """What `work(number)` returns in so many processes, which begin together."""
    context = multiprocessing.get_context("fork")
    barrier, answers = context.Barrier(count), context.SimpleQueue()

    def student(number):
        barrier.wait()
        answers.put((number, work(number)))

    processes = [context.Process(target=student, args=(number,)) for number in range(count)]
    for process in processes:
        process.start()
    got = dict(answers.get() for _ in processes)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * count
    return [got[number] for number in range(count)]


def loaded(_):
    """The shape of what a net computes, or the error."""
    try:
        net = load_net(unrolled_spec())
        return list(net.forward()["h_T"].shape)
    except NetError as error:
        return str(error)


def test_thirty_who_load_a_net_at_once_all_get_it():
    shape = list(unrolled_net().blobs["h_T"].data.shape)
    assert at_once(loaded) == [shape] * STUDENTS


@on_real_caffe
@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes a user without processes")
def test_where_no_more_processes_may_run_each_gets_its_net_or_is_told_so():
    def of_one_user(number):
        resource.setrlimit(resource.RLIMIT_NPROC, (STUDENTS, STUDENTS))
        os.setuid(NOBODY)
        others.wait()  # until all are that user's, so that none is left for a child
        said = loaded(number)
        others.wait()
        return said

    others = multiprocessing.get_context("fork").Barrier(STUDENTS)
    said = at_once(of_one_user)
    assert all("no more processes may run; end some, or raise `ulimit -u`" in one for one in said)


def test_of_two_kernels_that_write_one_snapshot_both_files_are_of_one(tmp_path):
    """Weights of one and the state of the other would restore without an error."""
    paths = [str(tmp_path / f"s_iter_1.{kind}") for kind in ("caffemodel", "solverstate")]
    between = multiprocessing.get_context("fork").Barrier(2)

    def both(number):
        mixed = 0
        for _ in range(ROUNDS):
            between.wait()
            write_together(paths, lambda *besides: [write(path, number) for path in besides])
            between.wait()
            mixed += len({read(path) for path in paths}) > 1
        return mixed

    assert at_once(both, count=2) == [0, 0]
    assert sorted(os.listdir(tmp_path)) == [os.path.basename(path) for path in paths]


def write(path, number):
    with open(path, "w", encoding="utf-8") as file:
        json.dump(number, file)


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)

"""A snapshot is there whole, old or new, whoever is killed and whoever else writes it."""
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from snapshotting import solver_of

from lstm_lib import NetError, caffe
from portable_caffe.files import write_whole

SCRIPT = Path(__file__).with_name("snapshotting.py")
FORMATS = [1, 0]  # protobuf, HDF5


def shown(folder):
    """The files that are no temporary ones."""
    return sorted(path for path in folder.iterdir() if path.name[0] != ".")


def check_whole(solver, folder, form):
    """Both files are there, alone, and restore what was trained for one iteration."""
    paths = shown(folder)
    ending = "" if form else ".h5"
    assert [path.name for path in paths] == [
        f"s_iter_1.{kind}{ending}" for kind in ("caffemodel", "solverstate")]
    weights = solver.net.params["y"][0].data
    weights[...] = 0
    solver.restore(str(paths[1]))
    assert solver.iter == 1 and np.all(weights == weights[0, 0]) and 0 < weights[0, 0] < 3


def kill_a_writer(solver, seconds):
    """Write a snapshot again and again in a process of its own, and kill it after the first."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            while True:
                solver.snapshot()
                os.write(writes, b"written")
        finally:
            os._exit(1)
    os.close(writes)
    os.read(reads, 7)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while os.read(reads, 1000):  # until what it had forked has ended too
        pass
    os.close(reads)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
@pytest.mark.parametrize("form", FORMATS)
def test_a_writer_that_is_killed_leaves_a_whole_snapshot_and_no_more_than_the_next_removes(
        form, tmp_path):
    rng, unfinished = random.Random(1), 0
    solver, checker = (solver_of(f"{tmp_path}/{name}", form) for name in ("s", "other"))
    solver.step()
    for _ in range(40):
        kill_a_writer(solver, rng.uniform(0, 0.03))
        check_whole(checker, tmp_path, form)
        unfinished += len(list(tmp_path.iterdir())) - 2
    assert unfinished > 0, "no writer was killed in the midst of it"
    solver.snapshot()
    check_whole(checker, tmp_path, form)
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("form", FORMATS)
def test_two_processes_that_write_the_same_snapshot_do_not_disturb_each_other(form, tmp_path):
    solver = solver_of(f"{tmp_path}/other", form)
    writers = [subprocess.Popen([sys.executable, SCRIPT, tmp_path / "s", str(form), "60"])
               for _ in range(2)]
    assert [process.wait() for process in writers] == [0, 0]
    check_whole(solver, tmp_path, form)
    assert len(list(tmp_path.iterdir())) == 2


def test_the_temporary_files_of_a_writer_that_lives_are_left_to_it(tmp_path):
    def write(beside):
        write_whole(tmp_path / "a", lambda other: Path(other).write_text("in between"))
        assert len(list(tmp_path.iterdir())) == 2, "the file, and what this one works in"
        Path(beside).write_text("last")

    write_whole(tmp_path / "a", write)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "last")]


@pytest.mark.parametrize("name", ["x" * 250, "\N{SNOWMAN}" * 80, ".unfinished", "a[b]*"])
def test_a_file_of_any_name_is_written_and_its_remains_are_cleared(name, tmp_path):
    for _ in range(2):
        left = tmp_path / f".{name[:50]}.unfinished-12345678"
        left.mkdir()
        (left / name).write_text("half")
        write_whole(tmp_path / name, lambda beside: Path(beside).write_text("whole"))
        assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "whole")]


def test_a_snapshot_follows_a_link_in_its_place(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / "s_iter_0.caffemodel"
    link.symlink_to(elsewhere / "w.caffemodel")
    solver_of(f"{tmp_path}/s", 1).snapshot()
    assert link.is_symlink() and [path.name for path in elsewhere.iterdir()] == ["w.caffemodel"]


@pytest.mark.parametrize("form", FORMATS)
def test_a_state_names_the_weights_as_they_are_named(form, tmp_path, monkeypatch):
    """So the folder may move where the prefix counts from the folder one works in."""
    (tmp_path / "one").mkdir()
    monkeypatch.chdir(tmp_path / "one")
    solver = solver_of("s", form)
    solver.step(2)
    path = solver.snapshot()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one").rename(tmp_path / "two")
    monkeypatch.chdir(tmp_path / "two")
    solver.step()
    solver.restore(path)
    assert solver.iter == 2


def test_a_state_that_is_not_there_is_answered_with_those_that_are(tmp_path):
    solver = solver_of(f"{tmp_path}/s", 1)
    solver.snapshot()
    with pytest.raises(NetError, match="no file .*s_iter_5.* There: s_iter_0.solverstate"):
        solver.restore(f"{tmp_path}/s_iter_5.solverstate")

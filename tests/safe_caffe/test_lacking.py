"""Where the machine has no more memory, files or processes, the message says what is lacking."""
import errno
import os
import resource
import subprocess
import sys
import tempfile
from contextlib import contextmanager

import pytest
from conftest import on_real_caffe

from lstm_lib import NetError, load_net, make_solver, save_weights

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "z" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "z" }"""
MEMORY = """
import resource
from lstm_lib import NetError, load_net

net = '''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 1000 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: %d } }'''
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
most = resource.getrlimit(resource.RLIMIT_AS)[1]
resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000, most))
for megabytes in (1, *range(100, 220, 5), 2000):
    try:
        load_net(net % (megabytes * 250)).forward()
        print("works")
    except NetError as error:
        print("host allocation" in str(error) and "T, B or num_output" in str(error))
"""


@on_real_caffe
def test_a_soft_limit_of_memory_counts_in_the_trial_too():
    done = subprocess.run([sys.executable, "-c", MEMORY], stdout=subprocess.PIPE, text=True)
    said = done.stdout.split()
    assert done.returncode == 0 and len(said) == 26
    assert said[0] == "works" and said[-1] == "True" and "False" not in said


@contextmanager
def free_descriptors(count):
    """No more than so many files may be opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(map(int, os.listdir("/proc/self/fd")))
    taken = []
    while not taken or taken[-1] < highest + 1:  # no hole below stays free
        taken.append(os.open(os.devnull, os.O_RDONLY))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1 + count, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)


@on_real_caffe
def test_no_layer_is_blamed_and_nothing_raw_is_raised_where_few_files_may_be_opened(tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    net, solver = load_net(NET), make_solver(NET, base_lr=0.1, snapshot_prefix=f"{tmp_path}/s")
    save_weights(net, str(tmp_path / "w"))
    calls = [lambda: load_net(NET), lambda: load_net(str(tmp_path / "net.prototxt")),
             lambda: net.save(str(tmp_path / "v")), lambda: net.copy_from(str(tmp_path / "w")),
             lambda: save_weights(net, str(tmp_path / "u")), solver.snapshot,
             lambda: make_solver(NET, base_lr=0.1), net.reshape]
    worked = set()
    for count in range(16):
        for number, call in enumerate(calls):
            try:
                with free_descriptors(count):
                    call()
                worked.add(number)
            except NetError as error:
                assert "may open no more files" in str(error) or "Too many open" in str(error)
                assert "layer '" not in str(error)
    assert worked == set(range(len(calls)))


@on_real_caffe
def test_no_layer_is_blamed_where_no_process_may_start(monkeypatch):
    net = load_net(NET)

    def none():
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", none)
    for call in (lambda: load_net(NET), net.forward, net.reshape):
        with pytest.raises(NetError, match="^Caffe cannot be asked: no more processes may run"):
            call()
    monkeypatch.undo()
    net.forward()


def test_nets_and_solvers_need_no_room_for_temporary_files(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    load_net(NET).forward()
    make_solver(NET, base_lr=0.1, snapshot_prefix=f"{tmp_path}/s").snapshot()

"""Calls to interrupt, and what may not be left behind, in a folder that is empty at first.

Each function here whose name is in `CALLS` prepares one, and gives (the call, a use of what is
still there after it).
"""
import logging
import os
import signal
from contextlib import suppress
from pathlib import Path

from lstm_lib import NetError, draw, load_net, make_solver
from portable_caffe import hdf5

CALLS = ("load", "first_forward", "reshape", "save", "snapshot", "restore", "find_the_layer",
         "rows_of_a_file", "draw_it", "draw_by_dot")
NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }"""
ROWS = """layer { name: "x" type: "HDF5Data" top: "x"
  hdf5_data_param { source: "files.txt" batch_size: 1 } }"""


def load():
    kept = load_net(NET)
    return lambda: load_net(NET), kept.forward


def first_forward():
    net = load_net(NET)
    return net.forward, net.forward


def reshape():
    net = load_net(NET)
    net.blobs["x"].reshape(5, 3)
    return net.reshape, net.forward


def save():
    net = load_net(NET)
    return lambda: net.save("w.caffemodel"), net.forward


def snapshot():
    solver = make_solver(NET, base_lr=0.1, snapshot_prefix="s")
    return solver.snapshot, solver.step


def find_the_layer():
    wrong, kept = NET.replace('bottom: "x" top: "loss"', 'bottom: "z" top: "loss"'), load_net(NET)

    def blamed():
        with suppress(NetError):
            load_net(wrong)

    return blamed, kept.forward


def restore():
    solver = make_solver(NET, base_lr=0.1, snapshot_prefix="s", snapshot_format="HDF5")
    path = solver.snapshot()
    return lambda: solver.restore(path), solver.step


def rows_of_a_file():
    hdf5.make("rows.h5", lambda file: file.update(x=[[1.0, 2.0], [3.0, 4.0]]))
    Path("files.txt").write_text("rows.h5\n")
    kept = load_net(ROWS)
    return lambda: load_net(ROWS).forward(), kept.forward


def draw_it():
    return lambda: draw(NET), lambda: draw(NET)


def draw_by_dot():
    return lambda: draw(NET, style="graphviz"), lambda: draw(NET)


def what_is_left(files, descriptors, expected, other):
    """What should not be there after a call, but `expected` child processes."""
    if sorted(os.listdir()) not in files:
        yield f"files {sorted(os.listdir())}"
    if sorted(os.listdir("/proc/self/fd")) != descriptors:
        yield "descriptors"
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield "a signal handler"
    if signal.pthread_sigmask(signal.SIG_BLOCK, []):
        yield "a blocked signal"
    children = Path("/proc/self/task", str(os.getpid()), "children").read_text().split()
    if len(children) != expected:
        yield "a child process"
    if not other.submit(lock_is_free).result():
        yield "the lock of logging"


def lock_is_free():
    taken = logging._lock.acquire(timeout=10)
    if taken:
        logging._lock.release()
    return taken

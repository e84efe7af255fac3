"""A process that gets Ctrl-C in the midst of a call, many times: `interrupted.py CALL COUNT`.

It works in a folder that is empty at first, and prints as JSON what was wrong after each.
"""
import json
import logging
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from lstm_lib import NetError, load_net, make_solver

SENDER = """
import os, signal, sys, time
for line in sys.stdin:
    time.sleep(float(line))
    os.kill(os.getppid(), signal.SIGINT)
"""
NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }"""


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


def interrupt(call, delay, sender):
    """Seconds until `KeyboardInterrupt` came, which is sent after `delay`; None: it was lost."""
    begun = time.monotonic()
    try:
        print(delay, file=sender.stdin, flush=True)
        call()
        for _ in range(3000):  # another thread may have got the signal, which ends no sleep
            time.sleep(0.01)
    except KeyboardInterrupt:
        return time.monotonic() - begun - delay
    return None


def what_is_left(files, descriptors, other):
    """What should not be there after a call that was interrupted."""
    if sorted(os.listdir()) not in files:
        yield f"files {sorted(os.listdir())}"
    if sorted(os.listdir("/proc/self/fd")) != descriptors:
        yield "descriptors"
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield "a signal handler"
    if signal.pthread_sigmask(signal.SIG_BLOCK, []):
        yield "a blocked signal"
    children = Path("/proc/self/task", str(os.getpid()), "children").read_text().split()
    if len(children) != 1:  # the sender
        yield "a child process"
    if not other.submit(lock_is_free).result():
        yield "the lock of logging"


def lock_is_free():
    taken = logging._lock.acquire(timeout=10)
    if taken:
        logging._lock.release()
    return taken


def main(name, count):
    """Interrupt the call at `count` moments, spread over the time that it takes."""
    make = globals()[name]
    files, seconds = [sorted(os.listdir())], 0
    for _ in range(3):
        call, use = make()
        begun = time.monotonic()
        call()
        seconds = max(seconds, time.monotonic() - begun)
    files.append(sorted(os.listdir()))
    sender = subprocess.Popen([sys.executable, "-c", SENDER], text=True, stdin=subprocess.PIPE)
    other = ThreadPoolExecutor(1)  # a thread that a signal may reach as well
    other.submit(lock_is_free).result()
    waits, wrong = [interrupt(bool, 0, sender)], []  # from now on the sender is known to run
    for moment in range(count):
        call, use = make()
        descriptors = sorted(os.listdir("/proc/self/fd"))
        waits.append(interrupt(call, seconds * moment / count, sender))
        wrong += what_is_left(files, descriptors, other)
        use()
    sender.stdin.close()
    sender.wait()
    print(json.dumps({"lost": waits.count(None), "wrong": wrong, "longest": max(
        (wait for wait in waits if wait is not None), default=None)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""A process that gets Ctrl-C in the midst of a call, again and again.

    python interrupted_at_times.py CALL COUNT

It prints as JSON what was wrong after each.
"""
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import interrupted

SENDER = """
import os, signal, sys, time
for line in sys.stdin:
    time.sleep(float(line))
    os.kill(os.getppid(), signal.SIGINT)
"""


def interrupt(call, delay, sender):
    """Was the signal lost, which is sent `delay` seconds after the call begins?"""
    try:
        print(delay, file=sender.stdin, flush=True)
        call()
        for _ in range(3000):  # another thread may have got the signal, which ends no sleep
            time.sleep(0.01)
    except KeyboardInterrupt:
        return False
    return True


def main(name, count):
    """Interrupt the call at `count` moments, spread over the time that it takes."""
    make = getattr(interrupted, name)
    files, seconds = [sorted(os.listdir())], 0
    for _ in range(3):
        call, use = make()
        begun = time.monotonic()
        call()
        seconds = max(seconds, time.monotonic() - begun)
    files.append(sorted(os.listdir()))
    sender = subprocess.Popen([sys.executable, "-c", SENDER], text=True, stdin=subprocess.PIPE)
    other = ThreadPoolExecutor(1)  # a thread that a signal may reach as well
    other.submit(interrupted.lock_is_free).result()
    lost, wrong = interrupt(bool, 0, sender), []  # from now on the sender is known to run
    for moment in range(count):
        call, use = make()
        descriptors = sorted(os.listdir("/proc/self/fd"))
        lost += interrupt(call, seconds * moment / count, sender)
        wrong += interrupted.what_is_left(files, descriptors, 1, other)  # the sender
        use()
    sender.stdin.close()
    sender.wait()
    print(json.dumps({"lost": int(lost), "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

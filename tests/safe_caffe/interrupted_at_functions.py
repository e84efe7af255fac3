"""A process that gets Ctrl-C in the midst of a call, as each function begins, one after the other.

    python interrupted_at_functions.py CALL

It prints as JSON how often it was sent, and what was wrong after it. Where Python swallows what
is raised, as in the callback of a weak reference, functions run too briefly for a moment chosen
at random.
"""
import json
import os
import signal
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import interrupted


class Tracer:
    """Sends the signal as the function `code` begins its `number`-th run; counts all runs.

    It comes with the first line, for a generator that is given up has a run without any.
    """

    def __init__(self, code=None, number=0):
        self.target, self.runs, self.sent = (code, number), Counter(), False
        self.process = os.getpid()

    def __call__(self, frame, event, _):
        code = frame.f_code
        self.runs[code] += 1
        return self.at_line if (code, self.runs[code]) == self.target else None

    def at_line(self, frame, event, _):
        if event == "line" and os.getpid() == self.process:  # a child has a Ctrl-C of its own
            frame.f_trace, self.sent = None, True
            sys.settrace(None)
            signal.raise_signal(signal.SIGINT)

    def traced(self, call):
        """Was the signal lost in the call?"""
        try:
            sys.settrace(self)
            call()
        except KeyboardInterrupt:
            return False
        finally:
            sys.settrace(None)
        return self.sent


def moments(make):
    """(function, number of its run) of the first and the last run of each in a call."""
    for _ in range(3):  # what happens at the first time only is over
        call, _ = make()
        call()
    call, _ = make()
    tracer = Tracer()
    tracer.traced(call)
    return [(code, number) for code, runs in tracer.runs.items() for number in sorted({1, runs})]


def main(name):
    """Interrupt the call as each function begins."""
    make = getattr(interrupted, name)
    files = [sorted(os.listdir())]
    found = moments(make)
    files.append(sorted(os.listdir()))
    other, wrong, sent = ThreadPoolExecutor(1), [], 0
    other.submit(interrupted.lock_is_free).result()
    for code, number in found:
        call, use = make()
        descriptors = sorted(os.listdir("/proc/self/fd"))
        tracer = Tracer(code, number)
        left = ["the signal is lost"] * tracer.traced(call)
        left += interrupted.what_is_left(files, descriptors, 0, other)
        use()
        sent += tracer.sent
        wrong += [f"{what}: {code.co_filename} {code.co_name} {number}" for what in left]
    print(json.dumps({"sent": sent, "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1])

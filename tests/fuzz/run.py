"""Fuzz: many small random nets, good and broken, on both engines; what came of them.

    python tests/fuzz/run.py --seeds 1:10000
    python tests/fuzz/run.py --seed 123            one case: the net, and what each step came to
"""
import argparse
import collections
import json
import os
import re
import select
import subprocess
import sys
from pathlib import Path

import compare
import program

FOLDER = Path(__file__).resolve().parent
HANGS = 600  # seconds without a word, however slow the machine
BAD = "death", "hang", "raw exception", "engines disagree"


class Worker:
    """One engine in a process of its own, started again where a case has ended it."""

    def __init__(self, engine):
        self.engine, self.process = engine, None

    def _start(self):
        folders = [str(FOLDER), str(FOLDER.parents[1]), os.environ.get("PYTHONPATH", "")]
        env = dict(os.environ, LSTM_LIB_ENGINE=self.engine, PYTHONPATH=os.pathsep.join(folders),
                   MALLOC_PERTURB_="165", PYTHONHASHSEED="0")
        self.process = subprocess.Popen(
            [sys.executable, str(FOLDER / "program.py")], env=env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.rest = b""

    def send(self, seed):
        """Let it run a case."""
        if self.process is None:
            self._start()
        self.process.stdin.write(f"{seed}\n".encode())
        self.process.stdin.flush()

    def receive(self):
        """The steps of the case, or "death" or "hang"."""
        while True:
            if not select.select([self.process.stdout], [], [], HANGS)[0]:
                return self._ended("hang")
            part = os.read(self.process.stdout.fileno(), 1 << 20)
            if not part:
                return self._ended("death")
            *lines, self.rest = (self.rest + part).split(b"\n")
            for said in map(json.loads, lines):
                if "steps" in said:
                    return said["steps"]

    def _ended(self, how):
        self.close()
        return how

    def close(self):
        """End the process."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


def engines():
    """Those that are here; portable_caffe is everywhere."""
    from importlib.util import find_spec
    return ["real", "portable"] if find_spec("caffe") else ["portable"]


def fuzz(seeds, show=lambda seed, found: None):
    """(engine, what) -> how often, and a list of (seed, engine, step, what) of all that is bad."""
    workers = [Worker(engine) for engine in engines()]
    counts, bad = collections.Counter(), []
    try:
        for seed in seeds:
            for worker in workers:
                worker.send(seed)
            found = {worker.engine: worker.receive() for worker in workers}
            for engine, *rest in judged(seed, found):
                counts[engine, rest[-1]] += 1
                if rest[-1] in BAD:
                    bad.append((seed, engine, *rest))
            show(seed, bad)
    finally:
        for worker in workers:
            worker.close()
    return counts, bad


def judged(seed, found):
    """(engine, step, said, kind) of each step of a case, and of each difference."""
    for engine, steps in found.items():
        if isinstance(steps, str):
            yield engine, "", "", steps
            continue
        for what, outcome, said, _ in steps:
            yield engine, what, said, "raw exception" if outcome == "raw" else outcome
    if len(found) == 2 and not any(isinstance(steps, str) for steps in found.values()):
        text = program.case(seed)[0]
        if not re.search(r"does not run|no layer type|no field named \"\w+_param", str(found["portable"][0])):
            differs = compare.first_difference(text, found["real"], found["portable"])
            if differs:
                yield "both", *differs.split(": ", 1), "engines disagree"


def show_case(seed):
    """Print a net and what each step came to on each engine."""
    print(program.case(seed)[0])
    for engine in engines():
        worker = Worker(engine)
        worker.send(seed)
        steps = worker.receive()
        worker.close()
        print(f"== {engine}" + (f": {steps}" if isinstance(steps, str) else ""))
        for what, outcome, said, numbers in [] if isinstance(steps, str) else steps:
            print(f"{what:30} {outcome:10} {said[:300]}")
            for name, (shape, values) in (numbers or {}).items():
                print(f"    {name} {shape}: {[round(value, 4) for value in values[:6]]}")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seeds", default="1:300", help="from:to, both included")
    options.add_argument("--seed", type=int, help="show this one")
    asked = options.parse_args()
    if asked.seed is not None:
        return show_case(asked.seed)
    first, last = map(int, asked.seeds.split(":"))

    def show(seed, bad):
        for engine, step, said, kind in [rest for number, *rest in bad if number == seed]:
            print(f"seed {seed}, {engine}, {kind}: {step} | {' '.join(said.split())[:200]}",
                  flush=True)
        if seed % 50 == 0 or seed == last:
            print(f"\r{seed} of {last}, {len(bad)} bad ", end="", file=sys.stderr, flush=True)

    counts, bad = fuzz(range(first, last + 1), show)
    print(file=sys.stderr)
    for (engine, what), count in sorted(counts.items()):
        print(f"{engine:10} {what:18} {count:8,}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

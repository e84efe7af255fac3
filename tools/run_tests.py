"""Run the tests in each world that is there, side by side, and say which ran what.

    python tools/run_tests.py [options of pytest]

The reference world runs them on real Caffe; the portable world runs them on portable_caffe,
on NumPy arrays and, those that it makes a difference to, on PyTorch's. The training on several
processes needs PyTorch beside real Caffe, too, and gets a run for itself. As many run at once as
there are cores; what each prints is shown whole, one after the other, the first as it comes.
"""
import os
import re
import subprocess
import sys
import threading

import setup_env
import shell

# those that compute nothing, those that choose the arrays they compute on by themselves, and those
# about texts of the series, which runs on these arrays in test_notebooks.py
SAME_ON_ANY_ARRAYS = [
    "tests/drawing", "tests/project", "tests/exercises", "tests/class",
    "tests/parallel/test_torchrun.py",
    *(f"tests/portable/test_{name}.py" for name in (
        "benchmarks_gpu", "free_memory", "gpu_check", "portable_gpu", "portable_random_use")),
    *(f"tests/series/test_{name}.py" for name in (
        "class_copies", "gradients", "learnt", "learnt_units", "learnt_writing",
        "learnt_looking", "lint_of_the_series", "slides", "student_notebooks", "teaching"))]
OTHER_WORLD = ["--ignore=tests/site"]  # tools/test_site.py runs these
NO_TESTS = 5  # pytest's exit status when the options chose none


def main(options):
    """Exit status 1 if a test failed somewhere, or if none ran anywhere."""
    cores = threading.Semaphore(os.cpu_count() or 1)
    started = [Run(title, world, OTHER_WORLD + extra + options, env, cores)
               for title, world, extra, env in runs(options)]
    try:
        outcomes = [(run.title, *run.shown()) for run in started]
    finally:  # after Ctrl-C too
        for run in reversed(started):  # or the last would begin when the first has ended
            run.end()
    print("\n== which world ran what")
    for title, status, words in outcomes:
        print(f"{title:<46} {words}")
    statuses = [status for _, status, _ in outcomes]
    return 0 if 0 in statuses and set(statuses) <= {0, NO_TESTS} else 1


def runs(options=()):
    """(title, world, options, environment) of each run that can be made here."""
    found = []
    all_tests = not any(os.path.exists(option.partition("::")[0]) for option in options)
    if setup_env.is_ready(setup_env.REFERENCE):
        found.append(("reference: real Caffe", setup_env.REFERENCE, cache("reference"), {}))
    if setup_env.is_ready(setup_env.PORTABLE):
        found.append(("portable: portable_caffe, NumPy arrays", setup_env.PORTABLE,
                      cache("numpy"), {"LSTM_LIB_ARRAYS": "numpy"}))
        if has_torch():
            left_out = [f"--ignore={path}" for path in SAME_ON_ANY_ARRAYS]
            found.append(("portable: portable_caffe, PyTorch arrays", setup_env.PORTABLE,
                          cache("torch") + left_out, {"LSTM_LIB_ARRAYS": "torch"}))
    if all_tests and setup_env.is_ready(setup_env.REFERENCE) and has_old_torch():
        found.append(("reference: real Caffe, several processes", setup_env.REFERENCE,
                      cache("processes") + ["tests/parallel"],
                      {"PYTHONPATH": setup_env.old_torch()}))
    return found


def cache(name):
    """Options that let a run remember by itself what failed, for --last-failed."""
    return ["-o", f"cache_dir=.pytest_cache/{name}"]


def has_torch():
    """Is PyTorch in the portable world?"""
    return shell.run([setup_env.python_of(setup_env.PORTABLE), "-c", "import torch"])[0] == 0


def has_old_torch():
    """Is there a PyTorch beside real Caffe?"""
    return os.path.isdir(setup_env.old_torch())


class Run:
    """One pytest, which begins when a core is free."""

    def __init__(self, title, world, options, env, cores):
        self.title, self.cores, self.process, self.lines = title, cores, None, []
        self.starting, self.unwanted = threading.Lock(), False
        self.command = [setup_env.python_of(world), "-m", "pytest", *options]
        self.env = dict(os.environ, **env)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        with self.cores:
            with self.starting:
                if self.unwanted:
                    return
                self.process = subprocess.Popen(  # a pipe: some tests limit the size of files
                    self.command, cwd=shell.ROOT, env=self.env, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
            self.lines.extend(self.process.stdout)
            self.process.wait()

    def shown(self):
        """(exit status, pytest's closing words), after all that it prints was passed on."""
        print("\n== " + self.title, flush=True)
        place, running = 0, True
        while running:
            self.thread.join(0.2)
            running = self.thread.is_alive()
            said = self.lines[place:]
            place += len(said)
            print("".join(said), end="", flush=True)
        last = next((line for line in reversed(self.lines) if line.strip()), "")
        return self.process.returncode, re.sub(r"\x1b\[[\d;]*m", "", last).strip("= \n")

    def end(self):
        """Stop it where it has not ended by itself, and let it not begin any more."""
        with self.starting:
            self.unwanted = True
        if self.process:
            self.process.terminate()
            self.process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

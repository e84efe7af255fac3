"""Run the tests in each world that is there, and say which ran what.

    python3 tools/run_tests.py [options of pytest]

The reference world runs them on real Caffe; the portable world runs them on portable_caffe,
on NumPy arrays and, those that compute, on PyTorch's.
"""
import os
import re
import subprocess
import sys

import setup_env
import shell

COMPUTE_NOTHING = ["benchmarks", "draw_input", "draw_page", "draw_picture", "environment",
                   "readme", "run_notebooks", "setup", "shell"]
NO_TESTS = 5  # pytest's exit status when the options chose none


def main(options):
    """Exit status 1 if a test failed somewhere, or if none ran anywhere."""
    outcomes = [(title, *run_pytest(title, world, extra + options, env))
                for title, world, extra, env in runs()]
    print("\n== which world ran what")
    for title, status, words in outcomes:
        print("{:<46} {}".format(title, words))
    statuses = [status for _, status, _ in outcomes]
    return 0 if 0 in statuses and set(statuses) <= {0, NO_TESTS} else 1


def runs():
    """(title, world, options, environment) of each run that can be made here."""
    found = []
    if setup_env.is_ready(setup_env.REFERENCE):
        found.append(("reference: real Caffe", setup_env.REFERENCE, [], {}))
    if setup_env.is_ready(setup_env.PORTABLE):
        found.append(("portable: portable_caffe, NumPy arrays", setup_env.PORTABLE, [],
                      {"LSTM_LIB_ARRAYS": "numpy"}))
        if has_torch():
            left_out = ["--ignore=tests/test_{}.py".format(name) for name in COMPUTE_NOTHING]
            found.append(("portable: portable_caffe, PyTorch arrays", setup_env.PORTABLE,
                          left_out, {"LSTM_LIB_ARRAYS": "torch"}))
    return found


def has_torch():
    """Is PyTorch in the portable world?"""
    return shell.run([setup_env.python_of(setup_env.PORTABLE), "-c", "import torch"])[0] == 0


def run_pytest(title, world, options, env):
    """(exit status, pytest's closing words); all that it prints is passed on as it comes."""
    print("\n== " + title, flush=True)
    process = subprocess.Popen(
        [setup_env.python_of(world), "-m", "pytest", *options], cwd=shell.ROOT,
        env=dict(os.environ, **env), stdout=subprocess.PIPE, encoding="utf-8", errors="replace")
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line if line.strip() else last
    return process.wait(), re.sub(r"\x1b\[[\d;]*m", "", last).strip("= \n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

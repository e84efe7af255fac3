"""What the start imports, and what it does not, in a fresh interpreter."""
import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_lib

LATER = {"matplotlib", "pydot", "h5py", "sklearn", "difflib", "lstm_lib.alt_text", "lstm_lib.drawing",
         "lstm_lib.exchange", "lstm_lib.exercises", "lstm_lib.explain", "lstm_lib.linting",
         "lstm_lib.reference", "lstm_lib.training", "lstm_lib.views", "lstm_lib.weights"}


def run(program, **environment):
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment},
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_by(program):
    return set(run(f"import sys\n{program}\nprint(*sys.modules)").split())

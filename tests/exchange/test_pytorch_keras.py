"""PyTorch and Keras compute what Caffe does with the exchanged weights, both ways.

They want a newer Python than Caffe's, so they run in one of their own: that of `.venv-portable`
or the one LSTM_LIB_ORACLES names. Arrays go there and back as .npz files.
"""
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import B, D, H, T, worst
from units import Net, flat, random_states, random_weights

from lstm_lib import from_keras, from_pytorch, to_keras, to_pytorch

HERE = Path(__file__).resolve().parent
DEFAULT = HERE.parents[1] / ".venv-portable" / "bin" / "python"
CELLS = dict(LSTM="composed", GRU="gru", RNN="rnn")
CASES = [f"{unit}/{layers}/{ways}" for unit in CELLS for layers in (1, 2) for ways in (1, 2)]
MODULE = dict(pytorch="torch", keras="keras")


def python_with(library):
    """The Python that has the library, or skip."""
    named = os.environ.get("LSTM_LIB_ORACLES")
    python = Path(named or DEFAULT)
    if named and not python.is_file():
        pytest.fail(f"LSTM_LIB_ORACLES={named} is no file; name a Python with torch and keras")
    if not python.is_file():
        pytest.skip("there is no .venv-portable, a Python >= 3.11 with torch and keras")
    probe = f"import importlib.util as u, sys; sys.exit(u.find_spec({library!r}) is None)"
    if subprocess.run([str(python), "-I", "-c", probe]).returncode:
        pytest.skip(f"{python} has no {library}")
    return str(python)


def run_there(library, given, folder):
    """What oracle_units.py computes of all cases."""
    np.savez(folder / "given.npz", **given)
    done = subprocess.run([python_with(MODULE[library]), "-I", str(HERE / "oracle_units.py"),
                           library, str(folder / "given.npz"), str(folder / "made.npz")],
                          text=True, capture_output=True,
                          env={**os.environ, "KERAS_HOME": str(folder)})
    assert done.returncode == 0, done.stderr
    return dict(np.load(folder / "made.npz"))


def described(case):
    """The cell, the sizes and whether both directions, of "GRU/2/1"."""
    unit, layers, ways = case.split("/")
    return CELLS[unit], [H] * int(layers), ways == "2"


def input_of(case):
    return np.random.default_rng(7).standard_normal((T, B, D)).astype("f")


def named(library, weights):
    """The library's arrays by name, as oracle_units.py takes them."""
    if library == "pytorch":
        return to_pytorch(weights)
    return {str(place): array for place, array in enumerate(flat(to_keras(weights)))}


def read_back(library, case, arrays):
    """Weights from arrays under the library's names."""
    if library == "pytorch":
        return from_pytorch(arrays)
    _, sizes, _ = described(case)
    ordered = [arrays[str(place)] for place in range(len(arrays))]
    count = len(ordered) // len(sizes)
    layers = [ordered[start:start + count] for start in range(0, len(ordered), count)]
    return from_keras(layers if len(layers) > 1 else layers[0])


@pytest.fixture(scope="module", params=MODULE)
def made(request, tmp_path_factory):
    """A library's name, and what it made of all cases in one process."""
    given = {}
    for case in CASES:
        states = {f"{name}0": np.stack(arrays)
                  for name, arrays in random_states(*described(case)).items()}
        arrays = named(request.param, random_weights(*described(case)))
        given.update({f"{case}|{name}": array for name, array in {
            "x": input_of(case), **states, **arrays}.items()})
    return request.param, run_there(request.param, given, tmp_path_factory.mktemp(request.param))


def of(made, case, kind=""):
    """The arrays of a case, under their own names."""
    start = f"{case}|{kind}"
    return {name[len(start):]: array for name, array in made.items()
            if name.startswith(start) and "/" not in name[len(start):]}


def assert_same_forward(theirs, case, weights):
    net = Net(*described(case))
    net.set(weights)
    outputs, last = net.run(input_of(case), random_states(*described(case)))
    assert worst(theirs["H"], outputs) <= 1e-5
    for name, arrays in last.items():
        assert worst(theirs[f"{name}_T"], np.stack(arrays)) <= 1e-5, name


@pytest.mark.parametrize("case", CASES)
def test_the_library_computes_what_caffe_does_with_weights_given_to_it(made, case):
    _, arrays = made
    assert_same_forward(of(arrays, case), case, random_weights(*described(case)))


@pytest.mark.parametrize("case", CASES)
def test_caffe_computes_what_the_library_does_with_weights_taken_from_it(made, case):
    library, arrays = made
    theirs = of(arrays, case, "own/")
    weights = {name: array for name, array in theirs.items() if name not in ("H", "h_T", "c_T")}
    assert_same_forward(theirs, case, read_back(library, case, weights))


@pytest.mark.parametrize("case", CASES)
def test_the_library_s_own_weights_have_every_bias_in_use(made, case):
    _, arrays = made
    weights = {name: array for name, array in of(arrays, case, "own/").items()
               if name not in ("H", "h_T", "c_T")}
    assert all(array.all() for array in weights.values())

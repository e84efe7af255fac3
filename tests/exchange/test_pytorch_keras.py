"""PyTorch and Keras compute what Caffe does with the exchanged weights, both ways.

They want a newer Python than Caffe's, so they run in one of their own: that of `.venv-portable`
or the one LSTM_LIB_ORACLES names. Arrays go there and back as .npz files.
"""
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from conftest import B, D, H, T, run, unrolled_net, worst

from lstm_lib import from_keras, from_pytorch, to_keras, to_pytorch, xavier_start

HERE = Path(__file__).parent
DEFAULT = HERE.parents[1] / ".venv-portable" / "bin" / "python"


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


def run_there(library, module, given, folder):
    """What oracle_lstm.py computes: its outputs, and those with the library's own weights."""
    np.savez(folder / "given.npz", **given)
    done = subprocess.run([python_with(module), "-I", str(HERE / "oracle_lstm.py"), library,
                           str(folder / "given.npz"), str(folder / "made.npz")], text=True,
                          capture_output=True, env={**os.environ, "KERAS_HOME": str(folder)})
    assert done.returncode == 0, done.stderr
    made = dict(np.load(folder / "made.npz"))
    own = {name[4:]: made.pop(name) for name in list(made) if name.startswith("own/")}
    return made, own


def random_case():
    rng = np.random.default_rng(7)
    weights = xavier_start(D, H, rng)
    shapes = dict(x=(T, B, D), h0=(B, H), c0=(B, H), dH=(T, B, H), dh_T=(B, H), dc_T=(B, H))
    data = {name: rng.standard_normal(shape).astype("f") for name, shape in shapes.items()}
    return weights._replace(b_c=rng.standard_normal(4 * H).astype("f")), data


@pytest.fixture(scope="module", params=["pytorch", "keras"])
def case(request, tmp_path_factory):
    """Our weights and data, what the library made of them, and how to read its own weights."""
    weights, data = random_case()
    module, named, back = dict(
        pytorch=("torch", to_pytorch(weights), from_pytorch),
        keras=("keras", to_keras(weights)._asdict(),
               lambda own: from_keras([own[name] for name in to_keras(weights)._fields])),
    )[request.param]
    given = {**{name: data[name] for name in ("x", "h0", "c0")}, **named}
    made, own = run_there(request.param, module, given, tmp_path_factory.mktemp(request.param))
    return weights, data, made, own, lambda: back({name: own[name] for name in named})


def assert_same_forward(theirs, ours):
    for name in ("H", "h_T", "c_T"):
        assert worst(theirs[name], ours[name].reshape(theirs[name].shape)) <= 1e-5, name


def test_the_library_computes_what_caffe_does_with_weights_given_to_it(case):
    weights, data, made, _, _ = case
    assert_same_forward(made, run(unrolled_net(weights), data))


def test_caffe_computes_what_the_library_does_with_weights_taken_from_it(case):
    _, data, _, own, theirs = case
    assert_same_forward(own, run(unrolled_net(theirs()), data))


def test_the_library_s_own_weights_have_every_bias_in_use(case):
    _, _, _, own, _ = case
    assert all(array.all() for name, array in own.items() if "bias" in name)

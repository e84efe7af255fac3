"""Every example in a docstring runs and prints what it says."""
import doctest
import importlib
import inspect
import pkgutil

import pytest

import lstm_lib
import portable_caffe

NEED_REAL = {f"lstm_lib.safe_caffe.{name}" for name in (
    "blob", "given_weights", "hdf5", "lmdb", "memory", "net", "passes", "pycaffe", "real",
    "records", "shapes", "snapshots", "values", "wheel")}
MODULES = [module.name for package in (lstm_lib, portable_caffe)
           for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
           if not module.name.endswith("__main__")]


def imported(name):
    if name in NEED_REAL and lstm_lib.caffe.engine != "real":
        pytest.skip("only beside real Caffe")
    if name == "portable_caffe.gpu.kernels":
        pytest.importorskip("triton")
    return importlib.import_module(name)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert doctest.testmod(imported(name), optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_says_what_it_does(name):
    module = imported(name)
    own = [thing for thing in vars(module).values()
           if getattr(thing, "__module__", None) == module.__name__
           and (inspect.isfunction(thing) or inspect.isclass(thing))]
    silent = [thing.__name__ for thing in own
              if not thing.__name__.startswith("_") and not thing.__doc__]
    assert module.__doc__ and silent == []

"""Every example in a docstring runs and prints what it says."""
import doctest
import importlib
import pkgutil

import pytest

import lstm_lib

LEFT_OUT = {"__main__"} | ({"real_door"} if lstm_lib.caffe.engine != "real" else set())
MODULES = [module.name for module in pkgutil.iter_modules(lstm_lib.__path__)
           if module.name not in LEFT_OUT]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_module_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module("lstm_lib." + name)
    assert doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_every_public_function_says_what_it_does(name):
    module = importlib.import_module("lstm_lib." + name)
    own = [thing for thing in vars(module).values()
           if getattr(thing, "__module__", None) == module.__name__]
    silent = [thing.__name__ for thing in own
              if not thing.__name__.startswith("_") and not thing.__doc__]
    assert module.__doc__ and silent == []

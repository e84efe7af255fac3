"""What the start imports, and what it leaves for later, seen in a fresh Python."""
import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import lstm_lib

START = "from lstm_lib import caffe, unroll, load_net"
LATER = {"matplotlib", "pydot", "h5py", "sklearn", "lstm_lib.alt_text", "lstm_lib.drawing",
         "lstm_lib.exchange", "lstm_lib.exercises", "lstm_lib.explain", "lstm_lib.linting",
         "lstm_lib.reference", "lstm_lib.training", "lstm_lib.views"}


def run(program, **environment):
    done = subprocess.run([sys.executable, "-c", program], env={**os.environ, **environment},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_by(program):
    return set(run(f"import sys\n{program}\nprint('modules:', *sys.modules)")
               .rpartition("modules: ")[2].split())


def test_the_start_imports_only_what_builds_and_loads_a_net():
    there = imported_by(START)
    assert {"lstm_lib.unrolling", "lstm_lib.nets"} <= there and not LATER & there


def test_the_package_alone_imports_none_of_its_modules_nor_numpy():
    there = imported_by("import lstm_lib")
    assert "numpy" not in there and {name for name in there if "lstm_lib." in name} == set()


@pytest.mark.skipif(lstm_lib.caffe.engine == "real", reason="pycaffe imports SciPy's tests")
def test_arrays_import_no_part_of_numpy_that_computes_no_net():
    np = pytest.importorskip("numpy", minversion="2.1")
    assert not {"numpy.f2py", "numpy.testing", "numpy.random"} & imported_by(START), np.__version__


def test_each_name_is_imported_with_its_module_when_it_is_first_asked_for():
    asked = {"draw": "lstm_lib.drawing", "lint": "lstm_lib.linting", "to_onnx": "lstm_lib.exchange",
             "make_solver": "lstm_lib.training", "compare": "lstm_lib.reference",
             "views": "matplotlib"}
    said = run(f"import sys\n{START}\nimport lstm_lib\nfor name, module in {asked}.items():\n"
               "    before = module in sys.modules\n    getattr(lstm_lib, name)\n"
               "    print(name, before, module in sys.modules)")
    assert said.splitlines() == [f"{name} False True" for name in asked]


def test_lint_is_the_function_also_when_its_modules_were_imported_first():
    assert run("import lstm_lib.linting.reading; from lstm_lib import lint; print(lint.__name__)"
               ) == "lint\n"


def test_dir_and_a_star_have_the_names_that_were_not_imported_yet():
    names = run("import lstm_lib\nprint(set(lstm_lib.__all__) - set(dir(lstm_lib)))\n"
                "from lstm_lib import *\nprint(set(lstm_lib.__all__) - set(globals()))")
    assert names == "set()\nset()\n"


def test_a_misspelt_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'lstm_lib' has no attribute 'unrol'"):
        lstm_lib.unrol
    with pytest.raises(ImportError, match="cannot import name 'unrol'"):
        from lstm_lib import unrol  # noqa: F401


def test_editors_are_told_the_same_names_of_the_same_modules():
    stub = ast.parse(Path(lstm_lib.__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    told = {alias.asname: node.module for node in stub.body if isinstance(node, ast.ImportFrom)
            for alias in node.names}
    assert told == {"views": None, **lstm_lib._MODULE_OF}


def test_arrays_that_there_are_not_raise_on_use_and_the_package_imports():
    said = run("import lstm_lib\ntry: lstm_lib.unroll\nexcept ImportError as error: print(error)",
               LSTM_LIB_ENGINE="portable", LSTM_LIB_ARRAYS="numbers")
    assert "give numpy, torch or cupy" in said


def test_portable_caffe_trains_without_the_modules_that_a_browser_or_windows_lacks():
    lacking = dict.fromkeys(("fcntl", "resource", "pwd", "grp", "termios"))  # None: not to be had
    run(f"import sys\nsys.modules.update({lacking})\n{START}, make_solver\n"
        "ns = caffe.NetSpec()\n"
        "ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 1, 1])))\n"
        "unroll(ns, ns.x, 2, 1)\n"
        "ns.loss = caffe.layers.Reduction(ns.h_T, loss_weight=1)\n"
        "make_solver(ns, base_lr=0.1).step()", LSTM_LIB_ENGINE="portable")

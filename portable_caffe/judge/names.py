"""Which names of pycaffe are missing here, and which layer types?

    python -m portable_caffe.judge.names            prints the list
    python -m portable_caffe.judge.names --write    writes it into README.md

Nets, blobs and solvers are compared as they are made, for some names are there only then.
"""
import importlib
import os
import sys
import tempfile
from types import ModuleType

import portable_caffe

from .compare import real_caffe

README = os.path.join(os.path.dirname(portable_caffe.__file__), "README.md")
BEGIN, END = "<!-- missing names -->\n", "<!-- end -->\n"
MODULES = "io", "coord_map", "draw", "net_spec"
SOLVER = """net_param { layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { axis: 0
num_output: 1 } } layer { name: "z" type: "Reduction" bottom: "y" top: "z" loss_weight: 1 } }
base_lr: 1 lr_policy: "fixed" """


def missing():
    """(where, names) of all that real Caffe has and portable_caffe has not."""
    real = real_caffe()
    yield "layer types", sorted({*real.layer_type_list()} - {*portable_caffe.layer_type_list()})
    theirs, mine = _things(real), _things(portable_caffe)
    for where, thing in theirs.items():
        yield where, sorted(_names(thing) - {*dir(mine[where])})


def _things(caffe):
    """What has names: the module, its parts, and a solver with its net, a layer and a blob."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "solver.prototxt")
        with open(path, "w", encoding="utf-8") as file:
            file.write(SOLVER)
        solver = caffe.SGDSolver(path)
    parts = {f"caffe.{name}": importlib.import_module(f"{caffe.__name__}.{name}")
             for name in MODULES}
    return {"caffe": caffe, "caffe.Net": solver.net, "a blob": solver.net.blobs["x"],
            "a layer of a net": solver.net.layers[1], "a solver": solver, **parts}


def _names(thing):
    """The names of a module that it defines itself, or that the package gives on; of others all."""
    names = {name for name in dir(thing) if not name.startswith("__")}
    if not isinstance(thing, ModuleType):
        return names
    return {name for name in names if not name.startswith("_") and not _is_strange(thing, name)}


def _is_strange(module, name):
    """Is this the module of somebody else, or a part of one?"""
    value = getattr(module, name)
    home = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    if not isinstance(home, str):  # a number, a text, a list
        return False
    package = module.__name__.partition(".")[0]
    if home.startswith("portable_caffe."):  # put there by who makes real Caffe safe
        return False
    return not (home + ".").startswith(package + "." if module.__name__ == package
                                       else module.__name__ + ".")


def text():
    """The list for the README: a line for each place where something is missing."""
    return "".join(f"- {where if ' ' in where else f'`{where}`'}: {', '.join(names)}\n"
                   for where, names in missing() if names)


def written():
    """(what stands before the list in the README, the list, what stands after it)."""
    with open(README, encoding="utf-8") as file:
        before, _, rest = file.read().partition(BEGIN)
    found, _, after = rest.partition(END)
    return before + BEGIN, found, END + after


def main(arguments):
    """Print the list, or write it."""
    if arguments == ["--write"]:
        before, _, after = written()
        with open(README, "w", encoding="utf-8") as file:
            file.write(before + text() + after)
    elif arguments:
        sys.exit(f"expected --write or nothing, got {' '.join(arguments)}")
    else:
        print(text(), end="")


if __name__ == "__main__":
    main(sys.argv[1:])

"""The pages about what can be called: each public name under the question that it answers."""
import inspect

# the groups of lstm_lib/README.md: {title: the modules below lstm_lib whose names stand there}
GROUPS = {
    "Caffe": ["safe_caffe"],
    "One time step": ["netspec", "cells"],
    "T steps, one set of weights": ["unrolling", "stacks"],
    "Sequences of any length": ["lengths"],
    "Shared weights": ["weights", "start_values"],
    "Write, load and look into a net": ["nets"],
    "Draw a net": ["drawing", "views"],
    "What will go wrong in silence": ["linting"],
    "Train it": ["training"],
    "The plain truth, in NumPy": ["reference"],
    "Weights for PyTorch, Keras and ONNX, and back": ["exchange"],
    "Errors": ["errors"]}
PORTABLE = {"A net": ["Net", "Blob", "NetSpec", "Layer", "Classifier"],
            "Solvers": ["get_solver", "SGDSolver", "NesterovSolver", "AdaGradSolver",
                        "RMSPropSolver", "AdaDeltaSolver", "AdamSolver"],
            "Where it computes": ["set_device", "set_mode_cpu", "set_mode_gpu", "set_random_seed",
                                  "Timer"],
            "What there is": ["layer_type_list", "has_nccl"],
            "Errors": ["NetError", "NoGPU", "NoSuchName"]}
MODULES = {"caffe": "safe_caffe", "views": "views"}  # public names that are modules themselves


def write_api(folder):
    """A page for lstm_lib and one for portable_caffe, as reStructuredText."""
    folder.mkdir()
    (folder / "lstm_lib.rst").write_text(lstm_lib_page(), encoding="utf-8")
    (folder / "portable_caffe.rst").write_text(portable_caffe_page(), encoding="utf-8")


def lstm_lib_page():
    """Every public name of lstm_lib, grouped."""
    import lstm_lib

    grouped = {title: [name for name in lstm_lib.__all__ if module_of(name) in modules]
               for title, modules in GROUPS.items()}
    return page("lstm_lib", "What ``from lstm_lib import ...`` gives.", grouped)


def portable_caffe_page():
    """The classes and functions of portable_caffe."""
    return page("portable_caffe", "A small Caffe in Python: what it has of pycaffe.", PORTABLE)


def module_of(name):
    """The room of lstm_lib in which a public name stands."""
    import lstm_lib

    if name in MODULES:
        return MODULES[name]
    parts = getattr(lstm_lib, name).__module__.split(".")
    return parts[1]  # of portable_caffe are the errors alone


def page(package, words, grouped):
    """A page: a heading for each group, and below it what autodoc says of its names."""
    lines = [package, "=" * len(package), "", words, ""]
    for title, names in grouped.items():
        lines += [title, "-" * len(title), ""]
        for name in names:
            lines += [f".. auto{kind_of(package, name)}:: {package}.{name}"]
            lines += ["   :no-index:", ""] if is_guest(package, name) else [""]
    return "\n".join(lines)


def kind_of(package, name):
    """What autodoc calls it."""
    thing = getattr(__import__(package, fromlist=[name]), name, None)
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, Exception) else "class"
    return "function" if inspect.isroutine(thing) else "module"


def is_guest(package, name):
    """Is it on another page as well, that of the package which it is from?"""
    import lstm_lib

    return package == "lstm_lib" and getattr(
        getattr(lstm_lib, name), "__module__", "").startswith("portable_caffe")

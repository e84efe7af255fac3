"""What am I running on? Which of the two safe Caffes is used.

`from lstm_lib import caffe` gives real Caffe where it imports, else `portable_caffe`, under
pycaffe's names; LSTM_LIB_ENGINE=real or =portable overrules that. Mistakes raise on both.
"""
import importlib.util
import os
import platform
import warnings

CHOICES = ("", "real", "portable")


def choose(asked):
    """The Caffe that is asked for, or else the one that is here."""
    if asked not in CHOICES:
        raise ImportError(f"LSTM_LIB_ENGINE={asked!r}: give real, portable, or leave it out.")
    if asked != "portable":
        try:
            from .real import safe
            return safe
        except Exception as error:  # protobuf 4 and later raise TypeError here
            _no_real_caffe(error, asked)
    from .portable import safe
    return safe


def _no_real_caffe(error, asked):
    """Real Caffe was asked for: raise. It is here but broken: warn. It is not here: go on."""
    if asked == "real":
        raise ImportError(
            f"real Caffe does not import here: {error}. It is installed by `make run` on Linux "
            "x86-64 with Python 3.9; `python -m lstm_lib doctor` says what is missing."
        ) from error
    if importlib.util.find_spec("caffe"):
        warnings.warn(f"real Caffe is installed but does not import: {error}. portable_caffe "
                      "computes instead; `python -m lstm_lib doctor` says what is wrong.")


caffe = choose(os.environ.get("LSTM_LIB_ENGINE", ""))


def describe():
    """One line: which Caffe runs here, on which arrays and device, on what system."""
    return (f"{caffe.describe()}, Python {platform.python_version()}, "
            f"{platform.system()} {platform.machine()}")

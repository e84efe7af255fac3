"""Say in one line which packages tools/gpu_check.sh lacks here, and how to install them."""
import sys
from importlib.util import find_spec

NEEDED = {"numpy": "numpy", "torch": "torch", "google.protobuf": "protobuf",
          "array_api_compat": "array-api-compat", "matplotlib": "matplotlib",
          "sklearn": "scikit-learn", "pytest": "pytest"}  # module -> package


def is_here(module):
    """Can it be imported, as far as one sees without doing so?"""
    try:
        return find_spec(module) is not None
    except ImportError:  # the package around it is not there
        return False


def missing():
    """What is missing and the cure, or None."""
    if sys.version_info < (3, 9):
        return "Python 3.9 or newer is needed; choose one with PYTHON=..."
    modules = [module for module in NEEDED if not is_here(module)]
    if not modules:
        return None
    install = " ".join([sys.executable, "-m pip install", *(NEEDED[name] for name in modules)])
    return f"missing: {', '.join(modules)}. Install with: {install}"


if __name__ == "__main__":
    sys.exit(missing())

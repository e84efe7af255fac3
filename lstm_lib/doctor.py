"""What is missing here? One line a part, with the cure on the line that fails."""
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata

INSTALL = "`make run` installs the right one, or: pip install -r requirements.txt"
ELSEWHERE = ("real Caffe runs on Linux x86-64: use Binder, a linux/amd64 container, or WSL 2 "
             "on Windows; or LSTM_LIB_ENGINE=portable")
DOT_SECONDS = 120  # it answers at once, but for a machine that is very busy

# package manager -> how it installs Graphviz; the first that is here counts
DOT_COMMANDS = {
    "apt-get": "sudo apt-get install graphviz",
    "dnf": "sudo dnf install graphviz",
    "pacman": "sudo pacman -S graphviz",
    "zypper": "sudo zypper install graphviz",
    "brew": "brew install graphviz",
    "conda": "conda install -c conda-forge graphviz",
}


class Problem(Exception):
    """A part that is not as it must be: what is wrong, and the cure."""


class Note(Exception):
    """A part that is not here and need not be."""


def diagnose():
    """Look at every part; print a line each; return whether the series can run."""
    healthy = True
    for name, look, needed in PARTS:
        mark, words = _look(look)
        print(f"{mark:<6} {name:<9} {words}")
        healthy = healthy and (mark != "[FAIL]" or not needed)
    print(f"The series can run here, on {_engine()}." if healthy else
          "The series cannot run here; the cures stand behind the arrows.")
    return healthy


def _look(look):
    try:
        return "[OK]", look()
    except Note as note:
        return "[--]", str(note)
    except Problem as problem:
        what, cure = problem.args
    except Exception as error:  # a broken package may raise anything when it is imported
        what, cure = f"{type(error).__name__}: {error}", INSTALL
    return "[FAIL]", f"{what} -> {cure}"


def wants_real():
    """Whether real Caffe should run here: LSTM_LIB_ENGINE asks for it, or it is installed."""
    asked = os.environ.get("LSTM_LIB_ENGINE", "")
    return asked == "real" or asked != "portable" and bool(importlib.util.find_spec("caffe"))


def _engine():
    from .safe_caffe.engine import caffe

    return caffe.describe()


def look_at_python():
    """Real Caffe needs CPython 3.9 on Linux x86-64: there is no wheel for a newer one."""
    system = f"{platform.system()} {platform.machine()}"
    if not wants_real():
        return f"{platform.python_version()}, {system}, {sys.executable}"
    if system != "Linux x86_64":
        raise Problem(system, ELSEWHERE)
    if sys.version_info[:2] != (3, 9):
        raise Problem(f"{platform.python_version()} ({sys.executable}); real Caffe needs 3.9",
                      "`make run` finds or fetches it; then use .venv/bin/python")
    return f"{platform.python_version()}, {system}, {sys.executable}"


def look_at_caffe():
    """Which Caffe is imported, from which package and file."""
    if not wants_real():
        return f"{_engine()}; real Caffe is not here"
    try:
        from .safe_caffe.real import real
    except ImportError as error:
        raise Problem(f"does not import: {error.__cause__ or error}", INSTALL) from None
    packages = [f"{name} {version_of(name)}" for name in ("kendryte-caffe", "caffe")
                if version_of(name)]
    if "LSTM" not in real.layer_type_list():
        raise Problem(f"{real.__file__} has no LSTM layer (older than June 2016)", INSTALL)
    return f"{real.__version__} from {', '.join(packages) or 'a build'}, {real.__file__}"


def look_at_layers():
    """Whether BatchNorm, which some builds get wrong, computes what Caffe's source says."""
    if wants_real():
        try:
            from .safe_caffe.wheel import CURE, FAULT, batch_norm_works
        except ImportError:
            raise Note("not asked, for there is no Caffe") from None
        if not batch_norm_works():
            raise Note(f"BatchNorm: {FAULT} -> {CURE}")
    return "BatchNorm learns its statistics"


def look_at_numpy():
    """Caffe's wheel was built against NumPy 1."""
    return _below("numpy", 2 if wants_real() else None)


def look_at_protobuf():
    """Caffe's generated code is refused by protobuf 4 and later."""
    return _below("protobuf", 4 if wants_real() else None)


def look_at_pydot():
    """`caffe.draw` makes its graphs with pydot."""
    import pydot

    return pydot.__version__


def look_at_dot():
    """The program that lays graphs out; the Python package alone draws nothing."""
    try:
        said = subprocess.run(["dot", "-V"], capture_output=True, text=True, timeout=DOT_SECONDS,
                              stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Problem("no `dot` on PATH, so pictures are left out", dot_command()) from None
    except subprocess.TimeoutExpired:
        raise Problem(f"`dot -V` did not answer in {DOT_SECONDS} seconds",
                      f"look what {shutil.which('dot')} is, or try again") from None
    if said.returncode:
        raise Problem(f"`dot -V` says: {said.stderr.strip()}", dot_command())
    return said.stderr.strip().replace("dot - ", "")


def look_at_kernel():
    """Notebooks ask for the kernel `python3`; it must start this very Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    cure = f"{sys.executable} -m ipykernel install --sys-prefix"
    try:
        started = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except NoSuchKernel:
        raise Problem("there is no kernel `python3`", cure) from None
    if started not in ("python", "python3", sys.executable, f"python3.{sys.version_info[1]}"):
        raise Problem(f"the kernel `python3` starts {started}", cure)
    return f"python3, ipykernel {version_of('ipykernel')}"


def look_at_gpu():
    """A GPU that this Caffe can use; the series is made for the CPU and needs none."""
    try:
        from .safe_caffe.engine import caffe
        from .errors import NoGPU
    except ImportError:
        raise Note("not asked, for there is no Caffe") from None
    try:
        caffe.needs_gpu()
    except NoGPU as error:
        reason = str(error).split(". ")[0]  # the rest says how to get one
        raise Note(f"{reason}; the series needs none") from None
    return "Caffe can use a GPU"


def dot_command():
    """The command that installs Graphviz on this system.

    >>> "graphviz" in dot_command()
    True
    """
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    for program, command in DOT_COMMANDS.items():
        if shutil.which(program):
            return command.replace("sudo ", "") if is_root else command
    return "install the package graphviz with your system's package manager"


def _below(package, major):
    version = version_of(package)
    if not version:
        raise Problem("is not installed", INSTALL)
    if major and int(version.split(".")[0]) >= major:
        raise Problem(f"{version} is too new for this Caffe",
                      f'pip install "{package}<{major}"')
    return version


def version_of(package):
    """The version of a package, None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


# name, how to look at it, whether the series needs it
PARTS = [
    ("Python", look_at_python, True),
    ("Caffe", look_at_caffe, True),
    ("layers", look_at_layers, False),
    ("numpy", look_at_numpy, True),
    ("protobuf", look_at_protobuf, True),
    ("pydot", look_at_pydot, True),
    ("dot", look_at_dot, False),
    ("kernel", look_at_kernel, True),
    ("GPU", look_at_gpu, False),
]

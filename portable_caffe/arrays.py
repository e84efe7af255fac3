"""Which arrays compute: NumPy, PyTorch or CuPy, on the CPU or on a GPU.

All layers are written against the array API standard, so this is the only module that
knows the libraries apart. `LSTM_LIB_ARRAYS=numpy|torch|cupy` chooses one; without it the
CPU computes with NumPy, and the GPU with PyTorch or else CuPy.
"""
import functools
import importlib
import operator
import os
import sys

import numpy as np

from .errors import NoGPU
from .free_memory import free_host_bytes

# from 2.1 on by itself; to wrap it would import all of NumPy, half of the start in a browser
NUMPY_FOLLOWS_THE_STANDARD = np.lib.NumpyVersion(np.__version__) >= "2.1.0"


class Arrays:
    """An array library and a device.

    `xp` is its array API namespace. `is_host` says that its arrays lie in the memory NumPy
    sees, so that nothing is ever copied. `product(a, b)` is the matrix product a b.
    """

    def __init__(self, library, device):
        self.library, self.device = library, device
        self.native = importlib.import_module(library)  # without what `xp` checks each time
        self.xp = (self.native if library == "numpy" and NUMPY_FOLLOWS_THE_STANDARD
                   else importlib.import_module("array_api_compat." + library))
        self.is_host = device == "cpu"
        self.product = (product_without_blas if library == "numpy" and sys.platform == "emscripten"
                        else operator.matmul)
        self._where = {"device": device} if library == "torch" else {}
        self._seed = self._generator = None

    def from_host(self, host):
        """The numbers of a NumPy array as an array of this library (the same memory if it can)."""
        if self.library == "numpy":
            return host
        if self.library == "torch":
            return self.native.from_numpy(host).to(self.device)
        return self.xp.asarray(host)

    def copy_from_host(self, array, host):
        """Put the numbers of a NumPy array into an array that stays in its place."""
        if self.library == "torch":
            array.copy_(self.native.from_numpy(host))
        else:
            array[...] = self.from_host(host)

    def to_host(self, array):
        """The numbers of an array as a NumPy array (the same memory if it can)."""
        if self.library == "numpy":
            return array
        if self.library == "torch":
            return array.cpu().numpy()
        return array.get()

    def zeros(self, shape):
        """A float32 array of zeros."""
        return self.xp.zeros(shape, dtype=self.xp.float32, **self._where)

    def empty(self, shape):
        """A float32 array of anything, to be filled."""
        return self.native.empty(shape, dtype=self.native.float32, **self._where)

    def count_to(self, n):
        """The whole numbers 0 .. n - 1."""
        return self.xp.arange(n, dtype=self.xp.int64, **self._where)

    def uniform(self, shape):
        """Random numbers from 0 to 1, drawn on the device itself."""
        if self.is_host:
            return self.from_host(random().random(shape, dtype=np.float32))
        if self._seed is not random():  # set_random_seed was called
            self._seed, seed = random(), int(random().integers(2 ** 31))
            self._generator = (self.native.Generator(self.device).manual_seed(seed)
                               if self.library == "torch" else self.native.random.RandomState(seed))
        if self.library == "torch":
            return self.native.rand(shape, generator=self._generator, device=self.device)
        return self._generator.random_sample(shape, dtype=np.float32)

    def free_bytes(self):
        """How many bytes can still be had, or None where nobody says."""
        if self.library == "torch" and self.device == "cuda":
            free, _ = self.native.cuda.mem_get_info()
            return free + self.native.cuda.memory_reserved() - self.native.cuda.memory_allocated()
        if self.library == "cupy":
            return self.native.cuda.runtime.memGetInfo()[0] + (
                self.native.get_default_memory_pool().free_bytes())
        return free_host_bytes()

    def __repr__(self):
        return f"{self.library} arrays on {self.device}"


def product_without_blas(a, b):
    """a b, for a (n, k) and b (k, m), where NumPy has no BLAS, as in a browser.

    There `a @ b` goes through memory in long strides unless both are laid out along k. This lays
    them so: a training step of an LSTM takes a third to a half of the time. Each number is a
    sum over k in one order, however many rows there are.
    """
    return np.einsum("nk,mk->nm", np.ascontiguousarray(a), np.ascontiguousarray(b.T))


def is_one_thread():
    """Was OpenBLAS told to use one thread? It asks these variables, in this order."""
    told = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS")
    return told == "1" or os.cpu_count() == 1


@functools.lru_cache(maxsize=None)
def arrays_of(library, device):
    """The one `Arrays` of a library and device, so that numbers there stay where they are."""
    return Arrays(library, device)


def _torch_device():
    """The GPU PyTorch reaches ("cuda" is ROCm too), or what is in the way."""
    try:
        import torch
    except ImportError:
        return None, "PyTorch is not installed"
    if torch.cuda.is_available():
        return "cuda", ""
    mps = getattr(torch.backends, "mps", None)
    if mps is not None and mps.is_available():
        return "mps", ""
    return None, f"PyTorch {torch.__version__} sees no CUDA, ROCm or Apple GPU"


def _cupy_device():
    """The GPU CuPy reaches, or what is in the way."""
    try:
        import cupy
        if cupy.cuda.runtime.getDeviceCount():
            return "cuda", ""
    except ImportError:
        return None, "CuPy is not installed"
    except Exception as error:  # CuPy has its own class for each driver trouble
        return None, f"CuPy finds no GPU ({error})"
    return None, "CuPy finds no GPU"


_FIND = {"torch": _torch_device, "cupy": _cupy_device}


def _chosen_library():
    chosen = os.environ.get("LSTM_LIB_ARRAYS", "")
    if chosen not in ("", "numpy", "torch", "cupy"):
        raise ValueError(f"LSTM_LIB_ARRAYS={chosen!r}: give numpy, torch or cupy.")
    return chosen


def cpu_arrays():
    """Arrays for the CPU: NumPy's, or PyTorch's when LSTM_LIB_ARRAYS says so."""
    library = _chosen_library()
    return arrays_of("torch" if library == "torch" else "numpy", "cpu")


def gpu_arrays():
    """Arrays for the GPU, or `NoGPU` that says what was looked for and how to get it."""
    chosen, looked = _chosen_library(), []
    for library in [chosen] if chosen else ["torch", "cupy"]:
        device, reason = _FIND.get(library, lambda: (None, "NumPy computes on the CPU only"))()
        if device:
            return arrays_of(library, device)
        looked.append(reason)
    raise NoGPU("no GPU to compute on: " + "; ".join(dict.fromkeys(looked)) + ". Install "
                "PyTorch with CUDA, ROCm or Metal, or CuPy for your CUDA, where a GPU and its "
                "driver are. set_mode_cpu() computes the same numbers.")


def set_mode_cpu():
    """Compute on the CPU from now on."""
    global current
    current = cpu_arrays()


def set_mode_gpu():
    """Compute on the GPU from now on; `NoGPU` at once when there is none."""
    global current
    current = gpu_arrays()


def set_device(number):
    """Let the GPU be number 0, 1, ...; arrays move there when the GPU is in use."""
    global current
    found = gpu_arrays()
    count = (found.native.cuda.device_count() if found.library == "torch" and found.device == "cuda"
             else 1 if found.device == "mps" else found.native.cuda.runtime.getDeviceCount())
    if not 0 <= number < count:
        raise NoGPU(f"there is no GPU {number}: {found.library} sees {count}, counted from 0.")
    if found.device == "cuda":
        (found.native.cuda.set_device(number) if found.library == "torch"
         else found.native.cuda.Device(number).use())
    if not current.is_host:
        current = Arrays(found.library, found.device)  # another one, so that numbers move


def set_random_seed(seed):
    """Let fillers, DummyData and Dropout repeat their numbers (not those of real Caffe)."""
    global _random
    _random = np.random.default_rng(seed)


def random():
    """The generator of the whole process, made when first asked for: `numpy.random` is large."""
    if _random is None:
        set_random_seed(None)
    return _random


# One for the whole process, as Caffe's mode is. `set_mode_cpu`, `set_mode_gpu` and `set_device`
# alone set it; whoever computes reads it anew each time.
current = cpu_arrays()
_random = None

"""The unrolled LSTM on CuPy arrays against NumPy, forward and backward; nothing is timed.

    python benchmarks/gpu/gpu_cupy.py [--quick] [--device cpu] [--out FILE]

CuPy computes on a GPU only. Where it is not installed, or where `--device cpu` says that no
GPU is expected, that is said in a line and the exit status is LEFT_OUT.
"""
import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import gpu

LEFT_OUT = 77


def no_cupy():
    """Why CuPy cannot compute here, or None."""
    import portable_caffe
    os.environ["LSTM_LIB_ARRAYS"] = "cupy"
    try:
        portable_caffe.set_mode_gpu()
    except portable_caffe.NoGPU as error:
        return str(error).split(". Install")[0]
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--quick", action="store_true", help="toy sizes")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    reason = no_cupy()
    if reason:
        print(f"CuPy is left out: {reason}.")
        expected = options.device == "gpu" and find_spec("cupy")
        sys.exit(1 if expected else LEFT_OUT)
    result = measure(gpu.QUICK[-1] if options.quick else gpu.CHECKED)
    if options.out:
        gpu.write(result, options.out)
    print(*gpu.summary(result), sep="\n")
    sys.exit(not gpu.worst_error(result) <= gpu.LIMIT)


def measure(shape):
    """The error of each way, and with what it was found."""
    import cupy
    from gpu_about import about
    from gpu_ways import CELLS
    rows = [gpu.checked_row(way, shape, "gpu", arrays="cupy") for way in CELLS]
    return dict(about=dict(about("gpu"), cupy=cupy.__version__), correctness=rows, goals=[])


if __name__ == "__main__":
    main()

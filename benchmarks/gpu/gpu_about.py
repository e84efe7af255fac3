"""On what, with what and when a GPU was measured."""
import datetime
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy
import torch

import portable_caffe
from lstm_lib.doctor import version_of

sys.path.append(str(Path(__file__).parents[1]))

from machine import processor  # noqa: E402


def about(device):
    """The device, versions, threads and the date."""
    gpu = device == "gpu"
    return dict(date=datetime.date.today().isoformat(), measured_on=device,
                gpu=torch.cuda.get_device_name() if gpu else None,
                gpu_gb=round(torch.cuda.get_device_properties(0).total_memory / 2 ** 30)
                if gpu else None, driver=driver() if gpu else None, cuda=torch.version.cuda,
                cudnn=torch.backends.cudnn.version() if gpu else None, torch=torch.__version__,
                triton=version_of("triton"),
                numpy=numpy.__version__, portable_caffe=portable_caffe.__version__,
                python=platform.python_version(), processor=processor(), cores=os.cpu_count(),
                torch_threads=torch.get_num_threads(),
                numpy_threads=os.environ.get("OPENBLAS_NUM_THREADS", "not set: all cores"))


def driver():
    """The version of NVIDIA's driver."""
    try:
        ask = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(ask, capture_output=True, text=True,
                              check=True).stdout.split("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return "unknown: no nvidia-smi"

"""The GPU's kernels of an LSTM unit, as far as they can be tried without a GPU."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe.layer_types import recurrent

from portable_nets import fill, inputs, lstm_by_units

HERE = Path(__file__).resolve().parent


def test_kernels_in_tritons_interpreter_compute_what_the_array_functions_compute():
    for name in ("torch", "triton"):
        pytest.importorskip(name, reason=f"{name} is not installed here")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", str(HERE / "interpreted_kernels.py")],
        env=dict(os.environ, TRITON_INTERPRET="1"), cwd=HERE.parents[1], text=True,
        stdout=subprocess.PIPE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("gpu, code", [(("cuda", 75, 32), "cubin"), (("cuda", 90, 32), "cubin"),
                                       (("hip", "gfx942", 64), "hsaco")], ids=str)
def test_kernels_compile_for_gpus_of_nvidia_and_amd(gpu, code, tmp_path, monkeypatch):
    pytest.importorskip("torch", reason="torch is not installed here")
    triton = pytest.importorskip("triton", reason="triton is not installed here")
    from triton.backends.compiler import GPUTarget
    from portable_caffe.gpu import kernels
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    for kernel in (kernels._forward, kernels._backward):
        types = {name: "*fp32" for name in kernel.arg_names}
        types.update(n="i32", H="i32", BLOCK="constexpr")
        source = triton.compiler.ASTSource(fn=kernel, signature=types,
                                           constexprs={"BLOCK": kernels.BLOCK})
        assert triton.compile(source, target=GPUTarget(*gpu)).asm[code]


def test_the_cpu_computes_with_the_array_functions():
    pc.set_mode_cpu()
    assert recurrent.unit_functions() == (recurrent.lstm_unit, recurrent.lstm_unit_gradients)


def test_on_a_gpu_the_kernels_compute_what_numpy_computes_in_every_run():
    torch = pytest.importorskip("torch", reason="torch is not installed here")
    pytest.importorskip("triton", reason="triton is not installed here")
    if not torch.cuda.is_available():
        pytest.skip("no CUDA GPU here")
    T, B, D, H = 3, 2, 5, 70
    spec = lstm_by_units(inputs(pc.NetSpec(), x=(T, B, D), cont=(T, B), h0=(1, B, H),
                                c0=(1, B, H)), T, B, H).to_proto()
    spec.force_backward = True
    expected = run_thrice(spec)
    pc.set_mode_gpu()
    try:
        assert recurrent.unit_functions()[0] is not recurrent.lstm_unit
        found = run_thrice(spec)  # plain, recorded, replayed
    finally:
        pc.set_mode_cpu()
    for mine, numpys in zip(found, expected):
        np.testing.assert_allclose(mine, numpys, rtol=1e-4, atol=1e-5)


def run_thrice(spec):
    """Outputs and gradients after each of three runs."""
    net, found = fill(pc.Net(spec, pc.TRAIN)), []
    for _ in range(3):
        net.clear_param_diffs()
        net.forward()
        net.blobs["h"].diff[...] = 1
        net.backward()
        found += [net.blobs["h"].data.copy(), net.blobs["x"].diff.copy(),
                  *(blob.diff.copy() for blobs in net.params.values() for blob in blobs)]
    return found

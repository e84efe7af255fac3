"""The LSTM unit as one GPU kernel each way.

Written with array functions, `lstm_unit` and its gradients take some thirty small kernels, and
a GPU spends more time on starting them than on computing. Here they are two, in Triton, which
comes with PyTorch for GPUs. Same formulas and arguments; `layer_types/recurrent.py` explains
them.
"""
import warnings

import torch
import triton
import triton.language as tl

BLOCK = 256  # numbers of c that one program computes


@triton.jit
def _tanh(x):
    return 2 * tl.sigmoid(2 * x) - 1


@triton.jit
def _forward(c_prev, z, k, c, h, saved, n, H, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)  # which of the n = B H numbers
    inside = at < n
    row = at // H
    z += row * 3 * H + at  # row * 4H + unit: the input of gate i; the others stand H apart
    i = tl.sigmoid(tl.load(z, mask=inside))
    f = tl.sigmoid(tl.load(z + H, mask=inside)) * tl.load(k + row, mask=inside)
    o = tl.sigmoid(tl.load(z + 2 * H, mask=inside))
    g = _tanh(tl.load(z + 3 * H, mask=inside))
    c_new = f * tl.load(c_prev + at, mask=inside) + i * g
    tanh_c = _tanh(c_new)
    tl.store(c + at, c_new, mask=inside)
    tl.store(h + at, o * tanh_c, mask=inside)
    saved += at
    tl.store(saved, i, mask=inside)
    tl.store(saved + n, f, mask=inside)
    tl.store(saved + 2 * n, o, mask=inside)
    tl.store(saved + 3 * n, g, mask=inside)
    tl.store(saved + 4 * n, tanh_c, mask=inside)


@triton.jit
def _backward(dc, dh, c_prev, saved, dc_prev, dz, n, H, BLOCK: tl.constexpr):
    at = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    inside = at < n
    saved += at
    i = tl.load(saved, mask=inside)
    f = tl.load(saved + n, mask=inside)
    o = tl.load(saved + 2 * n, mask=inside)
    g = tl.load(saved + 3 * n, mask=inside)
    tanh_c = tl.load(saved + 4 * n, mask=inside)
    dh = tl.load(dh + at, mask=inside)
    dc = tl.load(dc + at, mask=inside) + dh * o * (1 - tanh_c * tanh_c)
    tl.store(dc_prev + at, dc * f, mask=inside)
    dz += (at // H) * 3 * H + at
    tl.store(dz, dc * g * i * (1 - i), mask=inside)
    tl.store(dz + H, dc * tl.load(c_prev + at, mask=inside) * f * (1 - f), mask=inside)
    tl.store(dz + 2 * H, dh * tanh_c * o * (1 - o), mask=inside)
    tl.store(dz + 3 * H, dc * i * (1 - g * g), mask=inside)


def _launch(kernel, *args):
    """Run a kernel for all n numbers; its last two arguments are n and H."""
    kernel[(triton.cdiv(args[-2], BLOCK),)](*args, BLOCK=BLOCK)


def lstm_unit(c_prev, z, k):
    """As `layer_types.recurrent.lstm_unit`."""
    c_prev, z, k = (array.contiguous() for array in (c_prev, z, k))
    c, h = torch.empty_like(c_prev), torch.empty_like(c_prev)
    saved = c_prev.new_empty((5, *c_prev.shape))
    _launch(_forward, c_prev, z, k, c, h, saved, c.numel(), c.shape[-1])
    return c, h, (c_prev, saved)


def lstm_unit_gradients(dc, dh, saved):
    """As `layer_types.recurrent.lstm_unit_gradients`."""
    c_prev, saved = saved
    dc, dh, dc_prev = dc.contiguous(), dh.contiguous(), torch.empty_like(c_prev)
    dz = c_prev.new_empty((*c_prev.shape[:-1], 4 * c_prev.shape[-1]))
    _launch(_backward, dc, dh, c_prev, saved, dc_prev, dz, dc.numel(), dc.shape[-1])
    return dc_prev, dz


def are_right(device, unit, gradients):
    """Do the kernels run on this device, and compute what `unit` and `gradients` compute?"""
    try:
        numbers = torch.arange(1050, device=device).sin().reshape((7, 3, 50))
        c_prev, dc, dh, z = numbers.split((1, 1, 1, 4))
        z, k = z.reshape((1, 3, 200)), torch.tensor([[1.0, 0.0, 1.0]], device=device)
        mine, plain = lstm_unit(c_prev, z, k), unit(c_prev, z, k)
        mine = (*mine[:2], *lstm_unit_gradients(dc, dh, mine[2]))
        plain = (*plain[:2], *gradients(dc, dh, plain[2]))
        if all(torch.allclose(*pair, rtol=1e-4, atol=1e-5) for pair in zip(mine, plain)):
            return True
        error = "their numbers are wrong"
    except Exception as raised:  # Triton has its own class for each trouble of a compiler
        error = raised
    warnings.warn(f"LSTM units run as many small kernels, so slower: {error}", stacklevel=2)
    return False

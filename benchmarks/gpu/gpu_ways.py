"""The ways to run one LSTM that gpu.py compares, all on the same numbers.

A way is made once and gives (run, read, feed): `run()` is one forward and backward, `read()`
the outputs and gradients as NumPy arrays, `feed(factor)` makes that multiple of x the input.
"""
import gc
import os
from contextlib import nullcontext
from functools import lru_cache
from unittest import mock

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import portable_caffe
from lstm_lib import (caffe, get_gradients, lstm_backward, lstm_forward, set_weights,
                      to_net_parameter, to_pytorch, unroll, xavier_start)

CELLS = {f"{cell} + {name}": (cell, project) for cell in ("composed", "fused")
         for name, project in (("per step", "per_step"), ("once", "once"))}
TORCH = "torch.nn.LSTM"  # cuDNN, on a GPU
NAMES = ("H", "x", "h0", "c0", "W_xc", "b_c", "W_hc")  # outputs, then gradients


@lru_cache(maxsize=1)
def numbers(T, B, D, H):
    """Weights, the input (T, B, D), and the gradient that arrives at the outputs (T, B, H)."""
    rng = np.random.default_rng(0)
    return (xavier_start(D, H, rng, forget_bias=1.0),
            rng.standard_normal((T, B, D), "f4"), rng.standard_normal((T, B, H), "f4"))


@lru_cache(maxsize=1)
def truth(shape):
    """What every way must give, by the NumPy reference in 64 bits."""
    weights, x, dH = numbers(*shape)
    zero = np.zeros((shape[1], shape[3]))
    trace = lstm_forward(x.astype("f8"), zero, zero, *(part.astype("f8") for part in weights))
    gradients = lstm_backward(trace, dH.astype("f8"))
    return {"H": trace.h, **{name: getattr(gradients, name) for name in NAMES[1:]}}


def choose(arrays, device, tf32, graph):
    """Let the next net compute with these arrays, there, in this precision."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = tf32
    os.environ.update(LSTM_LIB_ARRAYS=arrays, LSTM_LIB_GRAPHS="1" if graph else "0")
    if device == "gpu":
        portable_caffe.set_mode_gpu()
    else:
        portable_caffe.set_mode_cpu()


def make(way, shape, device):
    """(run, read, feed) of a way: `TORCH`, or one of `CELLS` on portable_caffe."""
    gc.collect()  # the net of the row before
    if torch.cuda.is_available():
        torch._C._cuda_clearCublasWorkspaces()  # they would count as memory of this way
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    return of_torch(shape, device) if way == TORCH else of_portable(shape, *CELLS[way])


@lru_cache(maxsize=4)
def net_message(shape, cell, project):
    """The unrolled net, as portable_caffe reads it."""
    (T, B, D, H), ns = shape, caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H, cell=cell, project=project)
    message = portable_caffe.caffe_pb2.NetParameter()
    message.ParseFromString(to_net_parameter(ns).SerializeToString())  # of either Caffe
    message.force_backward = True
    return message


def of_portable(shape, cell, project):
    """The unrolled net on portable_caffe."""
    weights, x, dH = numbers(*shape)
    net = portable_caffe.Net(net_message(shape, cell, project), portable_caffe.TRAIN)
    set_weights(net, weights)
    net.blobs["H"].diff[...] = dH  # stays: no layer of the net writes there

    def feed(factor):
        net.blobs["x"].data[...] = factor * x

    def run():
        net.clear_param_diffs()
        net.forward()
        net.backward()

    def read():
        states = {name: net.blobs[name].diff[0].copy() for name in ("h0", "c0")}
        return {"H": net.blobs["H"].data.copy(), "x": net.blobs["x"].diff.copy(), **states,
                **get_gradients(net)._asdict()}

    feed(1)
    return run, read, feed


def of_torch(shape, device):
    """`torch.nn.LSTM` with gradients for the same weights, input and initial states."""
    (T, B, D, H), (weights, x, dH) = shape, numbers(*shape)
    where = "cuda" if device == "gpu" else "cpu"
    lstm = torch.nn.LSTM(D, H)
    lstm.load_state_dict({name: torch.from_numpy(a) for name, a in to_pytorch(weights).items()})
    lstm.to(where)
    given, dH = torch.from_numpy(x).to(where), torch.from_numpy(dH).to(where)
    x = given.clone().requires_grad_()
    states = [torch.zeros(1, B, H, device=where, requires_grad=True) for _ in range(2)]
    outputs = []

    def feed(factor):
        x.data.copy_(factor * given)

    def run():
        for part in (*lstm.parameters(), x, *states):
            part.grad = None
        outputs[:] = [lstm(x, tuple(states))[0]]
        outputs[0].backward(dH)

    def read():
        back = torch_gradients(lstm)
        return {"H": outputs[0].detach().cpu().numpy(), "x": x.grad.cpu().numpy(),
                "h0": states[0].grad[0].cpu().numpy(), "c0": states[1].grad[0].cpu().numpy(),
                **back}

    return run, read, feed


def torch_gradients(lstm):
    """The gradients of the weights in Caffe's order of the gates: PyTorch has i, f, g, o."""
    def ordered(part):
        i, f, g, o = np.split(part.grad.cpu().numpy(), 4)
        return np.concatenate([i, f, o, g])
    return {"W_xc": ordered(lstm.weight_ih_l0), "b_c": ordered(lstm.bias_ih_l0),
            "W_hc": ordered(lstm.weight_hh_l0)}


def error(found, wanted):
    """The largest difference, relative where a number is larger than 1."""
    return float(np.max([np.max(np.abs(found[name] - wanted[name])
                                / np.maximum(1, np.abs(wanted[name]))) for name in NAMES]))


class Operations(TorchDispatchMode):
    """Counts the operations of PyTorch, without those that only look at an array anew or
    ask for memory. On a GPU each is one kernel or more.
    """

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += not func.is_view and "empty" not in func.name()
        return func(*args, **(kwargs or {}))


def launches():
    """Counts in a `with` block the launches of portable_caffe's own kernels."""
    try:
        from portable_caffe.gpu import kernels
    except ImportError:  # no Triton here
        return nullcontext(mock.Mock(call_count=0))
    return mock.patch.object(kernels, "_launch", side_effect=kernels._launch)


def operations(run):
    """How many of them a run asks for, and how many of our own kernels."""
    with Operations() as counter, launches() as launch:
        run()
    return counter.count + launch.call_count

"""The ways to write one LSTM that `speed.py` measures: make(T, B, D, H) -> (forward, backward).

    python benchmarks/cpu/ways.py NUMBER     answers speed.py, see worker.py
"""
import worker  # sets the threads, so it comes first

import functools  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402

import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
from google.protobuf import text_format  # noqa: E402

import portable_caffe  # noqa: E402
from lstm_lib import (caffe, load_net, lstm_backward, lstm_forward, prototxt,  # noqa: E402
                      set_layer_weights, set_weights, unroll, write_onnx, xavier_start)

L = caffe.layers
LAYER = "Caffe's LSTM layer"


@functools.lru_cache(1)
def numbers(T, B, D, H):
    """Weights, x and the gradient of all outputs, the same for every way."""
    rng = np.random.default_rng(0)
    return (xavier_start(D, H, rng, forget_bias=1.0),
            rng.standard_normal((T, B, D), "f4"), rng.standard_normal((T, B, H), "f4"))


def unrolled_spec(T, B, D, H, cell="fused", project="once"):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H, cell=cell, project=project)
    return ns


def layer_spec(T, B, D, H):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    ns.cont = L.DummyData(shape=dict(dim=[T, B]), data_filler=dict(value=1))
    ns.H = L.LSTM(ns.x, ns.cont, name="lstm", recurrent_param=dict(num_output=H))
    return ns


def on_caffe(spec):
    return load_net(spec, force_backward=True)


def on_portable(spec):
    net = text_format.Parse(prototxt(spec, force_backward=True),
                            portable_caffe.proto.caffe_pb2.NetParameter())
    return portable_caffe.Net(net, portable_caffe.TRAIN)


def unrolled(cell, project, build=on_caffe):
    def make(*shape):
        net = build(unrolled_spec(*shape, cell, project))
        set_weights(net, numbers(*shape)[0])
        return passes_of(net, shape)
    return make


def layer(build):
    def make(*shape):
        net = build(layer_spec(*shape))
        set_layer_weights(net, "lstm", numbers(*shape)[0])
        return passes_of(net, shape)
    return make


def passes_of(net, shape):
    _, x, dH = numbers(*shape)
    net.blobs["x"].data[...] = x

    def backward():
        net.clear_param_diffs()
        net.blobs["H"].diff[...] = dH
        net.backward()
    return net.forward, backward


def numpy_reference(T, B, D, H):
    weights, x, dH = numbers(T, B, D, H)
    zero, kept = np.zeros((B, H), "f"), []
    weights = [array.copy() for array in weights]  # a net has its own too

    def forward():
        kept[:] = [lstm_forward(x, zero, zero, *weights)]
    return forward, lambda: lstm_backward(kept[0], dH)


def onnx_runtime(T, B, D, H):
    weights, x, _ = numbers(T, B, D, H)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = worker.THREADS
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        session = onnxruntime.InferenceSession(write_onnx(weights, file.name), options,
                                               providers=["CPUExecutionProvider"])
    given = dict(X=x, h0=np.zeros((1, B, H), "f"), c0=np.zeros((1, B, H), "f"))
    return lambda: session.run(["Y"], given), None


WAYS = {"unrolled, the origin's way": unrolled("composed", "per_step"),
        "unrolled, x once": unrolled("composed", "once"),
        "unrolled, fused": unrolled("fused", "per_step"),
        "unrolled, fused, x once": unrolled("fused", "once"),
        LAYER: layer(on_caffe),
        "portable_caffe on NumPy, fused, x once": unrolled("fused", "once", on_portable),
        "portable_caffe on NumPy, LSTM layer": layer(on_portable),
        "NumPy, by hand": numpy_reference,
        f"ONNX Runtime {onnxruntime.__version__}": onnx_runtime}

if __name__ == "__main__":
    chosen = list(WAYS)[int(sys.argv[1])]
    worker.serve(chosen, WAYS[chosen], numbers)

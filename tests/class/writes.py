"""Try everything that a notebook writes, in the folder where this runs; say what came of it.

Prints a JSON object: what was tried -> [the error or "written", the files that are left of it].
`python writes.py SPARE` fills the disk first but for SPARE bytes.
"""
import json
import os
import sys

from lstm_lib import (NetError, caffe, draw, get_weights, load_net, make_solver, save_weights,
                      unroll, write_onnx, write_prototxt)

T, B, D, H = 40, 2, 50, 64  # each file is larger than 90 kB
L = caffe.layers


def lstm():
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H)
    return ns


def plain():
    """A net without '/' in a name, for HDF5."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[1, 200])))
    ns.y = L.InnerProduct(ns.x, num_output=200, weight_filler=dict(type="xavier"))
    ns.loss = L.EuclideanLoss(ns.y, ns.x)
    return ns


def snapshot(in_hdf5):
    solver = make_solver(plain(), base_lr=0.1, snapshot_prefix="s",
                         snapshot_format=0 if in_hdf5 else 1)
    return solver.snapshot()


def attempts():
    spec, net, other = lstm(), load_net(lstm()), load_net(plain())
    picture, weights = draw(spec, steps="all"), get_weights(net)
    return {"prototxt": lambda: write_prototxt(spec, "net.prototxt"),
            "weights once": lambda: save_weights(net, "once.caffemodel"),
            "weights as Caffe does": lambda: net.save("all.caffemodel"),
            "weights in HDF5": lambda: other.save_hdf5("weights.h5"),
            "snapshot": lambda: snapshot(in_hdf5=False),
            "snapshot in HDF5": lambda: snapshot(in_hdf5=True),
            "ONNX": lambda: write_onnx(weights, "net.onnx"),
            **{kind: lambda kind=kind: picture.save("picture." + kind)
               for kind in ("svg", "png", "pdf", "html")}}


def fill(spare):
    """Leave no more than `spare` bytes of the disk."""
    with open("full", "wb", 0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - spare))


def tried(work):
    before = set(os.listdir("."))
    try:
        work()
        said = "written"
    except NetError as error:
        said = str(error)
    return [said, sorted(set(os.listdir(".")) - before)]


if __name__ == "__main__":
    todo = attempts()
    if sys.argv[1:]:
        fill(int(sys.argv[1]))
    print(json.dumps({name: tried(work) for name, work in todo.items()}))

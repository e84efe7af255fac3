"""What the judge tries of layers that need more than random inputs, as whole nets.

Indices and selectors, matrices and rows in files, layers written in Python: the functions are
as in `nets`. Files lie in a folder that lives as long as the process.
"""
import functools
import os
import tempfile

import numpy as np

from .. import files, hdf5
from ..net_spec import layers as L
from ..proto import caffe_pb2
from .nets import _inputs

CLASSES = 3


def _weighted(**shapes):
    """Inputs, of which x goes through a weight that learns: real Caffe dies of force_backward."""
    ns = _inputs(x=(8, 3), **shapes)
    ns.s = L.Bias(ns.x)
    return ns


def _squared(ns, top):
    """A loss of the top: no other that real Caffe runs with any shape."""
    ns.loss = L.Reduction(top, operation=3, loss_weight=0.5)
    return ns.to_proto()


def batch_reindex():
    """BatchReindex: rows twice, and not at all"""
    ns = _weighted(label=(12,))
    return _squared(ns, L.BatchReindex(ns.s, ns.label))


def batch_reindex_of_images():
    """BatchReindex of more axes"""
    ns = _inputs(x=(3, 2, 2, 3), label=(2,))
    return _squared(ns, L.BatchReindex(L.Bias(ns.x), ns.label))


def filter_rows():
    """Filter of two blobs, and a layer behind it"""
    ns = _weighted(y=(8, 2, 2), cont=(8, 1))
    ns.a, ns.b = L.Filter(ns.s, ns.y, ns.cont, ntop=2)
    ns.c = L.InnerProduct(ns.a, num_output=2)
    return _squared(ns, ns.c)


def probabilities():
    """Softmax and MultinomialLogisticLoss"""
    ns = _weighted(label=(8,))
    ns.loss = L.MultinomialLogisticLoss(L.Softmax(ns.s), ns.label)
    return ns.to_proto()


def _infogain(ns, *matrix, ntop=1, **options):
    made = L.InfogainLoss(ns.s, ns.label, *matrix, ntop=ntop, **options)
    for name, top in zip(("loss", "p"), made if ntop > 1 else [made]):
        ns[name] = top
    return ns.to_proto()


def infogain():
    """InfogainLoss, the matrix a bottom"""
    ns = _weighted(label=(8,), H=(CLASSES, CLASSES))
    return _infogain(ns, ns.H)


def infogain_inner():
    """InfogainLoss along axis 1 of 3, ignore_label, FULL, loss_weight"""
    ns = _inputs(x=(4, CLASSES, 5), label=(4, 5), H=(1, 1, CLASSES, CLASSES))
    ns.s = L.Bias(ns.x)
    return _infogain(ns, ns.H, loss_weight=0.3, loss_param=dict(ignore_label=1, normalization=0))


def infogain_last_axis():
    """InfogainLoss along axis -1, BATCH_SIZE"""
    ns = _inputs(x=(4, 5, CLASSES), label=(4, 5), H=(CLASSES, CLASSES))
    ns.s = L.Bias(ns.x)
    return _infogain(ns, ns.H, axis=-1, loss_param=dict(normalization=2))


def infogain_file():
    """InfogainLoss, the matrix in a file"""
    path = os.path.join(_folder(), "H.binaryproto")
    matrix = np.random.default_rng(3).uniform(0, 1, (1, 1, CLASSES, CLASSES)).astype("f")
    files.write_binary(path, files.to_message(matrix, caffe_pb2.BlobProto()))
    return _infogain(_weighted(label=(8,)), source=path)


@functools.lru_cache(maxsize=None)
def _made_folder():
    return tempfile.TemporaryDirectory()


def _folder():
    return _made_folder().name


def hdf5_data():
    """HDF5Data: two files, a batch that reaches from one into the other"""
    random, paths = np.random.default_rng(4), []
    for number, rows in enumerate((5, 3)):
        rows = dict(x=random.standard_normal((rows, 2, 3)), label=random.integers(0, 3, (rows, 1)))
        paths.append(os.path.join(_folder(), f"{number}.h5"))
        hdf5.write(paths[-1], lambda file, rows=rows: file.update(rows))
    source = os.path.join(_folder(), "list.txt")
    with open(source, "w", encoding="utf-8") as file:
        file.write("\n".join(paths))
    ns = _inputs()
    ns.x, ns.label = L.HDF5Data(source=source, batch_size=4, ntop=2)
    ns.score = L.InnerProduct(ns.x, num_output=3)
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    return ns.to_proto()


def _python(*bottoms, layer, **options):
    return L.Python(*bottoms, python_param=dict(module=f"{__package__}.python_layers",
                                                layer="Portable" + layer, **options))


def python_layer():
    """Python: param_str, a weight, a layer behind it"""
    ns = _inputs(x=(4, 3))
    ns.a = _python(ns.x, layer="Affine", param_str="2.5")
    ns.b = L.TanH(ns.a)
    spec = ns.to_proto()
    spec.force_backward = True
    return spec


def python_layer_that_grows():
    """Python: other shapes at each run, and a layer behind it"""
    ns = _inputs(x=(4, 3))
    ns.a = _python(L.Bias(ns.x), layer="Grows")
    ns.b = L.InnerProduct(ns.a, num_output=2)
    return _squared(ns, ns.b)


NETS = [(make.__doc__, make) for make in (
    batch_reindex, batch_reindex_of_images, filter_rows, probabilities, infogain, infogain_inner,
    infogain_last_axis, infogain_file, hdf5_data, python_layer, python_layer_that_grows)]

"""The checks of notebook 06: the operations of a step, and from which batch on a GPU wins."""
import os
import tempfile
from collections import Counter

import numpy as np
import portable_caffe

from .. import caffe, unroll, write_prototxt
from .verdict import judged, must_be, must_have_shape, result_of

# forward and backward: for how many operations a layer asks the array library (PyTorch's)
OPERATIONS = {"InnerProduct": (1, 1), "InnerProduct + bias": (2, 3), "Eltwise SUM": (1, 0),
              "Eltwise PROD": (1, 2), "Sigmoid": (5, 3), "TanH": (1, 3), "Slice": (0, 1),
              "Split": (0, 1), "LSTMUnit": (13, 20)}
WAYS = [(cell, project) for cell in ("composed", "fused") for project in ("per_step", "once")]


def kind_of(layer):
    """The name in OPERATIONS of a layer of a portable_caffe.Net."""
    if layer.type == "Eltwise":
        return f"Eltwise {('PROD', 'SUM', 'MAX')[layer.spec.eltwise_param.operation]}"
    bias = layer.type == "InnerProduct" and layer.spec.inner_product_param.bias_term
    return layer.type + " + bias" * bias


def layers_of_a_step(cell, project):
    """kind -> how many layers of it one step more has."""
    three, four = [Counter(map(kind_of, _net(T, cell, project).layers)) for T in (3, 4)]
    return four - three


def operations_of(layers, sides=(0, 1)):
    """How many operations these layers are: forward (side 0), backward (side 1), or both."""
    return sum(OPERATIONS[kind][side] * count for kind, count in layers.items() for side in sides)


def _net(T, cell, project):
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, 2, 5])))
    unroll(ns, ns.x, T, 4, cell=cell, project=project)
    with tempfile.TemporaryDirectory() as folder:
        path = write_prototxt(ns, os.path.join(folder, "step.prototxt"), force_backward=True)
        return portable_caffe.Net(path, portable_caffe.TRAIN)


@judged
def operations(count):
    """Is it the number of operations of one step, composed and per step, both ways?"""
    must_have_shape("the number of operations", count, ())
    step = layers_of_a_step("composed", "per_step")
    truth = operations_of(step)
    must_be("the number of operations", count, truth, _of_operations(step, truth))
    return f"{operations_of(step, [0])} forward and {operations_of(step, [1])} backward."


def _of_operations(step, truth):
    bias = sum(OPERATIONS["InnerProduct + bias"]) - sum(OPERATIONS["InnerProduct"])
    others = [operations_of(layers_of_a_step(*way)) for way in WAYS[1:]]
    return [
        (sum(step.values()), "that is the number of layers; each is several operations."),
        (operations_of(step, [0]), "is backward in it, and each layer as often as it is there?"),
        (operations_of(step, [1]), "that is backward alone."),
        (truth - step["Split"], "the Split layers that Caffe adds are layers, too."),
        (truth - bias, "three are missing: the bias of the product with x, or what Slice and "
                       "Split do backward."),
        (truth - 2 * step["Eltwise PROD"], "a PROD is one operation forward and two backward."),
        (others[0], "that is a step of project='once', whose product with x is outside."),
        *[(other, "that is a step of the fused cell.") for other in others[1:]]]


@judged
def break_even(function):
    """Is `function(launches, work, cpu, gpu)` the batch at which both take the same time?"""
    launches, work, cpu, gpu = 740, 3e7, (2e-6, 5e10), (9e-6, 4e12)
    (asks, speed), (gpu_asks, gpu_speed) = cpu, gpu
    more, less = launches * (gpu_asks - asks), work * (1 / speed - 1 / gpu_speed)
    batch = more / less
    answer = result_of(function, launches, work, cpu, gpu)
    must_be("the batch", answer, batch, [
        (-batch, "a batch is no negative number: which of the two pays more for a launch?"),
        (np.ceil(batch), "leave it as it comes out, without rounding."),
        (np.floor(batch), "leave it as it comes out, without rounding."),
        (more * speed / work, "the GPU has to do the work as well."),
        (launches * gpu_asks / less, "the CPU pays for its launches as well."),
        (more / launches / less, "each of the launches costs more, not one of them."),
        (more * work / less, "`work` is that of one sequence: a batch of B has B times as much."),
        (more * (gpu_speed - speed) / work, "work is divided by the speed: 1 / speed is what one "
                                            "operation takes."),
        (less / more, "this is one over the batch.")])
    return "Below that batch the CPU is the faster one in this model, above it the GPU."

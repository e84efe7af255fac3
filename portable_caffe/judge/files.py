"""Whole nets out of prototxt files, on real Caffe and here: the same numbers in both phases?

    python -m portable_caffe.judge FILE... [--batch 2] [--shape data=3,32,32 label=] [--stage test]

Layers that read data become inputs with random numbers, those that a loss or an accuracy
compares with 0 and 1. Dropout, which draws other numbers on each engine, is left out. In a deep
net two numbers of a max pooling window may be equal but for rounding, and each engine's gradient
take another one: with another --seed that goes away, a mistake does not.
"""
import argparse

import numpy as np

from ..errors import NetError
from ..net import read_net
from ..proto import caffe_pb2
from .compare import BACKWARD, FORWARD, compare

READS = {"Data", "DummyData", "HDF5Data", "ImageData", "MemoryData", "WindowData", "Input"}
COMPARES = ("Loss", "Accuracy", "ArgMax")


def judged(path, batch, shapes, phase, stages=(), seed=0):
    """The worst errors (forward, backward) of the net of a file in one phase."""
    spec = without_chance(read_net(path), batch, shapes)
    labels = {name for layer in spec.layer if layer.type.endswith(COMPARES)
              for name in layer.bottom[1:]}
    random = np.random.default_rng(seed)
    values = {}
    for layer in spec.layer:
        for name, shape in zip(layer.top, layer.input_param.shape):
            values[name] = (random.integers(0, 2, tuple(shape.dim)) if name in labels
                            else random.standard_normal(tuple(shape.dim)))
    return compare(spec, values, random, phase, times=1, stages=stages)


def without_chance(given, batch, shapes):
    """A copy of a net in which nothing is read and nothing is drawn."""
    spec = caffe_pb2.NetParameter(name=given.name, force_backward=given.force_backward)
    for layer in given.layer:
        new = spec.layer.add()
        new.CopyFrom(layer)
        if layer.type in READS:
            new.Clear()
            new.MergeFrom(caffe_pb2.LayerParameter(
                name=layer.name, type="Input", top=layer.top, include=layer.include,
                exclude=layer.exclude))
            for place in range(len(layer.top)):
                new.input_param.shape.add(dim=_shape(layer, place, batch, shapes))
        elif layer.type == "Dropout":
            new.type = "ReLU"  # y = x, also in place
            new.relu_param.negative_slope = 1
    if not any(layer.type.endswith(COMPARES) for layer in spec.layer):
        spec.force_backward = True
    return spec


def _shape(layer, place, batch, shapes):
    """The shape of a top: as asked for, as the layer says, or that of a picture and its label."""
    name = layer.top[place]
    if name in shapes:
        return [batch, *shapes[name]]
    dummy = layer.dummy_data_param
    said = layer.input_param.shape or dummy.shape
    if said:
        return [batch, *said[min(place, len(said) - 1)].dim[1:]]
    if dummy.num:
        return [batch, *(getattr(dummy, side)[min(place, len(dummy.num) - 1)]
                         for side in ("channels", "height", "width"))]
    crop = layer.transform_param.crop_size
    if crop and place < 2:
        return [batch, 3, crop, crop] if place == 0 else [batch]
    raise NetError(f"layer {layer.name!r} ({layer.type}): its file says how large {name!r} is; "
                   f"give --shape {name}=3,32,32 (nothing after = for one number each).")


def main(arguments):
    """Print a line for each file and phase; how many are wrong is the exit status."""
    parser = argparse.ArgumentParser(prog="python -m portable_caffe.judge", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--shape", nargs="*", default=[], type=_named_shape, metavar="NAME=SIZES")
    parser.add_argument("--stage", nargs="*", default=[], dest="stages")
    parser.add_argument("--seed", type=int, default=0)
    asked, wrong = parser.parse_args(arguments), 0
    for path in asked.files:
        for phase in (caffe_pb2.TRAIN, caffe_pb2.TEST):
            good, said = _line(path, asked.batch, dict(asked.shape), phase, asked.stages,
                               asked.seed)
            wrong += not good
            print(f"{path} {caffe_pb2.Phase.Name(phase)}: {said}", flush=True)
    return wrong


def _named_shape(text):
    name, _, sizes = text.partition("=")
    return name, [int(size) for size in sizes.split(",") if size]


def _line(*asked):
    """(is it right, the errors or the reason why there are none)."""
    try:
        forward, backward = judged(*asked)
    except NetError as error:
        return False, f"does not run: {str(error).splitlines()[0]}"
    good = bool(forward <= FORWARD and backward <= BACKWARD)
    return good, f"forward {forward:.1e}, backward {backward:.1e}{'' if good else '  WRONG'}"

"""Processes of one training, forked from the one that tests, and the net they train."""
import functools
import multiprocessing
import os
import socket
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from sklearn.datasets import load_digits

from lstm_lib import (caffe, make_solver, set_weights, shared_weights, unroll,
                      xavier_start)
from lstm_lib.parallel import data_parallel, part_of

PATIENCE = 300  # seconds, against hanging
T, D, H, B = 8, 8, 16, 16
L = caffe.layers


def together(size, work, *args):
    """What `work` returns in each of so many processes, started as torchrun starts them."""
    port = free_port()
    with ProcessPoolExecutor(size, multiprocessing.get_context("fork")) as pool:
        futures = [pool.submit(_process, rank, size, port, work, *args) for rank in range(size)]
        return [future.result(PATIENCE) for future in futures]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _process(rank, size, port, work, *args):
    import torch
    torch.set_num_threads(1)  # threads of the process that was forked are not here
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1",
                      MASTER_PORT=str(port))
    return work(*args)


def digit_net(batch, units=H, dropout=0, scores="scores"):
    """The digits of notebook 05, row by row, in an LSTM."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, batch, D])))
    ns.label = L.Input(input_param=dict(shape=dict(dim=[1, batch])))
    unroll(ns, ns.x, T, units, cell="fused", project="once")
    last = ns.h_T
    if dropout:
        last = ns.kept = L.Dropout(last, dropout_ratio=dropout)
    ns[scores] = L.InnerProduct(last, num_output=10, axis=2, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns[scores], ns.label, softmax_param=dict(axis=2))
    return ns


def plain_net(batch):
    """Each row of a digit into scores by itself: a net that HDF5 has names for."""
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, batch, D])))
    ns.label = L.Input(input_param=dict(shape=dict(dim=[T, batch])))
    ns.scores = L.InnerProduct(ns.x, num_output=10, axis=2, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.scores, ns.label, softmax_param=dict(axis=2))
    return ns


def start(seed, batch, net_of=digit_net, **options):
    """A solver whose start weights depend on the seed."""
    caffe.set_random_seed(seed)
    solver = make_solver(net_of(batch), **{**dict(base_lr=0.1, momentum=0.9), **options})
    if net_of is digit_net:
        set_weights(solver.net, xavier_start(D, H, np.random.default_rng(seed), forget_bias=1))
    return solver


@functools.lru_cache(None)
def digits():
    """x (T, images, D), labels (images,)"""
    found = load_digits()
    return (found.images / 16).transpose(1, 0, 2).astype("f"), found.target


def feed(net, images):
    """Write these images and their labels into a net's inputs."""
    x, labels = digits()
    net.blobs["x"].data[...], net.blobs["label"].data[...] = x[:, images], labels[images]


def go(solver, first, last, part=part_of):
    """Steps `first` to `last`, each with images that depend on its number; the losses."""
    losses = []
    for step in range(first, last):
        feed(solver.net, part(np.random.default_rng(step).choice(1797, B)))
        losses.append(solver.step())
    return losses


def weights_of(solver):
    """Each shared weight, once."""
    return {name: blob.data.copy() for name, (blob, _) in shared_weights(solver.net).items()}


def joined(seed=0, **options):
    """A solver of this process that trains with those of the others."""
    return data_parallel(start(seed, len(part_of(range(B))), **options), PATIENCE)


def in_parallel(options, steps=60):
    """Train with the others, from other start weights in each process; (losses, weights)."""
    solver = joined(seed=int(os.environ["RANK"]), **options)
    return go(solver, 0, steps), weights_of(solver)


def alone(options, steps=60):
    """The same on whole batches, in this process."""
    solver = start(0, B, **options)
    return go(solver, 0, steps, part=list), weights_of(solver)

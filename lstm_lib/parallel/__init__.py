"""Training on several processes and machines, as Caffe does it, on PyTorch's torch.distributed.

Each process computes the gradients of its part of the batch; they are averaged, and all change
their weights alike. `torchrun` starts the processes, of a script like this:

    images = np.random.default_rng(step).choice(len(labels), B)     # the same in each process
    mine = part_of(images)                                          # B / N of them
    ...
    solver = data_parallel(make_solver(net_of(len(mine)), base_lr=0.1))
    solver.step()
"""
from .sampler import part_of
from .training import data_parallel, resume

__all__ = ["data_parallel", "part_of", "resume"]

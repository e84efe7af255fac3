"""PyTorch's `nn.LSTM` (or `RNN`, `GRU`) for `speed.py`; runs in any Python that has PyTorch."""
import worker

import sys

import torch

torch.set_num_threads(worker.THREADS)


UNIT = sys.argv[1]


def make(T, B, D, H):
    torch.manual_seed(0)
    unit, x = getattr(torch.nn, UNIT)(D, H), torch.randn(T, B, D, requires_grad=True)
    pull, kept = torch.randn(T, B, H), []

    def forward():
        kept[:] = [unit(x)[0]]

    def backward():
        unit.zero_grad()
        kept[0].backward(pull)
    return forward, backward


if __name__ == "__main__":
    worker.serve(f"PyTorch {torch.__version__.split('+')[0]} nn.{UNIT}", make)

"""Time `torch.nn.LSTM`, one thread: T B D H rounds. Prints JSON; needs only PyTorch."""
import json
import statistics
import sys
import time

import torch

torch.set_num_threads(1)
T, B, D, H, rounds = map(int, sys.argv[1:])
torch.manual_seed(0)
lstm, x = torch.nn.LSTM(D, H), torch.randn(T, B, D, requires_grad=True)
pull, times = torch.randn(T, B, H), []
for _ in range(rounds + 2):
    lstm.zero_grad()
    start = time.perf_counter()
    out = lstm(x)[0]
    middle = time.perf_counter()
    out.backward(pull)
    times.append((middle - start, time.perf_counter() - middle))
print(json.dumps(dict(name=f"PyTorch {torch.__version__} nn.LSTM",
                      seconds=[statistics.median(column) for column in zip(*times[2:])])))

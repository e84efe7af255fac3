"""PyTorch's `nn.LSTM` for `speed.py`; runs in any Python that has PyTorch."""
import worker
import torch

torch.set_num_threads(worker.THREADS)


def make(T, B, D, H):
    torch.manual_seed(0)
    lstm, x = torch.nn.LSTM(D, H), torch.randn(T, B, D, requires_grad=True)
    pull, kept = torch.randn(T, B, H), []

    def forward():
        kept[:] = [lstm(x)[0]]

    def backward():
        lstm.zero_grad()
        kept[0].backward(pull)
    return forward, backward


if __name__ == "__main__":
    worker.serve(f"PyTorch {torch.__version__.split('+')[0]} nn.LSTM", make)

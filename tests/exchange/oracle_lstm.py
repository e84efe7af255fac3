"""Run another library's LSTM on given arrays; for a Python that has PyTorch or Keras.

    python oracle_lstm.py pytorch | keras  GIVEN.npz  MADE.npz

GIVEN holds x (T, B, D), h0 and c0 (B, H), and weights as the library names them. MADE gets
H (T, B, H), h_T and c_T (B, H) computed with those weights, and the same under `own/` with
weights that the library drew itself, which are kept there too.
"""
import os
import sys

import numpy as np


def pytorch(given):
    """A function weights -> (outputs, weights) on torch.nn.LSTM; None asks for its own."""
    import torch

    torch.manual_seed(3)
    x, h0, c0 = (torch.from_numpy(given[name]) for name in ("x", "h0", "c0"))

    def forward(weights):
        lstm = torch.nn.LSTM(x.shape[-1], h0.shape[-1])
        if weights is not None:
            lstm.load_state_dict({name: torch.from_numpy(array)
                                  for name, array in weights.items()})
        with torch.no_grad():
            H, (h_T, c_T) = lstm(x, (h0[None], c0[None]))
        used = {name: tensor.numpy() for name, tensor in lstm.state_dict().items()}
        return dict(H=H.numpy(), h_T=h_T[0].numpy(), c_T=c_T[0].numpy()), used

    return forward


def keras(given):
    """The same on keras.layers.LSTM, which reads (B, T, D)."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    names = ("kernel", "recurrent_kernel", "bias")
    x, h0, c0 = np.swapaxes(given["x"], 0, 1), given["h0"], given["c0"]

    def forward(weights):
        lstm = keras.layers.LSTM(h0.shape[-1], return_sequences=True, return_state=True,
                                 kernel_initializer=keras.initializers.GlorotUniform(3),
                                 recurrent_initializer=keras.initializers.GlorotUniform(4),
                                 bias_initializer=keras.initializers.RandomNormal(seed=5))
        lstm.build(x.shape)
        if weights is not None:
            lstm.set_weights([weights[name] for name in names])
        H, h_T, c_T = (keras.ops.convert_to_numpy(array)
                       for array in lstm(x, initial_state=[h0, c0]))
        return dict(H=np.swapaxes(H, 0, 1), h_T=h_T, c_T=c_T), dict(zip(names, lstm.get_weights()))

    return forward


def main(library, given_path, made_path):
    given = dict(np.load(given_path))
    forward = dict(pytorch=pytorch, keras=keras)[library](given)
    weights = {name: array for name, array in given.items() if name not in ("x", "h0", "c0")}
    made, _ = forward(weights)
    own, drawn = forward(None)
    np.savez(made_path, **made,
             **{"own/" + name: array for name, array in {**own, **drawn}.items()})


if __name__ == "__main__":
    main(*sys.argv[1:])

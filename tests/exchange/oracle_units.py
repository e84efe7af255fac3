"""Run another library's units on given arrays; for a Python that has PyTorch or Keras.

    python oracle_units.py pytorch | keras  GIVEN.npz  MADE.npz

GIVEN holds for each case, like "GRU/2/1" (unit, layers, directions), under the case's name and a
"|": x (T, B, D), h0 and c0 (layers, directions, B, H), and weights as the library names them, or
numbers them. MADE gets H (T, B, directions H), h_T and c_T computed with those weights, and the
same under `own/` with weights that the library drew itself, which are kept there too.
"""
import os
import sys

import numpy as np


def pytorch(unit, layers, ways, x, states, weights):
    """Outputs and weights of torch.nn.LSTM, GRU or RNN; without weights, of its own."""
    import torch

    torch.manual_seed(3)
    module = getattr(torch.nn, unit)(x.shape[-1], states[0].shape[-1], num_layers=layers,
                                     bidirectional=ways == 2)
    if weights:
        module.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    first = tuple(torch.from_numpy(state.reshape(-1, *state.shape[2:])) for state in states)
    with torch.no_grad():
        H, last = module(torch.from_numpy(x), first if len(first) == 2 else first[0])
    last = last if isinstance(last, tuple) else (last,)
    used = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    return H.numpy(), [state.numpy().reshape(first.shape)
                       for state, first in zip(last, states)], used


def keras(unit, layers, ways, x, states, weights):
    """The same of Keras' layers, which read (B, T, D); the weights are numbered."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    y, last, used = np.swapaxes(x, 0, 1), [], []
    for number in range(layers):
        layer = getattr(keras.layers, dict(RNN="SimpleRNN").get(unit, unit))(
            states[0].shape[-1], return_sequences=True, return_state=True,
            kernel_initializer=keras.initializers.GlorotUniform(3),
            recurrent_initializer=keras.initializers.GlorotUniform(4),
            bias_initializer=keras.initializers.RandomNormal(seed=5))
        layer = keras.layers.Bidirectional(layer) if ways == 2 else layer
        layer.build(y.shape)
        if weights:
            count = len(layer.get_weights())
            layer.set_weights([weights[str(place)] for place in
                               range(number * count, (number + 1) * count)])
        y, *made = layer(y, initial_state=[state[number, way] for way in range(ways)
                                           for state in states])
        last.append([keras.ops.convert_to_numpy(state) for state in made])
        used += layer.get_weights()
    last = [np.stack([np.stack(made[kind::len(states)]) for made in last])
            for kind in range(len(states))]
    return (np.swapaxes(keras.ops.convert_to_numpy(y), 0, 1), last,
            {str(place): array for place, array in enumerate(used)})


def main(library, given_path, made_path):
    given, made = dict(np.load(given_path)), {}
    run = dict(pytorch=pytorch, keras=keras)[library]
    for case in sorted({name.split("|")[0] for name in given}):
        arrays = {name.split("|")[1]: array for name, array in given.items()
                  if name.startswith(case + "|")}
        x, states = arrays.pop("x"), [arrays.pop(name) for name in ("h0", "c0") if name in arrays]
        unit, layers, ways = case.split("/")
        for kind, weights in (("", arrays), ("own/", {})):
            H, last, used = run(unit, int(layers), int(ways), x, states, weights)
            made.update({f"{case}|{kind}{name}": array for name, array in {
                "H": H, **dict(zip(("h_T", "c_T"), last)), **(used if kind else {})}.items()})
    np.savez(made_path, **made)


if __name__ == "__main__":
    main(*sys.argv[1:])

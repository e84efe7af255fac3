"""The first steps of notebook 07's training on the GPU and on NumPy: losses and weights agree?

    python benchmarks/gpu/gpu_training.py [--steps 10] [--device cpu] [--out FILE]

The images, the net and the solver are those of the notebook: its own cells make them.
`--device cpu` trains on PyTorch's arrays on the CPU in place of the GPU.
"""
import argparse
import contextlib
import io
import json
import os
import sys
from pathlib import Path

import numpy as np

import gpu

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "07_training.ipynb"
LIMIT = 1e-4  # the largest difference, relative where a number is larger than 1
MOVED = 1e-2  # weights that change less would agree without any training


def names_of(notebook):
    """What the notebook's cells define, up to the one that makes the solver, `start`."""
    names = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("".join(cell["source"]), notebook.name, "exec"), names)
            if "start" in names:
                return names
    raise SystemExit(f"{notebook.name} has no cell any more that defines `start`.")


def trained(names, steps):
    """The loss of each step, and all weights at first and at last."""
    solver, _ = names["start"]()
    net, B, before = solver.net, names["B"], all_weights(solver.net)
    images = np.random.default_rng(1).permutation(names["x_train"].shape[1])
    losses = []
    for step in range(steps):
        batch = images[step * B:(step + 1) * B]
        net.blobs["x"].data[...] = names["x_train"][:, batch]
        net.blobs["label"].data[...] = names["y_train"][batch]
        losses.append(solver.step())
    return np.array(losses), before, all_weights(net)


def all_weights(net):
    """Every number of every weight, in one array."""
    return np.concatenate([blob.data.ravel() for blobs in net.params.values() for blob in blobs])


def error(found, wanted):
    """The largest difference, relative where a number is larger than 1."""
    return float(np.max(np.abs(found - wanted) / np.maximum(1, np.abs(wanted))))


def compared(steps, device):
    """Both trainings, and how far they are apart."""
    import gpu_ways
    from gpu_about import about
    names = names_of(NOTEBOOK)
    gpu_ways.choose("numpy", "cpu", tf32=False, graph=False)
    wanted, before, numpys = trained(names, steps)
    gpu_ways.choose("torch", device, tf32=False, graph=True)
    losses, _, weights = trained(names, steps)
    errors = dict(losses=error(losses, wanted), weights=error(weights, numpys))
    moved = float(np.max(np.abs(numpys - before)))
    return dict(about=about(device), steps=steps, losses=losses.tolist(),
                numpy_losses=wanted.tolist(), errors=errors, limit=LIMIT, moved=moved,
                holds=all(value <= LIMIT for value in errors.values()) and moved > MOVED)


def summary(result):
    """The result in a line."""
    return (f"{result['steps']} steps, loss {result['losses'][0]:.4f} to "
            f"{result['losses'][-1]:.4f}, weights moved by up to {result['moved']:.2f}; largest "
            f"difference from NumPy: losses {result['errors']['losses']:.0e}, weights "
            f"{result['errors']['weights']:.0e}: " + ("holds" if result["holds"] else "FAILED")
            + f" ({LIMIT:.0e})")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("gpu", "cpu"), default="gpu")
    parser.add_argument("--steps", type=int, default=10, choices=range(1, 22), metavar="1 to 21")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    reason = gpu.nothing_to_measure_on(options.device)
    if reason:
        sys.exit(reason)
    os.environ.update(LSTM_LIB_ENGINE="portable", MPLBACKEND="Agg")
    result = compared(options.steps, options.device)
    if options.out:
        gpu.write(result, options.out)
    print(summary(result))
    sys.exit(not result["holds"])


if __name__ == "__main__":
    main()

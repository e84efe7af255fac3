"""What is done with a net, on one engine: reads seeds, writes what each step came to.

    python program.py < seeds        with LSTM_LIB_ENGINE and, on real Caffe, MALLOC_PERTURB_

For each seed a line of JSON: {"seed": 7, "begins": true}, then {"seed": 7, "steps": [...]}, a
step being [what, outcome, said, numbers]. Who reads it knows by the first who killed it.
"""
import inspect
import json
import os
import random
import resource
import sys
import tempfile
import warnings
import zlib

import numpy as np

import breaks
import nets
from portable_caffe import layer_type_list

ROOM = 6 << 30  # bytes; what needs more must say so
LARGE = 1e4  # numbers; blobs with more are not written out


def case(seed):
    """(prototxt, steps): the same for a seed on each engine."""
    chance = random.Random(seed)
    kinds = set(nets.ALL)
    if chance.random() < 0.6:  # a net that both engines run
        kinds &= set(layer_type_list())
    made = nets.make(chance, sorted(kinds))
    blobs, layers = dict(made.blobs), made.layers
    labels = {layer["top"][0] for layer in layers if layer.get("labels")}
    for _ in range(chance.choice([0, 0, 1, 1, 2, 3])):
        chance.choice(breaks.ALL)(chance, layers)
    text = breaks.text_of(chance, layers) if layers else ""
    steps = [("load",), ("fill", sorted(labels)), ("forward",)]
    steps += [_step(chance, blobs, layers) for _ in range(chance.randint(2, 8))]
    return text, steps


def _step(chance, blobs, layers):
    blob = chance.choice(sorted(blobs) or ["x"])
    kind = chance.choice(["forward", "forward", "backward", "backward", "part", "reshape",
                          "reshape", "write", "keep", "touch", "save", "share", "pictures",
                          "solver", "members", "arrays"])
    if kind == "part":
        return kind, chance.choice(["forward", "backward"]), *(
            chance.choice(layers)["name"] if layers else "x" for _ in range(2))
    if kind == "reshape":
        shape = list(blobs.get(blob, (2,)))
        change = chance.choice(["grow", "shrink", "zero", "axes", "batch"])
        if change == "axes" or not shape:
            shape = [chance.randint(1, 3) for _ in range(chance.randint(0, 6))]
        elif change == "batch":
            shape[0] += 3
        else:
            shape[chance.randrange(len(shape))] = dict(grow=9, shrink=1, zero=0)[change]
        return kind, blob, shape
    if kind == "write":
        return kind, blob, chance.choice(["nan", "inf", "label", "large", "normal"])
    return (kind,)


class Program:
    """The steps, each a method."""

    def __init__(self, text, folder):
        import lstm_lib
        self.lib, self.text, self.folder = lstm_lib, text, folder
        self.net, self.kept, self.labels = None, [], ()

    def load(self):
        self.net = self._loaded()

    def _loaded(self):
        net = self.lib.load_net(self.text)
        for name, blobs in net.params.items():
            values = np.random.default_rng(zlib.crc32(name.encode()))
            for blob in blobs:
                blob.data[...] = values.uniform(-1, 1, blob.data.shape)
        return net

    def fill(self, labels):
        self.labels = labels
        self._fill_inputs()
        if self.net.layers and self.net.layers[0].type == "MemoryData":
            rows = np.random.default_rng(3).uniform(0.1, 1, (4, 1, 2, 2)).astype("f")
            self.net.set_input_arrays(rows, np.array([0, 1, 1, 0], "f"))

    def _fill_inputs(self):
        values = np.random.default_rng(2)
        for name in self.net.inputs:
            data = self.net.blobs[name].data
            data[...] = 1 if data.size > LARGE else (
                values.integers(0, 2, data.shape) if name in self.labels else
                values.uniform(0.1, 1, data.shape))

    def forward(self):
        self.net.forward()
        return numbers(self.net, "data")

    def backward(self):
        for name in self.net.outputs:
            if not self.net.blobs[name].diff.any():
                self.net.blobs[name].diff[...] = 1
        self.net.clear_param_diffs()
        self.net.backward()
        found = numbers(self.net, "diff")
        return found if "force_backward: true" in self.text else {
            name: one for name, one in found.items() if "weights" in name}

    def part(self, way, start, end):
        getattr(self.net, way)(start=start, end=end)

    def reshape(self, blob, shape):
        self.net.blobs[blob].reshape(*shape)
        self._fill_inputs()
        self.net.forward()
        return numbers(self.net, "data")

    def write(self, blob, kind):
        self.net.blobs[blob].data[...] = dict(nan=np.nan, inf=np.inf, label=300, large=1e9,
                                              normal=0.5)[kind]
        self.net.forward()
        self.net.backward()

    def keep(self):
        weights = [blob for blobs in self.net.params.values() for blob in blobs]
        self.kept += [getattr(blob, side) for blob in [*self.net.blobs.values(), *weights]
                      for side in ("data", "diff")]

    def touch(self):
        for array in self.kept:
            if array.flags.writeable:
                array[...] = array * 1

    def save(self):
        path = self.lib.save_weights(self.net, os.path.join(self.folder, "w.caffemodel"))
        self.net.copy_from(path)

    def share(self):
        self.net.share_with(self._loaded())

    def pictures(self):
        for source in (self.net, self.text):
            self.lib.summary(source)
            self.lib.draw(source)
        self.lib.shared_weights(self.net)

    def solver(self):
        solver = self.lib.make_solver(self.text, base_lr=0.01,
                                      snapshot_prefix=os.path.join(self.folder, "s"))
        solver.step(2)
        solver.restore(solver.snapshot())
        solver.step(1)

    def members(self):
        for blob in self.net.blobs.values():
            inspect.getmembers(blob)
        inspect.getmembers(self.net)

    def arrays(self):
        self.net.forward_all(**{name: np.ones((3, *self.net.blobs[name].data.shape[1:]))
                                for name in self.net.inputs})


def numbers(net, side):
    """Blob -> its numbers, but for those that Caffe inserts."""
    found = {name: getattr(blob, side) for name, blob in net.blobs.items()
             if "_split_" not in name}
    found.update({f"weights of {name}, {number}": getattr(blob, side)
                  for name, blobs in net.params.items() for number, blob in enumerate(blobs)})
    return {name: [list(array.shape), array.ravel().astype(float).tolist()]
            for name, array in found.items() if array.size < LARGE}


def run(seed):
    """[what, outcome, said, numbers] for each step, until the net is missing."""
    text, steps = case(seed)
    outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        program = Program(text, folder)
        for what, *given in steps:
            outcome, said, found = "ok", "", None
            try:
                found = getattr(program, what)(*given)
            except program.lib.NetError as error:
                outcome, said = "explained", str(error)[:400]
            except ValueError as error:  # NumPy's, of an array that was kept or lent
                outcome = "explained" if "read-only" in str(error) else "raw"
                said = f"ValueError: {error}"[:400]
            except Exception as error:
                outcome, said = "raw", f"{type(error).__name__}: {error}"[:400]
            outcomes.append([" ".join(map(str, (what, *given))), outcome, said, found])
            if program.net is None:
                break
    return outcomes


def main():
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (ROOM, ROOM))
    answer = os.fdopen(os.dup(1), "w", buffering=1)  # nobody else's words go there
    os.dup2(2, 1)
    for line in sys.stdin:
        seed = int(line)
        print(json.dumps(dict(seed=seed, begins=True)), file=answer)
        print(json.dumps(dict(seed=seed, steps=run(seed))), file=answer)


if __name__ == "__main__":
    main()

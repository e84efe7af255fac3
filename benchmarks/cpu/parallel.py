"""What does an all-reduce cost beside a step? Two processes on this machine, a core each.

    python benchmarks/cpu/parallel.py [--rounds 20]

They run portable_caffe on NumPy with one thread each, over gloo, in the environment with
PyTorch; without PyTorch nothing is measured. Writes benchmarks/results/parallel.json.
"""
import argparse
import json
import os
import subprocess

import speed

PROCESSES = 2
ENV = dict(os.environ, LSTM_LIB_ENGINE="portable", LSTM_LIB_ARRAYS="numpy",
           OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")


def torchrun(meeting, machines, rounds):
    """The command that starts the processes of one of so many machines."""
    return [str(speed.ORACLES), "-m", "torch.distributed.run", "--rdzv_backend=c10d",
            f"--rdzv_endpoint={meeting}", f"--nnodes={machines}",
            f"--nproc_per_node={PROCESSES // machines}",
            str(speed.FOLDER / "parallel_way.py"), str(rounds)]


def rows_of(said):
    """A row for each shape."""
    return [json.loads(line) for line in said.splitlines() if line.startswith("{")]


def measure(rounds):
    done = subprocess.run(torchrun("localhost:0", 1, rounds), env=ENV, stdout=subprocess.PIPE,
                          check=True, encoding="utf-8")
    return rows_of(done.stdout)


def write(name, about, measure, **more):
    """Measure, and keep it in a file of the results."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    if not speed.has_torch():
        return
    machine, rows = speed.machine(), measure(rounds)
    print(*rows, sep="\n")
    result = dict(machine=machine, rounds=rounds, **more, rows=rows)
    (speed.RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    write("parallel", __doc__, measure, processes=PROCESSES)

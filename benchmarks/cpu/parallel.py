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


def measure(rounds):
    """A row for each shape."""
    env = dict(os.environ, LSTM_LIB_ENGINE="portable", LSTM_LIB_ARRAYS="numpy",
               OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    command = [str(speed.ORACLES), "-m", "torch.distributed.run", "--rdzv_backend=c10d",
               "--rdzv_endpoint=localhost:0", f"--nproc_per_node={PROCESSES}",
               str(speed.FOLDER / "parallel_way.py"), str(rounds)]
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, check=True, encoding="utf-8")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    if not speed.has_torch():
        return
    machine, rows = speed.machine(), measure(rounds)
    print(*rows, sep="\n")
    result = dict(machine=machine, rounds=rounds, processes=PROCESSES, rows=rows)
    (speed.RESULTS / "parallel.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Under torchrun: when a process ends all end with its reason, and a restart goes on."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from together import PATIENCE, free_port, in_parallel, together

pytest.importorskip("torch.distributed", reason="PyTorch is not installed here")

SCRIPT = Path(__file__).with_name("digits_by_torchrun.py")


def torchrun(folders, end, restarts=0, **more):
    """Run it with two processes, on as many machines as there are folders.

    Returns what each machine's torchrun says, and its exit status.
    """
    meeting = f"localhost:{free_port()}"
    runs = [subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--rdzv_backend=c10d",
         f"--rdzv_endpoint={meeting}", f"--nnodes={len(folders)}",
         f"--nproc_per_node={2 // len(folders)}", f"--max_restarts={restarts}", str(SCRIPT),
         str(folder), end], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
        env=dict(os.environ, **more)) for folder in folders]
    return [(run.communicate(timeout=PATIENCE)[0], run.returncode) for run in runs]


@pytest.mark.parametrize("end, reason", [("killed", "SIGKILL"),
                                         ("raises", "IndexError: list index out of range")])
def test_where_one_ends_all_end_and_torchrun_names_its_reason_as_the_root_cause(
        end, reason, tmp_path):
    [(said, status)] = torchrun([tmp_path], end)
    assert status != 0 and not list(tmp_path.glob("*.npz"))
    cause = said[said.rindex("Root Cause"):]
    assert "local_rank: 1" in cause and reason in cause, said


@pytest.mark.parametrize("machines", [1, 2])
def test_after_a_restart_it_goes_on_from_the_snapshot_as_if_nothing_had_been(machines, tmp_path):
    """Two torchruns with a folder each meet as on two machines; one alone has the snapshot."""
    folders = [tmp_path / str(machine) for machine in range(machines)]
    for folder in folders:
        folder.mkdir()
    runs = torchrun(folders, "killed", 1, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1")
    said = "".join(of_one for of_one, _ in runs)
    assert all(status == 0 for _, status in runs), said
    assert said.count("begins at step 0") == said.count("begins at step 10") == 2
    assert len({path.parent for path in tmp_path.glob("*/*.solverstate")}) == 1
    _, through = together(2, in_parallel, {}, 20)[0]
    for rank in (0, 1):
        [kept] = map(np.load, tmp_path.glob(f"*/{rank}.npz"))
        assert sorted(kept) == sorted(through)
        for name in kept:
            np.testing.assert_allclose(kept[name], through[name], atol=1e-6, rtol=0)

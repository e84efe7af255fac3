"""Under torchrun: when a process ends all end with its reason, and a restart goes on."""
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from together import PATIENCE, in_parallel, together

pytest.importorskip("torch.distributed", reason="PyTorch is not installed here")

SCRIPT = Path(__file__).with_name("digits_by_torchrun.py")


def torchrun(folder, end, restarts=0, **more):
    """What torchrun says, and its exit status."""
    return subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--rdzv_backend=c10d",
         "--rdzv_endpoint=localhost:0", "--nproc_per_node=2",
         f"--max_restarts={restarts}", str(SCRIPT), str(folder), end], stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", timeout=PATIENCE,
        env=dict(os.environ, **more))


@pytest.mark.parametrize("end, reason", [("killed", "SIGKILL"),
                                         ("raises", "IndexError: list index out of range")])
def test_where_one_ends_all_end_and_torchrun_names_its_reason_as_the_root_cause(
        end, reason, tmp_path):
    run = torchrun(tmp_path, end)
    assert run.returncode != 0 and not list(tmp_path.glob("*.npz"))
    cause = run.stdout[run.stdout.rindex("Root Cause"):]
    assert "local_rank: 1" in cause and reason in cause, run.stdout


def test_after_a_restart_it_goes_on_from_the_snapshot_as_if_nothing_had_been(tmp_path):
    run = torchrun(tmp_path, "killed", 1, TORCH_DISABLE_SHARE_RDZV_TCP_STORE="1")
    assert run.returncode == 0, run.stdout
    assert run.stdout.count("begins at step 0") == run.stdout.count("begins at step 10") == 2
    _, through = together(2, in_parallel, {}, 20)[0]
    for rank in (0, 1):
        kept = np.load(tmp_path / f"{rank}.npz")
        assert sorted(kept) == sorted(through)
        for name in kept:
            np.testing.assert_allclose(kept[name], through[name], atol=1e-6, rtol=0)

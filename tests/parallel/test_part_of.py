"""What needs no PyTorch: the part of a batch, and what is said when something is missing."""
import sys

import numpy as np
import pytest
from together import start

from lstm_lib import NetError
from lstm_lib.parallel import data_parallel, part_of
from lstm_lib.parallel.processes import STARTED

ALONE = dict(zip(STARTED, ("0", "1", "127.0.0.1", "1")))


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_the_parts_are_the_batch_each_example_once_and_equally_many(size):
    batch = np.random.default_rng(0).permutation(12)
    parts = [part_of(batch, rank, size) for rank in range(size)]
    assert {len(part) for part in parts} == {12 // size}
    np.testing.assert_array_equal(np.concatenate(parts), batch)


def test_the_part_is_that_of_the_process_that_torchrun_numbers(monkeypatch):
    for name, value in {**ALONE, "RANK": "2", "WORLD_SIZE": "3"}.items():
        monkeypatch.setenv(name, value)
    assert part_of("abcdef") == "ef"


@pytest.mark.parametrize("count, size, advice", [(10, 4, "8 or 12"), (2, 3, "Give a batch of 3"),
                                                 (0, 2, "Give a batch of 2")])
def test_a_batch_that_does_not_divide_is_answered_with_those_that_do(count, size, advice):
    with pytest.raises(NetError, match=f"batch of {count} does not divide among {size}.*{advice}"):
        part_of(range(count), 0, size)


def test_whoever_was_not_started_by_torchrun_is_told_how_to(monkeypatch):
    for name in STARTED:
        monkeypatch.delenv(name, raising=False)
    for call in (lambda: part_of(range(4)), lambda: data_parallel(start(0, 2))):
        with pytest.raises(NetError, match="torchrun --standalone --nproc_per_node 2 SCRIPT.py"):
            call()


def test_restarts_that_could_not_meet_are_refused_at_the_first_start(monkeypatch):
    for name, value in {**ALONE, "TORCHELASTIC_USE_AGENT_STORE": "True",
                        "TORCHELASTIC_MAX_RESTARTS": "1"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(NetError, match="TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun"):
        part_of(range(4))


def test_without_pytorch_the_error_says_what_to_install(monkeypatch):
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    for name in ("torch", "torch.distributed"):
        monkeypatch.setitem(sys.modules, name, None)  # Python's way to say: not to be had
    with pytest.raises(NetError, match="needs PyTorch.*pip install torch"):
        data_parallel(start(0, 2))

"""What memory is free, where a container or the service of a student's server has a limit."""
import sys

import pytest

from portable_caffe.free_memory import free_host_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux' control groups")
SERVICE = "system.slice/jupyter-anna.service"  # as a hub names a student's server


def group(root, name, limit, taken, cached=0):
    """The files that Linux has for a control group."""
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "memory.max").write_text(f"{limit}\n")
    (folder / "memory.current").write_text(f"{taken}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\nactive_file 7\n")


def free(root, name=SERVICE):
    """What is free for a process of a group, as /proc/self/cgroup names it."""
    own = root / "own"
    own.write_text(f"4:memory:/old\n0::/{name}\n")
    return free_host_bytes(str(root), str(own))


def test_the_limit_of_one_s_own_service_counts(tmp_path):
    group(tmp_path, SERVICE, 500_000, 200_000)
    assert free(tmp_path) == 300_000


def test_of_several_limits_the_one_with_least_left_counts(tmp_path):
    group(tmp_path, SERVICE, 500_000, 200_000)
    group(tmp_path, "system.slice", 900_000, 800_000)
    assert free(tmp_path) == 100_000
    group(tmp_path, "", 90_000, 20_000)
    assert free(tmp_path) == 70_000


def test_in_a_container_the_root_s_limit_counts(tmp_path):
    group(tmp_path, "", 500_000, 200_000)
    assert free(tmp_path, name="") == 300_000


def test_copies_of_files_that_nobody_uses_count_as_free(tmp_path):
    group(tmp_path, SERVICE, 500_000, 450_000, cached=100_000)
    assert free(tmp_path) == 150_000


def test_more_than_the_limit_is_taken_and_none_is_free(tmp_path):
    group(tmp_path, SERVICE, 500_000, 600_000)
    assert free(tmp_path) == 0


def test_without_a_limit_the_machine_s_memory_counts(tmp_path):
    group(tmp_path, SERVICE, "max", 200_000)
    assert free(tmp_path) > 1_000_000
    assert free_host_bytes(str(tmp_path / "none"), str(tmp_path / "none either")) > 1_000_000

"""A full disk and a course folder of somebody else: what is written raises and says what to do."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WRITES = Path(__file__).with_name("writes.py")
TRIED = ["prototxt", "weights once", "weights as Caffe does", "weights in HDF5", "snapshot",
         "snapshot in HDF5", "ONNX", "svg", "png", "pdf", "html"]
MOUNT = "mount -t tmpfs -o size=1m none . && cd . && exec "  # a disk of this process alone
linux = pytest.mark.skipif(sys.platform != "linux", reason="mounts of a process's own are Linux'")


def unshare():
    """A command that may mount for itself alone, or None."""
    for options in (["-m"], ["-Urm"]):
        command = ["unshare", *options]
        if shutil.which("unshare") and subprocess.run([*command, "true"],
                                                      capture_output=True).returncode == 0:
            return command
    return None


def without_rights():
    """A command under which modes of folders count for root too; None where there is none."""
    if os.geteuid() != 0:
        return []
    return shutil.which("setpriv") and ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]


def outcome(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def writable(tmp_path_factory):
    """What comes of it where all can be written, so that the lists below are whole."""
    return outcome([sys.executable, WRITES], tmp_path_factory.mktemp("writable"))


@pytest.fixture(scope="module", params=[0, 65536], ids=["at_once", "in_the_midst"])
def full(request, tmp_path_factory):
    """On a disk that is full at once, or when a part of each file is written."""
    if not unshare():
        pytest.skip("this user may not mount a small disk")
    return outcome([*unshare(), "sh", "-c", f'{MOUNT}"$0" "$1" {request.param}',
                    sys.executable, WRITES], tmp_path_factory.mktemp("full"))


@pytest.fixture(scope="module")
def read_only(tmp_path_factory):
    """In a folder that may be read only."""
    if without_rights() is None:
        pytest.skip("root may write everywhere, and there is no setpriv")
    folder = tmp_path_factory.mktemp("read_only")
    folder.chmod(0o555)
    return outcome([*without_rights(), sys.executable, WRITES], folder)


def test_each_of_them_is_written_where_there_is_room(writable):
    assert list(writable) == TRIED
    assert {said for said, _ in writable.values()} == {"written"}


@linux
@pytest.mark.parametrize("what", TRIED)
def test_a_full_disk_is_named_with_the_file_and_the_cure_and_nothing_is_left(what, full):
    said, left = full[what]
    assert "cannot write" in said and "No space left on device; remove files there" in said
    assert "unfinished" not in said and "Check failed" not in said
    assert left == []


@linux
@pytest.mark.parametrize("what", TRIED)
def test_a_course_folder_that_is_read_only_is_named_with_the_cure_and_nothing_is_left(
        what, read_only):
    said, left = read_only[what]
    assert "cannot write" in said and "folder of your own" in said
    assert "Permission denied" in said or "this user may not write into" in said
    assert left == []

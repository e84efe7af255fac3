"""Ctrl-C at any moment comes, and leaves nothing behind; nor does a parent that is killed."""
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from portable_caffe.interrupts import HeldBack

from interrupted import CALLS

HERE, MOMENTS = Path(__file__).parent, 40
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what is left")


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_at_any_time_is_never_lost_and_leaves_nothing_behind(call, tmp_path):
    assert run("interrupted_at_times.py", call, MOMENTS, folder=tmp_path) == {
        "lost": 0, "wrong": []}


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_as_any_function_begins_is_never_lost_and_leaves_nothing_behind(call, tmp_path):
    found = run("interrupted_at_functions.py", call, folder=tmp_path)
    assert found["sent"] > 20 and found["wrong"] == []


def run(script, *arguments, folder):
    """What the script prints, which works in this folder, temporary files too."""
    done = subprocess.run([sys.executable, HERE / script, *map(str, arguments)], cwd=folder,
                          env={**os.environ, "TMPDIR": str(folder)}, stdout=subprocess.PIPE,
                          check=True)
    return json.loads(done.stdout)


def test_what_is_held_back_comes_at_the_end_or_where_it_is_let_in():
    for let_in in (False, True):
        done = []
        with pytest.raises(KeyboardInterrupt):
            with HeldBack() as held:
                signal.raise_signal(signal.SIGINT)
                done.append("held back")
                if let_in:
                    with held.let_in():
                        done.append("never")
                done.append("at the end")
        assert done == ["held back"] + ["at the end"] * (not let_in)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_that_raises_nothing_lets_the_call_go_on():
    calls, before = [], signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, lambda *_: calls.append(1))
    try:
        with HeldBack() as held:
            signal.raise_signal(signal.SIGINT)
            with held.let_in():
                assert calls == [1]
    finally:
        signal.signal(signal.SIGINT, before)
    assert calls == [1]


def test_a_child_ends_when_its_parent_is_killed(tmp_path):
    """The pipe that both hold ends when both have ended."""
    code = ("import os, time\nfrom lstm_lib.safe_caffe.child import in_child\n"
            "def work():\n    os.write(int({}), b'begun')\n    time.sleep(3600)\nin_child(work)")
    reads, writes = os.pipe()
    process = subprocess.Popen([sys.executable, "-c", code.format(writes)], pass_fds=[writes])
    os.close(writes)
    assert os.read(reads, 5) == b"begun"
    process.kill()
    process.wait()
    assert os.read(reads, 1) == b""
    os.close(reads)

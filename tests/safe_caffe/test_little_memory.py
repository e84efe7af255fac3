"""Where memory is limited, as in a container or by `ulimit -v`, what is too large raises."""
import subprocess
import sys

import pytest
from test_errors import layer
from test_kept_arrays import inputs

LIMITED = """
import os, resource
from lstm_lib import NetError, load_net
net = load_net({net!r})
with open("/proc/self/statm") as file:
    used = int(file.read().split()[{field}]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_{limit}, (used + ({spare} << 20), resource.RLIM_INFINITY))
try:
    {act}
except NetError as error:
    assert "GB" in str(error) or "alloc" in str(error), error
    load_net({net!r}).forward()
    print("raised")
"""
NET = inputs(x=(2, 3)) + layer("TanH")
LARGE = inputs(x=(20000, 10000)) + layer("TanH")
IDLE = inputs(x=(20000, 10000)) + layer("Silence", tops=())


@pytest.mark.parametrize("act", [
    "blob = net.blobs['x']; blob.reshape(20000, 10000); blob.data",
    "blob = net.blobs['x']; blob.reshape(20000, 10000); blob.diff",
    "blob = net.blobs['x']; blob.reshape(20000, 10000); net.forward()",
    "blob = net.blobs['x']; blob.reshape(20000, 10000); blob.reshape(2, 3); blob.data; "
    "raise NetError('no GB needed')",
    f"net = load_net({IDLE!r}); net.blobs['x'].reshape(2, 3); net.blobs['x'].data; "
    "raise NetError('no GB needed')",
    f"load_net({LARGE!r}).forward()"])
def test_what_does_not_fit_raises_and_what_fits_still_runs(act):
    check(act, "AS", spare=300)


def test_many_blobs_that_fit_one_by_one_raise_where_they_do_not_fit_together():
    check("nets = [load_net({net!r}) for _ in range(40)]\n"
          "    for net in nets: net.blobs['x'].reshape(1 << 21); net.blobs['x'].data"
          .format(net=NET), "DATA", spare=100)


def check(act, limit, spare):
    code = LIMITED.format(net=NET, act=act, limit=limit, field=dict(AS=0, DATA=5)[limit],
                          spare=spare)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert (ran.returncode, ran.stdout) == (0, "raised\n"), ran.stderr[-2000:]

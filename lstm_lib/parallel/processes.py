"""The processes that train together: how they meet, and what is said when one is missing."""
import atexit
import datetime
import itertools
import os
import signal
import sys
import time
import warnings

from ..arguments import short
from ..errors import NetError

GRACE = 7  # seconds in which torchrun, which looks every 5 at most, sees who ended first
STARTED = "RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"  # what torchrun tells a process


def this_process():
    """(rank, size): which process this is, and of how many, as torchrun says."""
    missing = [name for name in STARTED if name not in os.environ]
    if missing:
        raise NetError(
            "this process was started alone, and not by torchrun, which says which process of "
            f"how many it is (there is no {', '.join(missing)} in the environment). Start it by: "
            "torchrun --standalone --nproc_per_node 2 SCRIPT.py")
    if (os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
            and int(os.environ.get("TORCHELASTIC_MAX_RESTARTS", 0))):
        raise NetError(  # pytorch/pytorch#135712
            "after a restart this PyTorch's processes look for those that have ended; to use "
            "--max_restarts, start it by: TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 torchrun "
            "--standalone --nproc_per_node 2 --max_restarts 3 SCRIPT.py")
    return int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])


def torch_distributed():
    """The module torch.distributed, or a NetError that says how to get it."""
    try:
        import torch.distributed as distributed
    except ImportError as error:
        raise NetError(f"training in parallel needs PyTorch, which does not import here ({error}); "
                       "install it: pip install torch") from None
    if not (distributed.is_available() and distributed.is_gloo_available()):
        raise NetError("this PyTorch was built without torch.distributed or its gloo; training in "
                       "parallel needs a build with both, as pip installs on Linux and macOS.")
    return distributed


class Group:
    """All processes of a training; `rank` is the number of this one, `size` how many there are.

    `timeout` is how many seconds one of them waits for the slowest.
    """

    def __init__(self, timeout):
        self.rank, self.size = this_process()
        self.distributed, self._gpus = torch_distributed(), None
        self._wait = seconds(timeout)
        if not self.distributed.is_initialized():
            tell_torchrun()
            self._said(self.distributed.init_process_group, "gloo", timeout=self._wait)
            atexit.register(self.distributed.destroy_process_group)  # or its threads may abort

    def mean(self, array):
        """Replace a flat tensor by its mean over all processes."""
        self._said(self.distributed.all_reduce, array, group=self._over(array))
        array /= self.size

    def send(self, array, sender=0):
        """Replace a flat tensor by that of one process."""
        self._said(self.distributed.broadcast, array, sender, group=self._over(array))

    def of_all(self, mine):
        """What each process gives, in a list."""
        found = [None] * self.size
        self._said(self.distributed.all_gather_object, found, mine)
        return found

    def of_one(self, work, doer=0):
        """What `work` returns in one process, the only one that does it; its NetError is raised
        in all."""
        result, error = None, None
        if self.rank == doer:
            try:
                result = work()
            except NetError as raised:
                error = str(raised)
        result, error = self.of_all((result, error))[doer]
        if error is not None:
            raise NetError(error)
        return result

    def must_agree(self, **mine):
        """Raise a NetError in all processes if one gives a list other than process 0's."""
        first, *others = self.of_all(mine)
        for (rank, theirs), what in itertools.product(enumerate(others, 1), mine):
            for here, there in itertools.zip_longest(first[what], theirs[what]):
                if here != there:
                    raise NetError(
                        f"the processes differ in {what}: {there or 'nothing more'} in process "
                        f"{rank}, {here or 'nothing more'} in process 0. Let all run one script, "
                        "in which nothing but the data depends on the process.")

    def should_differ(self, mine):
        """Warn, once for all, if two processes give the same: one may have meant to."""
        found = self.of_all(mine)
        same = next(((found.index(theirs), rank) for rank, theirs in enumerate(found)
                     if theirs in found[:rank]), None)
        if same and self.rank == 0:
            warnings.warn(
                f"the processes {same[0]} and {same[1]} computed the same inputs in the first "
                "step; if they go on so, they learn no more than one of them. Give each its part "
                "of the batch, part_of(batch), or, where a layer reads files, files of its own.")

    def _over(self, array):
        """The group that moves a tensor: gloo's on a CPU, NCCL's, once it is needed, on a GPU."""
        if array.device.type == "cpu":
            return None
        if self._gpus is None:
            self._gpus = self.distributed.new_group(backend="nccl", timeout=self._wait)
        return self._gpus

    def _said(self, do, *args, **kwargs):
        try:
            return do(*args, **kwargs)
        except RuntimeError as error:
            if "TORCHELASTIC_RUN_ID" in os.environ:
                time.sleep(GRACE)
            raise NetError(
                f"process {self.rank} of {self.size} waited for the others in vain: one has ended, "
                "or did not come within the time limit. Its own reason is in its output, on its "
                "machine; torchrun there names it last, as root cause. "
                f"({str(error).splitlines()[0]})") from None


def seconds(timeout):
    """A time limit as torch.distributed takes it."""
    try:
        wait = datetime.timedelta(seconds=timeout)
    except (TypeError, ValueError, OverflowError):
        wait = datetime.timedelta(0)
    if wait <= datetime.timedelta(0):
        raise NetError("timeout is how many seconds a process waits for the slowest, a number "
                       f"above 0, got {short(timeout)}.")
    return wait


def tell_torchrun():
    """Let torchrun's last words be the error that ends this process."""
    from torch.distributed.elastic.multiprocessing.errors import get_error_handler
    show = sys.excepthook

    def hook(kind, error, trace):
        if issubclass(kind, KeyboardInterrupt):  # torchrun, which got it too, sends it once more
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            raise error.with_traceback(trace)
        except kind:  # it writes down the error that is being handled
            get_error_handler().record_exception(error)
        show(kind, error.with_traceback(trace), trace)

    sys.excepthook = hook

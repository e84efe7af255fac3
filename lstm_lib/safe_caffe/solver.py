"""The solvers of either Caffe, made so that a mistake raises `NetError` and does no harm."""
import os

from portable_caffe.prototxt import parse

from .base import state_of
from .solver_files import check_is_state, state_path
from .weight_files import check_names
from ..arguments import check_iterations
from ..errors import NetError
from ..files import read_text


class SafeSolver:
    """The solver that `make` makes of a SolverParameter; its nets are safe, calls tried first.

    What is not here, like `param` and `add_callback`, is that Caffe's own.
    """

    def __init__(self, caffe, make, options, file=None):
        self._attempt, self._options, self._file = caffe.attempt, options, file
        self._caffe = caffe
        self._write_snapshot = caffe.write_snapshot
        self._raw = raw = without_snapshots(make, options)
        train, tests = specs(caffe, options)
        self.net = caffe.Net.adopt(raw.net, *train)
        self.net.is_trained = True
        self.test_nets = [caffe.Net.adopt(net, *test) for net, test in zip(raw.test_nets, tests)]
        self._tried = caffe.engine == "portable"  # an update; there it raises by itself
        self._real_nets = [] if self._tried else [self.net, *self.test_nets]  # to be tried too

    def __getattr__(self, name):
        if name == "_raw":  # not made yet
            raise AttributeError(name)
        return getattr(self._raw, name)

    def __dir__(self):
        return sorted({*super().__dir__(), *dir(self._raw)})

    @property
    def iter(self):
        """Number of iterations done."""
        return self._raw.iter

    def step(self, iterations=1):
        """Do so many iterations: forward, backward, update; with the tests that are due.

        Raises
        ------
        NetError : the inputs do not fit the net, or an option (of `lr_policy`, say) is wrong.
        """
        check_iterations(iterations)
        for _ in range(iterations):  # one by one, so that one can interrupt
            self.try_step()
            self._raw.step(1)
            self._finish()
            if self._options.snapshot and self.iter % self._options.snapshot == 0:
                self.snapshot()

    def try_step(self):
        """All nets take up new shapes, are tried with them, and hold no wrong label."""
        for net in self._real_nets:
            net.try_out(backward=net is self.net)
        if not self._tried:
            self._try("go a step", self._raw.apply_update)  # reads lr_policy
            self._tried = True

    def solve(self, resume_file=None):
        """Go on to `max_iter` iterations, from a snapshot if one is given."""
        if resume_file is not None:
            self.restore(resume_file)
        if self.iter < self._options.max_iter:
            self.step(self._options.max_iter - self.iter)
        every = self._options.snapshot
        if self._options.snapshot_after_train and not (every and self.iter % every == 0):
            self.snapshot()
        self.try_step()
        self._raw.solve()  # nothing is left but the last test
        self._finish()

    def _finish(self):
        for net in self._real_nets:
            net.finish()

    def add_callback(self, on_start, on_gradients_ready):
        """Call the first before each iteration, the second before the weights are changed."""
        def gradients_ready():
            on_gradients_ready()
            if self._real_nets:
                self.net.check_unchanged()

        for net in self._real_nets:
            net.be_called()
        self._raw.add_callback(on_start, gradients_ready)

    def snapshot(self):
        """Write weights and solver state; return the path of the state for `restore`."""
        stem = f"{self._options.snapshot_prefix}_iter_{self.iter}"
        check_folder(stem)
        try:
            check_names(self.net)
            return self._write_snapshot(self._raw, self._options, stem)
        except NetError as error:
            raise NetError(f"cannot write a snapshot: {error}") from None

    def share_weights(self, net):
        """Let another net, of the same layers, use the weights of the net that learns."""
        if hasattr(net, "check_can_share"):  # made here
            net.check_can_share()
        self._try("share its weights", lambda: self._raw.share_weights(net))
        self._raw.share_weights(net)

    def apply_update(self):
        """Change the weights by their gradients."""
        if self._real_nets:
            self.net.take_shapes()
        self._raw.apply_update()

    def restore(self, path):
        """Go on from a snapshot: weights, momentum and iteration number."""
        path = state_path(path)
        try:
            self._attempt(lambda: self._raw.restore(path))
        except NetError as error:
            check_is_state(self._caffe, path, error)
        self._raw.restore(path)

    def _try(self, what, work):
        try:
            self._attempt(work)
        except NetError as error:
            said = NetError(f"this solver cannot {what}: {error}")
            raise (self._file.placed(said) if self._file else said) from None


def without_snapshots(make, wanted):
    """The solver of a SolverParameter, but for snapshots, which are written with more care."""
    if wanted.snapshot:
        check_folder(wanted.snapshot_prefix)
    asked = type(wanted)()
    asked.CopyFrom(wanted)
    asked.snapshot, asked.snapshot_after_train = 0, False
    return make(asked)


def specs(caffe, wanted):
    """The net that a SolverParameter trains, and its test nets, each with its NetState.

    Source: solver.cpp, InitTrainNet and InitTestNets
    """
    def of_files(*paths):
        return [parse(read_text(path), caffe.proto.caffe_pb2.NetParameter(), path)
                for path in paths if path]

    def with_state(spec, phase, more):
        return spec, state_of(spec, phase, spec.state.level, more=more)

    def of_messages(*messages):
        return [message for message in messages if message.layer]

    both = of_messages(wanted.net_param) + of_files(wanted.net)
    train = of_messages(wanted.train_net_param) + of_files(wanted.train_net)
    tests = of_messages(*wanted.test_net_param) + of_files(*wanted.test_net)
    tests += both * (len(wanted.test_iter) - len(tests))
    states = [*wanted.test_state] or [None] * len(tests)
    return (with_state((train + both)[0], caffe.TRAIN, wanted.train_state),
            [with_state(spec, caffe.TEST, state) for spec, state in zip(tests, states)])


def check_folder(prefix):
    """Raise unless files that begin with `prefix` can be written."""
    folder = os.path.dirname(prefix) or "."
    wrong = ""
    if prefix.endswith("/") or not os.path.isdir(folder):
        wrong = f"there is no folder {folder!r} one may write to"
    elif not os.access(folder, os.W_OK):
        wrong = f"this user may not write into {os.path.abspath(folder)!r}"
    if wrong:
        raise NetError(f"cannot write a snapshot: {wrong}; give snapshot_prefix='folder/name', of "
                       "a folder of your own.")

"""pycaffe's solvers, made so that a mistake raises `NetError` and the process lives on."""
from google.protobuf import text_format

from . import checks
from .errors import NetError
from .files import read_text, readable


class SafeSolver:
    """A solver that Caffe made of a file, with its nets guarded and each call tried first.

    What is not here, like `param` and `add_callback`, is Caffe's own.
    """

    def __init__(self, caffe, raw, path, attempt):
        self._raw, self._attempt = raw, attempt
        wanted = caffe.proto.caffe_pb2.SolverParameter()
        text_format.Parse(read_text(path), wanted)
        train, tests = specs(caffe, wanted)
        self._snapshots = f"write the snapshot {wanted.snapshot_prefix + '_iter_...'!r}"
        self.net = caffe.Net.adopt(raw.net, train)
        self.test_nets = [caffe.Net.adopt(*pair) for pair in zip(raw.test_nets, tests)]
        self._tried = None  # the shapes with which a step was tried

    def __getattr__(self, name):
        return getattr(self._raw, name)

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
        nets = [self.net, *self.test_nets]
        for net in nets:
            net.take_shapes()
            net.check_indices()
        shapes = [net.source_shapes() for net in nets]
        if shapes != self._tried and iterations > 0:
            self._try("go a step", lambda: self._raw.step(1))
            self._tried = shapes
        for _ in range(iterations):  # one by one, so that one can interrupt
            self._raw.step(1)

    def solve(self, resume_file=None):
        """Go on to `max_iter` iterations, from a snapshot if one is given."""
        if resume_file is not None:
            self.restore(resume_file)
        self.step(max(0, self.param.max_iter - self.iter))
        self._try(self._snapshots, self._raw.solve)
        self._raw.solve()  # nothing is left but the last snapshot and test

    def snapshot(self):
        """Write weights and solver state."""
        self._try(self._snapshots, self._raw.snapshot)  # its files stay

    def restore(self, path):
        """Go on from a snapshot: weights, momentum and iteration number."""
        path = readable(path)
        self._try(f"take {path!r}", lambda: self._raw.restore(path))
        self._raw.restore(path)

    def _try(self, what, work):
        try:
            self._attempt(work)
        except NetError as error:
            raise NetError(f"this solver cannot {what}: {error}") from None


def specs(caffe, wanted):
    """The net that a SolverParameter trains, and its test nets, as NetParameters.

    Source: solver.cpp, InitTrainNet and InitTestNets
    """
    def of_files(*paths):
        return [checks.parse(caffe, read_text(path), path) for path in paths if path]

    def of_messages(*messages):
        return [message for message in messages if message.layer or message.layers]

    both = of_messages(wanted.net_param) + of_files(wanted.net)
    train = of_messages(wanted.train_net_param) + of_files(wanted.train_net)
    tests = of_messages(*wanted.test_net_param) + of_files(*wanted.test_net)
    return (train + both)[0], tests + both * (len(wanted.test_iter) - len(tests))

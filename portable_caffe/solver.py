"""Solvers: SGD with momentum, Nesterov's, AdaGrad, RMSProp, AdaDelta and Adam.

Each class says how a weight w changes by its gradient g. Source: solver.cpp, sgd_solver.cpp,
nesterov_solver.cpp, adagrad_solver.cpp, rmsprop_solver.cpp, adadelta_solver.cpp, adam_solver.cpp
"""
import os

from . import arrays, files, snapshots
from .errors import NetError
from .lr_policy import POLICIES, check_policy
from .memory import Memory
from .net import Net, read_net
from .proto import caffe_pb2

SMALLEST = 1e-30  # a norm of 0 is not divided by


class Solver:
    """Trains a net as a solver prototxt says: `step`, `solve`, `snapshot`, `restore`."""

    histories = 1  # how many arrays are kept for each weight
    takes_momentum = True

    def __init__(self, source):
        self.param = read_solver(source)
        self.iter = 0
        check_policy(self.param)
        self._check_rule()
        if self.param.random_seed >= 0:
            arrays.set_random_seed(self.param.random_seed)
        self.net = self._train_net()
        self.test_nets = self._test_nets()
        self._weights = self.net._graph.weights
        self._callbacks = ()
        self._history = [Memory(weight.blob.shape)
                         for _ in range(self.histories) for weight in self._weights]

    def _check_rule(self):
        """Raise where an option does not go with the rule of this solver."""
        if self.param.momentum and not self.takes_momentum:
            raise NetError(f"Momentum cannot be used with {type(self).__name__}; leave it out.")

    def _train_net(self):
        p = self.param
        given = [part for name, part in (("net", p.net), ("net_param", p.net_param),
                                         ("train_net", p.train_net),
                                         ("train_net_param", p.train_net_param))
                 if p.HasField(name)]
        if len(given) != 1:
            raise NetError("a solver needs exactly one of net, net_param, train_net and "
                           f"train_net_param; {len(given)} are given.")
        return _net_in(given[0], caffe_pb2.TRAIN, p.train_state)

    def _test_nets(self):
        p = self.param
        sources = [*p.test_net_param, *p.test_net]
        generic = [p.net_param] if p.HasField("net_param") else [p.net] if p.net else []
        sources += generic * (len(p.test_iter) - len(sources))
        if len(p.test_iter) != len(sources):
            raise NetError("test_iter must be specified for each test network.")
        if len(p.test_state) not in (0, len(sources)):
            raise NetError("give test_state once per test net, or not at all.")
        if sources and p.test_interval <= 0:
            raise NetError("with test nets, test_interval must be 1 or more.")
        states = list(p.test_state) or [caffe_pb2.NetState()] * len(sources)
        return [_net_in(*pair) for pair in zip(sources, [caffe_pb2.TEST] * len(sources), states)]

    def add_callback(self, on_start, on_gradients_ready):
        """Call one function before, the other after the gradients of each step."""
        self._callbacks += ((on_start, on_gradients_ready),)

    def step(self, iterations=1):
        """Make so many steps: forward, backward, update of the weights."""
        p, stop = self.param, self.iter + iterations
        while self.iter < stop:
            self.net.clear_param_diffs()
            if p.test_interval and self.iter % p.test_interval == 0 and (
                    self.iter or p.test_initialization):
                self._test_all()
            for on_start, _ in self._callbacks:
                on_start()
            for _ in range(p.iter_size):
                self.net._forward(0, len(self.net.layers) - 1)
                self.net._backward(len(self.net.layers) - 1, 0)
            for _, on_gradients_ready in self._callbacks:
                on_gradients_ready()
            self.apply_update()
            self.iter += 1
            if p.snapshot and self.iter % p.snapshot == 0:
                self.snapshot()

    def solve(self, resume_file=None):
        """Step until max_iter, write a snapshot, test."""
        if resume_file is not None:
            self.restore(resume_file)
        p = self.param
        self.step(p.max_iter - self.iter)
        if p.snapshot_after_train and not (p.snapshot and self.iter % p.snapshot == 0):
            self.snapshot()
        if p.test_interval and self.iter % p.test_interval == 0:
            self._test_all()

    def _test_all(self):
        """Run each test net test_iter times with the weights of the net that learns."""
        for net, times in zip(self.test_nets, self.param.test_iter):
            net.share_with(self.net)
            for _ in range(times):
                net._forward(0, len(net.layers) - 1)

    @property
    def lr(self):
        """The learning rate of this step, by lr_policy."""
        p = self.param
        return p.base_lr * POLICIES[p.lr_policy](p, self.iter)

    def apply_update(self):
        """Change the weights by their gradients: clip, average, decay, and the solver's rule."""
        rate, gradients = self.lr, self._clipped()
        for index, (weight, gradient) in enumerate(zip(self._weights, gradients)):
            data = weight.blob.data_memory
            if self.param.iter_size > 1:
                gradient = gradient / self.param.iter_size
            gradient = self._decayed(weight, data.read(), gradient)
            update = self.update(index, gradient, rate * weight.spec.lr_mult)
            data.overwrite(data.read() - update)
            weight.blob.diff_memory.overwrite(update, owned=False)  # as Caffe leaves it

    def _clipped(self):
        """All gradients, scaled so that their common L2 norm is clip_gradients at most.

        The norm stays an array, so that a GPU need not be waited for.
        """
        xp, limit = arrays.current.xp, self.param.clip_gradients
        gradients = [weight.blob.diff_memory.read() for weight in self._weights]
        if limit < 0 or not gradients:
            return gradients
        norm = sum(xp.sum(g * g) for g in gradients) ** 0.5
        factor = limit / xp.maximum(norm, xp.full_like(norm, max(limit, SMALLEST)))
        return [g * factor for g in gradients]

    def _decayed(self, weight, data, gradient):
        """The gradient of the loss with weight_decay times |w|^2 / 2 (L2) or |w| (L1)."""
        decay = self.param.weight_decay * weight.spec.decay_mult
        if not decay:
            return gradient
        l1 = self.param.regularization_type == "L1"
        return gradient + (arrays.current.xp.sign(data) if l1 else data) * decay

    def share_weights(self, net):
        """Let another net, of the same layers, use the weights of the net that learns."""
        net.share_with(self.net)

    def snapshot(self):
        """Write PREFIX_iter_N.caffemodel and PREFIX_iter_N.solverstate, both whole or none."""
        snapshots.write(self)

    def restore(self, path):
        """Go on where a .solverstate stands, with the weights it names."""
        snapshots.read(self, path)


class SGDSolver(Solver):
    """v = momentum v + rate g,      w = w - v"""

    def update(self, index, gradient, rate):
        v = self._history[index]
        v.overwrite(v.read() * self.param.momentum + gradient * rate)
        return v.read()


class NesterovSolver(Solver):
    """v' = momentum v + rate g,      w = w - (1 + momentum) v' + momentum v"""

    def update(self, index, gradient, rate):
        memory, momentum = self._history[index], self.param.momentum
        v = memory.read()
        v_new = v * momentum + gradient * rate
        update = v_new * (1 + momentum) - v * momentum
        memory.overwrite(v_new)
        return update


class AdaGradSolver(Solver):
    """s = s + g^2,      w = w - rate g / (sqrt(s) + delta)"""

    takes_momentum = False

    def update(self, index, gradient, rate):
        s = self._history[index]
        s.overwrite(s.read() + gradient * gradient)
        return gradient * rate / (arrays.current.xp.sqrt(s.read()) + self.param.delta)


class RMSPropSolver(Solver):
    """s = d s + (1 - d) g^2,   d = rms_decay;      w = w - rate g / (sqrt(s) + delta)"""

    takes_momentum = False

    def _check_rule(self):
        super()._check_rule()
        if not 0 <= self.param.rms_decay < 1:
            raise NetError(f"rms_decay is {self.param.rms_decay:g}; give 0 or more, below 1.")

    def update(self, index, gradient, rate):
        s, decay = self._history[index], self.param.rms_decay
        s.overwrite(s.read() * decay + gradient * gradient * (1 - decay))
        return gradient * rate / (arrays.current.xp.sqrt(s.read()) + self.param.delta)


class AdaDeltaSolver(Solver):
    """s = d s + (1 - d) g^2,                        d = momentum
    u = g sqrt((r + delta) / (s + delta)),   r = d r + (1 - d) u^2,   w = w - rate u
    """

    histories = 2

    def update(self, index, gradient, rate):
        d, delta = self.param.momentum, self.param.delta
        s, r = self._history[index], self._history[index + len(self._weights)]
        s.overwrite(s.read() * d + gradient * gradient * (1 - d))
        u = gradient * arrays.current.xp.sqrt((r.read() + delta) / (s.read() + delta))
        r.overwrite(r.read() * d + u * u * (1 - d))
        return u * rate


class AdamSolver(Solver):
    """m = b1 m + (1 - b1) g,   v = b2 v + (1 - b2) g^2,   b1, b2 = momentum, momentum2
    w = w - rate sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt(v) + delta),   t = 1, 2, ...
    """

    histories = 2

    def update(self, index, gradient, rate):
        b1, b2, t = self.param.momentum, self.param.momentum2, self.iter + 1
        m, v = self._history[index], self._history[index + len(self._weights)]
        m.overwrite(m.read() * b1 + gradient * (1 - b1))
        v.overwrite(v.read() * b2 + gradient * gradient * (1 - b2))
        rate *= (1 - b2 ** t) ** 0.5 / (1 - b1 ** t)
        return m.read() / (arrays.current.xp.sqrt(v.read()) + self.param.delta) * rate


SOLVERS = {"SGD": SGDSolver, "Nesterov": NesterovSolver, "AdaGrad": AdaGradSolver,
           "RMSProp": RMSPropSolver, "AdaDelta": AdaDeltaSolver, "Adam": AdamSolver}


def _net_in(source, phase, more_state):
    """A net for training or testing; its own state, then the solver's, add to the phase."""
    spec = caffe_pb2.NetParameter()
    spec.CopyFrom(read_net(source))
    state = caffe_pb2.NetState(phase=phase)
    state.MergeFrom(spec.state)
    state.MergeFrom(more_state)
    return Net.in_state(spec, state)


def read_solver(source):
    """The SolverParameter of a file, or a copy of one; without a snapshot_prefix the file's name."""
    param, path = caffe_pb2.SolverParameter(), "snapshot"
    if isinstance(source, caffe_pb2.SolverParameter):
        param.CopyFrom(source)
    else:
        path = os.fspath(source)
        files.read_text(path, param)
    if param.HasField("solver_type"):  # of older files. Source: upgrade_proto.cpp
        if param.HasField("type"):
            raise NetError(f"{path}: give either type or, as older files do, solver_type.")
        old = param.DESCRIPTOR.enum_types_by_name["SolverType"].values_by_number
        param.type = {name.upper(): name for name in SOLVERS}[old[param.solver_type].name]
    snapshots.name_snapshots(param, os.path.splitext(path)[0])
    return param


def get_solver(source):
    """The solver of the type that a solver prototxt, or a SolverParameter, names."""
    kind = read_solver(source).type
    if kind not in SOLVERS:
        raise NetError(f"there is no solver type {kind!r} here; there are {', '.join(SOLVERS)}.")
    return SOLVERS[kind](source)

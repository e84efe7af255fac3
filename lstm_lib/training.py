"""How do I train a net? Caffe's own solvers, driven from Python, with errors that raise."""
import numpy as np
from portable_caffe.snapshots import name_snapshots

from .errors import NetError, did_you_mean
from .nets import load_net, to_net_parameter
from .safe_caffe.engine import caffe
from .safe_caffe.solver import SafeSolver

SolverParameter = caffe.proto.caffe_pb2.SolverParameter


class Solver(SafeSolver):
    """A solver of Caffe and the net it trains, as `make_solver` makes it.

    `net` is the net, `iter` the number of iterations done; `snapshot()` writes weights and
    state and returns the path for `restore(path)`; what else Caffe's solvers have is there too.
    """

    def __init__(self, *made_of):
        super().__init__(*made_of)
        self._shapes = self.net.source_shapes()

    def step(self, count=1):
        """Do `count` iterations: forward, backward, update; return the last loss.

        Raises
        ------
        NetError : an input or a weight was reshaped since the solver was made, or a label is
            no class of the net.
        """
        if self.net.source_shapes() != self._shapes:
            raise NetError("a solver trains inputs of one size; for another batch size or "
                           "number of steps make another net and solver.")
        super().step(count)
        return sum(float(np.sum(self.net.blobs[name].data)) for name in self.net.outputs
                   if self.net.blob_loss_weights[name])


def make_solver(source, *, type="SGD", base_lr, **options):
    """Make one of Caffe's solvers for a net.

        SGD: V <- momentum V - base_lr (dL/dW + weight_decay W),   W <- W + V

    Parameters
    ----------
    source : a NetSpec, prototxt text, or the path of a prototxt file, with a loss.
    type : "SGD", "Adam", "Nesterov", "AdaGrad", "RMSProp" or "AdaDelta".
    base_lr : learning rate. options : fields of Caffe's SolverParameter, like `momentum`,
        `weight_decay`, `clip_gradients`, `lr_policy` (default "fixed"), `snapshot_prefix`.

    Returns
    -------
    Solver : with `net`, `step(n)`, `iter`, `snapshot()`, `restore(path)`.

    Raises
    ------
    NetError : an unknown option or type, or a net that does not load.

    Source: Caffe's sgd_solver.cpp, adam_solver.cpp; caffe.proto, message SolverParameter.

    Examples
    --------
    >>> from lstm_lib import make_solver
    >>> solver = make_solver('''
    ...   layer { name: "x" type: "DummyData" top: "x" dummy_data_param {
    ...     shape { dim: 1 dim: 1 } data_filler { value: 1 } } }
    ...   layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
    ...     num_output: 1 bias_term: false weight_filler { value: 3 } } }
    ...   layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "loss" }''',
    ...   base_lr=0.5)
    >>> solver.step(), solver.net.params["y"][0].data.item()
    (2.0, 2.0)
    """
    spec = to_net_parameter(source)
    parameter = _solver_parameter(spec, dict(type=type, base_lr=base_lr, **options))
    name_snapshots(parameter, "snapshot")
    try:
        solver = caffe.solver_of(parameter, Solver)
        solver.try_step()  # an unknown `lr_policy` is found there
    except NetError as error:
        load_net(spec)  # a net that cannot be built is explained there
        raise NetError(f"Caffe makes no solver of this: {error}") from None
    return solver


def _solver_parameter(spec, options):
    """The options as Caffe's message; an unknown one is answered with the nearest."""
    parameter = SolverParameter(lr_policy="fixed", max_iter=2 ** 30, snapshot_prefix="snapshot",
                                snapshot_after_train=False)
    parameter.train_net_param.CopyFrom(spec)
    for name, value in options.items():
        if name not in SolverParameter.DESCRIPTOR.fields_by_name:
            raise NetError(f"Caffe's solvers have no option {name!r}."
                           + did_you_mean(name, SolverParameter.DESCRIPTOR.fields_by_name))
        try:
            caffe.net_spec.assign_proto(parameter, name, value)
        except (TypeError, ValueError, AttributeError, IndexError, KeyError) as error:
            raise NetError(f"solver option {name}={value!r}: {error}") from None
    return parameter

"""What must `unroll` know of a unit? How one step is made of layers, its states, its weights."""
from dataclasses import dataclass, field
from typing import Callable

from ..arguments import check_count, check_name
from ..errors import NetError
from ..netspec import add_layer_to_net_spec
from ..safe_caffe.engine import caffe

L, P = caffe.layers, caffe.params


@dataclass(frozen=True)
class Cell:
    """A recurrent unit that can be unrolled.

        Mx_t = W_x x_t + b                      `unroll` makes it, (1, B, rows H)
        states_t = step(Mx_t, states_{t-1})     the unit makes it, each state (1, B, H)

    Parameters
    ----------
    name : the layers of step t are called t<t>/<name>/...
    step : step(ns, Mx, states, p, H, w) adds the layers of one step, whose names begin with
        `p`, and returns the new states. `states` is a dict of state name -> Top; `w` is a dict
        of the weights' names in this net, like w["Mhw"]: who uses one name shares one weight.
    states : names of the states, that of the output first.
    rows : the input product has `rows` times H numbers.
    own : the weights beside Mxw and Mxb of the input product, with their shapes, like
        {"Mhw": lambda H: (4 * H, H)}.
    arrays : a namedtuple of the weights' names in the equations, for `get_weights`.
    gates : name -> the blob of a step that holds it, like {"r": "r"}, in the order of the rows;
        for pictures.
    clears : states that the step clears itself where a sequence begins; then it is given
        `cont`, (1, B), as well, and options for the layer that reads it.

    Examples
    --------
    >>> from lstm_lib import Cell, add_layer_to_net_spec, caffe, load_net, unroll
    >>> def leak(ns, Mx, states, p, H, w):
    ...     half = add_layer_to_net_spec(ns, caffe.layers.Power, p + "half", states["h"], scale=0.5)
    ...     return dict(h=add_layer_to_net_spec(ns, caffe.layers.Eltwise, p + "h", half, Mx))
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> net = load_net(unroll(ns, ns.x, 3, 4, cell=Cell("leak", leak)) and ns)
    >>> tuple(net.blobs["H"].shape), list(net.params)[0]
    ((3, 2, 4), 't1/leak/Mx')
    """

    name: str
    step: Callable
    states: tuple = ("h",)
    rows: int = 1
    own: dict = field(default_factory=dict)
    arrays: Callable = None
    gates: dict = field(default_factory=dict)
    clears: tuple = ()

    def __post_init__(self):
        check_name("the name of a cell", self.name)
        check_count("rows", self.rows)
        if not callable(self.step):
            raise NetError(f"the step of a cell is a function step(ns, Mx, states, p, H, w), got "
                           f"{self.step!r}.")
        if not self.states or not all(isinstance(name, str) for name in self.states):
            raise NetError(f"states are names, that of the output first, got {self.states!r}.")

    @property
    def weights(self):
        """The weights, in the order of their names: two of the input product, then its own."""
        return ("Mxw", "Mxb", *self.own)

    def shapes(self, D, H):
        """The shape of each weight.

        >>> from lstm_lib.cells import cell_of
        >>> cell_of("rnn").shapes(5, 4)
        {'Mxw': (4, 5), 'Mxb': (4,), 'Mhw': (4, 4)}
        """
        rows = self.rows * H
        return {"Mxw": (rows, D), "Mxb": (rows,), **{name: of(H) for name, of in self.own.items()}}

    def names(self, prefix, weight_names=None, static=False):
        """A dict of weight -> its name in the net, from a list in that order or from a prefix.

        With `static` the last is Mxs, of the input that is the same at every step.
        """
        weights = (*self.weights, "Mxs") if static else self.weights
        names = weight_names or [f"w_{prefix}{weight}" for weight in weights]
        right = (isinstance(names, (list, tuple)) and len(names) == len(weights)
                 and len({name for name in names if isinstance(name, str)}) == len(names))
        if not right:
            raise NetError(f"weight_names are {len(weights)} different names, for "
                           f"{', '.join(weights)}, got {names!r}.")
        return dict(zip(weights, names))


def project_input(ns, x, name, rows, Mxw, Mxb):
    """Mx = W_x x + b: (T, B, ...) -> (T, B, rows), for one step or for all at once."""
    return add_layer_to_net_spec(
        ns, L.InnerProduct, name, x, num_output=rows, axis=2,
        weight_filler=uniform(), bias_filler=dict(type="constant", value=0), param=[
            dict(name=Mxw, lr_mult=1, decay_mult=1), dict(name=Mxb, lr_mult=2, decay_mult=0)])


def project_hidden(ns, h, name, rows, Mhw, Mhb=None):
    """Mh = W_h h_{t-1}, and with Mhb + b_h: (1, B, H) -> (1, B, rows)."""
    param = [dict(name=Mhw, lr_mult=1, decay_mult=1)]
    bias = dict(bias_term=False)
    if Mhb:
        param.append(dict(name=Mhb, lr_mult=2, decay_mult=0))
        bias = dict(bias_filler=dict(type="constant", value=0))
    return add_layer_to_net_spec(ns, L.InnerProduct, name, h, num_output=rows, axis=2, **bias,
                                 weight_filler=uniform(), param=param)


def add(ns, name, *tops, **options):
    """The sum of the tops, number by number."""
    return add_layer_to_net_spec(ns, L.Eltwise, name, *tops, operation=P.Eltwise.SUM, **options)


def times(ns, name, *tops):
    """The product of the tops, number by number."""
    return add_layer_to_net_spec(ns, L.Eltwise, name, *tops, operation=P.Eltwise.PROD)


def uniform():
    """Start values between -0.05 and 0.05, as the origin's."""
    return dict(type="uniform", min=-0.05, max=0.05)

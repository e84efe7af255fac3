"""How do I write, check, load and save a net?"""
import os

from portable_caffe.prototxt import parse
from portable_caffe.upgrade import upgraded

from .arguments import check_name
from .errors import NetError
from .files import read_text, write_whole
from .safe_caffe.engine import caffe

NetParameter = caffe.proto.caffe_pb2.NetParameter


def to_net_parameter(source):
    """The NetParameter of a NetSpec, a loaded net, prototxt text, or a prototxt file.

    >>> to_net_parameter('layer { name: "x" type: "Input" top: "x" }').layer[0].type
    'Input'
    """
    if isinstance(source, NetParameter):
        return upgraded(source)
    if isinstance(source, caffe.NetSpec):
        return _proto_of(source)
    if isinstance(source, caffe.Net):
        return source.spec
    written = text_of(source)
    if written is None:
        raise NetError("expected a NetSpec, prototxt text or a path, got "
                       f"{type(source).__name__}.")
    return parse(written[0], NetParameter(), written[1])


def text_of(source):
    """(prototxt text, what it is called) of text or of a file; None of anything else."""
    if isinstance(source, str) and ("{" in source or "\n" in source or not source.strip()):
        return source, "prototxt"
    if isinstance(source, (str, os.PathLike)):
        return read_text(source), repr(os.fspath(source))
    return None


def _proto_of(ns):
    """The NetParameter of a NetSpec, which calls itself for the bottoms of a top."""
    for name, top in ns.tops.items():
        if not isinstance(top, (caffe.net_spec.Top, caffe.net_spec.Function)):
            raise NetError(f"ns.{name} must be a Top, or a layer without tops, got "
                           f"{type(top).__name__}; of a layer with several tops each has a name.")
    try:
        return ns.to_proto()
    except RecursionError:
        raise NetError("hundreds of layers stand one on the other without a name: keep each top "
                       "in the NetSpec, like ns.y = L.TanH(ns.x).") from None


def check_loaded(net):
    """Raise unless it is a net that `load_net` or a solver made."""
    if "spec" not in getattr(net, "__dict__", {}):  # a NetSpec has any attribute one asks for
        raise NetError(f"expected a net, like net = load_net(ns), got {type(net).__name__}.")


def write_prototxt(ns, path, name=None, force_backward=False):
    """Write the net as prototxt, the whole file or nothing, and return the path.

    Parameters
    ----------
    name : the net's `name:` line. force_backward : compute gradients of inputs too.

    Raises
    ------
    NetError : the folder does not exist or may not be written.

    Examples
    --------
    >>> from lstm_lib import caffe, write_prototxt
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[1, 2])))
    >>> print(open(write_prototxt(ns, "x.prototxt", name="one input")).readline().strip())
    name: "one input"
    """
    text = str(_named(ns, name, force_backward))

    def write(beside):
        with open(beside, "w", encoding="utf-8") as file:
            file.write(text)

    write_whole(path, write)
    return path


def prototxt(source, name=None, force_backward=False):
    """The net as prototxt text, with its own `name:` line first."""
    return str(_named(source, name, force_backward))


def _named(source, name=None, force_backward=False):
    net = NetParameter()
    net.CopyFrom(to_net_parameter(source))
    if name is not None:
        check_name("the name of a net", name)
        net.name = name
    if force_backward:
        net.force_backward = True
    return net


def load_net(source, weights=None, phase=caffe.TRAIN, force_backward=False):
    """Build a net on Caffe, or raise; never end the process.

    As with pycaffe, a `Python` layer's module is imported and run, and files that layers name
    are opened: load only what you trust. `draw` and `summary` of a path do neither.

    Parameters
    ----------
    source : a NetSpec, prototxt text, or the path of a prototxt file.
    weights : path of a .caffemodel to start from.
    force_backward : compute gradients of inputs and states too, not only of weights.

    Returns
    -------
    `caffe.Net` whose methods raise `NetError` where Caffe would abort.

    Raises
    ------
    NetError : with Caffe's own reason, the layer, its bottoms' shapes, and what to do.

    Warns
    -----
    UserWarning : of a BatchNorm whose numbers are wrong on this build of Caffe.

    Examples
    --------
    >>> from lstm_lib import NetError, load_net
    >>> try:
    ...     load_net('layer { name: "y" type: "TanH" bottom: "x" top: "y" }')
    ... except NetError as error:
    ...     print(str(error).splitlines()[0])
    layer 'y' (TanH): Unknown bottom blob 'x' (layer 'y', bottom index 0)
    """
    if phase not in (caffe.TRAIN, caffe.TEST):
        raise NetError(f"phase is caffe.TRAIN or caffe.TEST, got {phase!r}.")
    spec = _named(source, force_backward=force_backward)
    net = caffe.net_of(spec, int(phase))
    if weights is not None:
        net.copy_from(weights)
    return net

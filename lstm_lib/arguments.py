"""Is this what the function asks for? One check each, with what was given."""
from .errors import NetError


def check_top(caffe, top, what):
    """Raise unless it is a Top, which is what a layer takes as a bottom."""
    if not isinstance(top, caffe.net_spec.Top):
        raise NetError(f"{what} must be a Top, like ns.x, got {short(top)}.")


def check_net_spec(caffe, ns):
    """Raise unless it is a NetSpec."""
    if not isinstance(ns, caffe.NetSpec):
        raise NetError(f"expected a NetSpec, like ns = caffe.NetSpec(), got {short(ns)}.")


def check_count(name, value):
    """Raise unless it is a whole number of 1 or more."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}.")


def check_iterations(count):
    """Raise unless it is a whole number of 0 or more."""
    if count != 0:
        check_count("the number of iterations", count)


def check_name(kind, name):
    """Raise unless it is text."""
    if not isinstance(name, str):
        raise NetError(f"{kind} must be text, got {short(name)}.")


def short(value):
    """A value in an error's text: its type and its beginning."""
    return f"{type(value).__name__} {value!r}"[:60]

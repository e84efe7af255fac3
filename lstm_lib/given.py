"""Arrays that are given to a net by name."""
import numpy as np

from .errors import NetError, did_you_mean


def write_into(net, known, what, arrays):
    """Write arrays, given by name, into the data or diff of inputs or outputs."""
    for name, array in arrays.items():
        if name not in known:
            raise NetError(f"{name!r} is none of {', '.join(known) or 'no blobs'}."
                           + did_you_mean(name, known))
        try:
            getattr(net.blobs[name], what)[...] = array
        except (TypeError, ValueError):
            shape = tuple(net.blobs[name].shape)
            raise NetError(f"the blob {name!r} takes numbers of shape {shape}, "
                           f"got {_shape_or_type(array)}.") from None


def check_batches(net, known, arrays):
    """Raise unless arrays are given by name, each a number of whole batches or parts."""
    if not arrays:
        raise NetError(f"give arrays by name, for {', '.join(known) or 'no blobs'}.")
    for name, array in arrays.items():
        if name not in known:
            raise NetError(f"{name!r} is none of {', '.join(known)}." + did_you_mean(name, known))
        fits = tuple(net.blobs[name].shape)[1:]
        if np.shape(array)[1:] != fits or not np.ndim(array):
            raise NetError(f"the blob {name!r} takes batches of shape (any, *{fits}), "
                           f"got {_shape_or_type(array)}.")


def _shape_or_type(array):
    return f"shape {np.shape(array)}" if isinstance(array, np.ndarray) else repr(array)[:60]

"""Which part of the batch does this process compute?"""
from ..errors import NetError
from .processes import this_process


def part_of(batch, rank=None, size=None):
    """The part of a batch that one process computes: the batch cut into N equal pieces, in order.

    Parameters
    ----------
    batch : a sequence, like an array of indices of images, the same in each process.
    rank, size : which process of how many; if left out, this one of those torchrun started.

    Raises
    ------
    NetError : the batch does not divide into equal parts, or torchrun did not start this.

    Examples
    --------
    >>> from lstm_lib.parallel import part_of
    >>> part_of([10, 11, 12, 13, 14, 15], rank=1, size=3)
    [12, 13]
    """
    if rank is None:
        rank, size = this_process()
    each, left = divmod(len(batch), size)
    if left or not each:
        raise NetError(
            f"a batch of {len(batch)} does not divide among {size} processes: each needs equally "
            "many, or the mean of their gradients is not that of the batch. Give a batch of "
            f"{f'{each * size} or ' if each else ''}{(each + 1) * size}.")
    return batch[rank * each:(rank + 1) * each]

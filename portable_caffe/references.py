"""Arrays that others hold, remembered for as long as they do."""
from weakref import ref


class Reference(ref):
    """A weak reference with something `about` it, which leaves its set when the array goes.

    Python calls `discard` where it swallows what is raised, Ctrl-C as well. So that is no
    function written in Python, which a signal could interrupt; nor are `==` and the hash,
    which would ask the array.
    """

    __slots__ = ("about",)
    __hash__, __eq__ = object.__hash__, object.__eq__


def remember(array, references, about=None):
    """The array, with a reference to it in this set."""
    reference = Reference(array, references.discard)
    reference.about = about
    references.add(reference)
    return array

"""What goes wrong, as Python exceptions."""
from contextlib import contextmanager

# what to do where Caffe builds nothing of it
NO_NUMBER = ("the net cannot be built where an axis has the size 0; give each at least 1, and "
             "reshape the input later to what comes.")


class NetError(RuntimeError):
    """A net, or a file of one, that cannot be built or run: the layer, the rule, the shapes."""


class NoSuchName(NetError, AttributeError, KeyError):
    """A name that is not there, for `hasattr`, for pycaffe's programs, and with a spelling.

    The nearest of the known names is looked for when the message is read, for it takes time.
    """

    def __init__(self, said, name, known=()):
        super().__init__(said)
        self._said, self._name, self._known = said, name, known

    def __str__(self):
        return self._said + did_you_mean(str(self._name), [str(name) for name in self._known])


class WrongShape(NetError, ValueError):
    """An array of a shape that does not fit, for pycaffe's programs a ValueError."""


class NoGPU(RuntimeError):
    """The GPU was asked for and no array library here reaches one."""


class Rule(Exception):
    """A rule that a layer's shapes or options break; the net adds layer and shapes to it."""


@contextmanager
def in_a_layer():
    """A NetError of files becomes a `Rule`, so that the net adds layer and shapes to it."""
    try:
        yield
    except NetError as error:
        raise Rule(str(error)) from None


def did_you_mean(word, known):
    """' Did you mean 'x'?' for the nearest of the known words, or nothing."""
    import difflib  # takes its time to import, and who makes no mistake needs it never

    near = [name for name in known if name.lower() == word.lower()] or (
        difflib.get_close_matches(word, list(known), n=1))
    return f" Did you mean {near[0]!r}?" if near else ""


def check(holds, rule):
    """Raise `Rule` with this sentence unless it holds."""
    if not holds:
        raise Rule(rule)


def check_numbers(*sizes):
    """Raise `Rule` where a size is 0 of something that real Caffe fills, or shares, as it builds."""
    check(all(sizes), f"a blob of it would hold no number: {NO_NUMBER}")

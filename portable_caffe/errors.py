"""What goes wrong, as Python exceptions."""
import difflib


class NetError(RuntimeError):
    """A net, or a file of one, that cannot be built or run: the layer, the rule, the shapes."""


class NoAttribute(NetError, AttributeError):
    """A name that an object does not have, or has not in this state."""


class NoGPU(RuntimeError):
    """The GPU was asked for and no array library here reaches one."""


class Rule(Exception):
    """A rule that a layer's shapes or options break; the net adds layer and shapes to it."""


def did_you_mean(word, known):
    """' Did you mean 'x'?' for the nearest of the known words, or nothing."""
    near = [name for name in known if name.lower() == word.lower()] or (
        difflib.get_close_matches(word, list(known), n=1))
    return f" Did you mean {near[0]!r}?" if near else ""


def check(holds, rule):
    """Raise `Rule` with this sentence unless it holds."""
    if not holds:
        raise Rule(rule)

"""What goes wrong, as Python exceptions."""


class NetError(RuntimeError):
    """A net, or a file of one, that cannot be built or run: the layer, the rule, the shapes."""


class NoGPU(RuntimeError):
    """The GPU was asked for and no array library here reaches one."""


class Rule(Exception):
    """A rule that a layer's shapes or options break; the net adds layer and shapes to it."""


def check(holds, rule):
    """Raise `Rule` with this sentence unless it holds."""
    if not holds:
        raise Rule(rule)

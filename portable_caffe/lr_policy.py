"""How the learning rate falls: base_lr times what a policy says of iteration t.

Source: sgd_solver.cpp, GetLearningRate
"""
from math import exp

from .errors import NetError

POLICIES = {
    "fixed": lambda p, t: 1,
    "step": lambda p, t: p.gamma ** steps_done(p, t),
    "exp": lambda p, t: p.gamma ** t,
    "inv": lambda p, t: (1 + p.gamma * t) ** -p.power,
    "multistep": lambda p, t: p.gamma ** steps_done(p, t),
    "poly": lambda p, t: (1 - t / p.max_iter) ** p.power,
    "sigmoid": lambda p, t: 1 / (1 + exp(-p.gamma * (t - p.stepsize))),
}


def check_policy(p):
    """Raise for an lr_policy that does not exist, or lacks what it needs."""
    if p.lr_policy not in POLICIES:
        raise NetError(f"unknown lr_policy {p.lr_policy!r}; there are {', '.join(POLICIES)}.")
    for policy, field in (("step", "stepsize"), ("sigmoid", "stepsize"), ("poly", "max_iter")):
        if p.lr_policy == policy and getattr(p, field) < 1:
            raise NetError(f"lr_policy {policy!r} needs {field}, 1 or more.")


def steps_done(p, t):
    """How often the rate has dropped at iteration t."""
    if p.lr_policy == "step":
        return t // p.stepsize
    return sum(t >= value for value in p.stepvalue) if p.lr_policy == "multistep" else 0

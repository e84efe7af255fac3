"""Shared weights that tell the steps of a net: each of their users feeds the next."""
from .copies import makers


class Chain:
    """The users of a shared weight, each of which feeds the next: the k-th belongs to step k."""

    def __init__(self, users, before):
        self.users = users
        self.before = before  # node -> how many users lie on the way to it, itself counted


def chains_of(graph):
    """The chains of a net, one for each set of users."""
    sets = dict.fromkeys(tuple(weight.users) for weight in graph.weights if weight.shared)
    found = (_chain(graph, dict.fromkeys(users)) for users in sets)
    return [chain for chain in found if chain]


def _chain(graph, users):
    before = {}
    for node in graph.nodes:
        before[node] = max((before[maker] for maker in makers(node)), default=0) + (node in users)
    chain = sorted(users, key=before.get)
    steps = range(1, len(chain) + 1)
    return Chain(chain, before) if [before[user] for user in chain] == list(steps) else None


def grouped(chains):
    """Lists of chains that belong to the same steps; the longest list first.

    Chains of two cells in a step do, and of a layer above another. Those of an encoder and a
    decoder do not, for one begins where the other ends; nor do two that never meet, like those
    of two directions.
    """
    groups = []
    for chain in sorted(chains, key=lambda chain: -len(chain.users)):
        group = next((g for g in groups if all(_in_step(chain, other) for other in g)), None)
        if group is None:
            groups.append([chain])
        else:
            group.append(chain)
    return sorted(groups, key=lambda group: -len(group))


def _in_step(one, other):
    if len(one.users) != len(other.users):
        return False
    reached = [(k, before.get(user, 0)) for users, before in (
        (one.users, other.before), (other.users, one.before)) for k, user in enumerate(users, 1)]
    return all(count <= k for k, count in reached) and any(count for _, count in reached)

"""Traps of weights that should be one and are not, or are one and say different things."""
import re
from collections import Counter, defaultdict

from ..netspec import parts_of_step_name
from .findings import Finding
from .kinds import count_weights, fillers, has_filler, learns, options, params

NUMBER = re.compile(r"\d+")
LONGEST = 200  # characters of a name that a person gave a step


def steps_that_do_not_share(net):
    """Layers that differ in a step's number only, and do not use one weight."""
    told = set()
    for layers, are_steps in _alike(net):
        for place in range(count_weights(layers[0])):
            names = [params(layer)[place].name for layer in layers]
            uses = Counter(name for name in names if name)
            most, count = uses.most_common(1)[0] if uses else ("", 0)
            odd = [layer for layer, name in zip(layers, names) if count < 2 or name != most]
            if not odd or not are_steps and 2 * _shared_most(layers) <= len(layers):
                continue
            if (odd[0], place) not in told:
                told.update((layer, place) for layer in odd)
                yield _unshared(layers, odd, place, most if count > 1 else "")


def _unshared(layers, odd, place, name):
    which = f"parameter {place + 1}"
    if not name:
        return Finding(
            [layer.name for layer in layers],
            f"these layers look like one layer in {len(layers)} steps, and each has its {which} "
            "to itself: every step starts with other numbers and learns alone.",
            'give all of them the same name there, like param { name: "w" }.', 2)
    own = params(odd[0])[place].name
    return Finding(
        [layer.name for layer in odd],
        f"{len(layers) - len(odd)} of {len(layers)} steps that look alike share {name!r} as "
        f"{which}; this one has " + (f"{own!r}" if own else "no name there") + ", so it starts "
        "with other numbers and learns alone.",
        f"if it is the same weight, call it {name!r} here too.", 2)


def _alike(net):
    """(layers, whether their names say that they are steps) of each group that looks alike."""
    groups = defaultdict(list)
    for layer in net.layers:
        if count_weights(layer) and learns(layer):
            for name, is_step in _without_number(layer):
                groups[name, is_step, _look(layer), count_weights(layer)].append(layer)
    return [(layers, key[1]) for key, layers in groups.items() if len(layers) > 1]


def _without_number(layer):
    """(the name without its step's number, whether it is a step's for sure), for each number."""
    name = layer.name
    if len(name) > LONGEST:
        return []
    parts = parts_of_step_name(name)
    if parts and not parts[0][-1:].isalnum():
        return [((parts[0], parts[2]), True)]
    if name.startswith(layer.type) and name[len(layer.type):].isdigit():
        return []  # NetSpec's InnerProduct2 is the second of all, not that of step 2
    return [((name[:found.start()], name[found.end():]), False)
            for found in NUMBER.finditer(name)]


def _look(layer):
    """Type and options of a layer, without how its weights start."""
    asked = options(layer)
    if asked is None:
        return layer.type, b""
    plain = type(asked)()
    plain.CopyFrom(asked)
    for field in ("weight_filler", "bias_filler", "filler"):
        if field in plain.DESCRIPTOR.fields_by_name:
            plain.ClearField(field)
    return layer.type, plain.SerializeToString()


def _shared_most(layers):
    """By how many of the layers the most common weight is used."""
    names = Counter(name for layer in layers for name in {param.name for param in params(layer)}
                    if name)
    return max([count for count in names.values() if count > 1], default=0)


def one_weight_said_differently(net):
    """A shared weight whose users give it different multipliers or fillers."""
    for name, uses in _users(net).items():
        first, place = uses[0]
        for field in ("lr_mult", "decay_mult"):
            yield from _multipliers(name, field, uses)
        start = fillers(first)[place]
        others = [layer for layer, there in uses[1:]
                  if has_filler(layer, there) and fillers(layer)[there] != start]
        if others:
            yield Finding([layer.name for layer in others],
                          f"its filler of the shared weight {name!r} does not count: the first "
                          f"layer that uses it, {first.name!r}, fills it"
                          + ("." if has_filler(first, place) else ", with 0, for it gives none."),
                          f"give {first.name!r} the filler that is meant, and the others the "
                          "same.", 2)


def _multipliers(name, field, uses):
    said = [(layer, getattr(params(layer)[place], field)) for layer, place in uses
            if params(layer)[place].HasField(field)]
    values = {value for _, value in said}
    if len(values) > 1:
        yield Finding([layer.name for layer, _ in said],
                      f"they give the shared weight {name!r} different values of {field}: "
                      f"{', '.join(f'{value:g}' for value in sorted(values))}. Caffe does not "
                      "build such a net.", f"give one {field} in all of them.", 2)
    elif said and said[0][0] is not uses[0][0] and values != {1}:
        yield Finding(said[0][0].name,
                      f"its {field}: {values.pop():g} of the shared weight {name!r} counts in "
                      f"all {len(uses)} layers that use it, also where none is written.",
                      f"write the same {field} in all of them, so that it can be seen.", 2)


def _users(net):
    """Weight name -> (layer, place) of each use, where there are several."""
    users = defaultdict(list)
    for layer in net.layers:
        for place, param in enumerate(params(layer)):
            if param.name:
                users[param.name].append((layer, place))
    return {name: uses for name, uses in users.items() if len(uses) > 1}


def two_layers_of_one_name(net):
    """Two layers that learn and have one name: a file keeps the weights of one."""
    named = defaultdict(list)
    for layer in net.layers:
        if count_weights(layer):
            named[layer.name].append([param.name for param in params(layer)])
    for name, weights in named.items():
        if len(weights) > 1 and (weights.count(weights[0]) < len(weights) or not all(weights[0])):
            yield Finding(name, f"{len(weights)} layers with weights have this name: net.params "
                          "and a .caffemodel keep the weights of one, and after loading the "
                          "other has those it started with.", "give each a name of its own.", 2)

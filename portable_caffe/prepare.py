"""What Caffe does to a NetParameter before it builds it: inputs, rules, splits."""
from collections import Counter

from .errors import NetError, did_you_mean
from .proto import caffe_pb2


def prepare(spec, state):
    """The layers that a net in this NetState has, with `Input` and `Split` layers added."""
    prepared = caffe_pb2.NetParameter()
    prepared.CopyFrom(spec)
    del prepared.layer[:]
    layers = [*_input_layers(spec), *spec.layer]
    _add_with_splits([layer for layer in layers if is_in(layer, state)], prepared.layer)
    return prepared


def _input_layers(spec):
    """The old `input:` fields of a net as an Input layer. Source: upgrade_proto.cpp"""
    if not spec.input:
        return []
    layer = caffe_pb2.LayerParameter(name="input", type="Input", top=spec.input)
    shapes = [shape.dim for shape in spec.input_shape]
    shapes = shapes or [spec.input_dim[i:i + 4] for i in range(0, len(spec.input_dim), 4)]
    for dims in shapes:
        layer.input_param.shape.add(dim=dims)
    return [layer]


def is_in(layer, state):
    """Do the layer's include or exclude rules let it in? Source: net.cpp, FilterNet"""
    if layer.include and layer.exclude:
        raise NetError(f"layer {layer.name!r} ({layer.type}): give either include or exclude "
                       "rules, not both.")
    if layer.include:
        return any(_meets(state, rule) for rule in layer.include)
    return not any(_meets(state, rule) for rule in layer.exclude)


def _meets(state, rule):
    return ((not rule.HasField("phase") or rule.phase == state.phase)
            and (not rule.HasField("min_level") or rule.min_level <= state.level)
            and (not rule.HasField("max_level") or rule.max_level >= state.level)
            and set(rule.stage) <= set(state.stage)
            and not set(rule.not_stage) & set(state.stage))


def _add_with_splits(layers, target):
    """Copy the layers to `target`, with a Split after each top that several layers read.

    There gradients add up. A top that is a loss by its own `loss_weight` counts as read once
    more. Source: insert_splits.cpp
    """
    sources, readers = _sources(layers)
    for i, layer in enumerate(layers):
        losses = [weight for weight, _ in zip(layer.loss_weight, layer.top)]
        readers.update((i, j) for j, weight in enumerate(losses) if weight)
    split, used = {key for key, n in readers.items() if n > 1}, Counter()
    for i, given in enumerate(layers):
        layer = target.add()
        layer.CopyFrom(given)
        for j, name in enumerate(layer.bottom):
            source = sources[i, j]
            if source in split:
                layer.bottom[j] = _split_name(layers, source, used[source])
                used[source] += 1
        for j in range(len(layer.top)):
            if (i, j) in split:
                _add_split(target, layer, layers, (i, j), readers[i, j], used)


def _sources(layers):
    """(layer, bottom) -> (layer, top) it reads, and how often each (layer, top) is read."""
    last, sources, readers = {}, {}, Counter()
    for i, layer in enumerate(layers):
        for j, name in enumerate(layer.bottom):
            if name not in last:
                raise NetError(f"layer {layer.name!r} ({layer.type}): Unknown bottom blob "
                               f"{name!r} (layer {layer.name!r}, bottom index {j})\nGiven: tops "
                               f"of the layers before: {', '.join(last) or 'none'}."
                               + did_you_mean(name, last))
            sources[i, j] = last[name]
            readers[last[name]] += 1
        last.update((name, (i, j)) for j, name in enumerate(layer.top))
    return sources, readers


def _add_split(target, layer, layers, source, count, used):
    """The Split after top j of `layer`; it takes over that top's loss_weight."""
    i, j = source
    split = target.add(name=f"{layer.top[j]}_{layer.name}_{j}_split", type="Split")
    split.bottom.append(layer.top[j])
    split.top.extend(_split_name(layers, source, k) for k in range(count))
    weight = layer.loss_weight[j] if j < len(layer.loss_weight) else 0
    if weight:
        split.loss_weight.extend([weight] + [0] * (count - 1))
        layer.loss_weight[j] = 0
        used[source] += 1  # the first of its tops is the loss


def _split_name(layers, source, k):
    i, j = source
    return f"{layers[i].top[j]}_{layers[i].name}_{j}_split_{k}"

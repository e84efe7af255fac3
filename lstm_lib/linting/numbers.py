"""Traps of numbers: what stays 0, what is drawn anew, what never begins anew."""
import re
from collections import defaultdict

from ..safe_caffe.engine import caffe
from . import flow
from .findings import Finding, listed
from .kinds import RECURRENT, loss_weight, params, states_given
from .reading import HAND_ON

STATE = re.compile(r"(.*[/_.])?[hc]_?(0|init)")  # like h0, second/c0, lstm_h_init


def weights_that_stay_zero(net):
    """Weights without a filler, to which no gradient comes, for others like them are 0 as well."""
    if net.phase != caffe.TRAIN or not any(map(loss_weight, net.layers)):
        return  # such a net is run, with weights from elsewhere
    zeros = flow.Zeros(net, start=True)
    unfilled = {layer for layer in net.layers if params(layer) and zeros.unfilled(layer)}

    def ways_down(layer):
        if layer in unfilled or layer.type == "ReLU" and layer.first in zeros:
            return set()
        zero = {place for place, bottom in enumerate(layer.bottoms) if bottom in zeros}
        if _is_product(layer) and zero:  # the gradient of a factor is the product of the others
            return flow.ways_down(layer) & zero if len(zero) == 1 else set()
        return flow.ways_down(layer)

    reached, _ = flow.with_gradient(net, ways_down)
    stuck = [layer for layer in net.layers if layer in unfilled and (
        layer not in reached or layer.first in zeros or layer.type == "RNN")]
    if stuck:
        yield Finding(
            [layer.name for layer in stuck],
            "no weight_filler is given. Unless weights are loaded, they start at 0, and so does "
            "what comes out; no gradient reaches them, or all units get the same one: they stay "
            "0, or alike.", 'give weight_filler { type: "xavier" }, or load weights.', 3)


def _is_product(layer):
    return layer.type == "Eltwise" and layer.spec.eltwise_param.operation == flow.PROD


def data_that_is_zero(net):
    """DummyData without a filler as the only input of a weight."""
    zeros, users = flow.Zeros(net), defaultdict(list)
    for layer in net.layers:
        if layer.type in flow.PRODUCTS and layer.bottoms:
            users[params(layer)[0].name or layer].append(layer)
    told = set()
    for layers in users.values():
        makers = [zeros.why.get(layer.first) for layer in layers]
        if None in makers or makers[0] in told:
            continue
        told.add(makers[0])
        yield Finding(makers[0].name, f"it gives zeros, and {listed(x.name for x in layers)} "
                      f"read{'s' * (len(layers) == 1)} nothing else: the product is 0, and the "
                      "gradient of the weight too, whatever the weight is.",
                      "put data in with an Input layer, or give the DummyData a data_filler.", 3)


def data_drawn_anew(net):
    """DummyData with a random filler: other numbers at each forward."""
    for layer in net.layers:
        kinds = {filler.type for filler in layer.spec.dummy_data_param.data_filler} - {"constant"}
        if layer.type == "DummyData" and kinds:
            yield Finding(layer.name, f"its data ({', '.join(sorted(kinds))}) is drawn anew at "
                          "each forward, over what you write into it: no two passes see the same "
                          "numbers.",
                          "use an Input layer and write the numbers once; or, to repeat a pass, "
                          "call caffe.set_random_seed just before each forward.", 3)


def states_that_cannot_be_set(net):
    """Initial states made by DummyData, which are no inputs of the net."""
    for layer in net.layers:
        states = [top for top in layer.tops if layer.type == "DummyData" and _is_state(top)]
        if states:
            yield Finding(layer.name, f"the initial state {listed(top.name for top in states)} is "
                          "DummyData: it is not in net.inputs, so net.forward(...) does not take "
                          "it, and no state is carried on from call to call.",
                          "make it an Input layer, which is 0 until you write into it; unroll and "
                          "initial_state do so.", 3)


def _is_state(top):
    if STATE.fullmatch(top.name):
        return True  # a constant for both states, read twice, is nothing that one sets
    return len(top.readers) == 1 and _reads_as_state(
        top.readers[0], top.readers[0].bottoms.index(top))


def _reads_as_state(layer, place):
    if layer.type in RECURRENT:
        return place >= len(layer.bottoms) - states_given(layer)
    return layer.type == "LSTMUnit" and place == 0


def cont_that_is_constant(net):
    """An LSTM or RNN layer whose cont is the same at every step of every call."""
    values = _constants(net)
    for layer in net.layers:
        if layer.type not in RECURRENT or len(layer.bottoms) < 2 or (
                layer.bottoms[1] not in values):
            continue
        cont = layer.bottoms[1].name
        if values[layer.bottoms[1]] == 0:
            yield Finding(layer.name, f"cont, {cont!r}, is always 0: the state is cleared before "
                          "every step, so no step knows of the one before.",
                          "make it an Input (T, B) and write 1 where a sequence goes on, like "
                          "cont_from_lengths does.", 8)
        elif not states_given(layer):
            yield Finding(layer.name, f"cont, {cont!r}, never is 0: the state at the end of one "
                          "call is where the next call begins, also when that is another "
                          "sequence.",
                          "make it an Input (T, B) and write 0 at the first step of each "
                          "sequence, as cont_from_lengths does.", 8)


def _constants(net):
    """Version -> its value, of blobs that hold one number everywhere and always."""
    values = {}
    for layer in net.layers:
        below = {values.get(bottom) for bottom in layer.bottoms}
        same = below.pop() if len(below) == 1 else None
        if layer.type == "DummyData":
            values.update(_filled(layer))
        elif layer.type == "Power":
            values.update((top, _power(layer.spec.power_param, same)) for top in layer.tops)
        elif layer.type in HAND_ON or layer.type in ("Concat", "Slice", "Tile"):
            values.update((top, same) for top in layer.tops)
    return {version: value for version, value in values.items() if value is not None}


def _filled(layer):
    given = layer.spec.dummy_data_param.data_filler
    for number, top in enumerate(layer.tops):
        filler = given[number if len(given) > 1 else 0] if given else None
        if filler is None or filler.type == "constant":
            yield top, filler.value if filler else 0


def _power(asked, value):
    if asked.scale == 0:
        value = 0
    try:
        return None if value is None else (asked.shift + asked.scale * value) ** asked.power
    except (OverflowError, ZeroDivisionError):
        return None

"""Traps of gradients: a net that does not learn, or a part of it."""
import re

from ..safe_caffe.engine import caffe
from . import flow
from .findings import Finding, listed
from .kinds import (GIVE_DATA, LABELS, RECURRENT, count_weights, has_filler, is_loss, learns,
                    loss_weight, states_given)

NO_BACKWARD = {"Accuracy", "ArgMax", "Threshold"}  # Caffe has no code for it
ANSWER = re.compile(r".*(label|target|truth).*", re.I)


def no_loss(net):
    """A net that is meant to learn, as its labels say, and has nothing to learn from."""
    learners = [layer for layer in net.layers if learns(layer)]
    if not net.whole or not learners or net.forced or any(map(loss_weight, net.layers)):
        return
    for where, why in _signs_of_learning(net):
        yield Finding(where, f"{why} No loss counts here, and there is no force_backward: true; "
                      "so backward() leaves every gradient at 0 and no weight changes.",
                      "add a loss layer; or, to send gradients into the outputs by hand, "
                      "load_net(..., force_backward=True).", 5)
        return


def _signs_of_learning(net):
    """(layer, what says that somebody wants to learn here)."""
    for layer in net.layers:
        if is_loss(layer):
            yield layer.name, "its loss_weight is 0."
    for layer in net.left_out:
        if is_loss(layer) and net.phase == caffe.TRAIN and _is_of_test(layer):
            yield layer.name, "this loss is left out of the phase TRAIN."
    filled = any(has_filler(layer, place) for layer in net.layers
                 for place in range(count_weights(layer)))  # else it is run, with weights of a file
    for layer in net.layers if net.phase == caffe.TRAIN and filled else ():
        for number, top in enumerate(layer.tops):
            if _is_answer(layer, number, top) and all(
                    reader.type in ("Accuracy", "Silence") for reader in top.readers):
                yield layer.name, f"{top.name!r} looks like what is to be learnt."
    if net.loaded is not None and _written_in_vain(net.loaded):
        yield ", ".join(net.loaded.outputs), "a gradient was written into an output."


def _is_of_test(layer):
    """Whether a layer is left out for the phase alone, and for no stage that nobody asked for."""
    return bool(layer.include) and all(rule.HasField("phase") and not rule.stage
                                       for rule in layer.include)


def _is_answer(layer, number, top):
    if layer.type in GIVE_DATA:
        return number > 0
    return layer.type == "Input" and ANSWER.fullmatch(top.name)


def _written_in_vain(loaded):
    outputs = any(loaded.blobs[name].diff.any() for name in loaded.outputs)
    return outputs and not any(blob.diff.any() for blobs in loaded.params.values()
                               for blob in blobs)


def nothing_is_learnt(net):
    """A loss from which no gradient comes to a weight, or to some weights below it."""
    losses = [layer for layer in net.layers if loss_weight(layer)]
    with_weights = [layer for layer in net.layers
                    if count_weights(layer) and layer.type != "BatchNorm"]
    learners = [layer for layer in with_weights if learns(layer)]
    if not (net.whole and losses and with_weights) or net.phase != caffe.TRAIN:
        return
    if not learners:
        if not net.forced:
            yield Finding([layer.name for layer in with_weights],
                          "every weight has lr_mult: 0, so nothing is learnt from the loss "
                          f"{losses[0].name!r}.", "leave lr_mult out where a weight shall learn.",
                          5)
        return
    reached, _ = flow.with_gradient(net)
    missed = [layer for layer in learners if layer not in reached]
    yield from _stopped(net, reached, missed, learners)
    yield from _apart([layer for layer in missed if layer not in _below(net, losses)])


def _stopped(net, reached, missed, learners):
    """The layers that let no gradient through, to weights that get none another way.

    Where Caffe lets it go astray, also to weights that get a part of it.
    """
    waiting, all_waiting = _depend_on(net, missed), _depend_on(net, learners)
    for layer in net.layers:
        shut = set(range(len(layer.bottoms))) - flow.ways_down(layer) if layer in reached else ()
        for place in sorted(shut):
            bottom = layer.bottoms[place]
            astray = flow.loses_gradient(layer) or _is_state(layer, place)
            below = (all_waiting if astray else waiting).get(bottom)
            why = below and _why_stopped(layer, place, len(missed) == len(learners))
            if why:
                yield Finding(layer.name, f"{why[0]} So none comes this way to {below.name!r}, "
                              "nor to what lies below it.", why[1],
                              3 if _is_state(layer, place) else 5)
                break


def _is_state(layer, place):
    """Whether this bottom is an initial state of an LSTM or RNN layer."""
    return layer.type in RECURRENT and place >= len(layer.bottoms) - states_given(layer)


def _why_stopped(layer, place, all_of_them):
    """(why, the cure), or nothing where somebody wrote so on purpose."""
    down = list(layer.spec.propagate_down)
    if place < len(down) and not down[place]:
        return all_of_them and ("propagate_down: false stops the gradient here, and nothing else "
                                "in the net learns.", "write propagate_down: true.")
    lost = flow.loses_gradient(layer)
    if lost:
        return ("Caffe's Flatten loses the gradient when it stands on the top of a layer of type "
                f"{lost.type} that nobody else reads (portable_caffe does not).",
                "use Reshape { shape { dim: -1 dim: H } } or the like, directly on "
                "what is flattened.")
    if _is_state(layer, place):
        return (f"Caffe's {layer.type} layer sends no gradient into its initial states.",
                "unroll the cell: single_time_step_lstm and unroll do.")
    if layer.type in LABELS:
        return ()
    fails = ", and backward() fails" if layer.type in NO_BACKWARD else ""
    return (f"a layer of type {layer.type} has no gradient for "
            f"{layer.bottoms[place].name!r}{fails}.",
            "take the loss from what it reads, not from what it gives.")


def _below(net, losses):
    """The layers from which something flows into one of the losses."""
    found = set(losses)
    for layer in reversed(net.layers):
        if layer in found or any(reader in found for top in layer.tops for reader in top.readers):
            found.add(layer)
    return found


def _depend_on(net, layers):
    """Version -> the last of these layers on the way to it."""
    layers, found = set(layers), {}
    for layer in net.layers:
        below = [found[bottom] for bottom in layer.bottoms if bottom in found]
        if layer in layers or below:
            found.update((top, layer if layer in layers else below[0]) for top in layer.tops)
    return found


def _apart(layers):
    """Weights above or beside the loss: what they compute goes into no loss."""
    if layers:
        yield Finding([layer.name for layer in layers], "no loss lies above, so the weights "
                      "learn nothing in this net.",
                      "lead the output to a loss, or give lr_mult: 0 if it shall stay as it is.",
                      5)


def gradient_of_last_states(net):
    """A loss on the last state of an LSTM or RNN layer, which does not look at its gradient."""
    _, reached = flow.with_gradient(net)
    for layer in net.layers:
        states = [top.name for top in layer.tops[1:] if top in reached]
        if layer.type in RECURRENT and states:
            yield Finding(layer.name, f"Caffe's {layer.type} layer ignores the gradient that comes "
                          f"to its last state, {listed(states)}: its weights, and what lies below, "
                          "learn nothing from there.",
                          f"cut the last step out of {layer.tops[0].name!r} with a Slice on axis "
                          "0; or unroll the cell.", 7)


def a_label_that_learns(net):
    """A label that depends on weights: Caffe wants to send a gradient into it, and cannot."""
    needed = flow.needs_gradient(net)
    for layer in net.layers:
        first = LABELS.get(layer.type)
        if first is None or not loss_weight(layer):
            continue
        down = list(layer.spec.propagate_down)
        for place, bottom in list(enumerate(layer.bottoms))[first:]:
            if bottom in needed if place >= len(down) else down[place]:
                yield Finding(layer.name, f"the label {bottom.name!r} comes from layers that "
                              "learn, or propagate_down asks for its gradient; this loss has "
                              "none to give, and backward() fails.",
                              "write propagate_down: true and then propagate_down: false, one for "
                              "each bottom; or take the label from an Input.", 7)


def batch_norm_of_this_build(net):
    """BatchNorm in TRAIN, of which this build of Caffe neither computes nor keeps the statistics."""
    if caffe.engine != "real":
        return
    from ..safe_caffe.wheel import batch_norm_works, computes_statistics

    for layer in net.layers:
        if (layer.type == "BatchNorm" and computes_statistics(layer.spec, net.phase)
                and not batch_norm_works()):
            yield Finding(layer.name, "this build of Caffe neither computes nor keeps the "
                          "statistics of a batch: it divides by a number that begins near 0 and "
                          "tends to 1, so what comes out is some hundred times too large at "
                          "first.",
                          "train on portable_caffe or another build of Caffe; or leave BatchNorm "
                          "out.", 4)

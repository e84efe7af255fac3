"""A net run with random numbers, so that one sees what its states do over time."""
import numpy as np

from ..drawing.sweep import forget_bias_sweep
from ..errors import NetError

BIASES = (-2, -1, 0, 1, 2, 3, 5)
MOST = 30_000_000  # multiplications of a forward pass: all passes take about a second
READ_AS_NUMBERS = ("Loss", "Accuracy", "Embed")  # of such layers the inputs are labels, or words
HOW = ("The states over time are those of random inputs, of random weights (Xavier's, always the "
       "same ones){}. The gradient is that of {}.")
LOSS, LAST = "the net's loss", "the sum of what the last step gives"


def states_over_time(net, graph, counts):
    """(what `draw` is to be told of the net that has run, how it ran), or (None, why it did not).

    The weights, the inputs and all that was computed stay in the net. Of a net without time
    steps there is nothing to say: (None, "").
    """
    if not _over_time(graph):
        return None, ""
    if sum(counts.multiplications.values()) > MOST:
        return None, (f"States over time are not shown: a forward pass of this net takes more than "
                      f"{MOST:,} multiplications. With fewer units they are.")
    rng = np.random.default_rng(0)
    _fill_weights(net, rng)
    _fill_inputs(net, graph, rng)
    try:
        gradient = _fill_gradients(net, graph)
        net.forward()
        net.backward()
        sweep = _sweep(net)
        bias = " and the forget bias of the slider" if sweep else ""
        return {"sweep": sweep}, HOW.format(bias, gradient)
    except NetError as error:
        return None, f"States over time are not shown, for the net did not run: {error}"


def _over_time(graph):
    return any(len(stack.steps) > 1 for stack in graph.stacks) or any(
        node.type in ("LSTM", "RNN") for node in graph.nodes)


def _sweep(net):
    try:
        return forget_bias_sweep(net, BIASES)
    except NetError:  # a GRU or an RNN has no forget bias
        return None


def _fill_weights(net, rng):
    """U(-a, a), a = sqrt(3 / inputs), as Caffe's filler xavier; biases stay 0."""
    filled = set()
    for blob in (blob for blobs in net.params.values() for blob in blobs):
        array = blob.data
        place = array.__array_interface__["data"][0]
        if array.ndim > 1 and place not in filled:
            filled.add(place)
            a = np.sqrt(3 / (array.size / len(array)))
            array[...] = rng.uniform(-a, a, array.shape)


def _fill_inputs(net, graph, rng):
    """N(0, 1); but cont goes on after the first step, and states and labels stay 0."""
    states = {blob for stack in graph.stacks for node in stack.cells[stack.steps[0]]
              for place, blob in enumerate(node.bottoms) if stack.state_read(node, place)}
    for blob in (top for node in graph.nodes if node.type == "Input" for top in node.tops):
        array, readers = net.blobs[blob.name].data, blob.readers
        if any(node.type in ("LSTM", "RNN") and node.bottoms.index(blob) == 1
               for node in readers):
            array[...] = 1
            array[0] = 0
        elif blob not in states and not any(node.type.endswith(READ_AS_NUMBERS)
                                            for node in readers):
            array[...] = rng.standard_normal(array.shape)


def _fill_gradients(net, graph):
    """Without a loss, a gradient of 1 at what the last step gives; the words for it."""
    if any(node.type.endswith("Loss") for node in graph.nodes):
        return LOSS
    steps = {len(stack.steps) for stack in graph.stacks}
    steps |= {node.tops[0].shape[0] for node in graph.nodes if node.type in ("LSTM", "RNN")}
    over_time = [name for name in net.outputs if (tuple(net.blobs[name].shape) or (0,))[0] in steps]
    for name in over_time or net.outputs:
        gradient = net.blobs[name].diff
        gradient[-1 if over_time else ...] = 1
    return LAST

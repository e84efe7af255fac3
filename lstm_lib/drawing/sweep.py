"""What would this net do with another forget bias? Its states over time, for each of some."""
import numpy as np

from ..arguments import numbers, short
from ..errors import NetError
from ..nets import check_loaded
from .strip import states_of
from .structure.cell import typical_cell
from .structure.graph import read_graph
from .structure.recognise import NoLSTM, composed_parts, fused_parts
from .structure.steps import prepared


def forget_bias_sweep(net, biases):
    """Set each forget bias in turn, run forward and backward, and keep the states over time.

        f_t = sigmoid(W_xf x_t + b_f + W_hf h_{t-1}),  b_f = the same bias for all H units

    Whatever the net had before it has afterwards: weights, gradients, blobs.

    Parameters
    ----------
    net : a loaded net with an unrolled LSTM, or with Caffe's own, whose inputs are filled. All
        the LSTMs in it get the bias. biases : the numbers to try.

    Returns
    -------
    A dict that JSON can hold: `biases`; `own`, the mean of what the net has; and `runs`, for
    each bias what `states_over_time` returns.

    Raises
    ------
    NetError : the net has no LSTM that adds a bias to its gates, or there is no bias to try.

    Examples
    --------
    >>> from lstm_lib import caffe, load_net, unroll
    >>> from lstm_lib.drawing.sweep import forget_bias_sweep
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> net = load_net(unroll(ns, ns.x, 3, 4) and ns)
    >>> net.blobs["x"].data[...] = 1
    >>> sweep = forget_bias_sweep(net, [-1, 3])
    >>> f = sweep["runs"][1]["cells"][0]["rows"][1]
    >>> f["name"], f["data"][0][0] > 0.9  # sigmoid(3) = 0.95
    ('f', True)
    """
    check_loaded(net)
    biases = [float(bias) for bias in np.atleast_1d(numbers("biases", biases))]
    if not biases:
        raise NetError("biases are the numbers to try, like [-1, 0, 1, 3]; there is none.")
    graph = prepared(read_graph(net))
    places = _forget_biases(graph)
    own, kept = float(np.mean(places)), _copies(net)
    try:
        runs = [_run(net, graph, places, bias) for bias in biases]
    finally:
        for array, before in kept:
            array[...] = before
    return {"biases": biases, "own": own, "runs": runs}


def check_sweep(sweep, net):
    """Raise unless it is None, or what `forget_bias_sweep` returned for this loaded net."""
    if sweep is None:
        return
    if not isinstance(sweep, dict) or set(sweep) != {"biases", "own", "runs"} or net is None:
        raise NetError("sweep is what forget_bias_sweep(net, biases) returned for the loaded net "
                       f"that is drawn, got {short(sweep)}" + " and a net that is not loaded."
                       * (net is None))


def _run(net, graph, places, bias):
    for place in places:
        place[...] = bias
    net.forward()
    net.backward()
    return states_of(graph)


def _copies(net):
    """Each array of the net, with what it holds."""
    blobs = [*net.blobs.values(), *(blob for of_layer in net.params.values()
                                    for blob in of_layer)]
    return [(array, array.copy()) for blob in blobs for array in (blob.data, blob.diff)]


def _forget_biases(graph):
    """The second quarter of each LSTM's bias, in the memory of the net."""
    layers = [node.name for node in graph.nodes if node.type == "LSTM"]
    layers += [_projection(stack) for stack in graph.stacks]
    params = graph.net.params
    biases = [params[name][1].data for name in layers if name and len(params[name]) > 1]
    if not biases:
        raise NetError("this net has no LSTM with a bias of its gates: a forget bias is what "
                       "unroll(..., cell='composed') or Caffe's LSTM layer has.")
    return [bias[len(bias) // 4:len(bias) // 2] for bias in biases]


def _projection(stack):
    """The layer W_xc x + b_c of an LSTM, in the step or before all steps; None of another unit."""
    cell = typical_cell(stack)
    unit = next((node for node in cell.nodes if node.type == "LSTMUnit"), None)
    try:
        part = fused_parts(cell, unit) if unit else composed_parts(cell)
    except NoLSTM:
        return None
    if part["Mx"]:
        return cell.role[part["Mx"]].name
    makers = [blob.maker for blob in cell.role[part["z"]].bottoms
              if blob.maker.role != part["Mh"] or blob.maker.stack != stack.name]
    while makers and makers[0].type in ("Slice", "Split", "Reshape"):
        makers = [blob.maker for blob in makers[0].bottoms]
    return makers[0].name if makers and makers[0].type == "InnerProduct" else None

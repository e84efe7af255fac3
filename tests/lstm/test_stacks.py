"""Several layers and both directions, against NumPy, PyTorch and Keras."""
import numpy as np
import pytest
from conftest import B, D, H, T, input_layer, worst

from lstm_lib import (NetError, both_directions, caffe, get_gradients, load_net,
                      mask_from_lengths, set_weights, shared_weights, stack, xavier_start)
from lstm_lib.cells import CELLS, cell_of

cells = pytest.mark.parametrize("cell", CELLS)
UNITS = [("composed", "LSTM"), ("fused", "LSTM"), ("rnn", "RNN"), ("gru", "GRU")]
LENGTHS = [T, 2, 3]


def weights_of(cell, D, seed):
    rng = np.random.default_rng(seed)
    weights = xavier_start(D, H, rng, cell=cell)
    return weights._make([array if array.ndim > 1 else
                          rng.standard_normal(array.shape).astype("f") for array in weights])


def two_layers_both_ways(cell, hold=False):
    """The net, and its four units: [layer][forward, backward] -> (weights, names)."""
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    if hold:
        ns.hold = input_layer(T, B)
    options = dict(cell=cell, B=B, hold=ns.hold if hold else None)
    first = both_directions(ns, ns.x, T, H, prefix="layer1/", **options)
    second = both_directions(ns, first.h, T, H, prefix="layer2/", **options)
    net = load_net(ns, force_backward=True)
    units = []
    for layer, (made, size) in enumerate(((first, D), (second, 2 * H))):
        units.append([(weights_of(cell, size, 2 * layer + way), one.weight_names)
                      for way, one in enumerate((made.forward, made.backward))])
    for weights, names in units[0] + units[1]:
        set_weights(net, weights, names)
    return net, units


def torch_unit(torch, name, cell, units):
    """The same in PyTorch, with our weights; and how its rows are ordered."""
    unit = getattr(torch.nn, name)(D, H, num_layers=2, bidirectional=True)
    order = [0, 1, 3, 2] if name == "LSTM" else range(cell_of(cell).rows)

    def reordered(array):
        parts = np.split(array, cell_of(cell).rows)
        return torch.tensor(np.concatenate([parts[part] for part in order]))

    for layer, ways in enumerate(units):
        for (weights, _), way in zip(ways, ("", "_reverse")):
            arrays = list(weights) if name == "GRU" else [*weights, 0 * weights[1]]
            for part, array in zip(("weight_ih", "bias_ih", "weight_hh", "bias_hh"), arrays):
                getattr(unit, f"{part}_l{layer}{way}").data = reordered(array)
    return unit, reordered


@pytest.mark.parametrize("cell, name", UNITS)
def test_two_layers_in_both_directions_equal_pytorch_with_all_gradients(cell, name):
    torch = pytest.importorskip("torch")
    net, units = two_layers_both_ways(cell)
    unit, reordered = torch_unit(torch, name, cell, units)
    rng = np.random.default_rng(9)
    x, dH = rng.standard_normal((T, B, D)), rng.standard_normal((T, B, 2 * H))
    net.forward(x=x)
    net.blobs["layer2/H"].diff[...] = dH
    net.backward()
    theirs = torch.tensor(np.float32(x), requires_grad=True)
    output, _ = unit(theirs)
    (output * torch.tensor(np.float32(dH))).sum().backward()
    assert worst(net.blobs["layer2/H"].data, output.detach()) < 1e-6
    assert worst(net.blobs["x"].diff, theirs.grad) < 1e-5
    for layer, ways in enumerate(units):
        for (_, names), way in zip(ways, ("", "_reverse")):
            mine = get_gradients(net, names)
            for array, part in zip(mine, ("weight_ih", "bias_ih", "weight_hh")):
                grad = getattr(unit, f"{part}_l{layer}{way}").grad
                assert worst(reordered(array), grad) < 1e-5


@pytest.mark.parametrize("cell, name", UNITS)
def test_sequences_of_unequal_length_are_read_backwards_from_their_own_end(cell, name):
    torch = pytest.importorskip("torch")
    net, units = two_layers_both_ways(cell, hold=True)
    unit, _ = torch_unit(torch, name, cell, units)
    x = np.random.default_rng(9).standard_normal((T, B, D))
    mask = mask_from_lengths(LENGTHS, T)
    net.forward(x=x, hold=mask)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        torch.tensor(np.float32(x)), torch.tensor(LENGTHS), enforce_sorted=False)
    output, _ = torch.nn.utils.rnn.pad_packed_sequence(unit(packed)[0])
    assert worst(net.blobs["layer2/H"].data * mask[:, :, None], output.detach()) < 1e-6


@pytest.mark.parametrize("name, cell", [("LSTM", "composed"), ("SimpleRNN", "rnn")])
def test_both_directions_equal_keras_with_all_gradients(name, cell, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    made = both_directions(ns, ns.x, T, H, cell=cell)
    net, weights = load_net(ns, force_backward=True), [weights_of(cell, D, 0), weights_of(cell, D, 1)]
    for one, own in zip((made.forward, made.backward), weights):
        set_weights(net, own, one.weight_names)
    layer = keras.layers.Bidirectional(getattr(keras.layers, name)(H, return_sequences=True))
    rng = np.random.default_rng(9)
    x, dH = rng.standard_normal((T, B, D)), rng.standard_normal((T, B, 2 * H))
    theirs = torch.tensor(np.float32(x.transpose(1, 0, 2)), requires_grad=True)  # (B, T, D)
    layer(theirs)
    layer.set_weights([array for own in weights for array in as_in_keras(cell, own)])
    output = layer(theirs)
    (output * torch.tensor(np.float32(dH.transpose(1, 0, 2)))).sum().backward()
    net.forward(x=x)
    net.blobs["H"].diff[...] = dH
    net.backward()
    assert worst(net.blobs["H"].data, output.detach().numpy().transpose(1, 0, 2)) < 1e-6
    assert worst(net.blobs["x"].diff, theirs.grad.numpy().transpose(1, 0, 2)) < 1e-5
    mine = [array for one in (made.forward, made.backward)
            for array in as_in_keras(cell, get_gradients(net, one.weight_names))]
    for array, weight in zip(mine, layer.trainable_weights):
        assert worst(array, weight.value.grad) < 1e-5


def as_in_keras(cell, weights):
    """Kernel, recurrent kernel and bias, with the gates in the order i, f, g, o."""
    order = [0, 1, 3, 2] if cell == "composed" else [0]
    parts = [np.split(array, cell_of(cell).rows) for array in weights]
    W, b, U = [np.concatenate([part[place] for place in order]) for part in parts]
    return W.T, U.T, b


@cells
def test_a_layer_reads_the_outputs_of_the_one_below(cell):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    made = stack(ns, ns.x, T, [H, 2], cell=cell)
    net = load_net(ns)
    net.forward(x=np.random.default_rng(0).standard_normal((T, B, D)))
    alone = caffe.NetSpec()
    alone.x = input_layer(T, B, H)
    stack(alone, alone.x, T, [2], cell=cell)
    second = load_net(alone)
    for name in made[1].weight_names:
        mine = name.replace("layer2", "layer1")
        shared_weights(second)[mine][0].data[...] = shared_weights(net)[name][0].data
    second.forward(x=net.blobs["layer1/H"].data)
    assert np.array_equal(second.blobs["layer1/H"].data, net.blobs["layer2/H"].data)


def test_dropout_stands_between_layers_only_and_is_off_in_test():
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    stack(ns, ns.x, T, [H, H, 2], dropout=0.5)
    net = load_net(ns)
    drops = [layer for layer in net.spec.layer if layer.type == "Dropout"]
    assert [layer.name for layer in drops] == [
        f"layer{n}/t{t}/dropout" for n in (1, 2) for t in range(1, T + 1)]
    x = np.random.default_rng(0).standard_normal((T, B, D))
    test = load_net(ns, phase=caffe.TEST)
    test.share_with(net)
    assert np.array_equal(test.forward(x=x)["layer3/H"], test.forward(x=x)["layer3/H"])
    assert not np.array_equal(net.forward(x=x)["layer3/H"].copy(), net.forward(x=x)["layer3/H"])


def test_masks_are_cut_once_for_all_layers():
    ns = caffe.NetSpec()
    ns.x, ns.hold, ns.cont = input_layer(T, B, D), input_layer(T, B), input_layer(T, B)
    stack(ns, ns.x, T, [H, H], hold=ns.hold, cont=ns.cont)
    names = [layer.name for layer in ns.to_proto().layer if layer.type == "Slice"
             and layer.bottom[0] in ("hold", "cont")]
    assert names == ["hold/slice", "cont/slice"]


@pytest.mark.parametrize("wrong, said", [
    (dict(sizes=4), "sizes lists H"), (dict(sizes=[]), "sizes lists H"),
    (dict(sizes=[4], dropout=1), "dropout is a part"), (dict(sizes=[4], dropout="half"), "dropout")])
def test_what_is_no_stack_is_named_and_adds_no_layer(wrong, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    with pytest.raises(NetError, match=said):
        stack(ns, ns.x, T, **wrong)
    assert list(ns.tops) == ["x"]

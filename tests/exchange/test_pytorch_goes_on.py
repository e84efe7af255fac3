"""What notebook 09 says of PyTorch beyond one layer's forward: where torch is installed."""
import numpy as np
import pytest
from conftest import B, D, H, L, T, input_layer

from lstm_lib import (caffe, from_pytorch, get_weights, load_net, make_solver, set_weights,
                      stack, to_pytorch, unroll, xavier_start)

torch = pytest.importorskip("torch")
RATE = 0.1


def trained_in_pytorch(weights, x, steps):
    """LSTMWeights after `steps` of plain gradient descent on |H|^2 / 2T."""
    lstm = torch.nn.LSTM(D, H)
    lstm.load_state_dict({name: torch.from_numpy(array)
                          for name, array in to_pytorch(weights).items()})
    descent = torch.optim.SGD(lstm.parameters(), lr=RATE)
    for _ in range(steps):
        descent.zero_grad()
        outputs, _ = lstm(torch.from_numpy(x))
        ((outputs ** 2).sum() / (2 * T)).backward()
        descent.step()
    return from_pytorch(lstm.state_dict())


def trained_in_caffe(weights, x, steps, bias_mult=None):
    """The same by Caffe's solver, whose EuclideanLoss is |H|^2 / 2T."""
    ns = caffe.NetSpec()
    ns.x, ns.zeros = input_layer(T, B, D), input_layer(T, B, H)
    unroll(ns, ns.x, T, H)
    ns.loss = L.EuclideanLoss(ns.H, ns.zeros)
    proto = ns.to_proto()
    for layer in proto.layer:
        if len(layer.param) == 2 and bias_mult:
            layer.param[1].lr_mult = bias_mult
    solver = make_solver(proto, base_lr=RATE, lr_policy="fixed")
    set_weights(solver.net, weights)
    solver.net.blobs["x"].data[...] = x
    solver.step(steps)
    return get_weights(solver.net)


def test_gradient_descent_in_pytorch_moves_its_two_biases_as_far_as_caffe_moves_its_one(rng):
    weights = xavier_start(D, H, rng)._replace(b_c=rng.standard_normal(4 * H).astype("f"))
    x = rng.standard_normal((T, B, D)).astype("f")
    theirs = trained_in_pytorch(weights, x, 20)
    for array, ours in zip(theirs, trained_in_caffe(weights, x, 20)):
        assert abs(array - ours).max() < 1e-5
    assert abs(theirs.b_c - trained_in_caffe(weights, x, 20, bias_mult=1).b_c).max() > 1e-2


def test_two_layers_of_pytorch_are_a_stack_of_two(rng):
    x = rng.standard_normal((T, B, D)).astype("f")
    theirs = torch.nn.LSTM(D, H, num_layers=2)
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    layers = stack(ns, ns.x, T, [H, H])
    net = load_net(ns)
    for made, weights in zip(layers, from_pytorch(theirs.state_dict())):
        set_weights(net, weights, made.weight_names)
    net.forward(x=x)
    with torch.no_grad():
        outputs, _ = theirs(torch.from_numpy(x))
    assert np.abs(net.blobs["layer2/H"].data - outputs.numpy()).max() < 1e-6

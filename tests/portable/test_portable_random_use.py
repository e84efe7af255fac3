"""On a GPU nets give NumPy's numbers, whatever Python looks at, writes and reshapes meanwhile.

Tried on a stand-in for a GPU (portable_far.py), and on a CUDA GPU where there is one.
"""
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import arrays, layers as L

from portable_nets import fill, inputs, learning_net, sliced_net
from portable_specs import SPECS, made

torch = pytest.importorskip("torch", reason="PyTorch is not installed here")
from portable_far import far, graphs  # noqa: E402, F401 - needs PyTorch


@pytest.fixture(params=["stand-in", "GPU"])
def both(request):
    """What a function gives on the GPU, and what it gives on NumPy."""
    if request.param == "stand-in":
        request.getfixturevalue("graphs")
    elif torch.cuda.is_available():
        pc.set_mode_gpu()
        request.addfinalizer(pc.set_mode_cpu)
    else:
        pytest.skip("no CUDA GPU here")

    def run(work):
        found = work()
        arrays.current = arrays.arrays_of("numpy", "cpu")
        return found, work()
    return run


def assert_same(found, expected):
    for (what, mine), (same, numpys) in zip(found, expected):
        assert what == same
        np.testing.assert_allclose(mine, numpys, rtol=1e-3, atol=1e-4, err_msg=what)
    assert len(found) == len(expected)


def use_at_random(net, seed, runs=12):
    """What Python sees of a net between its runs, among writing and clearing now and then."""
    rng, seen, names = np.random.default_rng(seed), [], list(net.blobs)
    curious = 0.15 * (seed % 3)
    weights = [blob for blobs in net.params.values() for blob in blobs]

    def look(side):
        for name in rng.choice(names, 2):
            array = getattr(net.blobs[name], side) if rng.random() < curious else np.zeros(0)
            if side == "data" or array.any():  # gradients that nobody needs are not computed
                seen.append((f"{name}.{side} after {run}", array.copy()))

    for run in range(runs):
        if "x" in net.blobs and rng.random() < 0.6:
            net.blobs["x"].data[...] = rng.standard_normal(net.blobs["x"].shape)
        for blob in weights:
            if rng.random() < curious:
                blob.data[...] *= 0.9
        if rng.random() < 0.7:
            net.clear_param_diffs()
        net.forward(), look("data"), net.backward(), look("diff")
    return (seen + [("a weight's gradient", blob.diff.copy()) for blob in weights]
            + [(name, net.blobs[name].data.copy()) for name in names])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_what_python_sees_of_a_net_is_what_numpy_computes(spec, seed, both):
    assert_same(*both(lambda: use_at_random(made(spec()), seed)))


def test_other_shapes_after_any_run_change_no_number(both):
    def work():
        net, seen = made(learning_net()), []
        for batch, runs in ((4, 1), (3, 1), (4, 4), (3, 3), (8, 1), (4, 2)):
            net.blobs["x"].reshape(batch, 5)
            net.blobs["label"].reshape(batch)
            net.blobs["x"].data[...] = np.arange(5 * batch).reshape(batch, 5) / 40
            net.blobs["label"].data[...] = np.arange(batch) % 3
            for _ in range(runs):
                net.clear_param_diffs()
                seen.append((f"loss of {batch}", net.forward()["loss"].copy()))
                net.backward()
            seen.append((f"gradient of {batch}", net.params["a"][0].diff.copy()))
        return seen
    assert_same(*both(work))


def test_steps_of_a_recurrent_layer_in_batches_of_other_sizes_give_the_same_numbers(both):
    def work():
        T, D, H, seen = 3, 5, 20, []  # a kernel may differ where 16 divides B H
        ns = inputs(pc.NetSpec(), x=(T, 4, D), cont=(T, 4))
        ns.h = L.LSTM(ns.x, ns.cont, recurrent_param=dict(
            num_output=H, weight_filler=dict(type="constant", value=0.1)))
        net = fill(pc.Net(ns.to_proto(), pc.TRAIN))
        for batch, runs in ((4, 1), (3, 1), (4, 4), (3, 3), (4, 1)):
            net.blobs["x"].reshape(T, batch, D)
            net.blobs["cont"].reshape(T, batch)
            net.blobs["x"].data[...] = np.arange(T * batch * D).reshape(T, batch, D) / 50
            net.blobs["cont"].data[...] = [[0]] + [[1]] * (T - 1)
            for _ in range(runs):
                seen.append((f"h of {batch}", net.forward()["h"].copy()))
        return seen
    assert_same(*both(work))


def test_average_pooling_gives_the_same_after_a_reshape_of_any_net(both):
    def work():
        ns = inputs(pc.NetSpec(), x=(2, 3, 5, 5))
        ns.y = L.Pooling(ns.x, pool=1, kernel_size=3, stride=2)
        net, other = (fill(pc.Net(ns.to_proto(), pc.TEST)) for _ in range(2))
        seen = [("at first", net.forward()["y"].copy())]
        net.reshape()
        seen += [("then", net.forward()["y"].copy()) for _ in range(3)]
        other.blobs["x"].reshape(1, 3, 5, 5)
        return seen + [("at last", net.forward()["y"].copy()) for _ in range(3)]
    assert_same(*both(work))


def test_writing_a_blob_leaves_what_was_cut_from_it_before(both):
    def work():
        net = made(sliced_net())
        net.forward()
        net.blobs["p"].data[...] = 9
        net.forward(start="q")
        return [(name, net.blobs[name].data.copy()) for name in "paq"]
    assert_same(*both(work))

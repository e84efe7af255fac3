"""Two layers that learn and have one name: Caffe builds them, and a file would keep one."""
import numpy as np
import pytest

from lstm_lib import NetError, load_net, make_solver, save_weights

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'


def product(name, top, weight=""):
    return (f'layer {{ name: "{name}" type: "InnerProduct" bottom: "x" top: "{top}" '
            f'param {{ name: "{weight}" }} inner_product_param {{ num_output: 3 bias_term: false '
            'weight_filler { type: "uniform" min: 1 max: 2 } } }')


TWICE = X + product("p", "a") + product("p", "b")
WAYS = {"save_weights": lambda net, path: save_weights(net, path),
        "net.save": lambda net, path: net.save(str(path))}


@pytest.mark.parametrize("way", ["save_weights", "net.save"])
def test_a_net_with_two_layers_of_one_name_is_not_saved(way, tmp_path):
    net = load_net(TWICE)
    with pytest.raises(NetError, match="2 layers of this net with weights are called 'p'"):
        WAYS[way](net, tmp_path / "w.caffemodel")
    assert not list(tmp_path.iterdir())
    assert np.all(net.forward()["a"] == 0)  # and it still runs


def test_a_solver_writes_no_snapshot_of_such_a_net(tmp_path):
    text = TWICE + 'layer { name: "l" type: "EuclideanLoss" bottom: "a" bottom: "b" top: "l" }'
    solver = make_solver(text, base_lr=0.1, snapshot_prefix=str(tmp_path / "s"))
    solver.step(1)
    with pytest.raises(NetError, match="are called 'p'"):
        solver.snapshot()
    assert not list(tmp_path.glob("s*"))


@pytest.mark.parametrize("way", ["save_weights", "net.save"])
def test_layers_of_one_name_that_share_all_their_weights_are_saved(way, tmp_path):
    text = X + product("p", "a", "w") + product("p", "b", "w")
    net, path = load_net(text), tmp_path / "w.caffemodel"
    WAYS[way](net, path)
    other = load_net(text, weights=str(path))
    for number in (0, 1):
        loaded = [layer for layer in other.layers if layer.type == "InnerProduct"][number]
        assert np.array_equal(loaded.blobs[0].data, net.params["p"][0].data)

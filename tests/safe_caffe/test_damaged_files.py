"""A file of weights or of a solver that was cut short or damaged is explained, on both engines."""
import random

import pytest

from lstm_lib import NetError, caffe, load_net, make_solver, save_weights
from lstm_lib.safe_caffe.portable import safe as portable

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param {
  num_output: 3 weight_filler { type: "xavier" } } }
layer { name: "z" type: "EuclideanLoss" bottom: "y" bottom: "x" top: "z" }"""


def damaged(data):
    """The bytes cut short everywhere, and with one to three others in them."""
    rng = random.Random(1)
    for end in range(len(data)):
        yield data[:end]
    for _ in range(200):
        other = bytearray(data)
        for _ in range(rng.randint(1, 3)):
            other[rng.randrange(len(data))] = rng.randrange(256)
        yield bytes(other)


def taken(read, path):
    """Whether a file was read; it may raise nothing but `NetError`."""
    try:
        read(str(path))
    except NetError:
        return False
    return True


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "w.caffemodel"
    save_weights(load_net(NET), str(path))
    return path


def test_damaged_weights_load_on_both_engines_or_are_explained_on_both(weights, tmp_path):
    (tmp_path / "net.prototxt").write_text(NET)
    nets = [load_net(NET), portable.Net(str(tmp_path / "net.prototxt"), portable.TRAIN)]
    outcomes = []
    for data in damaged(weights.read_bytes()):
        weights.write_bytes(data)
        outcomes.append([taken(net.copy_from, weights) for net in nets])
    assert [True, True] in outcomes and [False, False] in outcomes
    assert [False, True] not in outcomes and [True, False] not in outcomes


@pytest.mark.parametrize("dims", [(2 ** 63 - 1, 1), (2 ** 31, 2 ** 31), (-1, 3), (3, 4), (0, 3)])
def test_a_shape_that_is_not_that_of_the_numbers_is_explained(dims, weights):
    stored = caffe.proto.caffe_pb2.NetParameter.FromString(weights.read_bytes())
    stored.layer[0].blobs[0].shape.dim[:] = dims
    weights.write_bytes(stored.SerializeToString())
    with pytest.raises(NetError):
        load_net(NET).copy_from(str(weights))


def test_a_damaged_state_of_a_solver_changes_nothing_or_is_restored(tmp_path):
    solver = make_solver(NET, base_lr=0.1, momentum=0.9, snapshot_prefix=str(tmp_path / "s"))
    solver.step(2)
    path = tmp_path / "s_iter_2.solverstate"
    solver.snapshot()
    good, solver = path.read_bytes(), make_solver(NET, base_lr=0.1, momentum=0.9)
    for data in damaged(good):
        path.write_bytes(data)
        before = solver.iter
        assert taken(solver.restore, path) or solver.iter == before
    path.write_bytes(good)
    solver.restore(str(path))
    assert solver.iter == 2

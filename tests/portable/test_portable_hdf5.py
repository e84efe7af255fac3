"""Weights and snapshots in HDF5 files; beside real Caffe where that is here."""
import h5py
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import layers as L

from portable_nets import fill, inputs, learning_net, unshared_weights, write
from test_portable_data import ENGINES, caffe_of


def shared_net():
    """Two layers that share a weight, each with a bias of its own."""
    ns, options = inputs(pc.NetSpec(), x=(2, 3)), dict(num_output=3, param=[dict(name="W"), dict()])
    ns.a = L.InnerProduct(ns.x, **options)
    ns.b = L.InnerProduct(ns.a, **options)
    return ns.to_proto()


@pytest.mark.parametrize("reader", ENGINES)
@pytest.mark.parametrize("writer", ENGINES)
def test_weights_go_through_hdf5_from_either_caffe_to_either(writer, reader, tmp_path):
    path, weights = write(tmp_path, shared_net()), str(tmp_path / "w.h5")
    one, other, third = (caffe_of(engine).Net(path, pc.TRAIN) for engine in (writer, reader, reader))
    fill(one).save_hdf5(weights)
    other.load_hdf5(weights)
    third.copy_from(weights)
    for name, blobs in one.params.items():
        for index, blob in enumerate(blobs):
            for net in (other, third):
                assert np.array_equal(net.params[name][index].data, blob.data)
    with h5py.File(weights) as file:
        assert sorted(file["data/a"]) == ["0", "1"] and sorted(file["data/b"]) == ["1"]
        assert sorted(file["data"]) == sorted(one._layer_names)


def test_weights_of_other_sizes_in_hdf5_change_nothing(tmp_path):
    ns = inputs(pc.NetSpec(), x=(2, 5))
    ns.a = L.InnerProduct(ns.x, num_output=7)
    ns.score = L.InnerProduct(ns.a, num_output=4)  # 3 in the other net
    net, other = pc.Net(ns.to_proto(), pc.TRAIN), fill(pc.Net(learning_net(), pc.TRAIN))
    other.save_hdf5(str(tmp_path / "w.h5"))
    with pytest.raises(pc.NetError, match=r"'score'(.|\n)*\(3, 7\) in the file, \(4, 7\) here"):
        net.load_hdf5(str(tmp_path / "w.h5"))
    assert not any(blob.data.any() for blob in unshared_weights(net).values())


def test_hdf5_without_a_weight_that_no_other_layer_owns_raises(tmp_path):
    net = pc.Net(learning_net(), pc.TRAIN)
    net.save_hdf5(str(tmp_path / "w.h5"))
    with h5py.File(tmp_path / "w.h5", "a") as file:
        del file["data/a/1"]
    with pytest.raises(pc.NetError, match="Incompatible number of blobs for layer a"):
        net.load_hdf5(str(tmp_path / "w.h5"))


def test_a_dataset_where_a_group_should_be_raises(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["data/a"] = 1
    with h5py.File(tmp_path / "s.h5", "w") as file:
        file["iter/a"] = 1
    net = write(tmp_path, learning_net())
    solver = pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 0.1 lr_policy: "fixed"', "s"))
    for act, path in ((solver.net.load_hdf5, "w.h5"), (solver.restore, "s.h5")):
        with pytest.raises(pc.NetError, match=path):
            act(str(tmp_path / path))


@pytest.mark.parametrize("data", [b"", b"rubbish", b"\x89HDF\r\n\x1a\n rubbish"])
def test_a_file_that_is_no_hdf5_raises(data, tmp_path):
    (tmp_path / "w.h5").write_bytes(data)
    with pytest.raises(pc.NetError, match="Could not read the HDF5 file .*w.h5"):
        pc.Net(learning_net(), pc.TRAIN).load_hdf5(str(tmp_path / "w.h5"))


def test_a_layer_whose_name_has_a_slash_is_not_written(tmp_path):
    ns = inputs(pc.NetSpec(), x=(2, 5))
    ns["a/b"] = L.TanH(ns.x)
    with pytest.raises(pc.NetError, match=r"layer 'a/b' has one. Use save\(path\)"):
        pc.Net(ns.to_proto(), pc.TRAIN).save_hdf5(str(tmp_path / "w.h5"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("reader", ENGINES)
@pytest.mark.parametrize("writer", ENGINES)
def test_a_solver_goes_on_where_a_snapshot_in_hdf5_of_either_caffe_stands(
        writer, reader, kind, tmp_path):
    net = write(tmp_path, learning_net())
    path = write(tmp_path, f'net: "{net}" type: "{kind}" base_lr: 0.1 momentum: 0.9 '
                 f'lr_policy: "fixed" snapshot_format: HDF5 snapshot_prefix: "{tmp_path}/s" '
                 'solver_mode: CPU snapshot_diff: true', "solver.prototxt")
    one, other = (caffe_of(engine).get_solver(path) for engine in (writer, reader))
    fill(one.net), fill(other.net)
    one.step(3)
    one.snapshot()
    other.restore(str(tmp_path / "s_iter_3.solverstate.h5"))
    one.step(2), other.step(2)
    assert other.iter == 5
    for name, blobs in one.net.params.items():
        for mine, theirs in zip(other.net.params[name], blobs):
            np.testing.assert_allclose(mine.data, theirs.data, rtol=1e-4, atol=1e-6)
    with h5py.File(tmp_path / "s_iter_3.caffemodel.h5") as file:
        assert sorted(file) == ["data", "diff"] and file["diff/a/0"].shape == (7, 5)


@pytest.mark.parametrize("data", [b"", b"rubbish", b"\x89HDF\r\n\x1a\n rubbish"])
def test_a_state_in_hdf5_that_is_damaged_raises_and_changes_nothing(data, tmp_path):
    net = write(tmp_path, learning_net())
    solver = pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 0.1 lr_policy: "fixed"', "s"))
    (tmp_path / "x.solverstate.h5").write_bytes(data)
    with pytest.raises(pc.NetError, match="Could not read the HDF5 file .*x.solverstate.h5"):
        solver.restore(str(tmp_path / "x.solverstate.h5"))
    assert solver.iter == 0

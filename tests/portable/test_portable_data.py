"""HDF5 files and arrays that a net reads and writes; beside real Caffe where that is here."""
import importlib.util
import sys

import h5py
import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe import layers as L

from portable_nets import inputs, learning_net, write

HAS_REAL = importlib.util.find_spec("caffe") is not None
ENGINES = ["portable", pytest.param("real", marks=pytest.mark.skipif(
    not HAS_REAL, reason="real Caffe is not installed here"))]


def caffe_of(engine):
    if engine == "portable":
        return pc
    from portable_caffe.judge.compare import real_caffe
    return real_caffe()


def reading(folder, *files, tops=("data", "label"), **options):
    """A net of an HDF5Data layer that reads these files: dicts of datasets, or paths."""
    paths = []
    for number, data in enumerate(files):
        paths.append(data if isinstance(data, str) else str(folder / f"{number}.h5"))
        if not isinstance(data, str):
            with h5py.File(paths[-1], "w") as file:
                file.update(data)
    (folder / "list.txt").write_text("\n".join(paths))
    ns = pc.NetSpec()
    made = L.HDF5Data(ntop=len(tops), source=str(folder / "list.txt"), name="reads", **options)
    for name, top in zip(tops, made if len(tops) > 1 else [made]):
        ns[name] = top
    return write(folder, ns.to_proto())


def rows(first, count):
    """`count` rows of two numbers and a label, the numbers first, first + 1, ..."""
    numbers = np.arange(first, first + count)
    return dict(data=np.stack([numbers, -numbers], 1).astype("f"), label=numbers.astype("i8"))


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_come_one_after_the_other_from_file_to_file_and_from_the_first_again(engine, tmp_path):
    net = caffe_of(engine).Net(reading(tmp_path, rows(0, 3), rows(3, 4), batch_size=5), pc.TEST)
    seen = [net.forward()["label"].copy() for _ in range(4)]
    assert np.concatenate(seen).tolist() == [*range(7), *range(7), *range(6)]
    assert net.blobs["data"].data[-1].tolist() == [5, -5] and net.blobs["data"].shape[0] == 5


@pytest.mark.parametrize("engine", ENGINES)
def test_one_file_comes_again_after_its_last_row(engine, tmp_path):
    net = caffe_of(engine).Net(reading(tmp_path, rows(0, 3), batch_size=2), pc.TEST)
    assert [net.forward()["label"].tolist() for _ in range(3)] == [[0, 1], [2, 0], [1, 2]]


def test_shuffled_rows_come_each_once_in_other_orders(tmp_path):
    path = reading(tmp_path, rows(0, 30), rows(30, 10), batch_size=40, shuffle=True)
    net = pc.Net(path, pc.TRAIN)
    runs = [net.forward()["label"].astype(int).tolist() for _ in range(3)]
    assert all(sorted(run) == list(range(40)) for run in runs)
    assert len({tuple(run) for run in [*runs, range(40)]}) == 4


WRONG = {
    "has no dataset 'label'; it has data": [dict(data=np.ones((2, 2)))],
    "must have as many rows": [dict(data=np.ones((2, 2)), label=np.ones(3))],
    "must have rows": [dict(data=np.ones((0, 2)), label=np.ones(0))],
    "holds no numbers": [dict(data=np.array([b"a", b"b"]), label=np.ones(2))],
    "need rows of one length": [dict(data=np.ones((2, 2)), label=np.ones(2)),
                                dict(data=np.ones((2, 3)), label=np.ones(2))],
    "Could not read the HDF5 file nowhere.h5": ["nowhere.h5"],
    "lists no file": [],
}


@pytest.mark.parametrize("said", WRONG)
def test_files_that_do_not_fit_raise_with_the_layer(said, tmp_path):
    with pytest.raises(pc.NetError, match=f"(?s)'reads' .HDF5Data.*{said}"):
        pc.Net(reading(tmp_path, *WRONG[said], batch_size=1), pc.TRAIN)


def test_a_file_that_is_damaged_raises_each_time_until_it_is_whole(tmp_path):
    net = pc.Net(reading(tmp_path, rows(0, 1), rows(1, 2), batch_size=1), pc.TRAIN)
    whole = (tmp_path / "1.h5").read_bytes()
    (tmp_path / "1.h5").write_bytes(whole[:900])
    for _ in range(3):
        with pytest.raises(pc.NetError, match="'reads' .HDF5Data.*1.h5"):
            net.forward()
    (tmp_path / "1.h5").write_bytes(whole)
    assert [net.forward()["label"].item() for _ in range(3)] == [1, 2, 0]


def test_a_list_that_is_not_there_and_options_that_do_nothing_raise(tmp_path):
    for options, said in ((dict(source="nowhere"), "Could not open file nowhere"),
                          (dict(transform_param=dict(scale=2)), "does not transform data")):
        ns = pc.NetSpec()
        ns.x = L.HDF5Data(name="reads", **options)
        with pytest.raises(pc.NetError, match=f"'reads' .HDF5Data.*{said}"):
            pc.Net(ns.to_proto(), pc.TRAIN)


def test_without_h5py_an_error_says_what_to_install(tmp_path, monkeypatch):
    path = reading(tmp_path, rows(0, 1), batch_size=1)
    monkeypatch.setitem(sys.modules, "h5py", None)
    for act in (lambda: pc.Net(path, pc.TRAIN),
                lambda: pc.Net(learning_net(), pc.TRAIN).save_hdf5(str(tmp_path / "w.h5")),
                lambda: pc.Net(learning_net(), pc.TRAIN).load_hdf5(str(tmp_path / "0.h5"))):
        with pytest.raises(pc.NetError, match="pip install h5py"):
            act()


# HDF5Output ----------------------------------------------------------------------------


def writing(folder):
    ns = inputs(pc.NetSpec(), x=(3, 2), y=(3,))
    ns.silent = L.Power(ns.x, scale=2)
    ns.out = L.HDF5Output(ns.silent, ns.y, ntop=0, file_name=str(folder / "out.h5"))
    return write(folder, ns.to_proto())


@pytest.mark.parametrize("engine", ENGINES)
def test_what_hdf5_output_writes_is_read_with_four_axes(engine, tmp_path):
    net = caffe_of(engine).Net(writing(tmp_path), pc.TEST)
    net.blobs["x"].data[...] = [[1, 2], [3, 4], [5, 6]]
    net.blobs["y"].data[...] = [7, 8, 9]
    net.forward()
    del net
    with h5py.File(tmp_path / "out.h5") as file:
        assert sorted(file) == ["data", "label"] and file["data"].dtype == np.float32
        assert np.array_equal(file["data"][...].squeeze(), [[2, 4], [6, 8], [10, 12]])
        assert file["data"].shape == (3, 2, 1, 1) and file["label"].shape == (3, 1, 1, 1)


def test_each_run_of_hdf5_output_replaces_the_file_and_a_failed_one_leaves_it(tmp_path):
    net = pc.Net(writing(tmp_path), pc.TEST)
    assert not (tmp_path / "out.h5").exists()
    for value in (1, 2):
        net.blobs["x"].data[...] = value
        net.forward()
        with h5py.File(tmp_path / "out.h5") as file:
            assert (file["data"][...] == 2 * value).all()
    net.blobs["y"].reshape(2)
    with pytest.raises(pc.NetError, match="'out' .HDF5Output.*as many rows"):
        net.forward()
    assert h5py.File(tmp_path / "out.h5")["data"][0, 0, 0, 0] == 4
    assert {path.name for path in tmp_path.iterdir()} == {"net.prototxt", "out.h5"}


# MemoryData ----------------------------------------------------------------------------


def memory_net(folder, batch=2):
    ns = pc.NetSpec()
    ns.data, ns.label = L.MemoryData(batch_size=batch, channels=1, height=2, width=3, ntop=2)
    ns.score = L.InnerProduct(ns.data, num_output=3, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.score, ns.label)
    return write(folder, ns.to_proto())


@pytest.mark.parametrize("engine", ENGINES)
def test_memory_data_brings_its_arrays_batch_by_batch_in_a_circle(engine, tmp_path):
    net = caffe_of(engine).Net(memory_net(tmp_path), pc.TRAIN)
    data = np.arange(36, dtype="f").reshape(6, 1, 2, 3)
    assert net.blobs["label"].data.shape == (2,)
    net.set_input_arrays(data, np.arange(6, dtype="f") % 3)
    for start in (0, 2, 4, 0):
        net.forward()
        assert np.array_equal(net.blobs["data"].data, data[start:start + 2])
        assert net.blobs["label"].data.shape == (2, 1, 1, 1)
        assert net.blobs["label"].data.ravel().tolist() == [start % 3, (start + 1) % 3]
    net.backward()
    assert net.params["score"][0].diff.any()


def test_memory_data_without_arrays_raises(tmp_path):
    with pytest.raises(pc.NetError, match=r"MemoryData.*set_input_arrays\(data, labels\)"):
        pc.Net(memory_net(tmp_path), pc.TRAIN).forward()


GOOD = np.ones((2, 1, 2, 3), "f"), np.ones(2, "f")


@pytest.mark.parametrize("data, labels, said", [
    (GOOD[0].astype("d"), GOOD[1], "the data must be a NumPy array of float32, got float64"),
    (GOOD[0][:1], GOOD[1][:1], "a multiple of 2"), (GOOD[0][:0], GOOD[1][:0], "got .0, 1, 2, 3"),
    (np.ones((2, 1, 3, 2), "f"), GOOD[1], r"got \(2, 1, 3, 2\)"),
    (np.ones((2, 1, 3, 2), "f").transpose(0, 1, 3, 2), GOOD[1], "contiguous"),
    (GOOD[0], np.ones((2, 2), "f"), "the labels must have the shape"), (GOOD[0], [1, 1], "list"),
    (GOOD[0], np.ones(4, "f"), "2 rows of data and 4 labels"), (None, None, "NoneType")])
def test_arrays_that_do_not_fit_memory_data_raise(data, labels, said, tmp_path):
    with pytest.raises(pc.NetError, match=f"do not fit the MemoryData layer.*{said}"):
        pc.Net(memory_net(tmp_path), pc.TRAIN).set_input_arrays(data, labels)


def test_arrays_for_a_net_without_memory_data_raise():
    with pytest.raises(pc.NetError, match="first layer is MemoryData"):
        pc.Net(learning_net(), pc.TRAIN).set_input_arrays(*GOOD)

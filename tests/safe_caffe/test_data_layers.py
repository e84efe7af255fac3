"""Nets that read files while they run: what is wrong in a file raises when its turn comes."""
import h5py
import numpy as np
import pytest
from conftest import on_real_caffe
from test_errors import layer
from test_kept_arrays import inputs

from lstm_lib import NetError, load_net, make_solver


def images(folder, *sizes, batch=1, more=""):
    from PIL import Image
    with open(folder / "list.txt", "w", encoding="utf-8") as listed:
        for number, (height, width) in enumerate(sizes):
            path = folder / f"{number}.png"
            Image.fromarray(np.full((height, width, 3), number, "u1")).save(path)
            listed.write(f"{path} {number}\n")
    return layer("ImageData", f'image_data_param {{ source: "{folder / "list.txt"}" '
                 f'batch_size: {batch} {more} }}', (), ("x", "label"), "images")


def product(bottom="x", outputs=3):
    return layer("InnerProduct", f"inner_product_param {{ num_output: {outputs} }}", (bottom,),
                 ("s",), "s")


@on_real_caffe
def test_images_of_two_sizes_before_a_product_raise_with_its_name(tmp_path):
    net = load_net(images(tmp_path, (8, 8), (10, 9)) + product())
    net.forward()
    with pytest.raises(NetError, match=r"'s' \(InnerProduct\)(.|\n)*x \(1, 3, 10, 9\)"):
        for _ in range(2):
            net.forward()


@on_real_caffe
def test_a_solver_stops_at_images_of_another_size_too(tmp_path):
    solver = make_solver(images(tmp_path, (8, 8), (10, 9)) + product() + layer(
        "SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss"), base_lr=0.0001)
    with pytest.raises(NetError, match=r"'s' \(InnerProduct\)"):
        solver.step(3)


@on_real_caffe
def test_images_of_two_sizes_that_fit_are_read(tmp_path):
    net = load_net(images(tmp_path, (8, 8), (10, 9)) + layer("TanH", tops=("y",)))
    assert [net.forward()["y"].shape[2:] for _ in range(3)] == [(8, 8), (10, 9), (8, 8)]


@on_real_caffe
@pytest.mark.parametrize("last", [
    layer("ArgMax", "", ("s",), ("y",), "last"), layer("Threshold", "", ("s",), ("y",), "last"),
    layer("Accuracy", "loss_weight: 1", ("s", "label"), ("y",), "last")])
def test_a_layer_without_a_backward_pass_behind_images_raises(tmp_path, last):
    net = load_net(images(tmp_path, (4, 4), (4, 4)) + product() + last + (
        "" if "loss" in last else layer("Reduction", "loss_weight: 1", ("y",), ("l",), "sum")))
    net.forward()
    with pytest.raises(NetError, match="'last'"):
        net.backward()


@on_real_caffe
def test_stochastic_pooling_behind_images_raises(tmp_path):
    net = load_net(images(tmp_path, (4, 4)) + layer(
        "Pooling", "pooling_param { pool: STOCHASTIC kernel_size: 2 }", name="pool"))
    with pytest.raises(NetError, match="'pool'"):
        net.forward()


@on_real_caffe
def test_labels_of_images_out_of_range_raise(tmp_path):
    net = load_net(images(tmp_path, *[(4, 4)] * 3) + product(outputs=2) + layer(
        "SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss"))
    net.forward(), net.forward()
    with pytest.raises(NetError, match="from 0 to 1, got 2"):
        net.forward()


def hdf5(path, rows, dim=3):
    """A file with the datasets `data` and `label`."""
    with h5py.File(path, "w") as file:
        file["data"], file["label"] = np.full((rows, dim), rows, "f"), np.zeros((rows, 1), "f")
    return path


def reading(folder, *paths, batch=2):
    (folder / "list.txt").write_text("".join(f"{path}\n" for path in paths))
    return layer("HDF5Data", f'hdf5_data_param {{ source: "{folder / "list.txt"}" '
                 f'batch_size: {batch} }}', (), ("data", "label"), "reads")


def test_a_list_of_good_files_is_read_again_and_again(tmp_path):
    net = load_net(reading(tmp_path, hdf5(tmp_path / "a", 2), hdf5(tmp_path / "b", 4)))
    assert [net.forward()["data"].flat[0] for _ in range(4)] == [2, 4, 4, 2]


def test_a_third_file_without_a_dataset_raises_when_its_turn_comes(tmp_path):
    weights = load_net(inputs(data=(1, 2)) + layer(
        "InnerProduct", "inner_product_param { num_output: 2 }", ("data",)))
    weights.save_hdf5(str(tmp_path / "c"))
    net = load_net(reading(tmp_path, hdf5(tmp_path / "a", 2), hdf5(tmp_path / "b", 2),
                           tmp_path / "c"))
    net.forward()
    with pytest.raises(NetError, match=r"'reads' \(HDF5Data\).*dataset"):
        net.forward(), net.forward()


def test_a_file_with_rows_of_another_length_raises(tmp_path):
    for dim in (2, 5):
        text = reading(tmp_path, hdf5(tmp_path / "a", 2), hdf5(tmp_path / "b", 2, dim=dim))
        with pytest.raises(NetError, match="'reads'.*rows of one length"):
            load_net(text)


def test_a_file_removed_after_loading_raises_in_a_net_and_in_a_solver(tmp_path):
    text = reading(tmp_path, hdf5(tmp_path / "a", 2), hdf5(tmp_path / "b", 2)) + product("data")
    net, solver = load_net(text), make_solver(text + layer(
        "SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss"), base_lr=0.1)
    net.forward()
    (tmp_path / "b").unlink()
    for act in (net.forward, solver.step):
        with pytest.raises(NetError, match=r"'reads' \(HDF5Data\)"):
            act(), act()


def test_weights_go_through_hdf5_where_no_name_has_a_slash(tmp_path):
    text = inputs(x=(2, 3)) + product("x", 5)
    one, other = load_net(text), load_net(text)
    one.params["s"][0].data[...] = 7
    one.save_hdf5(str(tmp_path / "w.h5"))
    other.load_hdf5(str(tmp_path / "w.h5"))
    assert (other.params["s"][0].data == 7).all()

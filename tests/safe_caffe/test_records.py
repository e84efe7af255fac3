"""Layers whose threads read ahead: what they could not use raises when the net is built."""
import os

import numpy as np
import pytest
from conftest import on_real_caffe
from lmdb_writer import datum, write_lmdb
from test_data_layers import images, product
from test_errors import layer

from lstm_lib import NetError, caffe, load_net, make_solver

pytestmark = on_real_caffe  # portable_caffe has no such layers
LOSS = layer("SoftmaxWithLoss", "", ("s", "label"), ("loss",), "loss")


def apart(folder):
    """A folder in it for files that no net before reads: its threads still do."""
    made = folder / f"apart{len(os.listdir(folder))}"
    made.mkdir()
    return made


def database(folder, *records, batch=1, more=""):
    source = write_lmdb(folder / f"db{len(os.listdir(folder))}", records)
    return layer("Data", f'data_param {{ source: "{source}" backend: LMDB batch_size: {batch} }} '
                 + more, (), ("x", "label"), "reads")


def test_a_database_is_read_in_its_order_again_and_again(tmp_path):
    net = load_net(database(tmp_path, *[datum(i, i) for i in range(3)], batch=2))
    seen = [(net.forward()["label"].tolist(), net.blobs["x"].data[:, 0, 0, 0].tolist())
            for _ in range(3)]
    assert seen == [([0, 1], [0, 1]), ([2, 0], [2, 0]), ([1, 2], [1, 2])]


def test_a_database_of_encoded_pictures_is_read(tmp_path):
    images(tmp_path, (4, 5), (4, 5))
    records = [datum(data=(tmp_path / f"{i}.png").read_bytes(), encoded=True) for i in range(2)]
    net = load_net(database(tmp_path, *records, batch=2))
    assert net.forward()["label"].shape == (2,)
    assert net.blobs["x"].data[:, 0, 0, 0].tolist() == [0, 1]


def test_a_solver_learns_from_a_database(tmp_path):
    text = database(tmp_path, *[datum(9 * i, i) for i in range(2)], batch=2) + product() + LOSS
    solver = make_solver(text, base_lr=0.001)
    solver.step(1)
    first = float(solver.net.blobs["loss"].data)
    solver.step(9)
    assert solver.net.blobs["loss"].data < first


def test_a_label_beyond_the_classes_raises_when_its_turn_comes(tmp_path):
    net = load_net(database(tmp_path, datum(), datum(label=3)) + product() + LOSS)
    net.forward()
    with pytest.raises(NetError, match="'loss': the labels in 'label' .* from 0 to 2, got 3"):
        net.forward()


DAMAGED = {
    "no Datum": (lambda: b"garbage", "record '00000001' is no whole Datum"),
    "cut short": (lambda: datum()[:-9], "record '00000001' is no whole Datum"),
    "fewer numbers than its shape": (lambda: datum(data=b"abc"), "and holds 3 numbers"),
    "fewer floats than its shape": (lambda: datum(float_data=[1, 2]), "and holds 2 numbers"),
    "no shape": (lambda: datum(shape=(0, 0, 0)), r"\(0, 0, 0\)"),
    "a picture that is none": (lambda: datum(data=b"abc", encoded=True), "record '00000001'"),
}


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_record_raises_with_its_key(tmp_path, what):
    made, said = DAMAGED[what]
    text = database(tmp_path, datum(), made(), datum())
    with pytest.raises(NetError, match=rf"'reads' \(Data\).*{said}"):
        load_net(text)
    with pytest.raises(NetError, match=rf"'reads' \(Data\).*{said}"):
        make_solver(text + product() + LOSS, base_lr=0.1)


@pytest.mark.parametrize("damage", [
    lambda path: os.remove(path), lambda path: os.truncate(path, 4096),
    lambda path: os.truncate(path, os.path.getsize(path) // 2),
    lambda path: open(path, "wb").write(b"no database")])
def test_a_damaged_database_raises(tmp_path, damage):
    text = database(tmp_path, *[datum(shape=(1, 99, 99))] * 9)
    damage(tmp_path / "db0" / "data.mdb")
    with pytest.raises(NetError, match="'reads'"):
        load_net(text)


def test_records_of_two_sizes_in_one_batch_raise(tmp_path):
    records = [datum(), datum(), datum(shape=(1, 5, 6))]
    for text in (database(tmp_path, *records, batch=2),
                 images(tmp_path, (4, 4), (4, 4), (5, 6), batch=2)):
        with pytest.raises(NetError, match=r"\(\d, 5, 6\) come into one batch"):
            load_net(text)
    assert load_net(database(tmp_path, *records)).forward()["label"].shape == (1,)


def test_records_of_two_sizes_that_never_meet_in_a_batch_are_read(tmp_path):
    sizes = [(4, 4), (4, 4), (5, 6), (5, 6)]
    for text in (database(tmp_path, *[datum(shape=(1, *size)) for size in sizes], batch=2),
                 images(tmp_path, *sizes, batch=2)):
        net = load_net(text)
        assert [net.forward() and net.blobs["x"].data.shape[2:] for _ in range(3)] == [
            (4, 4), (5, 6), (4, 4)]
    with pytest.raises(NetError, match="come into one batch"):
        load_net(images(apart(tmp_path), *sizes, batch=2, more="shuffle: true"))


def test_batches_of_a_source_that_is_read_in_part_are_told_as_far_as_it_is_read(
        tmp_path, monkeypatch):
    from lstm_lib.safe_caffe import records
    sizes, shapes = [(4, 4), (4, 4), (5, 6), (5, 6)], [(1, 4, 4), (1, 4, 4), (1, 5, 6), (1, 5, 6)]
    monkeypatch.setattr(records, "MOST", sum(len(datum(shape=shape)) for shape in shapes[:3]))
    assert load_net(database(tmp_path, *map(datum_of, shapes), batch=2)).forward()
    with pytest.raises(NetError, match="come into one batch"):
        load_net(database(tmp_path, *map(datum_of, shapes[1:]), batch=2))
    text = images(tmp_path, *sizes, batch=2)
    monkeypatch.setattr(records, "MOST", sum(os.path.getsize(tmp_path / f"{number}.png")
                                             for number in range(3)))
    assert load_net(text).forward()


def datum_of(shape):
    return datum(shape=shape)


def test_pictures_of_two_sizes_are_read_where_they_are_cut_or_resized(tmp_path):
    for more in ("new_height: 3 new_width: 3", "crop_size: 3"):
        options = more if "new" in more else f"}} transform_param {{ {more}"
        net = load_net(images(apart(tmp_path), (4, 4), (5, 6), batch=2, more=options))
        assert net.forward() and net.blobs["x"].data.shape == (2, 3, 3, 3)


def test_a_list_that_names_what_is_no_picture_raises_with_its_path(tmp_path):
    text = images(tmp_path, *[(4, 4)] * 9)
    (tmp_path / "7.png").write_text("no picture")
    with pytest.raises(NetError, match=r"'images' \(ImageData\).*7\.png"):
        load_net(text)


def windows(folder, number="# 1", path="1.png", channels=3, window="1 0.9 0 0 3 3",
            background="0 0.1 1 1 3 3", more="fg_fraction: 0.5", transform=""):
    """Two pictures, the second as it is said, and a layer that draws windows from them."""
    folder = apart(folder)
    images(folder, (6, 6), (6, 8))
    entries = [("# 0", folder / "0.png", 3, 6, 6, 2, "2 0.9 0 0 3 3", "0 0.1 1 1 3 3"),
               (number, folder / path, channels, 6, 8, 2, window, background)]
    (folder / "windows").write_text("".join(f"{word}\n" for entry in entries for word in entry))
    return layer("WindowData", f'window_data_param {{ source: "{folder / "windows"}" batch_size: 4 '
                 f'{more} }} transform_param {{ crop_size: 4 {transform} }}', (),
                 ("x", "label"), "reads")


def test_windows_of_pictures_are_read_with_their_classes(tmp_path):
    net = load_net(windows(tmp_path))
    labels = np.array([net.forward()["label"].ravel() for _ in range(40)])
    assert (labels[:, :2] == 0).all() and set(labels[:, 2:].ravel()) == {1, 2}
    assert net.blobs["x"].data.shape == (4, 3, 4, 4)


def mean_file(path, *shape):
    mean = caffe.proto.caffe_pb2.BlobProto(data=[0] * int(np.prod(shape)))
    mean.shape.dim.extend(shape)
    path.write_bytes(mean.SerializeToString())
    return f'mean_file: "{path}"'


def test_a_mean_picture_is_at_least_as_large_as_a_window(tmp_path):
    path = tmp_path / "mean"
    for shape in ((1, 3, 4, 4), (1, 3, 5, 6)):
        assert load_net(windows(tmp_path, transform=mean_file(path, *shape))).forward()
    for shape in ((1, 3, 3, 3), (1, 1, 4, 4), (1, 3, 4, 8)):
        text = windows(tmp_path, transform=mean_file(path, *shape))
        with pytest.raises(NetError, match=r"'reads' \(WindowData\).*the mean picture"):
            load_net(text)


def test_a_class_of_a_window_beyond_the_classes_raises(tmp_path):
    net = load_net(windows(tmp_path, window="7 0.9 0 0 3 3") + product() + LOSS)
    with pytest.raises(NetError, match="'loss': the labels in 'label' .* from 0 to 2, got 7"):
        for _ in range(60):
            net.forward()


WRONG = {
    "a missing picture": (dict(path="2.png"), r"2\.png', which is no file; 1 of 2"),
    "what is no picture": (dict(path="windows"), "windows: Check failed"),
    "another number": (dict(number="# 5"), "numbers a picture 5"),
    "one colour": (dict(channels=1), "1 channels there"),
    "a window outside": (dict(window="1 0.9 0 0 8 5"), "x 0 to 8.* which has x 0 to 7, y 0 to 5"),
    "a window inside out": (dict(window="1 0.9 3 0 2 3"), "x 3 to 2"),
    "far outside, with a margin": (
        dict(window="1 0.9 40 0 43 3", more="context_pad: 1"), "x 40 to 43"),
    "a margin that leaves nothing": (dict(more="context_pad: 2"), "leaves nothing"),
    "no background": (dict(more="bg_threshold: 0 fg_fraction: 1"), "no window of the background"),
    "no foreground": (dict(more="fg_threshold: 2 fg_fraction: 0"), "no window of the foreground"),
    "a word": (dict(window="1 0.9 0 0 3 three"), "picture 2 is cut short or holds a word"),
    "its end missing": (dict(background="0 0.1 1 1 3"), "picture 2 is cut short"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_of_windows_raises(tmp_path, what):
    given, said = WRONG[what]
    with pytest.raises(NetError, match=rf"'reads' \(WindowData\).*{said}"):
        load_net(windows(tmp_path, **given))


def test_a_window_with_a_margin_may_begin_outside_of_its_picture(tmp_path):
    net = load_net(windows(tmp_path, window="1 0.9 -1 -1 3 3", more="context_pad: 1"))
    assert np.isfinite(net.forward()["label"]).all()


def test_a_classifier_is_not_made_of_a_list_that_names_no_picture(tmp_path):
    (tmp_path / "net").write_text(images(tmp_path, *[(4, 4)] * 9) + product("x"))
    load_net(str(tmp_path / "net")).save(str(tmp_path / "weights"))
    (tmp_path / "7.png").write_text("no picture")
    with pytest.raises(NetError, match=r"'images' \(ImageData\).*7\.png"):
        caffe.Classifier(str(tmp_path / "net"), str(tmp_path / "weights"))

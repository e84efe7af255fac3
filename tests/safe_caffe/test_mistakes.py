"""What a learner may type: each case has ended the process, or was taken without a word."""
import copy
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import B, D, H, T, L, input_layer, on_real_caffe, unrolled_net
from test_errors import X, layer

from lstm_lib import NetError, caffe, get_weights, load_net, make_solver, set_weights, unroll
from lstm_lib.__main__ import main

HERE = Path(__file__).resolve().parent


def classifier():
    ns = caffe.NetSpec()
    ns.x, ns.label = input_layer(3, 5), input_layer(3)
    ns.s = L.InnerProduct(ns.x, num_output=4, weight_filler=dict(type="xavier"))
    ns.loss = L.SoftmaxWithLoss(ns.s, ns.label)
    return ns


@on_real_caffe
def test_a_blob_that_never_had_a_shape_raises_when_it_is_read():
    net = load_net('layer { name: "x" type: "Input" top: "x" }')
    for side in ("data", "diff"):
        with pytest.raises(NetError, match="holds no number; give its layer a shape"):
            getattr(net.blobs["x"], side)


@on_real_caffe
def test_an_array_put_in_the_place_of_numbers_or_of_a_weight_raises_with_advice():
    net = load_net(classifier())
    with pytest.raises(NetError, match=r"blob.data\[...\] = array"):
        net.blobs["x"].data = np.zeros((3, 5))
    for change in (lambda w: w.__setitem__(0, net.blobs["x"]), lambda w: w.append(net.blobs["x"]),
                   lambda w: w.extend([net.blobs["x"]])):
        with pytest.raises(NetError, match="cannot be put in the place of another"):
            change(net.params["s"])
    assert len(net.params["s"]) == 2 and np.isfinite(net.forward()["loss"])


@on_real_caffe
@pytest.mark.parametrize("shape", [(40, 50), (5, 4)])
def test_a_weight_that_was_reshaped_raises_before_the_solver_writes_into_it(shape):
    solver = make_solver(classifier(), base_lr=0.1)
    solver.net.params["s"][0].reshape(*shape)
    with pytest.raises(NetError, match="a weight was reshaped"):
        solver.step()


@on_real_caffe
def test_a_label_that_a_layer_changes_in_place_is_looked_at_after_that():
    ns = classifier()
    ns.label = L.Input(shape=dict(dim=[3]))
    ns.grown = L.Power(ns.label, scale=1e9, in_place=True)
    ns.loss = L.SoftmaxWithLoss(ns.s, ns.grown)
    solver = make_solver(ns, base_lr=0.1)
    solver.step()
    solver.net.blobs["label"].data[...] = 1
    with pytest.raises(NetError, match="the labels in 'label'"):
        solver.step()


def test_layers_of_one_name_for_training_and_for_use_are_told_apart():
    label = 'layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 ' \
        'dim: 4 } } } '
    net = load_net(X + label + layer("SoftmaxWithLoss", "include { phase: TRAIN }",
                                       ("x", "label"), name="out")
                   + layer("Softmax", "include { phase: TEST }", name="out"))
    net.blobs["label"].data[...] = 1.9e9
    with pytest.raises(NetError, match="labels"):
        net.forward()


@on_real_caffe
@pytest.mark.parametrize("seed", range(3))
def test_many_batches_give_whole_blobs_whatever_pycaffe_meets_first(seed):
    code = ("import numpy as np\nfrom test_mistakes import *\nnet = unrolled_net()\n"
            "found = net.forward_all(x=np.ones((2 * T + 1, B, D)))\n"
            "print(found['H'].shape, found['h_T'].shape)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          cwd=HERE, env=dict(os.environ, PYTHONPATH=str(HERE.parent),
                                             PYTHONHASHSEED=str(seed)))
    assert done.stdout.strip() == f"{(2 * T + 1, B, H)} {(3, B, H)}", done.stderr


@on_real_caffe
def test_many_batches_of_a_net_with_a_loss_give_a_loss_for_each():
    net = load_net(classifier())
    found = net.forward_all(x=np.ones((7, 5)), label=np.zeros(7))
    assert found["loss"].shape == (3,)
    with pytest.raises(NetError, match="all arrays need one length"):
        net.forward_all(x=np.ones((7, 5)), label=np.zeros(5))


def test_nets_without_a_layer_in_common_share_nothing_and_say_so():
    other = caffe.NetSpec()
    other.x = input_layer(1, 2)
    other.y = L.InnerProduct(other.x, num_output=2)
    with pytest.raises(NetError, match="no layer with weights of the same name"):
        load_net(classifier()).share_with(load_net(other))


@pytest.fixture
def full_disk():
    """No file may grow beyond 1,000 bytes."""
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(
        signal.SIGXFSZ, signal.SIG_IGN)

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    yield fill
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_snapshot_on_a_full_disk_raises_and_leaves_the_one_before(tmp_path, full_disk):
    ns = caffe.NetSpec()
    ns.x = input_layer(1, 50)
    ns.loss = L.Reduction(L.InnerProduct(ns.x, num_output=50), loss_weight=1)
    solver = make_solver(ns, base_lr=0.1, snapshot_prefix=str(tmp_path / "s"))
    solver.step()
    state = solver.snapshot()
    names = sorted(path.name for path in tmp_path.iterdir())
    before = [(tmp_path / name).read_bytes() for name in names]
    full_disk()
    with pytest.raises((NetError, OSError)):
        solver.snapshot()
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [(tmp_path / name).read_bytes() for name in names] == before
    solver.restore(state)


def test_automatic_snapshots_need_a_folder_when_the_solver_is_made_and_later(tmp_path):
    with pytest.raises(NetError, match="there is no folder"):
        make_solver(classifier(), base_lr=0.1, snapshot=1, snapshot_prefix="no/s")
    (tmp_path / "here").mkdir()
    solver = make_solver(classifier(), base_lr=0.1, snapshot=2,
                         snapshot_prefix=str(tmp_path / "here" / "s"))
    solver.step(4)
    assert {path.name for path in (tmp_path / "here").iterdir()} == {
        f"s_iter_{i}.{kind}" for i in (2, 4) for kind in ("caffemodel", "solverstate")}
    for path in (tmp_path / "here").iterdir():
        path.unlink()
    (tmp_path / "here").rmdir()
    with pytest.raises(NetError, match="there is no folder"):
        solver.step(2)


def test_the_path_of_a_snapshot_in_hdf5_is_the_one_that_restores_it(tmp_path):
    solver = make_solver(classifier(), base_lr=0.1, snapshot_format=0,
                         snapshot_prefix=str(tmp_path / "s"))
    solver.step(2)
    path = solver.snapshot()
    solver.step()
    solver.restore(path)
    assert path.endswith(".solverstate.h5") and solver.iter == 2


def test_weights_that_are_no_numbers_raise_and_none_is_written(weights):
    net = unrolled_net(weights)
    with pytest.raises(NetError, match="takes numbers"):
        set_weights(net, (weights.W_xc + 1, np.full(4 * H, "a"), weights.W_hc))
    for mine, theirs in zip(get_weights(net), weights):
        assert np.array_equal(mine, theirs)


def test_an_unroll_that_fails_leaves_the_net_spec_as_it_was():
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    for wrong in (dict(weight_names=["W", "b", "W"]), dict(cell="fused", weight_names=["W"])):
        with pytest.raises((NetError, ValueError)):
            unroll(ns, ns.x, T, H, **wrong)
        assert list(ns.tops) == ["x"]
    with pytest.raises(ZeroDivisionError):
        unroll(ns, lambda t, h: 1 / 0, T, H, h0=ns.x, c0=ns.x)
    unroll(ns, ns.x, T, H)


@pytest.mark.parametrize("phase", ["TEST", None, 7])
def test_a_phase_that_is_none_raises(phase):
    with pytest.raises(NetError, match="phase is caffe.TRAIN or caffe.TEST"):
        load_net(classifier(), phase=phase)


def test_a_number_of_numpy_is_a_phase():
    load_net(classifier(), phase=np.int64(caffe.TEST)).forward()


@on_real_caffe
@pytest.mark.parametrize("seed", ["a", 1.5, -1, 2 ** 32])
def test_a_seed_that_is_none_raises(seed):
    with pytest.raises(NetError, match="a seed is a whole number"):
        caffe.set_random_seed(seed)


@on_real_caffe
def test_a_file_with_a_mark_that_caffe_itself_would_read_is_explained(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(X, encoding="utf-8-sig")
    for read in (lambda: caffe.Net(str(path), caffe.TEST), lambda: caffe.get_solver(str(path))):
        with pytest.raises(NetError, match="byte order mark"):
            read()


def test_a_file_from_windows_with_a_mark_at_its_beginning_is_read(tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(X, encoding="utf-8-sig")
    assert list(load_net(str(path)).blobs) == ["x"]


@pytest.mark.parametrize("option", [dict(momentum={"a": 1}), dict(momentum="much")])
def test_a_solver_option_of_a_wrong_kind_raises(option):
    with pytest.raises(NetError, match=next(iter(option))):
        make_solver(classifier(), base_lr=0.1, **option)


def test_a_choice_is_given_by_its_word_or_its_number_and_a_wrong_word_names_those_there_are():
    ns = caffe.NetSpec()
    ns.x = input_layer(1, 1, 2, 2)
    ns.word = L.Pooling(ns.x, pool="AVE", kernel_size=2)
    ns.number = L.Pooling(ns.x, pool=caffe.params.Pooling.AVE, kernel_size=2)
    word, number = ns.to_proto().layer[1:]
    assert word.pooling_param == number.pooling_param
    with pytest.raises(NetError, match="pool='avg'.* It has MAX, AVE, STOCHASTIC"):
        L.Pooling(ns.x, pool="avg", kernel_size=2)
    make_solver(classifier(), base_lr=0.1, snapshot_format="HDF5").step()
    with pytest.raises(NetError, match="snapshot_format='hdf5'.* Did you mean 'HDF5'"):
        make_solver(classifier(), base_lr=0.1, snapshot_format="hdf5")


@pytest.mark.parametrize("count", ["2", 1.5, -1])
def test_a_number_of_iterations_that_is_none_raises(count):
    with pytest.raises(ValueError, match="the number of iterations must be a whole number"):
        make_solver(classifier(), base_lr=0.1).step(count)


@on_real_caffe
def test_a_list_that_names_a_missing_image_raises_where_the_layer_is_used(tmp_path):
    from PIL import Image
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    listed = tmp_path / "list.txt"
    text = X + layer("ImageData", f'image_data_param {{ source: "{listed}" batch_size: 1 }} '
                     "include { phase: TRAIN }", bottoms=(), tops=("y", "label"))
    listed.write_text(60 * f"{tmp_path}/a.png 1\n" + f"{tmp_path}/nowhere.png 1\n")
    with pytest.raises(NetError, match="nowhere.png.* is no file; 1 of 61"):
        load_net(text)
    load_net(text, phase=caffe.TEST).forward()
    listed.write_text(f"{tmp_path}/a.png 1\n")
    load_net(text).forward()


@on_real_caffe
def test_a_list_that_names_a_missing_file_of_numbers_raises(tmp_path):
    listed = tmp_path / "list.txt"
    from lstm_lib.safe_caffe.listed import listed_files
    reads = caffe.proto.caffe_pb2.LayerParameter(name="d", type="HDF5Data")
    reads.hdf5_data_param.source = str(listed)
    (tmp_path / "a.h5").write_text("")
    for more in ("", f" {tmp_path}/nowhere.h5"):  # a list may have several in a line
        listed.write_text(f"{tmp_path}/a.h5 {tmp_path}/a.h5{more}\n")
        if more:
            with pytest.raises(NetError, match="nowhere.h5.* is no file; 1 of 3"):
                listed_files(reads)
        else:
            listed_files(reads)


def test_inputs_may_be_given_to_forward_one_by_one(weights, data):
    net = unrolled_net(weights)
    net.forward(x=data["x"])
    assert np.array_equal(net.blobs["x"].data, data["x"])
    with pytest.raises(NetError, match="the blob 'x' takes numbers of shape"):
        net.forward(x=np.zeros((T, B, D + 1)))


def test_drawing_does_not_write_over_what_it_reads(tmp_path, capsys):
    path = tmp_path / "net.svg"
    path.write_text(X)
    assert main(["draw", str(path)]) == 1 and "the prototxt itself" in capsys.readouterr().err
    assert path.read_text() == X


@pytest.mark.parametrize("command", [["doctor"], ["check", "net.prototxt"]])
def test_arrays_of_an_unknown_library_are_one_message_at_the_shell(command, tmp_path):
    (tmp_path / "net.prototxt").write_text(X)
    done = subprocess.run([sys.executable, "-m", "lstm_lib", *command], capture_output=True,
                          text=True, cwd=tmp_path, env=dict(
                              os.environ, LSTM_LIB_ENGINE="portable", LSTM_LIB_ARRAYS="pytorch",
                              PYTHONPATH=str(HERE.parents[1])))
    assert "Traceback" not in done.stderr and "LSTM_LIB_ARRAYS" in done.stdout + done.stderr


@on_real_caffe
def test_a_machine_with_a_limit_of_memory_that_may_not_be_raised_loads_nets():
    code = ("import resource\nlimit = 8 * 2 ** 30\n"
            "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
            "from test_mistakes import *\nprint(load_net(classifier()).forward()['loss'] > 0)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          cwd=HERE, env=dict(os.environ, PYTHONPATH=str(HERE.parent)))
    assert done.stdout.strip() == "True", done.stderr


def test_an_array_assigned_to_the_name_of_a_blob_or_weight_raises_with_advice():
    net = make_solver(classifier(), base_lr=0.1).net
    for made in (net, load_net(classifier())):
        with pytest.raises(NetError, match=r"net.blobs\['x'\].data\[...\] = array"):
            made.blobs["x"] = np.zeros((3, 5))
        with pytest.raises(NetError, match=r"net.params\['s'\]\[0\].data\[...\] = array"):
            made.params["s"] = np.zeros((4, 5))
        assert list(made.blobs)[:2] == ["x", "label"] and np.isfinite(made.forward()["loss"])


@on_real_caffe
def test_a_classifier_is_a_safe_net_that_predicts(tmp_path):
    ns = caffe.NetSpec()
    ns.x = L.Input(shape=dict(dim=[1, 3, 4, 4]))
    ns.s = L.Softmax(L.InnerProduct(ns.x, num_output=2, weight_filler=dict(type="xavier")))
    net, path = load_net(ns), tmp_path / "net.prototxt"
    path.write_text(str(ns.to_proto()))
    net.save(str(tmp_path / "w.caffemodel"))
    made = caffe.Classifier(model_file=str(path), pretrained_file=str(tmp_path / "w.caffemodel"))
    said = made.predict([np.ones((4, 4, 3), "f4")], oversample=False)
    assert said.shape == (1, 2) and np.allclose(said.sum(), 1)
    with pytest.raises(NetError, match="there is no file"):
        made.copy_from("nowhere.caffemodel")
    made.blobs["x"].reshape(1, 3, 5, 5)
    with pytest.raises(NetError, match="do not fit"):
        made.forward()


@on_real_caffe
def test_a_layer_that_gives_no_rows_gives_an_empty_array():
    net = load_net(X)
    net.blobs["x"].reshape(0, 5)
    assert net.blobs["x"].data.shape == (0, 5)


def test_the_blobs_of_a_net_can_be_copied_as_a_dict():
    net = load_net(classifier())
    for copied in (net.blobs.copy(), copy.copy(net.blobs), dict(net.blobs), net.blobs | {}
                   if sys.version_info >= (3, 9) else dict(net.blobs)):
        copied["mine"] = 1
        assert "mine" not in net.blobs and list(copied)[:-1] == list(net.blobs)

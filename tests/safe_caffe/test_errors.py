"""Nothing a learner types ends the process: each mistake raises, and says what to do.

These tests run on real Caffe in this very process. Were one mistake let through, the test
run itself would end with "Check failed".
"""
import itertools
import os
import re
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import B, D, H, T, L, input_layer, unrolled_net, unrolled_spec, on_real_caffe

from lstm_lib import NetError, NoGPU, caffe, draw, load_net, save_weights, write_prototxt
from lstm_lib.safe_caffe import child as child_process
from lstm_lib.safe_caffe import explain
from lstm_lib.safe_caffe.child import Died, in_child

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 dim: 4 } } } '


def layer(type_name, options="", bottoms=("x",), tops=("y",), name="wrong"):
    ends = "".join(f'bottom: "{b}" ' for b in bottoms) + "".join(f'top: "{t}" ' for t in tops)
    return f'layer {{ name: "{name}" type: "{type_name}" {ends}{options} }} '


def product(name, num_output, top):
    return layer("InnerProduct", f'inner_product_param {{ num_output: {num_output} axis: 2 }} '
                 'param { name: "w" }', tops=(top,), name=name)


BAD_NETS = {
    "unequal shapes": (
        product("fine", 5, "a") + layer("Eltwise", bottoms=("x", "a")),
        ["'wrong' (Eltwise)", "x (2, 3, 4)", "a (2, 3, 5)", "one and the same shape|one shape"]),
    "unknown layer type": (layer("TanHH"), ["'wrong'", "TanHH", "Did you mean 'TanH'"]),
    "unknown field": (layer("TanH", "tanh_parm { }"), ["line 1", "tanh_parm", "tanh_param"]),
    "unknown enum": (layer("Eltwise", "eltwise_param { operation: PRODUCT }"),
                     ["line 1", "PRODUCT", "PROD, SUM, MAX"]),
    "unknown bottom": (layer("TanH", bottoms=("xx",)), ["'wrong'", "'xx'", "Did you mean 'x'"]),
    "bad slice points": (
        layer("Slice", "slice_param { axis: 2 slice_point: 3 slice_point: 2 }",
              tops=("a", "b", "c")), ["'wrong' (Slice)", "x (2, 3, 4)", "rising|must rise"]),
    "slice point past the end": (
        layer("Slice", "slice_param { axis: 2 slice_point: 9 }", tops=("a", "b")),
        ["'wrong' (Slice)", "x (2, 3, 4)", "slice points"]),
    "a slice that does not divide": (
        layer("Slice", "slice_param { axis: 2 }", tops=("a", "b", "c")),
        ["'wrong' (Slice)", "x (2, 3, 4)", "divide"]),
    "axis out of range": (
        layer("InnerProduct", "inner_product_param { num_output: 2 axis: 7 }"),
        ["'wrong' (InnerProduct)", "axis 7 out of range|axis 7 is out of range",
         "each stays below 3|a blob of 3 axes"]),
    "missing num_output": (layer("InnerProduct"), ["'wrong'", "num_output is missing"]),
    "missing num_output of an LSTM": (
        'layer { name: "k" type: "Input" top: "k" input_param { shape { dim: 2 dim: 3 } } } '
        + layer("LSTM", bottoms=("x", "k")), ["'wrong' (LSTM)", "num_output"]),
    "a shared parameter with two shapes": (
        product("first", 5, "a") + product("wrong", 6, "b"),
        ["'wrong' (InnerProduct)", "Cannot share param 'w'", "'first'", "another name"]),
    "wrong number of bottoms": (layer("TanH", bottoms=("x", "x")),
                                ["'wrong' (TanH)", "takes 1 bottom|must have 1", "another number|it has 2"]),
    "unknown filler": (
        layer("InnerProduct",
              'inner_product_param { num_output: 2 weight_filler { type: "xaver" } }'),
        ["'wrong' (InnerProduct)", "xaver", "xavier"]),
    "two tops of one name": (layer("TanH", tops=("x",), bottoms=()) , ["'wrong'"]),
    "an LSTM whose x has two axes": (
        'layer { name: "k" type: "Input" top: "k" input_param { shape { dim: 2 dim: 3 } } } '
        + layer("LSTM", "recurrent_param { num_output: 2 }", bottoms=("k", "k")),
        ["'wrong' (LSTM)", "k (2, 3)", "(T, B, ...)"]),
    "a blob of more than 2^31 numbers": (
        'layer { name: "wrong" type: "Input" top: "y" '
        'input_param { shape { dim: 100000 dim: 100000 dim: 10 } } }', ["'wrong'", "do not fit"]),
}


@pytest.mark.parametrize("shapes", [
    "input_dim: 2", "input_dim: 1 " * 3, "input_shape { dim: 2 } ", "input_dim: 1 " * 7])
def test_inputs_of_the_older_kind_each_need_a_shape(shapes):
    with pytest.raises(NetError, match="2 times input: needs 2 times input_shape"):
        load_net(f'input: "a" input: "b" {shapes} ' + layer("TanH", "", ("a",)))
    load_net('input: "a" input: "b" ' + "input_dim: 1 " * 8 + layer("TanH", "", ("a",)))


@pytest.mark.parametrize("what", BAD_NETS)
def test_a_bad_net_raises_with_the_layer_and_what_would_be_right(what):
    text, expected = BAD_NETS[what]
    with pytest.raises(NetError) as error:
        load_net(X + text)
    for words in expected:  # of real Caffe, or else of portable_caffe
        assert any(part in str(error.value) for part in words.split("|")), str(error.value)


@pytest.mark.parametrize("word, allowed", [
    ("include { phase: train }", "Known here: TRAIN, TEST. Did you mean 'TRAIN'"),
    ("name: named", 'Text stands in quotes, like name: "x"'),
    ("eltwise_param { operation: SUMM }", "Known here: PROD, SUM, MAX. Did you mean 'SUM'"),
    ("inner_product_param { weight_filler { sparce: 1 } }", "Did you mean 'sparse'"),
    ('bottom: "x" ]', "Expected prototxt text")])
def test_a_wrong_word_is_shown_with_its_line_and_what_is_allowed(word, allowed):
    with pytest.raises(NetError) as error:
        load_net(f'layer {{ name: "a" type: "Input" top: "a"\n  {word} }}')
    assert "line 2:" in str(error.value) and word in str(error.value)
    assert allowed in str(error.value)


@pytest.mark.parametrize("text, said", [
    ("", "empty"), ("  \n", "empty"), ("Dear Caffe,\nhello { }", "line 1"), ("layer {", "line 1"),
    ('name: "no layers"\n', "holds no layer")])
def test_text_that_is_no_net_raises_with_the_line(text, said):
    with pytest.raises(NetError, match=said):
        load_net(text)


def test_a_source_of_another_type_is_named():
    with pytest.raises(NetError, match="got int"):
        load_net(7)


def test_a_blob_too_large_for_memory_raises_before_it_is_filled():
    with pytest.raises(NetError, match="do not fit|are free"):
        load_net("".join(
            f'layer {{ name: "x{n}" type: "Input" top: "x{n}" '
            'input_param { shape { dim: 2000 dim: 1000 dim: 1000 } } } ' for n in range(200)))


@on_real_caffe
def test_a_weight_too_large_for_memory_raises_with_its_layer(monkeypatch):
    monkeypatch.setattr(child_process, "free_memory", lambda: 10 ** 9)  # a small machine
    with pytest.raises(NetError, match="'wrong' .*host allocation(?s:.*)do not fit"):
        load_net(X + layer("InnerProduct", "inner_product_param { num_output: 170000000 }"))


@pytest.fixture
def file(tmp_path):
    def make(data, name="net.prototxt"):
        path = tmp_path / name
        path.write_bytes(data)
        return str(path)
    return make


def test_missing_empty_binary_and_folder_files_raise(file, tmp_path):
    for path, said in [("no/such.prototxt", "there is no file"), (file(b""), "empty"),
                       (file(b"\xff\xfe\x00"), "no text"), (tmp_path, "is a folder")]:
        with pytest.raises(NetError, match=said):
            load_net(path)
        with pytest.raises(NetError, match=said):
            caffe.Net(str(path), caffe.TEST)


def test_a_file_without_read_permission_raises(file, monkeypatch):
    path = file(X.encode())
    os.chmod(path, 0)
    if os.access(path, os.R_OK):  # root may read everything
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NetError, match="permission"):
        load_net(path)


@pytest.fixture
def saved(tmp_path):
    return save_weights(unrolled_net(), str(tmp_path / "w.caffemodel"))


def test_weights_of_other_sizes_raise_and_leave_the_net_as_it_was(saved):
    net = unrolled_net(H=H + 1)
    before = net.params["t1/lstm/Mx"][0].data.copy()
    with pytest.raises(NetError, match="(?s)t1/lstm/Mx.*other sizes"):
        net.copy_from(saved)
    assert np.array_equal(net.params["t1/lstm/Mx"][0].data, before)


def test_weights_of_another_net_raise(saved):
    with pytest.raises(NetError, match="has no weights for layer 'other'"):
        load_net(X + product("other", 5, "a"), weights=saved)


@pytest.mark.parametrize("keep", [0, 10, 0.5, -1])
def test_a_weights_file_cut_short_raises(saved, file, keep):
    data = open(saved, "rb").read()
    cut = data[:int(keep * len(data)) if 0 < keep < 1 else keep]
    with pytest.raises(NetError, match="cut short|no weights for"):
        load_net(unrolled_spec(), weights=file(cut, "cut.caffemodel"))


def test_a_missing_weights_file_raises():
    with pytest.raises(NetError, match="there is no file"):
        load_net(unrolled_spec(), weights="nowhere.caffemodel")


@pytest.mark.parametrize("call", ["forward", "backward", "reshape"])
def test_another_number_of_steps_by_reshape_raises_and_the_old_one_still_runs(call):
    net = unrolled_net()
    net.blobs["x"].reshape(T + 2, B, D)
    with pytest.raises(NetError, match=r"x \(6, 3, 5\)"):
        getattr(net, call)()
    net.blobs["x"].reshape(T, B, D)
    assert net.forward()["H"].shape == (T, B, H)


def test_another_number_of_steps_for_caffe_s_layer_raises():
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(T, B, D), input_layer(T, B)
    ns.H = L.LSTM(ns.x, ns.cont, recurrent_param=dict(num_output=H))
    net = load_net(ns)
    net.blobs["x"].reshape(T + 1, B, D)
    net.blobs["cont"].reshape(T + 1, B)
    with pytest.raises(NetError, match="build it anew"):
        net.forward()


@pytest.mark.parametrize("ask", [caffe.set_mode_gpu, lambda: caffe.set_device(0)])
def test_a_gpu_asked_of_a_cpu_build_raises_and_the_cpu_goes_on(ask):
    with pytest.raises(NoGPU, match="set_mode_cpu"):
        ask()
    assert unrolled_net().forward()["H"].shape == (T, B, H)


def test_finding_the_layer_that_is_wrong_leaves_no_file_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(NetError, match="'wrong'"):
        load_net(X + layer("Slice", "slice_param { axis: 2 }", tops=("a", "b", "c")))
    assert list(tmp_path.iterdir()) == []


def test_save_hdf5_with_a_slash_in_a_name_raises_and_writes_nothing(tmp_path):
    with pytest.raises(NetError, match=r"save_weights|save\(path\)"):
        unrolled_net().save_hdf5(str(tmp_path / "w.h5"))
    assert list(tmp_path.iterdir()) == []


def test_share_with_a_net_of_other_sizes_raises():
    with pytest.raises(NetError, match="cannot share"):
        unrolled_net().share_with(unrolled_net(H=H + 1))


@pytest.mark.parametrize("write", [
    lambda path: write_prototxt(unrolled_spec(), path),
    lambda path: save_weights(unrolled_net(), path),
    lambda path: unrolled_net().save(path)])
def test_a_failed_write_leaves_no_file(write, tmp_path, monkeypatch):
    with pytest.raises(NetError, match="there is no folder"):
        write(str(tmp_path / "missing" / "file"))

    def full(*_):
        raise OSError(28, "No space left on device")
    old = tmp_path / "file"
    old.write_text("old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(NetError, match="No space left"):
        write(str(old))
    assert [path.name for path in tmp_path.iterdir()] == ["file"] and old.read_text() == "old"


def test_a_written_file_has_the_usual_permissions(tmp_path):
    path = tmp_path / "net.prototxt"
    write_prototxt(unrolled_spec(), path)
    (tmp_path / "other").write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


@pytest.mark.parametrize("make, said", [
    (lambda x: L.InnerProduct(x, num_outptu=3), "Did you mean 'num_output'"),
    (lambda x: L.InnerProduct(x, num_output="three"), "num_output='three'"),
    (lambda x: L.InnerProduct(x, num_output=3, weight_filler=dict(typ="xavier")), "'type'"),
    (lambda x: L.Eltwise(x, x, operation=9), "operation=9"),
    (lambda x: L.InnerProdukt(x), "Did you mean 'InnerProduct'"),
    (lambda x: L.LSTM(x, x, num_output=3), "num_output"),
    (lambda x: L.TanH(x, parm=dict(name="w")), "Did you mean 'param'")])
def test_a_misspelt_option_raises_at_the_line_where_the_layer_is_made(make, said):
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    with pytest.raises(NetError, match=said):
        make(ns.x)


def test_python_errors_in_the_child_come_back_with_their_names():
    with pytest.raises(Died, match="^ZeroDivisionError: division by zero$"):
        in_child(lambda: 1 / 0)


def test_what_is_explained_in_the_child_comes_back_as_it_was():
    def explained():
        raise NetError("what is wrong")

    with pytest.raises(NetError, match="^what is wrong$"):
        in_child(explained)


def test_ctrl_c_which_reaches_the_child_too_is_left_to_the_parent():
    assert in_child(lambda: os.kill(os.getpid(), signal.SIGINT) or 7) == 7


def none_left():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    return True


def test_a_child_that_stands_still_is_ended_and_the_message_says_so(monkeypatch):
    monkeypatch.setattr(child_process, "STILL_SECONDS", 0.2)
    with pytest.raises(NetError, match="computed nothing for 0.2 seconds .* was ended"):
        in_child(signal.pause)
    assert none_left()


STUCK = """
import os, threading
from lstm_lib.safe_caffe import child
lock, forks = threading.Lock(), []
os.register_at_fork(before=lambda: (forks.append(1), len(forks) <= {stuck} and lock.acquire()),
                    after_in_parent=lambda: len(forks) <= {stuck} and lock.release(),
                    after_in_child=lambda: lock.acquire())
child.START_SECONDS, child.STILL_SECONDS = 0.2, {patience}
print(child.in_child(lambda: 7), len(forks))
"""


@pytest.mark.parametrize("stuck, patience, said", [
    (3, 300, r"^7 ([4-9]|10)$"), (99, 0.2, "NotBegun: .* computed nothing for 0.2 seconds")])
def test_a_child_that_waits_for_a_lock_held_at_its_fork_is_started_again(stuck, patience, said):
    run = subprocess.run([sys.executable, "-c", STUCK.format(stuck=stuck, patience=patience)],
                         encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert re.search(said, run.stdout), run.stdout


@on_real_caffe
def test_no_layer_is_blamed_for_a_child_that_stands_still(monkeypatch):
    net = unrolled_net()
    monkeypatch.setattr(child_process, "STILL_SECONDS", 0.2)
    with pytest.raises(NetError, match="^the process .* computed nothing"):
        net._try(signal.pause, explain=lambda reason: f"layer 'x': {reason}")


@on_real_caffe
def test_no_layer_is_blamed_when_the_search_for_it_stands_still(monkeypatch):
    def stands_still(work):
        raise NetError("the process computed nothing")

    monkeypatch.setattr(explain, "in_child", stands_still)
    with pytest.raises(NetError, match="^the process computed nothing"):
        load_net(X + layer("Slice", "slice_param { axis: 2 }", tops=("a", "b", "c")))


def test_a_child_that_computes_may_take_its_time(monkeypatch):
    monkeypatch.setattr(child_process, "STILL_SECONDS", 0)
    ticks = itertools.count(1)
    monkeypatch.setattr(child_process, "_processor_time", lambda child: next(ticks))
    assert in_child(lambda: time.sleep(0.1) or 7) == 7


def test_a_child_that_computes_now_and_then_is_not_ended(monkeypatch):
    """It stands still longer than is allowed in all, and never that long at once."""
    monkeypatch.setattr(child_process, "STILL_SECONDS", 3 * child_process.LOOK_SECONDS)
    looks = itertools.count(4)
    monkeypatch.setattr(child_process, "_processor_time", lambda child: next(looks) // 4)
    assert in_child(lambda: time.sleep(0.5) or 7) == 7


def test_the_processor_time_of_a_child_grows_while_it_computes_and_then_stands():
    child = os.fork()
    if child == 0:
        while True:
            pass
    try:
        while child_process._processor_time(child) < 3:
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert child_process._processor_time(child) is None


def ended(child):
    """Wait until the child has ended; it stays to be reaped."""
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)


def test_an_answer_between_two_looks_of_the_parent_is_read(monkeypatch):
    """First there is nothing to read; then the child answers and ends; then it is looked for."""
    children, fork, select = [], os.fork, child_process.select.select

    def forked():
        children.append(fork())
        return children[-1]

    def nothing_then_the_truth(*args):
        monkeypatch.setattr(child_process.select, "select", select)
        ended(children[0])
        return [], [], []

    monkeypatch.setattr(os, "fork", forked)
    monkeypatch.setattr(child_process.select, "select", nothing_then_the_truth)
    assert in_child(lambda: "answer") == "answer"


def test_a_long_answer_of_a_child_that_has_ended_is_read_whole(monkeypatch):
    long = "x" * 60_000  # what fits into a pipe, so that the child need not wait for a reader
    read = os.read
    monkeypatch.setattr(os, "read", lambda fd, size: read(fd, 1000))
    assert in_child(lambda: long) == long


def kill_too_late(pid, number, kill=os.kill):
    """As when the process had ended, and somebody had reaped it, just before."""
    while True:
        kill(pid, number)


def test_a_child_that_somebody_else_reaps_has_died_without_a_word(monkeypatch):
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert in_child(lambda: 7) == 7
        with pytest.raises(Died):
            in_child(lambda: os._exit(1))
        monkeypatch.setattr(child_process, "STILL_SECONDS", 0)
        monkeypatch.setattr(os, "kill", kill_too_late)
        with pytest.raises(NetError, match="computed nothing"):
            in_child(signal.pause)
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_a_killed_child_is_noticed():
    with pytest.raises(Died, match="status 9"):
        in_child(lambda: os.kill(os.getpid(), 9))


def test_the_end_of_the_pipe_tells_of_a_death_without_a_look(monkeypatch):
    looks, select = [], child_process.select.select
    monkeypatch.setattr(child_process, "LOOK_SECONDS", 60)
    monkeypatch.setattr(child_process.select, "select",
                        lambda *args: looks.append(select(*args)) or looks[-1])
    with pytest.raises(Died, match="status 9"):
        in_child(lambda: time.sleep(0.1) or os.kill(os.getpid(), 9))
    assert looks and all(ready for ready, _, _ in looks)


def test_no_child_process_is_left_behind():
    for text in ("", layer("TanHH"), layer("Eltwise", bottoms=("x", "zz"))):
        with pytest.raises(NetError):
            load_net(X + text + layer("TanH", bottoms=("q",)))
    assert none_left()


def test_a_bad_net_in_a_large_one_is_found():
    text = str(unrolled_spec(T=50).to_proto())
    text = text.replace('name: "t33/lstm/c_f"\n  type: "Eltwise"',
                        'name: "t33/lstm/c_f"\n  type: "Concat"')
    with pytest.raises(NetError, match="t33/lstm"):
        load_net(text)


# --- what Caffe would do to memory, or die of, while the net runs ------------------------

SCORES = X + 'layer { name: "label" type: "Input" top: "label" input_param { shape { dim: 2 ' \
    'dim: 3 } } } '


def labelled(type_name, options=""):
    return load_net(SCORES + layer(type_name, options, bottoms=("x", "label")))


@pytest.mark.parametrize("type_name, options", [
    ("SoftmaxWithLoss", "softmax_param { axis: 2 }"), ("Accuracy", "accuracy_param { axis: 2 }")])
@pytest.mark.parametrize("label", [4, -1, 2e9, float("nan"), 1.5])
def test_a_label_out_of_range_raises_before_caffe_looks_it_up(type_name, options, label):
    net = labelled(type_name, options)
    net.blobs["label"].data[1, 2] = label
    with pytest.raises(NetError, match="'wrong'.*: the labels in 'label' .* from 0 to 3"):
        net.forward()


def test_the_ignored_label_and_the_last_class_are_fine():
    net = labelled("SoftmaxWithLoss", "softmax_param { axis: 2 } loss_param { ignore_label: -1 }")
    net.blobs["label"].data[...] = [[3, -1, 0], [1, 2, -1]]
    assert np.isfinite(net.forward()["y"])


def test_an_index_out_of_range_of_an_embedding_raises():
    net = load_net(X + layer("Embed", "embed_param { input_dim: 5 num_output: 2 }"))
    net.blobs["x"].data[0, 0, 0] = 5
    with pytest.raises(NetError, match="from 0 to 4, got 5"):
        net.forward()


def test_a_layer_without_a_backward_pass_raises():
    net = load_net(X + layer("ArgMax"), force_backward=True)
    net.forward()
    with pytest.raises(NetError, match="no backward pass|has no gradient"):
        net.backward()


def test_an_input_without_a_shape_raises():
    net = load_net('layer { name: "x" type: "Input" top: "x" }')
    with pytest.raises(NetError, match="'x' has .*shape .*give (its|the) layer a shape"):
        net.forward()


@pytest.mark.parametrize("shape", [(-1, 3), (100000, 100000), (1,) * 33])
def test_a_blob_refuses_a_shape_caffe_would_die_of(shape):
    with pytest.raises(NetError, match="at most 32 axes"):
        unrolled_net().blobs["x"].reshape(*shape)


def test_forward_from_the_middle_with_a_wrong_shape_there_raises():
    net = load_net(X + product("first", 4, "y") + layer("Eltwise", bottoms=("y", "y"), tops=("z",),
                           name="sum")
                   + layer("InnerProduct", "inner_product_param { num_output: 2 axis: 2 }",
                           bottoms=("z",), tops=("w",)))
    net.forward()
    net.blobs["z"].reshape(2, 3, 5)
    with pytest.raises(NetError, match=r"(?s)'wrong' \(InnerProduct\): .*z \(2, 3, 5\)"):
        net.forward(start="wrong")
    net.blobs["z"].reshape(9, 3, 4)  # of another batch, which fits
    assert net.forward(start="wrong")["w"].shape == (9, 3, 2)


def test_inputs_in_the_form_of_2014_are_checked_too():
    net = load_net('input: "x" input_shape { dim: 2 dim: 3 } '
                   + layer("InnerProduct", "inner_product_param { num_output: 2 }"))
    net.blobs["x"].reshape(2, 9)
    with pytest.raises(NetError, match=r"x \(2, 9\)"):
        net.forward()


@pytest.mark.parametrize("name", ["get_solver", "SGDSolver", "AdamSolver"])
@pytest.mark.parametrize("text", [None, b"", b"rubbish {", b'net: "/nowhere.prototxt"'])
def test_a_solver_file_that_is_no_good_raises(name, text, file):
    path = "nowhere.prototxt" if text is None else file(text)
    with pytest.raises(NetError, match="there is no file|no solver of"):
        getattr(caffe, name)(path)


def test_a_layer_that_overwrites_a_file_when_it_is_built_is_refused(tmp_path):
    kept = tmp_path / "keep.h5"
    kept.write_text("precious")
    with pytest.raises(NetError, match="HDF5Output overwrites|does not run .*'HDF5Output'"):
        load_net(SCORES + layer("HDF5Output", f'hdf5_output_param {{ file_name: "{kept}" }}',
                                bottoms=("x", "label"), tops=()))
    assert kept.read_text() == "precious"


def test_a_disk_that_is_full_while_caffe_writes_raises_and_leaves_nothing(tmp_path):
    import resource

    net, before = unrolled_net(H=50), resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, before[1]))
    try:
        with pytest.raises(NetError, match="cannot write"):
            net.save(str(tmp_path / "w.caffemodel"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_written_through_and_a_device_is_refused(tmp_path):
    target = tmp_path / "target"
    target.write_text("old")
    (tmp_path / "link").symlink_to(target)
    write_prototxt(unrolled_spec(), tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and "layer" in target.read_text()
    with pytest.raises(NetError, match="is no file"):
        write_prototxt(unrolled_spec(), "/dev/null")


def test_an_input_of_another_number_of_steps_is_named_by_unroll():
    with pytest.raises(ValueError, match="4 steps, and T is 7"):
        from lstm_lib import unroll
        ns = caffe.NetSpec()
        ns.x = input_layer(T, B, D)
        unroll(ns, ns.x, 7, H)


def test_an_answer_or_a_death_is_noticed_while_another_process_holds_the_pipe_open(monkeypatch):
    others, create = [], os.memfd_create
    waits, ends = os.pipe()

    def created(name):  # the pipe is made, and the child is not
        others.append(os.fork())
        if others[-1] == 0:
            os.close(ends)
            os.read(waits, 1)
            os._exit(0)
        return create(name)

    monkeypatch.setattr(os, "memfd_create", created)
    try:
        assert in_child(lambda: 7) == 7
        with pytest.raises(Died, match="status 9"):
            in_child(lambda: os.kill(os.getpid(), 9))
        assert [os.waitpid(pid, os.WNOHANG)[0] for pid in others] == [0, 0], "they live on"
    finally:
        os.close(ends)
        os.close(waits)
        for pid in others:
            os.waitpid(pid, 0)

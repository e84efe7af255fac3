"""A file or a name in the wrong place: what it is, and what would be right."""
import copy
import os
import pickle
import re

import numpy as np
import pytest

from lstm_lib import NetError, caffe, draw, load_net, summary, to_net_parameter
from lstm_lib.__main__ import main

NET = """
layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
layer { name: "ip" type: "InnerProduct" bottom: "x" top: "ip"
  inner_product_param { num_output: 1 weight_filler { type: "xavier" } } }
layer { name: "l" type: "Reduction" bottom: "ip" top: "l" loss_weight: 1 }
"""
SOLVER = """# how it learns
net: "net.prototxt"
base_lr: 0.1
lr_policy: "fixed"
max_iter: 3
snapshot_prefix: "snap"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a net and its solver, in which Python works."""
    (tmp_path / "net.prototxt").write_text(NET)
    (tmp_path / "solver.prototxt").write_text(SOLVER)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def snapshots(folder):
    """A solver, and the paths of its weights and of its state."""
    solver = caffe.get_solver("solver.prototxt")
    solver.step(1)
    state = solver.snapshot()
    return solver, state.replace("solverstate", "caffemodel"), state


def test_weights_given_for_a_state_say_which_states_there_are(snapshots):
    solver, weights, state = snapshots
    for go_on in (solver.restore, solver.solve):
        with pytest.raises(NetError, match=f"{weights}' holds the weights of a net; a .solverstate "
                                           rf"is wanted.*copy_from.* There: {state}\."):
            go_on(weights)
    solver.restore(state)
    assert solver.iter == 1


def test_weights_under_another_name_are_known_by_what_is_in_them(snapshots):
    solver, weights, _ = snapshots
    os.rename(weights, "best")
    with pytest.raises(NetError, match="'best' holds the weights of a net"):
        solver.restore("best")


def test_a_state_given_for_weights_says_where_the_weights_are(snapshots):
    solver, weights, state = snapshots
    for take in (solver.net.copy_from, lambda path: load_net(NET, weights=path),
                 lambda path: caffe.Net("net.prototxt", path, caffe.TEST)):
        with pytest.raises(NetError, match=f"{state}' is the state of a solver; its weights are in "
                                           f"'.*{weights}'"):
            take(state)


@pytest.mark.parametrize("wrong, said", [
    ('base_lr: "x"', "line 3.*base_lr takes a number"),
    ("max_iter: 1.5", "line 5.*max_iter takes a whole number"),
    ("test_initialization: 7", "test_initialization"),
    ("snapshot_format: H5", "line 7.*snapshot_format: H5.*Known here: HDF5"),
    ("lr_policy: fixed", "line 4.*lr_policy: fixed.*in quotes"),
    ("base_lrr: 1", "line 7.*base_lrr: 1.*Did you mean 'base_lr'"),
    ('lr_policy: "fxed"', 'In bad.prototxt: line 4, lr_policy: "fxed"'),
    ('type: "Adams"', 'In bad.prototxt: line 7, type: "Adams"'),
    ('net: "gone.prototxt"', 'In bad.prototxt: line 2, net: "gone.prototxt"'),
    ('momentum: 0.9\ntype: "AdaGrad"', "In bad.prototxt: line 7, momentum: 0.9"),
])
def test_a_wrong_value_in_a_solvers_file_is_shown_with_its_line_and_field(folder, wrong, said):
    field = wrong.partition(":")[0] + ":"
    lines = [wrong if line.startswith(field) else line for line in SOLVER.splitlines()]
    (folder / "bad.prototxt").write_text("\n".join(lines + [wrong] * (wrong not in lines)))
    with pytest.raises(NetError) as raised:
        caffe.get_solver("bad.prototxt").step(1)
    assert re.search(said, str(raised.value), re.S), raised.value


@pytest.mark.parametrize("take, source", [
    *[(take, source) for take in (load_net, draw, summary, to_net_parameter)
      for source in ("solver.prototxt", SOLVER)],
    (lambda path: caffe.Net(path, caffe.TEST), "solver.prototxt")])
def test_a_solver_given_for_a_net_says_which_net_it_trains(folder, take, source):
    with pytest.raises(NetError, match="is a solver, not a net; its net is 'net.prototxt'"):
        take(source)


@pytest.mark.parametrize("command", ["check", "draw"])
def test_a_solver_given_in_the_shell_says_which_net_it_trains(folder, command, capsys):
    assert main([command, "solver.prototxt"]) == 1
    assert "solver.prototxt' is a solver, not a net; its net is 'net.prototxt'" in (
        capsys.readouterr().err)


def test_a_solver_that_holds_its_net_says_that_it_is_inside(folder):
    (folder / "one.prototxt").write_text("base_lr: 1\nnet_param {" + NET + "}")
    with pytest.raises(NetError, match="is a solver, not a net; its net is inside it"):
        load_net("one.prototxt")


def test_a_misspelt_field_of_a_net_is_not_taken_for_a_solver():
    with pytest.raises(NetError, match='no field named "type"'):
        load_net('type: "Input"\n' + NET)


def test_a_net_given_for_a_solver_says_what_a_solver_looks_like(folder):
    with pytest.raises(NetError, match="net.prototxt is a net, not a solver.*lr_policy"):
        caffe.get_solver("net.prototxt")


READERS = {
    'type: "Data" data_param { source: "gone" batch_size: 2 backend: LMDB }': "'gone': there is no",
    'type: "Data" data_param { source: "gone" batch_size: 2 }': "'gone': there is no",
    'type: "Data" data_param { source: "net.prototxt" backend: LMDB }': "is no LMDB: .*data.mdb",
    'type: "Data" data_param { source: "empty" }': "is no LEVELDB: there is no CURRENT",
    'type: "Data" data_param { backend: LMDB }': "source } is missing",
    'type: "ImageData" image_data_param { source: "gone" }': "'gone': there is no such file",
    'type: "HDF5Data" hdf5_data_param { source: "gone" batch_size: 1 }': "'gone': there is no",
    'type: "WindowData" window_data_param { source: "gone" }': "'gone': there is no such file",
    'type: "ImageData" image_data_param { source: "empty" }': "'empty' is a folder, no file",
    'type: "HDF5Data" hdf5_data_param { source: "empty" batch_size: 1 }': "is a folder, no file",
    'type: "ImageData" image_data_param { source: "net.prototxt" } transform_param { mean_file: '
    '"gone" }': "transform_param { mean_file } 'gone': there is no such file",
}


@pytest.mark.parametrize("reader", [reader for reader in READERS if caffe.engine == "real"
                                    or "HDF5Data" in reader])
def test_what_a_layer_should_read_and_is_not_there_is_named_with_its_path(folder, reader):
    (folder / "empty").mkdir()
    before = sorted(os.listdir("."))
    with pytest.raises(NetError, match=f"layer 'd' .*{READERS[reader]}"):
        load_net('layer { name: "d" top: "d" top: "e" ' + reader + "}")
    assert sorted(os.listdir(".")) == before  # LevelDB makes the folder that it does not find


def test_what_a_layer_of_the_other_phase_should_read_need_not_be_there(folder):
    reader = 'layer { name: "d" top: "d" include { phase: TEST } ' + [*READERS][0] + "}"
    assert "d" not in load_net(reader + NET).blobs


def test_whatever_is_asked_of_a_net_by_a_wrong_name_has_a_spelling(folder):
    net = load_net(NET)
    asked = {"net.blobs": net.blobs, "net.params": net.params, "tops": net.top_names,
             "bottoms": net.bottom_names, "layers": net.layer_dict,
             "weights": net.blob_loss_weights}
    for things in asked.values():
        with pytest.raises(NetError, match="Did you mean 'ip'"):
            things["IP"]
        with pytest.raises(KeyError):
            things["IP"]
        assert things.get("IP") is None and "IP" not in things
    for wrong in (lambda: net.forward(["IP"]), lambda: net.backward(["IP"]),
                  lambda: net.forward(start="IP"), lambda: net.backward(end="IP"),
                  lambda: net.forward(["ip"])["IP"]):
        with pytest.raises(NetError, match="Did you mean 'ip'"):
            wrong()
    with pytest.raises(NetError, match=r"this pass gave 'l', not 'ip'; ask for it, like "
                                       r"net.forward\(\['ip'\]\)"):
        net.forward()["ip"]


def test_names_of_layers_look_copy_and_pickle_as_pycaffes_do(folder):
    net = load_net(NET)
    assert repr(net.top_names).startswith("OrderedDict(")
    for again in (copy.copy(net.top_names), copy.deepcopy(net.top_names),
                  pickle.loads(pickle.dumps(net.top_names))):
        assert dict(again) == {"x": ["x"], "ip": ["ip"], "l": ["l"]}
    assert dict(net.forward()).keys() == {"l"} and isinstance(net.forward()["l"], np.ndarray)


@pytest.mark.parametrize("first, second", [
    ('name: "t1" type: "TanH"', 'name: "t2" type: "Sigmoid"'),
    ('name: "t1" type: "TanH"', 'name: "t1" type: "TanH"')])
def test_two_layers_that_give_one_top_are_both_named(first, second):
    name, kind = second.split('"')[1::2]
    both = "".join(f'layer {{ {layer} bottom: "x" top: "y" }}' for layer in (first, second))
    with pytest.raises(NetError) as raised:
        load_net(NET + both)
    assert f"layer {name!r} ({kind}): Top blob 'y' produced by multiple sources" in str(raised.value)
    assert "Layer 't1' (TanH) gives 'y' before it; give one of the two another name" in (
        str(raised.value))


def test_a_layer_that_gives_one_top_twice_is_named():
    with pytest.raises(NetError, match="layer 's' .Slice.*: Top blob 'y' produced by multiple"):
        load_net(NET + 'layer { name: "s" type: "Slice" bottom: "x" top: "y" top: "y" }')

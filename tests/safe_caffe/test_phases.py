"""Only the layers that are built in a phase, level and stage are looked at, listed and counted."""
import pytest

from lstm_lib import NetError, caffe, load_net, make_solver, shared_weights, summary
from lstm_lib.nets import to_net_parameter

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }'


def layer(name, rules="", kind="InnerProduct", more="inner_product_param { num_output: 4 }"):
    return f'layer {{ name: "{name}" type: "{kind}" bottom: "x" top: "{name}" {more} {rules} }}'


RULES = [  # rules, the phase in which such a layer is not built
    ("include { phase: TEST }", "TRAIN"), ("exclude { phase: TRAIN }", "TRAIN"),
    ("include { phase: TRAIN }", "TEST"), ("exclude { phase: TEST }", "TEST"),
    ('include { stage: "late" }', "TRAIN"), ("include { min_level: 1 }", "TRAIN"),
    ("exclude { max_level: 0 }", "TEST"), ('include { phase: TEST stage: "late" }', "TEST")]


@pytest.mark.parametrize("rules,phase", RULES)
def test_what_is_not_built_is_not_listed_and_not_counted(rules, phase):
    net = load_net(X + layer("y") + layer("z", rules), phase=getattr(caffe, phase))
    assert list(shared_weights(net)) == ["y[0]", "y[1]"]
    assert "16 numbers to learn" in summary(net)
    assert f"Not in phase {phase}: z" in summary(net)


@pytest.mark.parametrize("rules,phase", RULES)
def test_a_file_shows_the_layers_that_a_net_of_it_is_built_of(rules, phase):
    phase = getattr(caffe, phase)
    text = X + layer("y") + layer("z", rules)
    built = [line.split()[0] for line in summary(load_net(text, phase=phase)).splitlines()[:3]]
    shown = [line.split()[0] for line in summary(text, phase=phase).splitlines()[:3]]
    assert shown == built == ["layer", "x", "y"]


def test_a_solvers_nets_are_listed_as_they_were_built():
    text = X + layer("y") + layer("z", "include { phase: TEST }") + (
        'layer { name: "l" type: "EuclideanLoss" bottom: "y" bottom: "y" top: "l" }')
    solver = make_solver(text, base_lr=0.1)
    assert list(shared_weights(solver.net)) == ["y[0]", "y[1]"]


def test_a_solvers_own_states_say_what_is_built(tmp_path):
    net = X + layer("y", 'include { stage: "a" }') + layer("z", 'include { stage: "b" }')
    (tmp_path / "solver").write_text(
        f'net_param {{ {net} }} train_state {{ stage: "a" }} test_state {{ stage: "b" }} '
        'test_iter: 1 test_interval: 5 lr_policy: "fixed" base_lr: 0.1')
    solver = caffe.get_solver(str(tmp_path / "solver"))
    assert [list(n.params) for n in (solver.net, *solver.test_nets)] == [["y"], ["z"]]
    assert [list(shared_weights(n)) for n in (solver.net, *solver.test_nets)] == [
        ["y[0]", "y[1]"], ["z[0]", "z[1]"]]


@pytest.mark.parametrize("stranger", [
    layer("out", "include { phase: TEST }", "HDF5Output", 'hdf5_output_param { file_name: "f" }'),
    layer("own", "include { phase: TEST }", "Python", 'python_param { module: "no" layer: "No" }'),
    layer("fork", "include { phase: TEST }", "RoiWarp", ""),
    layer("in", "include { phase: TEST }", more="")])
def test_a_layer_that_is_not_built_stops_nothing(stranger):
    assert list(load_net(X + stranger + layer("y")).params) == ["y"]


@pytest.mark.parametrize("kind", ["blobs", "params"])
def test_a_name_of_the_other_phase_is_explained_as_such(kind):
    net = load_net(X + layer("y") + layer("z", "include { phase: TEST }"))
    with pytest.raises(NetError, match="another phase or stage only: include { phase: TEST }"):
        getattr(net, kind)["z"]


def test_a_bottom_of_the_other_phase_is_explained_as_such():
    text = X + layer("z", "include { phase: TEST }") + layer("y").replace('bottom: "x"',
                                                                          'bottom: "z"')
    with pytest.raises(NetError, match="'z' stands in another phase or stage only"):
        load_net(text)


def test_a_loaded_net_of_stages_is_what_was_built(tmp_path):
    (tmp_path / "net").write_text(X + layer("y", 'include { stage: "late" }') + layer("z"))
    net = caffe.Net(str(tmp_path / "net"), caffe.TRAIN, stages=["late"])
    assert list(shared_weights(net)) == ["y[0]", "y[1]", "z[0]", "z[1]"]


def test_the_nets_own_state_counts_too():
    text = 'state { stage: "late" }' + X + layer("y", 'include { stage: "late" }')
    assert list(load_net(text).params) == ["y"]
    assert "y" in summary(text).splitlines()[2]


def test_the_spec_stays_as_it_was_written():
    text = X + layer("y", "include { phase: TEST }") + layer("z")
    assert str(load_net(text).spec) == str(to_net_parameter(text))

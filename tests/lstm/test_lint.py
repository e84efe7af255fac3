"""lint names what goes wrong in silence, and nothing else."""
import os

import pytest
from conftest import input_layer, L
from lint_nets import TRAPS, dummy, in_place, inputs, layer, lstm, product, summed

import lstm_lib
from lstm_lib import NetError, caffe, lint, load_net, to_net_parameter, write_prototxt
from lstm_lib.linting import TRAPS as LOOKED_FOR, learning
from lstm_lib.linting.reading import Reading


def found(text, layer, words, phase=caffe.TRAIN):
    return [one for one in lint(text, phase=phase) if one.layer == layer and words in one.what]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_net_in_the_trap_is_named_with_layer_and_cure(trap):
    layer, words, falls, _ = TRAPS[trap]
    (one,) = found(falls, layer, words)
    assert one.cure and os.path.exists(os.path.join(os.path.dirname(__file__), "../..", one.link))
    assert str(one).startswith(layer) and "\n\n" not in str(one)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_net_that_nearly_falls_into_it_is_not(trap):
    assert lint(TRAPS[trap][3]) == []


@pytest.mark.parametrize("look", LOOKED_FOR, ids=lambda look: look.__name__)
def test_each_look_finds_something_in_one_of_the_nets(look):
    nets = [Reading(to_net_parameter(falls), caffe.TRAIN) for _, _, falls, _ in TRAPS.values()]
    only_here = look is learning.batch_norm_of_this_build  # of which there is a test of its own
    assert only_here or any(list(look(net)) for net in nets)


@pytest.mark.parametrize("trap", sorted(
    set(TRAPS) - {"unequal decay_mult", "the loss of the other phase"}))
def test_a_loaded_net_is_judged_like_its_text(trap):
    for text in TRAPS[trap][2:]:
        assert str(lint(load_net(text))) == str(lint(text))


# --- what it takes and gives ------------------------------------------------------------


def test_a_netspec_its_message_its_text_its_file_and_its_net_give_the_same(tmp_path):
    ns = caffe.NetSpec()
    ns.x = input_layer(2, 3)
    ns.y = L.InnerProduct(ns.x, num_output=2, param=[{}, dict(name="w")])
    ns.z = L.Sigmoid(ns.x, in_place=True)
    path = write_prototxt(ns, tmp_path / "n.prototxt")
    message = ns.to_proto()
    given = [str(lint(source)) for source in (ns, message, str(message), path, str(path))]
    assert given == 5 * [given[0]] and "in place" in given[0]


@pytest.mark.parametrize("source", [None, 3, "layer {", "missing.prototxt"])
def test_what_is_no_net_raises(source):
    with pytest.raises(NetError):
        lint(source)


def test_a_phase_is_train_or_test():
    with pytest.raises(NetError, match="caffe.TRAIN or caffe.TEST"):
        lint(inputs("x"), phase="TEST")


def test_only_the_layers_of_the_phase_are_judged():
    text = inputs("x") + layer("q", "Sigmoid", "x", "include { phase: TEST }", tops="x")
    text += product("a", "x")
    assert lint(text) == [] and [one.layer for one in lint(text, phase=caffe.TEST)] == ["q"]
    assert [one.layer for one in lint(load_net(text, phase=caffe.TEST))] == ["q"]


def test_of_a_net_loaded_for_a_stage_its_layers_are_judged(tmp_path):
    def only(rule, text):
        return text.replace("layer {", f'layer {{ {rule} {{ stage: "s" }}')

    text = inputs("x") + only("exclude", product("a", "x")) + only("include", product("a", "x"))
    text += only("include", dummy("unread", (1,)))
    (tmp_path / "n.prototxt").write_text(text)
    net = caffe.Net(str(tmp_path / "n.prototxt"), caffe.TRAIN, stages=["s"])
    assert lint(text) == [] and [one.layer for one in lint(net)] == ["unread"]


def test_the_list_prints_a_paragraph_for_each_and_a_word_where_there_is_none():
    assert repr(lint(inputs("x"))) == "lint: nothing found."
    found = lint(TRAPS["an input overwritten"][2] + layer("h0", "DummyData"))
    assert len(found) == 3 and str(found) == repr(found) == "\n\n".join(map(str, found))
    assert max(map(len, str(found).splitlines())) <= 90


def test_no_module_is_imported_and_no_file_opened(tmp_path):
    (tmp_path / "evil.py").write_text("raise SystemExit")
    text = inputs("s", "cont")
    text += layer("p", "Python", "s", 'python_param { module: "evil" layer: "E" }')
    text += layer("d", "HDF5Data", more='hdf5_data_param { source: "none.txt" batch_size: 1 }')
    text += lstm() + product("score", "r")  # whose shapes lint would like to know
    assert [one.layer for one in lint(text)] == ["d"]


def test_what_does_not_build_is_judged_by_what_can_be_known():
    text = layer("y", "TanH", "nowhere") + TRAPS["a misspelt name"][2]
    with pytest.raises(NetError, match="nowhere"):
        load_net(text)
    assert [one.layer for one in lint(text)] == ["t2/Mh"]


def test_a_trap_in_every_step_is_named_once():
    text = inputs("x") + "".join(product(f"t{t}/a", "x") + layer(f"t{t}/b", "TanH", f"t{t}/a")
                                 + in_place("Dropout", f"t{t}/b", f"t{t}/q") for t in range(1, 101))
    text += layer("all", "Eltwise", " ".join(
        f"t{t}/b" for t in range(1, 101))) + summed("all")
    shared, overwritten = lint(text)
    assert shared.layer == "t1/a, t2/a, t3/a, t4/a and 96 more"
    assert overwritten.layer == "t1/q, t2/q, t3/q, t4/q and 96 more"
    assert "'t1/b' (TanH)" in overwritten.what and "The other 99 likewise." in overwritten.what


def test_names_of_any_length_are_read_and_shown_short():
    name, numbers = "h" * 100_000, "1a" * 100_000
    text = inputs("x") + product(name, "x", 'name: "w"') + product(numbers, "x", 'name: "w"')
    text += in_place("Sigmoid", "x", name) + layer("q", "ctc" * 30_000, "x")
    assert max(map(len, str(lint(text)).splitlines())) < 500


def test_the_readme_lists_what_each_look_looks_for():
    folder = os.path.dirname(lstm_lib.__file__)
    with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
        lines = file.read()
    for look in LOOKED_FOR:
        assert f"| {look.__doc__.splitlines()[0]} |" in lines


def test_a_step_with_a_huge_number_is_no_reason_to_count_to_it():
    text = "".join(layer(f"t{t}/h", "Input") for t in (1, 2, 999_999_999))
    assert lint(text + layer("H", "Concat", "t1/h t2/h t999999999/h")) == []

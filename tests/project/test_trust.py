"""A prototxt is data until somebody says otherwise: what the shell runs and opens."""
import os
import sys

import pytest
from conftest import on_real_caffe

from lstm_lib import caffe, to_net_parameter
from lstm_lib.__main__ import main
from lstm_lib.trust import reaching_out

SECRET = "first-line-of-a-private-file"
INPUT = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } } '
PYTHON = INPUT + ('layer { name: "code" type: "Python" bottom: "x" top: "y" '
                  'python_param { module: "evil_module" layer: "Evil" } } '
                  'layer { name: "ip" type: "InnerProduct" bottom: "y" top: "ip" '
                  'param { name: "w" } inner_product_param { num_output: 2 } } ')
HDF5 = 'layer { name: "data" type: "HDF5Data" top: "x" hdf5_data_param { source: "private.txt" batch_size: 1 } }'
LEVELDB = 'layer { name: "data" type: "Data" top: "x" data_param { source: "made" batch_size: 1 } }'
INFOGAIN = INPUT + ('layer { name: "l" type: "Input" top: "l" input_param { shape { dim: 2 } } } '
                    'layer { name: "data" type: "InfogainLoss" bottom: "x" bottom: "l" '
                    'infogain_loss_param { source: "private.txt" } }')
FOREIGN = {"Python": PYTHON, "HDF5Data": HDF5, "Data": LEVELDB, "InfogainLoss": INFOGAIN}
WAYS = [["check"], ["draw", "--shapes"], ["draw", "--all-layers"], ["draw"],
        ["draw", "--style", "caffe"], ["draw", "--style", "graphviz"], ["draw", "--html"], ["explain"]]
BUILDS = WAYS[:3]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a module that leaves a mark, its layer, and a file nobody should read."""
    (tmp_path / "evil_module.py").write_text(
        "from lstm_lib import caffe\nopen('ran', 'w').close()\nclass Evil(caffe.Layer):\n"
        "    def setup(self, bottom, top): pass\n"
        "    def reshape(self, bottom, top): top[0].reshape(2, 3)\n")
    (tmp_path / "private.txt").write_text(SECRET + "\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "evil_module", raising=False)
    return tmp_path


def on_file(words, text):
    """The exit status of a command on a prototxt of this text."""
    with open("net.prototxt", "w") as file:
        file.write(text)
    return main([words[0], "net.prototxt", *words[1:]])


@pytest.mark.parametrize("words", WAYS, ids=" ".join)
@pytest.mark.parametrize("kind", FOREIGN)
def test_no_command_runs_or_opens_what_a_net_names(folder, capfd, kind, words):
    before = {*os.listdir(), "net.prototxt", "net.svg", "net.html"}
    on_file(words, FOREIGN[kind])
    said = "".join(capfd.readouterr())
    assert not set(os.listdir()) - before and SECRET not in said


@pytest.mark.parametrize("words", BUILDS, ids=" ".join)
@pytest.mark.parametrize("kind", sorted(set(FOREIGN) & set(caffe.layer_type_list())))
def test_one_line_says_what_was_left_out_and_how_to_allow_it(folder, capfd, kind, words):
    assert on_file(words, FOREIGN[kind]) == 0
    line, = capfd.readouterr().err.splitlines()
    name = "'code' of type 'Python' would run code: module 'evil_module'" if kind == "Python" else (
        f"'data' of type '{kind}' would open files: source '")
    assert name in line and "not built, so no shapes" in line and line.endswith("add --trust.")


def test_the_line_is_one_whatever_the_names_are(folder, capfd):
    text = PYTHON.replace('"code"', r'"a\nb\033[2J"').replace('"evil_module"', r'"m\nn"')
    assert on_file(["draw", "--shapes"], text) == 0
    line, = capfd.readouterr().err.splitlines()
    assert r"'a\nb\x1b[2J'" in line and r"'m\nn'" in line


def test_check_still_tells_what_the_text_does(folder, capfd):
    assert on_file(["check"], PYTHON + PYTHON.replace('name: "x"', 'name: "x2"')) == 0
    said = capfd.readouterr()
    assert "InnerProduct" in said.out and "w*" in said.out and "2 of them shared" not in said.out
    assert ", and 1 more. If you trust" in said.err
    for wrong, reason in (('type: "Inpt"', "Did you mean 'Input'?"),
                          ('type: "InnerProduct"', "num_output is missing")):
        assert on_file(["check"], PYTHON + f'layer {{ name: "z" {wrong} }}') == 1
        assert reason in capfd.readouterr().err


@pytest.mark.parametrize("words", BUILDS, ids=" ".join)
def test_with_trust_the_net_is_built_and_its_code_runs(folder, capfd, words):
    assert on_file([*words, "--trust"], PYTHON) == 0
    assert os.path.exists("ran") and capfd.readouterr().err == ""


def test_with_trust_files_are_opened(folder, capfd):
    assert on_file(["check", "--trust"], HDF5) == 1
    assert SECRET in capfd.readouterr().err


@pytest.mark.parametrize("words", BUILDS, ids=" ".join)
def test_a_net_that_names_nothing_is_built_without_trust(folder, capfd, words):
    assert on_file(words, INPUT + 'layer { name: "y" type: "TanH" bottom: "x" top: "y" }') == 0
    said = capfd.readouterr()
    assert said.err == "" and ("2×3" in said.out) == (words == ["check"])
    assert words != ["draw", "--shapes"] or "2×3" in open("net.svg", encoding="utf-8").read()


def test_types_and_options_that_reach_out_are_found_wherever_they_stand():
    text = "".join([
        'layer { name: "a" type: "ImageData" }', 'layer { name: "b" type: "WindowData" }',
        'layer { name: "c" type: "HDF5Output" }', 'layer { name: "d" type: "Data" }',
        'layer { name: "e" type: "HDF5Data" include { phase: TEST } }',
        'layer { name: "f" type: "Python" }',
        'layer { name: "g" type: "MemoryData" transform_param { mean_file: "m" } }',
        'layer { name: "fine" type: "DummyData" top: "source" }',
        'layer { name: "source" type: "InnerProduct" bottom: "file" param { name: "module" } }'])
    assert [name for name, _, _ in reaching_out(to_net_parameter(text))] == list("abcdefg")


@pytest.mark.parametrize("text", [
    'layers { name: "old" type: HDF5_DATA top: "x" hdf5_data_param { source: "private.txt" } }',
    'layers { name: "old" type: DATA top: "x" }',
    'layers { layer { name: "old" type: "images" } top: "x" }',
    'layers { layer { name: "old" type: "data" source: "private.txt" } top: "x" }'])
def test_the_formats_of_2014_and_before_are_looked_through_too(text):
    assert [name for name, _, _ in reaching_out(to_net_parameter(text))] == ["old"]

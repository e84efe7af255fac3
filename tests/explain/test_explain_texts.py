"""Good, broken, hostile and huge texts: what `explain` says of each, and what it never does."""
import html
import os
import re
import sys

import pytest
from conftest import unrolled_spec
from oracle_counts import LENET

from lstm_lib import NetError, caffe, prototxt
from lstm_lib.__main__ import main
from lstm_lib.explain import explain
from lstm_lib.explain.report import head, sections

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'
IP = ('layer { name: "y" type: "InnerProduct" bottom: "x" top: "y"\n'
      '  inner_product_param { num_output: 4 } }\n')
HOSTILE = '</script><script>window.hurt = 1</script><img src=x onerror=alert(1)>"\'&\\u202e'.replace(
    '"', '\\"').replace("\\u202e", "\u202e")
NAMED = X.replace('"x"', f'"{HOSTILE}"')


@pytest.mark.parametrize("text, line, said", [
    (X + IP.replace("num_output", "num_outputs"), 3, "Did you mean 'num_output'"),
    (X + IP.replace("4", "four"), 3, "num_output takes a whole number"),
    (X + IP.replace('bottom: "x"', 'bottom: "z"'), None, "Unknown bottom blob 'z'"),
    (X + IP.replace("InnerProduct", "InnerProdukt"), None, "Did you mean 'InnerProduct'"),
    (X + IP + "}", 4, "Expected"),
    ("not a net at all\n", 1, "no field named"),
    ("\n", None, "is empty"),
    ('net: "a.prototxt"\nbase_lr: 0.1\n', None, "is a solver, not a net")])
def test_a_broken_text_is_explained_with_line_and_what_would_be_right(text, line, said):
    problem = explain(text).problem
    assert said in problem.text and problem.line == line


def test_a_text_with_one_wrong_option_is_drawn_all_the_same():
    found = explain(X + IP.replace("num_output", "num_outputs"))
    assert found.picture and found.counts is None and found.findings is None


def test_what_cannot_be_read_at_all_has_no_picture_and_a_whole_page():
    found = explain("nothing {")
    assert found.picture is None and found.layers == []
    assert found.page().startswith("<!DOCTYPE html>") and "</html>" in found.page()


def test_findings_are_those_of_lint():
    text = prototxt(unrolled_spec()).replace("w_Mhw", "w_Mhv", 1)
    assert "call it 'w_Mhw'" in explain(text).findings[0].cure
    assert sections(explain(text))[1]["rows"]


def test_the_phase_says_which_layers_are_explained():
    text = X + 'layer { name: "d" type: "Dropout" bottom: "x" top: "d" include { phase: TRAIN } }'
    assert len(explain(text, phase=caffe.TRAIN).layers) == 2
    assert len(explain(text, phase=caffe.TEST).layers) == 1


@pytest.mark.parametrize("text", [
    X + 'layer { name: "p" type: "Python" bottom: "x" top: "y" '
        'python_param { module: "evil" layer: "E" } }',
    'layer { name: "d" type: "ImageData" top: "x" top: "l" '
    'image_data_param { source: "private.txt" } }',
    'layer { name: "d" type: "HDF5Data" top: "x" hdf5_data_param { source: "private.txt" } }',
    'layer { name: "d" type: "Data" top: "x" data_param { source: "made" backend: LEVELDB } }'])
def test_no_code_is_run_and_no_file_is_opened_that_a_text_names(tmp_path, monkeypatch, text):
    (tmp_path / "evil.py").write_text("open('ran', 'w').close()\n")
    (tmp_path / "private.txt").write_text("secret-line 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = sorted(os.listdir())
    found = explain(text)
    page = found.page()
    assert (found.note or found.problem) and found.net is None and found.picture
    assert sorted(os.listdir()) == before and "evil" not in sys.modules
    assert "secret-line" not in page


def test_names_never_become_markup_or_script():
    page = explain(NAMED).page()
    inner = html.unescape(re.search(r'srcdoc="([^"]*)"', page)[1])
    for text in (page, inner):
        assert "<script>window" not in text and "<img" not in text and "\u202e" not in text
    assert page.count("<iframe") == 1 and inner.count("<script") == 2  # its own: data, program
    assert "⟨U+202E⟩" in inner


def test_the_page_asks_for_nothing_and_forbids_it():
    page = explain(LENET).page()
    assert not re.search(r'(?:src|href)="', page) and "default-src 'none'" in page
    assert set(re.findall(r"https?://[^\s\"<&']+", page)) <= {"http://www.w3.org/2000/svg"}


def test_a_net_too_large_to_be_shown_is_refused_with_the_limit():
    problem = explain('layer { name: "x" top: "' + 1_100_000 * "x" + '" }').problem
    assert "1,000,000 are shown" in problem.text


def test_deeply_nested_text_is_an_error_and_not_the_end():
    assert explain("layer { " * 5000).problem


def test_what_is_said_of_a_long_unrolled_net_stays_short():
    ns = unrolled_spec(T=60)
    assert len(sections(explain(prototxt(ns)))[-1]["rows"]) < 25


def test_a_net_of_which_the_layers_share_nothing_has_no_column_of_steps():
    assert "steps" not in sections(explain(LENET))[-1]["columns"]
    assert head(explain(LENET))["title"] == "LeNet"


def test_what_is_neither_text_nor_a_file_is_refused(tmp_path):
    with pytest.raises(NetError, match="expected prototxt text or a path, got int"):
        explain(3)
    with pytest.raises(NetError, match="there is no file"):
        explain(str(tmp_path / "none.prototxt"))


def test_the_shell_writes_a_page_and_says_what_is_wrong(tmp_path, capsys):
    good, bad = tmp_path / "good.prototxt", tmp_path / "bad.prototxt"
    good.write_text(LENET)
    bad.write_text(X + IP.replace("num_output", "num_outputs"))
    assert main(["explain", str(good), "-o", str(tmp_path / "page.html")]) == 0
    assert "431,080" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert main(["explain", str(bad)]) == 1
    assert "Did you mean" in capsys.readouterr().err and (tmp_path / "bad.html").exists()


def test_the_shell_does_not_write_over_the_prototxt(tmp_path, capsys):
    path = tmp_path / "net.html"
    path.write_text(LENET)
    assert main(["explain", str(path)]) == 1
    assert path.read_text() == LENET and "is the prototxt itself" in capsys.readouterr().err


def test_a_net_without_a_layer_in_this_phase_says_which_phase_that_is():
    text = X.replace("input_param", "include { phase: TEST } input_param")
    assert "no layer in the phase TRAIN" in explain(text).problem.text
    assert explain(text, phase=caffe.TEST).problem is None

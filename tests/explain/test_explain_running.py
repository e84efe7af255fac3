"""States over time of an explained net: it is run, with the same random numbers each time."""
import json
import re

import numpy as np
from conftest import input_layer, lstm_layer_net, unrolled_spec
from oracle_counts import LENET

from lstm_lib import caffe, prototxt, unroll
from lstm_lib.explain import explain
from lstm_lib.explain.running import BIASES, states_over_time
from lstm_lib.explain.stages import Stages


def ran(text):
    found = explain(text)
    return states_over_time(found.net, found.picture.graph, found.counts)


def test_an_lstm_is_run_for_each_forget_bias_and_its_gradient_fades_where_it_forgets():
    shown, words = ran(prototxt(unrolled_spec(T=12, H=8)))
    assert shown["sweep"]["biases"] == list(BIASES) and "the last step gives" in words

    def kept(run):  # how much of the last step's gradient comes to the first
        sizes = {size["name"]: size["values"] for size in run["cells"][0]["sizes"]}["c"]
        return sizes[0] / sizes[-1]

    parts = [kept(run) for run in shown["sweep"]["runs"]]
    assert parts[-1] > 1e3 * parts[0] > 0


def test_the_same_text_gives_the_same_states():
    text = prototxt(unrolled_spec())
    assert ran(text)[0] == ran(text)[0]


def test_a_net_with_a_loss_gets_the_gradient_of_its_loss():
    ns = unrolled_spec()
    ns.y = caffe.layers.InnerProduct(ns.H, axis=2, num_output=3)
    ns.label = input_layer(4, 3)
    ns.loss = caffe.layers.SoftmaxWithLoss(ns.y, ns.label, softmax_param=dict(axis=2))
    shown, words = ran(prototxt(ns))
    assert "the net's loss" in words
    assert all(value > 0 for size in shown["sweep"]["runs"][0]["cells"][0]["sizes"]
               for value in size["values"])


def test_caffes_own_lstm_layer_goes_on_from_step_to_step():
    found = explain(str(lstm_layer_net().spec))
    assert found.states[0]
    cont = found.net.blobs["cont"].data
    assert not cont[0].any() and cont[1:].all()


def test_a_gru_is_run_without_a_slider():
    ns = caffe.NetSpec()
    ns.x = input_layer(4, 3, 5)
    unroll(ns, ns.x, 4, 6, cell="gru")
    shown, words = ran(prototxt(ns))
    assert shown == {"sweep": None} and "slider" not in words


def test_a_net_without_steps_is_not_run():
    found = explain(LENET)
    assert found.states == ("", "")
    assert not any(np.any(blob.data) for blob in found.net.blobs.values())


def test_a_net_that_takes_too_long_is_not_run_and_says_so():
    page, words = explain(prototxt(unrolled_spec(T=30, B=200, D=40, H=40))).states
    assert page == "" and "30,000,000 multiplications" in words


def test_the_page_of_a_file_has_the_slider_for_the_forget_bias():
    page = explain(prototxt(unrolled_spec())).page()
    assert "Forget bias" in re.search(r'srcdoc="([^"]*)"', page)[1]


def test_the_web_page_gets_all_that_the_file_has_piece_by_piece():
    asked = Stages(prototxt(unrolled_spec()), "TRAIN")
    picture, rest, states = (json.loads(piece()) for piece in (
        asked.picture, asked.rest, asked.states))
    assert picture["svg"].startswith("<svg") and "forget bias" in states["words"]
    assert "Forget bias" in states["page"] and "Forget bias" not in picture["page"]
    assert [section["title"] for section in rest["sections"]][-1] == "The layers"
    assert json.loads(asked.file())["file"].startswith("<!DOCTYPE html>")


def test_what_the_web_page_is_given_is_never_the_path_of_a_file(tmp_path):
    file = tmp_path / "net.prototxt"
    file.write_text(LENET)
    assert json.loads(Stages(str(file), "TEST").picture())["head"]["problem"]


def test_a_pasted_text_may_begin_with_the_mark_of_an_editor():
    text = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }'
    assert not json.loads(Stages("\ufeff" + text, "TEST").picture())["head"]["problem"]

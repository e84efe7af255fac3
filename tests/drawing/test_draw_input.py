"""Bad and odd input never gives a broken picture, a half-written file or injected markup."""
import os
import random
import sys
import xml.etree.ElementTree as ElementTree

import pytest
from drawn_nets import PERCEPTRON, drawn_names, parsed, unrolled

from lstm_lib import DotMissing, NetError, caffe, write_prototxt
from lstm_lib.__main__ import main
from lstm_lib import draw, summary
from lstm_lib.drawing.raster import LONGEST_SIDE

ODD_NAMES = ['"quoted"', "a:b", "a/b/c", "Mx+Mh", "größe ∑ 图", "<script>alert(1)</script>",
             "</script><b>", "&amp;", "graph", "node", "a\\b", "line\nbreak", "nul\x01", "$x$",
             "x" * 300, "t1/<i>", "{0}"]

TYPES = ["InnerProduct", "TanH", "Sigmoid", "Eltwise", "Slice", "Concat", "Split", "Power",
         "Scale", "LSTMUnit", "ReLU", "Input", "Reduction", "LSTM"]


def chain(names):
    """A net whose layers and blobs have these names."""
    net = caffe.proto.caffe_pb2.NetParameter(name=names[0])
    before = []
    for name in names:
        layer = net.layer.add(name=name, type="TanH" if before else "Input")
        layer.bottom.extend(before)
        layer.top.append(name)
        before = [name]
    return net


@pytest.mark.parametrize("name", ODD_NAMES)
def test_an_odd_name_gives_a_whole_picture_without_markup(name, tmp_path):
    net = chain([name, "middle", name + "2"])
    tree = parsed(net)
    assert not [e for e in tree.iter() if e.tag.endswith(("script", "}b", "}i"))]
    page = open(draw(net).save(tmp_path / "x.html"), encoding="utf-8").read()
    assert page.count("<script") == 2 and "<b>" not in page and "alert(1)<" not in page
    assert name.split("\n")[0][:10] in summary(net)


@pytest.mark.parametrize("style", ["caffe", "graphviz"])
def test_odd_names_go_through_graphviz(style):
    svg = draw(chain(ODD_NAMES), style=style).svg
    root = ElementTree.fromstring(svg.encode())
    titles = "".join(root.itertext())
    for name in ('"quoted"', "a:b", "graph", "node", "<script>"):
        assert name in titles


def test_a_colon_makes_no_two_blobs_into_one():
    net = chain(["h:1", "h:2"])
    assert draw(net, style="caffe").svg.count('class="node"') == 4


def any_net(seed):
    """Layers of random types, names and wires; hardly any of these nets would build."""
    dice = random.Random(seed)
    net, blobs = caffe.proto.caffe_pb2.NetParameter(), ["in"]
    for k in range(dice.randint(1, 25)):
        layer = net.layer.add(type=dice.choice(TYPES), name=dice.choice(
            [f"n{k}", f"t{dice.randint(0, 4)}/{dice.choice('abc')}", f"p/t{dice.randint(1, 7)}/a"]))
        if layer.type != "Input":
            layer.bottom.extend(dice.choice(blobs) for _ in range(dice.randint(1, 3)))
        if layer.type == "Power":
            layer.power_param.scale = dice.choice([0, 1])
        in_place = dice.random() < 0.2 and len(layer.bottom) == 1
        layer.top.extend(layer.bottom if in_place else
                         [f"b{dice.randint(0, 30)}" for _ in range(dice.randint(0, 3))])
        blobs.extend(layer.top)
        if dice.random() < 0.4:
            layer.param.add(name=dice.choice("wvu"))
    return net


@pytest.mark.parametrize("steps", ["fold", "all", "rolled"])
def test_any_net_at_all_gives_a_whole_picture(steps):
    for seed in range(150):
        picture = draw(any_net(seed), steps=steps)
        assert "nan" not in picture.svg and ElementTree.fromstring(picture.svg) is not None


def broken_lstm(seed):
    """An unrolled LSTM in which a few layers lost or swapped a bottom, a top or their type."""
    dice, net = random.Random(seed), caffe.proto.caffe_pb2.NetParameter()
    options = [{}, dict(cell="fused"), dict(project="once")]
    net.CopyFrom(unrolled(dice.randint(1, 3), **dice.choice(options)).to_proto())
    for _ in range(dice.randint(1, 4)):
        layer, ends = dice.choice(net.layer), dice.randint(0, 4)
        blobs = [layer.bottom, layer.top][ends % 2]
        if ends < 2 and blobs:
            del blobs[dice.randrange(len(blobs))]
        elif ends == 2:
            layer.type = dice.choice(TYPES)
        elif ends == 3:
            layer.top.append(dice.choice(dice.choice(net.layer).top or ["new"]))
        else:
            del layer.bottom[:]
    return net


@pytest.mark.parametrize("steps", ["fold", "all", "rolled"])
def test_an_lstm_that_lost_parts_of_itself_gives_a_whole_picture(steps):
    for seed in range(200):
        assert ElementTree.fromstring(draw(broken_lstm(seed), steps=steps).svg) is not None


@pytest.mark.parametrize("nothing", ["", "  \n", caffe.proto.caffe_pb2.NetParameter(),
                                     'name: "empty"\n'])
def test_an_empty_net_is_refused(nothing):
    with pytest.raises(NetError):
        draw(nothing)


def test_two_layers_of_one_name_are_two_nodes():
    text = ('layer { name: "a" type: "Input" top: "x" }'
            'layer { name: "a" type: "TanH" bottom: "x" top: "y" }')
    assert len(draw(text).graph.nodes) == 2


def test_a_blob_nobody_makes_is_said_to_be_missing():
    assert "no layer makes this blob" in draw(
        'layer { name: "y" type: "TanH" bottom: "x" top: "y" }').svg


def test_in_place_after_another_reader_and_cycles_of_names_end():
    text = ('layer { name: "x" type: "Input" top: "x" }'
            'layer { name: "r" type: "TanH" bottom: "x" top: "y" }'
            'layer { name: "p" type: "ReLU" bottom: "x" top: "x" }'
            'layer { name: "q" type: "TanH" bottom: "y" top: "x" }'
            'layer { name: "s" type: "Eltwise" bottom: "x" bottom: "y" top: "y" }')
    assert len(draw(text).graph.nodes) == 5


def test_steps_that_feed_each_other_in_a_circle_of_stacks_end():
    text = 'layer { name: "x" type: "Input" top: "h0" }'
    for t in (1, 2):
        text += (f'layer {{ name: "a/t{t}/m" type: "TanH" bottom: "h{t - 1}" top: "g{t}" }}'
                 f'layer {{ name: "b/t{t}/m" type: "TanH" bottom: "g{t}" top: "h{t}" }}')
    assert parsed(text) is not None


def test_layers_of_the_test_phase_are_left_out():
    text = PERCEPTRON + ('layer { name: "only_test" type: "Accuracy" bottom: "ip2" '
                         'bottom: "label" top: "acc" include { phase: TEST } }')
    assert "only_test" not in [node.name for node in draw(text).graph.nodes]


@pytest.mark.parametrize("option", [dict(style="dot"), dict(steps="some"), dict(values="both")])
def test_an_option_that_does_not_exist_is_named(option):
    with pytest.raises(ValueError, match=next(iter(option))):
        draw(PERCEPTRON, **option)


@pytest.mark.parametrize("ending,starts", [
    (".svg", b"<svg"), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".dot", b"digraph"),
    (".html", b"<!DOCTYPE html>")])
def test_a_picture_is_saved_as_its_name_ends(ending, starts, tmp_path):
    path = draw(unrolled(2)).save(tmp_path / ("lstm" + ending))
    assert open(path, "rb").read().startswith(starts)
    assert os.listdir(tmp_path) == ["lstm" + ending]


def test_an_unknown_ending_or_folder_is_refused_and_leaves_nothing(tmp_path):
    picture = draw(PERCEPTRON)
    for name, reason in (("x.jpg", "must end in"), ("no/x.svg", "no folder")):
        with pytest.raises(NetError, match=reason):
            picture.save(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.png"
    path.write_bytes(b"old")
    with pytest.raises(NetError, match=f"{LONGEST_SIDE:,}"):
        draw(unrolled(100), steps="all", path=path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["x.png"]


@pytest.mark.parametrize("style", ["caffe", "graphviz"])
def test_without_dot_the_error_has_the_command_that_installs_it(style, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DotMissing, match="install"):
        draw(PERCEPTRON, style=style)


def test_the_time_picture_page_and_summary_need_no_dot(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/nowhere")
    draw(unrolled(3), path=tmp_path / "x.html")
    assert "w_Mxw*" in summary(unrolled(3))


@pytest.fixture
def endless_dot(tmp_path, monkeypatch):
    """A `dot` that never ends, first on PATH."""
    (tmp_path / "dot").write_text("#!/bin/sh\nexec sleep 6000\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


def test_the_doctor_does_not_wait_forever_for_dot_and_says_so(endless_dot, monkeypatch):
    from lstm_lib import doctor

    monkeypatch.setattr(doctor, "DOT_SECONDS", 0.3)
    with pytest.raises(doctor.Problem, match="did not answer in 0.3 seconds"):
        doctor.look_at_dot()


def test_dot_is_stopped_at_its_time_limit_and_leaves_no_process(endless_dot, monkeypatch):
    from lstm_lib.drawing import graphviz

    started = []
    popen = graphviz.subprocess.Popen

    def watched(*args, **kwargs):
        started.append(popen(*args, **kwargs))
        return started[-1]

    monkeypatch.setattr(graphviz.subprocess, "Popen", watched)
    with pytest.raises(NetError, match="stopped after 0.3 seconds"):
        graphviz.run_dot("digraph {}", "svg", "", seconds=0.3)
    assert started[0].poll() is not None


def test_dot_leads_a_group_of_its_own_so_that_what_ends_it_ends_no_kernel(tmp_path, monkeypatch):
    from lstm_lib.drawing import graphviz

    (tmp_path / "dot").write_text(f"#!{sys.executable}\nimport os\nprint(os.getpid(), os.getpgrp())\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    process, group = map(int, graphviz.run_dot("", "svg", "").split())
    assert group == process != os.getpgrp()


def test_dot_is_stopped_where_there_are_no_groups_of_processes_as_on_windows(
        endless_dot, monkeypatch):
    from lstm_lib.drawing import graphviz

    monkeypatch.delattr(os, "killpg")
    with pytest.raises(NetError, match="stopped after 0.3 seconds"):
        graphviz.run_dot("digraph {}", "svg", "", seconds=0.3)


def test_ctrl_c_leaves_no_process(monkeypatch):
    from lstm_lib.drawing import graphviz

    started = []

    class Interrupted(graphviz.subprocess.Popen):
        def communicate(self, *args, **kwargs):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(graphviz.subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        graphviz.run_dot("digraph {}", "svg", "")
    assert started[0].poll() is not None


def test_a_notebook_gets_the_still_picture_with_alt_text_and_the_page_when_interactive():
    bundle, notes = draw(unrolled(3))._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/svg+xml", "text/html"}
    assert bundle["text/html"].startswith('<img alt="unrolled LSTM, 3 steps')
    assert notes["image/svg+xml"]["alt"].startswith("unrolled LSTM")
    bundle, _ = draw(unrolled(3), interactive=True)._repr_mimebundle_()
    assert bundle["text/html"].startswith("<div><img alt=") and "srcdoc" in bundle["text/html"]
    assert bundle["text/html"].count("</script>") == 1


def test_a_saved_page_shows_what_the_picture_shows(tmp_path):
    from lstm_lib import load_net

    net = load_net(unrolled(2))
    page = draw(net, values="data", path=tmp_path / "painted.html")
    assert '"start":"data"' in open(page.save(tmp_path / "again.html"), encoding="utf-8").read()
    draw(net, path=tmp_path / "plain.html")
    assert '"start":""' in (tmp_path / "plain.html").read_text(encoding="utf-8")


def test_the_summary_lists_layers_shapes_shared_weights_and_totals():
    from lstm_lib import load_net

    words = summary(load_net(unrolled(3)))
    assert "t2/lstm/Mx+Mh" in words and "w_Mxw* 16×3" in words
    assert "46 layers, 3 parameter blobs, 3 of them shared\n" in words
    assert words.endswith("128 numbers to learn (without sharing: 384)")
    assert "×" not in summary(unrolled(3))


@pytest.mark.parametrize("options", [{}, dict(cell="fused"), dict(project="once")])
def test_the_summary_counts_the_layers_that_caffe_really_runs(options):
    from lstm_lib import load_net

    net = load_net(unrolled(3, **options))
    assert f"it runs {len(net.layers)}\n" in summary(net)


def test_the_shell_command_writes_what_it_is_asked_for(tmp_path, capsys):
    file = write_prototxt(unrolled(9), str(tmp_path / "net.prototxt"))
    for words in (["-o", str(tmp_path / "a.svg"), "--steps", "all"], ["--html", "--shapes"]):
        assert main(["draw", file, *words]) == 0
    assert "unrolled LSTM, 9 steps" in capsys.readouterr().out
    assert sorted(os.listdir(tmp_path)) == ["a.svg", "net.html", "net.prototxt"]


@pytest.mark.parametrize("options", [dict(values="data"), dict(shapes=True), dict(steps="rolled"),
                                     dict(all_layers=True), dict(steps="fold")])
@pytest.mark.parametrize("ending", [".png", ".pdf"])
def test_every_kind_of_picture_becomes_pixels_and_pages(options, ending, tmp_path):
    from lstm_lib import load_net

    net = load_net(unrolled(6))
    net.blobs["x"].data[...] = -1
    net.forward()
    path = draw(net, **options).save(tmp_path / ("lstm" + ending))
    assert os.path.getsize(path) > 5000


def test_blobs_that_nobody_reads_are_drawn_with_their_makers():
    text = ('layer { name: "x" type: "Input" top: "x" top: "unread" }'
            'layer { name: "s" type: "Slice" bottom: "x" top: "a" top: "b" top: "c" }'
            'layer { name: "y" type: "TanH" bottom: "b" top: "y" }')
    tree = parsed(text)
    assert drawn_names(tree) == ["x", "s", "y"]
    assert "-> x, unread" in summary(text)


@pytest.mark.parametrize("words,reason", [
    (["none.prototxt"], "there is no file"), (["net.prototxt", "-o", "no/x.svg"], "no folder"),
    (["net.prototxt", "-o", "net.prototxt/x.svg"], "no folder"),
    (["net.prototxt", "-o", "x.jpg"], "must end in"), (["."], "is a folder"),
    (["net.prototxt", "--style", "graphviz", "--html"], "interactive page"),
    (["net.prototxt", "--style", "caffe", "--shapes"], "style='time'")])
def test_a_mistake_in_the_shell_is_one_line_and_status_1(words, reason, tmp_path, monkeypatch,
                                                         capsys):
    monkeypatch.chdir(tmp_path)
    write_prototxt(unrolled(2), "net.prototxt")
    assert main(["draw", *words]) == 1
    error = capsys.readouterr().err
    assert reason in error and error.count("\n") == 1 and error.startswith("lstm_lib draw: ")
    assert os.listdir(tmp_path) == ["net.prototxt"]


def test_the_shell_draws_all_layers_and_rolled_up(tmp_path):
    file = write_prototxt(unrolled(9), str(tmp_path / "net.prototxt"))
    for name, words in (("a.svg", ["--all-layers"]), ("r.svg", ["--steps", "rolled"]),
                        ("g.svg", ["--style", "graphviz"])):
        assert main(["draw", file, "-o", str(tmp_path / name), *words]) == 0
    assert "copied for several readers" in open(tmp_path / "a.svg", encoding="utf-8").read()
    assert 't = 1 … 9' in open(tmp_path / "r.svg", encoding="utf-8").read()


def test_the_pixel_budget_holds_for_the_area_too(tmp_path):
    from lstm_lib.drawing.raster import MOST_PIXELS, convert

    with pytest.raises(NetError, match=f"{MOST_PIXELS:,} in all"):
        convert('<svg viewBox="0 0 9000 9000"/>', tmp_path / "x.png", "png")


def test_only_edges_from_step_to_step_do_not_pull_upward():
    edges = [line for line in draw(unrolled(3), style="graphviz")._dot().split("\n")
             if "constraint=false" in line]
    assert len(edges) == 4, "c and h, twice"

"""The judge of whole files: what is read or drawn is replaced, and what is wrong is said."""
import pytest

import portable_caffe as pc
from portable_caffe.judge import files

pytest.importorskip("caffe", reason="real Caffe, the judge, is not installed here")
NET = """
layer { name: "d" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  transform_param { crop_size: 6 } data_param { source: "nowhere" batch_size: 64 backend: LMDB } }
layer { name: "d" type: "ImageData" top: "data" top: "label" include { phase: TEST }
  transform_param { crop_size: 6 } image_data_param { source: "nowhere" batch_size: 9 } }
layer { name: "noise" type: "DummyData" top: "noise"
  dummy_data_param { shape { dim: 7 dim: 5 } data_filler { type: "gaussian" } } }
layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param {
  num_output: 5 weight_filler { type: "xavier" } } }
layer { name: "drop" type: "Dropout" bottom: "ip" top: "ip" }
layer { name: "sum" type: "Eltwise" bottom: "ip" bottom: "noise" top: "sum" }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "sum" bottom: "label" top: "loss" }
"""


def judge(tmp_path, capsys, text, *options):
    path = tmp_path / "net.prototxt"
    path.write_text(text)
    wrong = files.main([str(path), *options])
    return wrong, capsys.readouterr().out.replace(str(path), "net").splitlines()


def test_a_net_that_reads_files_and_draws_numbers_is_judged_in_both_phases(tmp_path, capsys):
    wrong, lines = judge(tmp_path, capsys, NET)
    assert wrong == 0 and [line.split(":")[0] for line in lines] == ["net TRAIN", "net TEST"]
    assert all("forward " in line and "backward " in line for line in lines)


def test_a_shape_that_only_the_data_tell_is_asked_for_and_taken(tmp_path, capsys):
    text = NET.replace("transform_param { crop_size: 6 }", "")
    wrong, lines = judge(tmp_path, capsys, text)
    assert wrong == 2 and "give --shape data=3,32,32" in lines[0]
    assert judge(tmp_path, capsys, text, "--shape", "data=2,3", "label=")[0] == 0


def test_a_stage_is_given_on(tmp_path, capsys):
    text = NET.replace("phase: TEST", 'phase: TEST stage: "last"')
    assert judge(tmp_path, capsys, text)[0] == 1
    assert judge(tmp_path, capsys, text, "--stage", "last")[0] == 0


def test_a_net_that_computes_other_numbers_is_called_wrong(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(pc.layer_types.elementwise.Eltwise, "_sum", lambda self, xs: xs[0])
    wrong, lines = judge(tmp_path, capsys, NET)
    assert wrong == 2 and all(line.endswith("WRONG") for line in lines)


def test_a_layer_that_is_not_here_is_named(tmp_path, capsys):
    wrong, lines = judge(tmp_path, capsys, NET.replace('"Dropout"', '"WindowData"').replace(
        'bottom: "ip" top: "ip" }', 'bottom: "ip" top: "w" }').replace("WindowData", "Permute"))
    assert wrong == 2 and "'drop' (Permute): portable_caffe does not run" in lines[0]


def test_old_inputs_take_the_batch_that_is_asked_for(tmp_path):
    spec = pc.caffe_pb2.NetParameter(name="old", input=["x"], input_dim=[9, 1, 2, 2])
    spec.layer.add(name="y", type="TanH", bottom=["x"], top=["y"])
    changed = files.without_chance(pc.net.read_net(spec), 3, {})
    assert not changed.input and changed.layer[0].input_param.shape[0].dim == [3, 1, 2, 2]
    assert changed.force_backward and len(changed.layer) == 2

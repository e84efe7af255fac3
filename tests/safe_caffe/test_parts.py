"""Parts of a net by name, and modules of pycaffe: no way round what makes them safe."""
import numpy as np
import pytest
from conftest import on_real_caffe
from test_errors import X, layer

from lstm_lib import NetError, caffe, load_net

NET = X + layer("InnerProduct", "inner_product_param { num_output: 2 }", name="p")


@pytest.mark.parametrize("act", [
    lambda named: named.pop("p"), lambda named: named.pop("none", None),
    lambda named: named.popitem(), lambda named: named.clear(),
    lambda named: named.__delitem__("p"), lambda named: named.move_to_end("p"),
    lambda named: named.update(p=0), lambda named: named.setdefault("none", 0),
    lambda named: named.__ior__({"p": 0})])
@pytest.mark.parametrize("what", ["blobs", "params"])
def test_nothing_is_taken_from_a_net_by_name_or_put_into_it(act, what):
    net = load_net(NET)
    before = list(getattr(net, what).items())
    with pytest.raises(NetError):
        act(getattr(net, what))
    assert list(getattr(net, what).items()) == before
    assert list(net.forward()) == ["y"]


@pytest.mark.parametrize("wrong", [np.zeros(3), np.array("p"), 1, ["p"], b"p", {}, object()])
@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("end", ["start", "end"])
def test_a_pass_begins_and_ends_with_a_name(wrong, way, end):
    net = load_net(NET, force_backward=True)
    net.forward()
    with pytest.raises(NetError, match="no layer"):
        getattr(net, way)(**{end: wrong})


@on_real_caffe
def test_what_is_found_in_a_module_of_pycaffe_is_as_safe(tmp_path):
    (tmp_path / "net").write_text(X + layer("TanHH"))
    with pytest.raises(NetError, match="'wrong'.*TanHH"):
        caffe.pycaffe.Net(str(tmp_path / "net"), caffe.TEST)
    assert caffe.classifier.Classifier is caffe.Classifier
    assert caffe.detector.Detector is caffe.Detector
    assert caffe.pycaffe.SGDSolver is caffe.SGDSolver and "Net" in dir(caffe.pycaffe)
    from caffe import io, pycaffe
    assert caffe.io is io and caffe.pycaffe.OrderedDict is pycaffe.OrderedDict

"""A script written for pycaffe prints the same on real Caffe and on portable_caffe."""
import contextlib
import io

import numpy as np
import pytest

import portable_caffe as pc

from portable_nets import fill, learning_net, write

real = pytest.importorskip("caffe", reason="real Caffe is not installed here")


def rounded(arrays):
    return {name: np.round(arrays[name].astype(float), 4).tolist() for name in sorted(arrays)}


def look(caffe, folder):
    """What a notebook looks at."""
    net = fill(caffe.Net(write(folder, learning_net()), caffe.TEST))
    print(list(net.blobs), net.inputs, net.outputs, list(net.params), list(net._layer_names))
    print({name: tuple(blob.shape) for name, blob in net.blobs.items()})
    print(dict(net.top_names), dict(net.bottom_names), [layer.type for layer in net.layers])
    print({name: [tuple(blob.shape) for blob in blobs] for name, blobs in net.params.items()})
    print([len(layer.blobs) for layer in net.layers], net.layer_dict["a"].type)
    print(dict(net.blob_loss_weights), caffe.TRAIN, caffe.TEST)
    blob = net.blobs["x"]
    print(blob.count, blob.num, blob.channels, blob.height, blob.data.dtype, blob.data.shape)


def run(caffe, folder):
    """Forward and backward, whole and in parts."""
    net = fill(caffe.Net(write(folder, learning_net()), caffe.TRAIN))
    net.blobs["label"].data[...] = np.arange(8) % 3
    kept = net.blobs["score"].data
    print(rounded(net.forward()), rounded({"kept": kept}))
    print(rounded(net.forward(blobs=["b"], end="b")), rounded(net.forward(start="score")))
    inputs = {"x": np.ones((8, 5)), "label": np.zeros(8)}
    print(rounded(net.forward(**inputs)), net.backward().keys() == set(net.inputs))
    for _ in range(2):
        net.backward()
    print(rounded({"3 times": net.params["a"][0].diff}))
    print(rounded(net.backward(diffs=["b"], end="score")))
    net.clear_param_diffs()
    print(rounded({"none": net.params["a"][0].diff}))


def write_inside(caffe, folder):
    """What is written into a blob that several layers read is seen by all of them."""
    net = fill(caffe.Net(write(folder, learning_net()), caffe.TEST))
    net.forward()
    net.blobs["score"].data[...] = np.arange(24).reshape(8, 3) % 5
    print(rounded(net.forward(start="loss")), [n for n in net.blobs if "split" in n])
    print(rounded({n: net.blobs[n].data for n in net.blobs if "score" in n}))


def reshape(caffe, folder):
    """Another batch size, by forward alone and by reshape."""
    net = fill(caffe.Net(write(folder, learning_net()), caffe.TRAIN))
    net.blobs["x"].reshape(2, 5)
    net.blobs["label"].reshape(2)
    net.reshape()
    print(tuple(net.blobs["score"].shape), net.blobs["x"].data.shape)
    net.blobs["x"].data[...] = 1
    net.blobs["label"].data[...] = [0, 2]
    print(rounded(net.forward()))
    net.blobs["x"].reshape(3, 5)
    net.blobs["label"].reshape(3)
    net.blobs["x"].data[...], net.blobs["label"].data[...] = 2, 1
    print(rounded(net.forward(blobs=["score"])), tuple(net.blobs["b"].shape))


def share(caffe, folder):
    """Weights written in one net are seen by the other; loading does not unlink them."""
    first, second = [caffe.Net(write(folder, learning_net()), phase) for phase in (0, 1)]
    second.share_with(fill(first))
    first.params["a"][1].data[...] = 7
    print(rounded({"b": second.params["a"][1].data}))
    second.params["score"][0].data[0, 0] = 5
    print(rounded({"w": first.params["score"][0].data}))
    first.params["a"][0].diff[...] = 3  # gradients stay each net's own
    print(rounded({"dw": second.params["a"][0].diff}))


def complain(caffe, folder):
    """Errors that pycaffe raises."""
    net = caffe.Net(write(folder, learning_net()), caffe.TRAIN)
    for call in (lambda: net.forward(x=np.ones((8, 5))),
                 lambda: net.forward(x=np.ones((3, 5)), label=np.ones(8)),
                 lambda: net.backward(loss=np.ones(1), x=np.ones(1)),
                 lambda: net.blobs["nothing"], lambda: caffe.layers.TanH("x")):
        try:
            call()
        except Exception as error:
            print(type(error).__name__, str(error).split("(type")[0])
    try:
        caffe.Net("no/such/file", caffe.TRAIN)
    except RuntimeError:
        print("RuntimeError")


def write_spec(caffe, folder):
    """NetSpec: named and automatic names, several tops, in place, no tops, options."""
    L, P = caffe.layers, caffe.params
    ns = caffe.NetSpec()
    ns.x, ns.y = L.DummyData(ntop=2, shape=[dict(dim=[2, 3]), dict(dim=[2, 3])])
    ns["a/b"] = L.Eltwise(ns.x, L.TanH(L.Power(ns.y, power=2)), operation=P.Eltwise.PROD)
    ns.relu = L.ReLU(ns["a/b"], in_place=True)
    ns.silent = L.Silence(ns.x, ntop=0)
    print(ns.to_proto())
    print(caffe.to_proto(L.InnerProduct(ns.relu, num_output=2, weight_filler=dict(type="msra"),
                                        param=[dict(lr_mult=1), dict(lr_mult=2)])))
    print(ns.x.to_proto(), list(ns.tops), P.Reduction.MEAN)
    for wrong in (dict(num_outputs=3), dict(num_output="three")):
        try:
            caffe.to_proto(L.InnerProduct(ns.x, **wrong))
        except (AttributeError, TypeError) as error:
            print(type(error).__name__)


def draw(caffe, folder):
    """The text of the drawing, in both directions and for a phase."""
    import importlib

    pytest.importorskip("pydot")
    module = importlib.import_module(caffe.__name__ + ".draw")
    message = caffe.proto.caffe_pb2.NetParameter.FromString(learning_net().SerializeToString())
    for options in (dict(rankdir="LR"), dict(rankdir="TB", phase=0, display_lrm=True),
                    dict(rankdir="BT", label_edges=False)):
        print(module.get_pydot_graph(message, **options).to_string())


@pytest.mark.parametrize(
    "script", [look, run, write_inside, reshape, share, complain, write_spec, draw],
    ids=lambda script: script.__name__)
def test_script_prints_the_same_on_both(script, tmp_path):
    printed = []
    for caffe in (real, pc):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            script(caffe, tmp_path)
        printed.append(out.getvalue())
    assert printed[0] == printed[1] and printed[0]


def test_all_names_of_pycaffe_that_notebooks_use_are_there():
    names = ("NetSpec Net layers params to_proto TRAIN TEST set_mode_cpu set_mode_gpu set_device "
             "set_random_seed layer_type_list get_solver SGDSolver AdamSolver proto").split()
    assert [name for name in names if not hasattr(pc, name) or not hasattr(real, name)] == []
    assert set(pc.layer_type_list()) - {"Clip"} <= set(real.layer_type_list())  # the wheel is older

"""The program the project starts from, respelled for Python 3, must give the same net."""
import pytest
from conftest import L, on_real_caffe

from lstm_lib import (NetError, add_layer_to_net_spec, add_layer_with_multiple_tops, caffe,
                      load_net, single_time_step_lstm, to_net_parameter)


def origin_example(T=3, B=10, H=500, features=(128, 10, 10)):
    """The steps of the origin's example, with its names; `h0` and `c0` collide on purpose."""
    def constant(*shape):
        return L.DummyData(dummy_data_param=dict(
            shape=dict(dim=list(shape)), data_filler=dict(type="constant", value=0)))

    ns = caffe.NetSpec()
    ns.h0, ns.c0 = constant(1, B, H), constant(1, B, H)
    ns.X = L.DummyData(dummy_data_param=dict(shape=dict(dim=[T, B, *features])))
    steps = L.Slice(ns.X, name="slice_X", ntop=T, slice_point=list(range(1, T)), axis=0)
    h, c, names, outputs = ns.h0, ns.c0, None, []
    for t in range(T):
        c, h, names = single_time_step_lstm(ns, h, c, steps[t], f"t{t}/", H, names)
        setattr(ns, f"c{t}", c)
        setattr(ns, f"h{t}", h)
        outputs.append(h)
    ns.H = L.Concat(*outputs, name="concat_h", axis=0)
    return ns


@pytest.fixture(scope="module")
def layers():
    return list(origin_example().to_proto().layer)


def step_layers(layers, t):
    return [layer for layer in layers if layer.name.startswith(f"t{t}/")]


STEP = [("Mx", "InnerProduct"), ("Mh", "InnerProduct"), ("Mx+Mh", "Eltwise"), ("slice", "Slice"),
        ("i", "Sigmoid"), ("f", "Sigmoid"), ("o", "Sigmoid"), ("g", "TanH"), ("c_f", "Eltwise"),
        ("c_i", "Eltwise"), ("c", "Eltwise"), ("act_c", "TanH"), ("h", "Eltwise")]


@pytest.mark.parametrize("t", range(3))
def test_each_step_has_the_origin_s_layers_by_name_and_type(layers, t):
    assert sorted((layer.name, layer.type) for layer in step_layers(layers, t)) == sorted(
        (f"t{t}/lstm/{name}", kind) for name, kind in STEP)


def test_the_name_h0_is_taken_from_the_initial_state_as_in_the_origin(layers):
    assert "h0" not in [top for layer in layers for top in layer.top]


def test_around_the_steps_stand_three_inputs_a_slice_and_a_concat(layers):
    rest = {layer.name: layer.type for layer in layers if "lstm/" not in layer.name}
    assert rest == {"DummyData1": "DummyData", "DummyData2": "DummyData",
                    "X": "DummyData", "slice_X": "Slice", "concat_h": "Concat"}


@pytest.mark.parametrize("t", range(3))
def test_connections_of_a_step_are_those_of_the_equations(layers, t):
    p = f"t{t}/lstm/"
    # the first step's outputs keep their layers' names: `h0` and `c0` stand too early
    names = [("t0/lstm/h", "t0/lstm/c"), ("h1", "c1"), ("h2", "c2")]
    h_before, c_before = names[t - 1] if t else ("DummyData1", "DummyData2")
    h, c = names[t]
    wires = {layer.name[len(p):]: (list(layer.bottom), list(layer.top))
             for layer in step_layers(layers, t)}
    raw = [p + "raw_" + gate for gate in "ifog"]
    assert wires["Mh"][0] == [h_before]
    assert wires["Mx+Mh"][0] == [p + "Mx", p + "Mh"]
    assert wires["slice"] == ([p + "Mx+Mh"], raw)
    for gate, blob in zip("ifog", raw):
        assert wires[gate] == ([blob], [blob]), "a gate works in place"
    assert wires["c_f"][0] == [raw[1], c_before]
    assert wires["c_i"][0] == [raw[0], raw[3]]
    assert wires["c"] == ([p + "c_f", p + "c_i"], [c])
    assert wires["act_c"] == ([c], [p + "act_c"]), "the cell state must survive"
    assert wires["h"] == ([raw[2], p + "act_c"], [h])


@pytest.mark.parametrize("t", range(3))
def test_every_step_names_the_weights_of_the_first(layers, t):
    by_name = {layer.name: layer for layer in layers}
    Mx, Mh = by_name[f"t{t}/lstm/Mx"], by_name[f"t{t}/lstm/Mh"]
    assert [(p.name, p.lr_mult, p.decay_mult) for p in Mx.param] == [
        ("w_t0/Mxw", 1, 1), ("w_t0/Mxb", 2, 0)]
    assert [(p.name, p.lr_mult, p.decay_mult) for p in Mh.param] == [("w_t0/Mhw", 1, 1)]


def test_options_of_a_step_are_the_origin_s(layers):
    by_name = {layer.name: layer for layer in layers}
    Mx = by_name["t0/lstm/Mx"].inner_product_param
    Mh = by_name["t0/lstm/Mh"].inner_product_param
    for product in (Mx, Mh):
        filler = product.weight_filler
        assert (product.num_output, product.axis) == (2000, 2)
        assert (filler.type, round(filler.min, 6), round(filler.max, 6)) == (
            "uniform", -0.05, 0.05)
    assert (Mx.bias_term, Mx.bias_filler.value, Mh.bias_term) == (True, 0, False)
    cut = by_name["t0/lstm/slice"].slice_param
    assert (cut.axis, list(cut.slice_point)) == (2, [500, 1000, 1500])
    operations = {name: by_name[f"t0/lstm/{name}"].eltwise_param.operation
                  for name in ("Mx+Mh", "c_f", "c_i", "c", "h")}
    PROD, SUM = caffe.params.Eltwise.PROD, caffe.params.Eltwise.SUM
    assert operations == {"Mx+Mh": SUM, "c_f": PROD, "c_i": PROD, "c": SUM, "h": PROD}


def test_the_origin_s_net_loads_with_nine_uses_of_three_weights():
    net = load_net(origin_example(B=2, H=4, features=(3,)))
    assert len(net.params) == 6 and tuple(net.blobs["H"].shape) == (3, 2, 4)
    places = {blob.data.ctypes.data for blobs in net.params.values() for blob in blobs}
    assert len(places) == 3


def test_all_outputs_of_the_origin_s_example_are_zero_for_its_input_is():
    net = load_net(origin_example(B=2, H=4, features=(3,)))
    assert abs(net.forward()["H"]).max() == 0


@on_real_caffe
def test_a_layer_function_of_plain_pycaffe_is_taken_as_well():
    from caffe import layers

    ns = caffe.NetSpec()
    x = add_layer_to_net_spec(ns, layers.Input, "x", input_param=dict(shape=dict(dim=[1, 2, 4])))
    tops = add_layer_with_multiple_tops(ns, layers.Slice, "cut", 2, x, "a", "b", axis=2)
    assert [layer.name for layer in to_net_parameter(ns).layer] == ["x", "cut"]
    assert (ns.a, ns.b) == tuple(tops)


def test_layers_of_a_caffe_imported_by_itself_are_looked_at_too():
    plain, ns = caffe._caffe.layers, caffe.NetSpec()  # as `import caffe` gives them
    x = add_layer_to_net_spec(ns, plain.Input, "x", input_param=dict(shape=dict(dim=[1, 2])))
    with pytest.raises(NetError, match="'y' .InnerProduct.*num_outptu.*Did you mean 'num_output'"):
        add_layer_to_net_spec(ns, plain.InnerProduct, "y", x, num_outptu=3)
    with pytest.raises(NetError, match="'cut' .Slice.*axes.*Did you mean 'axis'"):
        add_layer_with_multiple_tops(ns, plain.Slice, "cut", 2, x, "a", "b", axes=1)

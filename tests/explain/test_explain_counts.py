"""What `explain` counts, against other ways to count it."""
from math import prod

import numpy as np
import pytest
from conftest import input_layer, unrolled_net, unrolled_spec
from oracle_counts import LENET, products_of_an_lstm

from lstm_lib import caffe, load_net, prototxt, stack
from lstm_lib.explain import explain
from lstm_lib.explain.report import sections
from portable_caffe.free_memory import in_gigabytes

L = caffe.layers
T, B, D, H = 5, 3, 4, 6


def counts_of(ns):
    return explain(prototxt(ns)).counts


def test_parameters_of_an_unrolled_lstm_are_counted_once():
    counts = counts_of(unrolled_spec(T, B, D, H))
    assert counts.parameters == 4 * H * (D + H + 1) and counts.unshared == T * counts.parameters


def test_fixed_weights_are_told_from_those_that_learn():
    text = LENET.replace('top: "ip2"', 'top: "ip2" param { lr_mult: 0 } param { lr_mult: 0 }')
    counts = explain(text).counts
    assert counts.fixed == 500 * 10 + 10


def test_lenet_has_431080_parameters_and_2293000_multiplications_an_image():
    counts = explain(LENET).counts
    assert counts.parameters == 431080  # as LeCun's net in Caffe's examples is known to have
    assert sum(counts.multiplications.values()) == 64 * 2293000


def test_googlenets_first_inception_has_the_products_that_its_paper_gives():
    sizes = {"1x1": (192, 64, 1), "3x3_reduce": (192, 96, 1), "3x3": (96, 128, 3),
             "5x5_reduce": (192, 16, 1), "5x5": (16, 32, 5), "proj": (192, 32, 1)}
    ns = caffe.NetSpec()
    for name, (channels, filters, size) in sizes.items():
        ns[f"{name}_in"] = input_layer(1, channels, 28, 28)
        ns[name] = L.Convolution(ns[f"{name}_in"], num_output=filters, kernel_size=size,
                                 pad=size // 2, bias_term=False)
    counts = counts_of(ns)
    assert round(counts.multiplications["Convolution"] / 1e6) == 128  # "ops" of table 1
    assert counts.parameters // 1024 == 159  # "params" of table 1


@pytest.mark.parametrize("options", [
    {}, dict(project="once"), dict(cell="fused"), dict(cell="fused", project="once")], ids=str)
def test_an_lstm_multiplies_as_often_as_numpy_does_that_runs_its_equations(options):
    counts = counts_of(unrolled_spec(T, B, D, H, **options))
    assert sum(counts.multiplications.values()) == products_of_an_lstm(T, B, D, H)


@pytest.mark.parametrize("static, exposed", [(False, False), (True, False), (False, True),
                                             (True, True)])
def test_caffes_own_lstm_layer_is_counted_like_numpy_and_its_static_input_once(static, exposed):
    ns = caffe.NetSpec()
    ns.x, ns.cont = input_layer(T, B, D), input_layer(T, B)
    more = []
    if static:
        ns.s = input_layer(B, 7)
        more.append(ns.s)
    if exposed:
        ns.h0, ns.c0 = input_layer(1, B, H), input_layer(1, B, H)
        more += [ns.h0, ns.c0]
    tops = L.LSTM(ns.x, ns.cont, *more, ntop=3 if exposed else 1,
                  recurrent_param=dict(num_output=H, expose_hidden=exposed))
    ns.H = tops[0] if exposed else tops
    if exposed:
        ns.h_T, ns.c_T = tops[1:]
    assert counts_of(ns).multiplications["LSTM"] == (
        products_of_an_lstm(T, B, D, H) + static * B * 7 * 4 * H)


def test_pytorch_counts_as_many_products_with_weights():
    torch = pytest.importorskip("torch", reason="PyTorch is not in this world")
    from torch.utils.flop_counter import FlopCounterMode

    layers = [(torch.nn.Conv2d(6, 8, 3, stride=2, groups=2), (2, 6, 9, 9)),
              (torch.nn.ConvTranspose2d(6, 4, 3, stride=2), (2, 6, 5, 5)),
              (torch.nn.Linear(7, 3), (5, 7))]
    ns = caffe.NetSpec()
    ns.a, ns.b, ns.c = (input_layer(*shape) for _, shape in layers)
    ns.conv = L.Convolution(ns.a, num_output=8, kernel_size=3, stride=2, group=2)
    ns.deconv = L.Deconvolution(ns.b, convolution_param=dict(num_output=4, kernel_size=3, stride=2))
    ns.linear = L.InnerProduct(ns.c, num_output=3)
    ours = counts_of(ns).multiplications
    for kind, (layer, shape) in zip(("Convolution", "Deconvolution", "InnerProduct"), layers):
        with FlopCounterMode(display=False) as counter:
            layer(torch.zeros(shape))
        assert 2 * ours[kind] == counter.get_total_flops(), kind


def test_elementwise_products_are_counted_and_sums_are_not():
    ns = caffe.NetSpec()
    ns.a, ns.b, ns.c = (input_layer(2, 3) for _ in range(3))
    ns.product = L.Eltwise(ns.a, ns.b, ns.c, operation=0)
    ns.sum = L.Eltwise(ns.a, ns.b, operation=1, coeff=[1, -1])
    ns.weighed = L.Eltwise(ns.a, ns.b, operation=1, coeff=[1, 0.5])
    ns.scaled = L.Scale(ns.a, ns.b, axis=0)
    assert counts_of(ns).multiplications == {"Eltwise": 2 * 6 + 6, "Scale": 6}


def memories(net, side):
    """Bytes of all blobs, each memory once, as the net itself has them after a pass."""
    found = {}
    for blob in net.blobs.values():
        array = getattr(blob, side)
        found[array.__array_interface__["data"][0]] = array.nbytes
    return sum(found.values())


@pytest.mark.parametrize("options", [{}, dict(project="once"), dict(cell="fused")], ids=str)
def test_the_memory_of_blobs_is_what_the_net_takes_after_a_pass(options):
    net = unrolled_net(T=T, B=B, D=D, H=H, **options)
    net.forward()
    net.backward()
    counts = counts_of(unrolled_spec(T, B, D, H, **options))
    assert counts.data == memories(net, "data")
    assert counts.diff == sum(4 * prod(blob.shape) for name, blob in net.blobs.items()
                              ) - handed_on(net)


def handed_on(net):
    """Bytes of gradients that lie in the memory of another blob: tops of Reshape and in place."""
    return sum(4 * prod(net.blobs[top].shape) for name, layer in net.layer_dict.items()
               if layer.type in ("Reshape", "Flatten") for top in net.top_names[name])


def test_the_memory_grows_with_the_batch_and_the_parameters_do_not():
    small, large = (explain(LENET.replace("dim: 64", f"dim: {batch}")).counts for batch in (1, 8))
    assert large.data == 8 * small.data and large.parameters == small.parameters


def test_layers_of_all_steps_stand_in_one_row_with_what_they_share():
    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, D)
    stack(ns, ns.x, T, [H, H])
    found = explain(prototxt(ns))
    rows = [row for row in found.layers if row.times == T]
    assert sum(row.times for row in found.layers) == len(found.picture.graph.layers)
    assert {row.type for row in rows} >= {"InnerProduct", "Eltwise", "Sigmoid", "TanH"}
    shared = [uses for row in rows for _, uses in row.weights]
    assert shared and set(shared) == {T}


def test_shapes_are_those_of_the_net_that_is_built():
    net = load_net(LENET)
    rows = {row.name: row.tops for row in explain(LENET).layers}
    assert rows["conv2"] == [f"conv2 {'×'.join(map(str, net.blobs['conv2'].shape))}"]


def test_the_net_of_an_explanation_has_drawn_no_weights():
    assert not any(np.any(blob.data) for blobs in explain(LENET).net.params.values()
                   for blob in blobs)


@pytest.mark.parametrize("number, said", [
    (999_999, "999,999"), (999_700_000, "999,700,000 (1 · 10⁹)"), (2_400_000, "2,400,000 (2.4 million)"),
    (10 ** 15, "1 · 10¹⁵"), (1234 * 10 ** 18, "1.23 · 10²¹"), (2 ** 2000, "115 · 10⁶⁰⁰")])
def test_a_count_has_its_digits_as_long_as_they_can_be_read(number, said):
    found = explain(LENET)
    found.counts.parameters = number + found.counts.fixed
    assert sections(found)[0]["rows"][0][1] == said


@pytest.mark.parametrize("number, said", [
    (10 ** 18, "1 EB"), (999 * 10 ** 18, "999 EB"), (10 ** 21, "more than 1000 EB"),
    (2 ** 2000, "more than 1000 EB")])
def test_memory_beyond_all_units_is_said_so_by_explain_and_by_both_engines(number, said):
    found = explain(LENET)
    found.counts.data, found.counts.diff = number, 0
    assert sections(found)[0]["rows"][2][1] == said
    assert in_gigabytes(number).replace(".0 ", " ") == said


def test_of_a_net_too_large_for_a_browser_the_first_words_say_so():
    found = explain(LENET)
    assert "browser" not in str(sections(found)[0]["words"])
    found.counts.data = 16 * 10 ** 9
    assert "in a browser" in sections(found)[0]["words"][0] and "16 GB" in str(sections(found)[0])

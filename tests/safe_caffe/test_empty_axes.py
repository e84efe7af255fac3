"""An axis of size 0: the same nets cannot be built on both engines, and the rest can be used."""
import numpy as np
import pytest

from lstm_lib import NetError, load_net


def net(type_name, *shapes, options="", tops=1):
    """The text of a net with an input for each shape and one layer that reads them all."""
    inputs = "".join(f'layer {{ name: "x{i}" type: "Input" top: "x{i}" input_param {{ shape {{ '
                     f'{" ".join(f"dim: {size}" for size in shape)} }} }} }} '
                     for i, shape in enumerate(shapes))
    ends = "".join(f'bottom: "x{i}" ' for i in range(len(shapes)))
    ends += "".join(f'top: "y{i}" ' for i in range(tops))
    return f'{inputs} layer {{ name: "y" type: "{type_name}" {ends} {options} }}'


PRODUCT = "inner_product_param { num_output: 3 }"
WITHOUT_BIAS = "inner_product_param { num_output: 3 bias_term: false }"
WINDOW = "convolution_param { num_output: 2 kernel_size: 1 }"
NOT_BUILT = {
    "no rows": net("InnerProduct", (0, 4), options=PRODUCT),
    "no columns": net("InnerProduct", (2, 0), options=WITHOUT_BIAS),
    "no words": net("Embed", (0,), options="embed_param { num_output: 3 input_dim: 4 }"),
    "no channels": net("Convolution", (2, 0, 5, 5), options=WINDOW),
    "no slopes": net("PReLU", (2, 0)), "no places of a slope": net("PReLU", (2, 3, 0)),
    "no scale": net("Scale", (2, 0)), "no bias": net("Bias", (2, 0)),
    "a bias for no places": net("Scale", (2, 3, 0), options="scale_param { bias_term: true }"),
    "statistics of no places": net("BatchNorm", (2, 3, 0)),
    "a mean of no places": net("MVN", (2, 3, 0)),
    "a sum of nothing": net("Reduction", (2, 0), options="reduction_param { axis: 1 }"),
    "no classes": net("Softmax", (2, 0)),
    "no examples": net("SoftmaxWithLoss", (0, 3), (0,)),
    "a loss of nothing": net("TanH", (2, 0), options="loss_weight: 1"),
    "nothing in another shape": net("Reshape", (2, 0), options=(
        "reshape_param { shape { dim: 0 dim: 0 dim: 1 } }")),
    "nothing to cut": net("Slice", (2, 0), options="slice_param { axis: 0 }"),
    "nothing to join": net("Concat", (2, 0)),
    "no streams": net("LSTM", (3, 0, 4), (3, 0), options="recurrent_param { num_output: 2 }"),
}
BUILT = {
    "a product without a bias": (net("InnerProduct", (0, 4), options=WITHOUT_BIAS), (2, 4)),
    "pictures": (net("Convolution", (0, 3, 5, 5), options=WINDOW), (2, 3, 5, 5)),
    "slopes": (net("PReLU", (0, 3)), (2, 3)),
    "scales": (net("Scale", (0, 3)), (2, 3)),
    "rows to normalise": (net("MVN", (0, 3, 2)), (2, 3, 2)),
    "rows to sum": (net("Reduction", (0, 3), options=(
        "reduction_param { operation: MEAN axis: 1 }")), (2, 3)),
    "rows of classes": (net("Softmax", (0, 3)), (2, 3)),
    "rows in another shape": (net("Flatten", (0, 3, 2)), (2, 3, 2)),
    "two readers": (net("Split", (0, 3), tops=2), (2, 3)),
    "numbers one by one": (net("TanH", (0, 3)), (2, 3)),
}


@pytest.mark.parametrize("what", NOT_BUILT)
def test_what_caffe_fills_or_shares_as_it_builds_must_hold_numbers_and_the_error_says_so(what):
    with pytest.raises(NetError, match=r"layer 'y'(?s:.*)the size 0; give each at least 1") as said:
        load_net(NOT_BUILT[what])
    assert "Given: x0 (" in str(said.value)


@pytest.mark.parametrize("what", BUILT)
def test_other_nets_are_built_with_an_empty_batch_and_run_once_the_input_has_a_shape(what):
    text, shape = BUILT[what]
    made = load_net(text)
    with pytest.raises(NetError, match="holds no number"):
        made.forward()
    made.blobs["x0"].reshape(*shape)
    assert np.isfinite(made.forward(x0=np.ones(shape))["y0"]).all()

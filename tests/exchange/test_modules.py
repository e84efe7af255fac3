"""PyTorch's modules and Keras' layers handed over themselves: their settings are looked at."""
import numpy as np
import pytest
from conftest import D, H

from lstm_lib import NetError, from_keras, from_pytorch


@pytest.fixture(scope="module")
def nn():
    return pytest.importorskip("torch").nn


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        patch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        pytest.importorskip("torch")
        return pytest.importorskip("keras").layers


def built(layer, width=D):
    layer.build((2, 3, width))
    return layer


def same(one, other):
    return type(one) is type(other) and all(np.array_equal(*pair) for pair in zip(one, other))


@pytest.mark.parametrize("unit", ["LSTM", "GRU", "RNN"])
def test_a_module_gives_what_its_state_dict_gives(nn, unit):
    module = getattr(nn, unit)(D, H)
    assert same(from_pytorch(module), from_pytorch(module.state_dict()))


@pytest.mark.parametrize("unit, options, said", [
    ("RNN", dict(nonlinearity="relu"), "nonlinearity='relu' is another unit"),
    ("LSTM", dict(proj_size=2), "weight_hr_l0 is there because of proj_size"),
    ("LSTM", dict(proj_size=2, bidirectional=True), "proj_size"),
    ("GRU", dict(bias=False), "no bias_hh_l0, bias_ih_l0 among (.|\n)*bias=False pass zeros")])
def test_a_module_that_no_cell_stands_for_is_refused_by_name(nn, unit, options, said):
    with pytest.raises(NetError, match=said):
        from_pytorch(getattr(nn, unit)(D, H, **options))


def test_a_module_that_is_larger_says_which_part_to_pass(nn):
    with pytest.raises(NetError, match="0.weight_ih_l0(.|\n)*Hint: Pass .* itself"):
        from_pytorch(nn.Sequential(nn.LSTM(D, H), nn.Flatten()))


@pytest.mark.parametrize("unit", ["LSTM", "GRU", "SimpleRNN"])
def test_a_layer_gives_what_its_weights_give_alone_and_in_both_directions(layers, unit):
    layer = built(getattr(layers, unit)(H, return_sequences=True))
    both = built(layers.Bidirectional(getattr(layers, unit)(4)), H)
    assert same(from_keras(layer), from_keras(layer.get_weights()))
    first, (forward, backward) = from_keras([layer, both])
    assert same(first, from_keras(layer))
    assert same(forward, from_keras(both.get_weights()[:3]))
    assert same(backward, from_keras(both.get_weights()[3:]))


@pytest.mark.parametrize("unit, options, said", [
    ("LSTM", dict(recurrent_activation="hard_sigmoid"),
     "has recurrent_activation='hard_sigmoid'; the cells of lstm_lib have .*='sigmoid'"),
    ("LSTM", dict(activation="relu"), "activation='relu'"),
    ("SimpleRNN", dict(activation="relu"), "activation='relu'"),
    ("GRU", dict(reset_after=False), "reset_after=False"),
    ("GRU", dict(go_backwards=True), "go_backwards=True"),
    ("LSTM", dict(use_bias=False), "expected 3 arrays(.|\n)*use_bias=False add zeros"),
    ("Dense", {}, "activation='linear'")])
def test_a_layer_that_no_cell_stands_for_is_refused_by_name(layers, unit, options, said):
    with pytest.raises(NetError, match=said):
        from_keras(built(getattr(layers, unit)(H, **options)))


def test_a_setting_of_one_direction_alone_is_refused(layers):
    odd = layers.Bidirectional(layers.LSTM(H), backward_layer=layers.LSTM(
        H, go_backwards=True, recurrent_activation="hard_sigmoid"))
    with pytest.raises(NetError, match="hard_sigmoid"):
        from_keras(built(odd))
    with pytest.raises(NetError, match="merge_mode='sum'"):
        from_keras(built(layers.Bidirectional(layers.LSTM(H), merge_mode="sum")))

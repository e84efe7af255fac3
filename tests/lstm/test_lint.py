"""lint names what goes wrong in silence, and nothing else."""
import os

import pytest
from conftest import L
from lint_nets import TRAPS

from lstm_lib import NetError, caffe, lint, load_net, write_prototxt
from lstm_lib.lint import TRAPS as LOOKED_FOR


def found(text, layer, words, phase=caffe.TRAIN):
    return [one for one in lint(text, phase=phase) if one.layer == layer and words in one.what]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_net_in_the_trap_is_named_with_layer_and_cure(trap):
    layer, words, falls, _ = TRAPS[trap]
    (one,) = found(falls, layer, words)
    assert one.cure and os.path.exists(os.path.join(os.path.dirname(__file__), "../..", one.link))
    assert str(one).startswith(layer) and "\n\n" not in str(one)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_net_that_nearly_falls_into_it_is_not(trap):
    assert lint(TRAPS[trap][3]) == []


@pytest.mark.parametrize("trap", set(TRAPS) - {"unequal decay_mult", "the loss of the other phase"})
def test_a_loaded_net_is_judged_like_its_text(trap):
    for text in TRAPS[trap][2:]:
        assert str(lint(load_net(text))) == str(lint(text))

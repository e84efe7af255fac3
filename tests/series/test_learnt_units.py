"""What notebook 10 says of units that remember holds from other starts, too."""
import pytest
from played import play


@pytest.fixture(scope="module")
def units(tmp_path_factory):
    return play("10_other_units", tmp_path_factory.mktemp("units"))


def arrives(units, name, seed):
    """What part of the gradient at the last input reaches the first."""
    sizes = units["reaching"](*units["starts"][name], seed)
    return sizes[0] / sizes[-1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("name, low, high", [
    ("plain", 0, 2), ("GRU 0", 0, 1e-4), ("LSTM 0", 0, 1e-4), ("GRU 3", 0.1, 1),
    ("LSTM 1", 0.01, 1), ("LSTM 3", 1, 100)])
def test_an_open_gate_lets_the_gradient_reach_the_first_step(units, name, low, high, seed):
    assert low < arrives(units, name, seed) < high


def test_the_plain_net_hangs_on_its_start(units):
    found = [arrives(units, "plain", seed) for seed in range(6)]
    assert max(found) > 10 * min(found)


def test_what_was_trained_is_what_the_text_says(units):
    recalled = units["recalled"]
    assert max(recalled["GRU 0"]) < 0.4
    assert min(recalled["GRU 3"]) > 0.8 and min(recalled["LSTM 3"]) > 0.8


def test_gru_with_an_open_gate_recalls_from_another_start(units):
    assert units["recall"]("gru", 3, seed=2) > 0.8 > 0.5 > units["recall"]("gru", 0, seed=2)

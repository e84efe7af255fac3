"""lint of the nets that the notebooks make: quiet, but where a notebook shows a trap."""
import matplotlib.pyplot  # noqa: F401 - play closes its figures
import pytest
from played import play

from lstm_lib import caffe, lint

SHOWN = {"01_gate_slicing": {"act_c"}, "02_weight_sharing": {"t2/lstm/Mh"},
         "03_unrolling": {"Input1, Input2"},
         "04_prototxt_and_drawing": {"conv, scores"}}  # the last is what section 12 is about


@pytest.mark.parametrize("stem", [
    "01_gate_slicing", "02_weight_sharing", "03_unrolling", "04_prototxt_and_drawing",
    "05_forward_and_backward"])
def test_lint_names_the_traps_that_a_notebook_shows_and_nothing_else(stem, tmp_path, monkeypatch):
    made, build = [], type(caffe).net_of

    def note(self, spec, phase):
        made.append((str(spec), phase))
        return build(self, spec, phase)

    monkeypatch.setattr(type(caffe), "net_of", note)
    play(stem, tmp_path)
    monkeypatch.undo()
    found = {one.layer for text, phase in made for one in lint(text, phase=phase)}
    assert made and found == SHOWN.get(stem, set())

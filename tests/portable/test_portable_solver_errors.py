"""A solver file or snapshot that is no good raises NetError and changes nothing."""
import numpy as np
import pytest

import portable_caffe as pc

from portable_nets import learning_net, write

SOLVERS = {
    "rubbish {": "line 1: .*rubbish",
    "base_lr: 1 momentun: 2": "line 1: .*Did you mean 'momentum'",
    'lr_policy: "fixed"': "exactly one of net",
    'net: "{net}" base_lr: 1': "unknown lr_policy ''",
    'net: "{net}" lr_policy: "step"': "needs stepsize",
    'net: "{net}" lr_policy: "poly"': "needs max_iter",
    'net: "{net}" lr_policy: "fixed" type: "Magic"': "no solver type 'Magic'",
    'net: "{net}" lr_policy: "fixed" type: "AdaGrad" momentum: 0.9': "Momentum cannot be used",
    'net: "{net}" lr_policy: "fixed" type: "RMSProp" rms_decay: 1': "rms_decay is 1; give 0 or",
    'net: "{net}" lr_policy: "fixed" type: "Adam" solver_type: ADAM': "either type or",
    'net: "/no/where" lr_policy: "fixed"': "Could not open file /no/where",
    'net: "{net}" lr_policy: "fixed" test_iter: 1': "test_interval must be 1 or more",
}


@pytest.mark.parametrize("text", SOLVERS)
def test_a_bad_solver_file_raises(text, tmp_path):
    path = write(tmp_path, text.replace("{net}", write(tmp_path, learning_net())), "s.prototxt")
    with pytest.raises(pc.NetError, match="(?s)" + SOLVERS[text]):
        pc.get_solver(path)


@pytest.mark.parametrize("old, name", [("SGD", "SGD"), ("ADADELTA", "AdaDelta"), ("ADAM", "Adam")])
def test_the_solver_type_of_older_files_means_the_type_of_that_name(old, name, tmp_path):
    path = write(tmp_path, f'net: "{write(tmp_path, learning_net())}" base_lr: 1 '
                           f'lr_policy: "fixed" solver_type: {old}', "s.prototxt")
    assert type(pc.get_solver(path)).__name__ == name + "Solver"


def test_a_snapshot_that_does_not_fit_changes_nothing(tmp_path):
    def solver(n):
        net = write(tmp_path, str(learning_net()).replace("num_output: 7", f"num_output: {n}"))
        return pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 1 lr_policy: "fixed" '
                                             f'snapshot_prefix: "{tmp_path}/s"', "s.prototxt"))
    solver(6).snapshot()
    mine = solver(7)
    before = mine.net.params["a"][0].data.copy()
    (tmp_path / "empty").write_bytes(b"")
    for name, said in (("s_iter_0.solverstate", "other sizes"), ("empty", "Incorrect length")):
        with pytest.raises(pc.NetError, match=said):
            mine.restore(str(tmp_path / name))
        assert mine.iter == 0 and np.all(mine.net.params["a"][0].data == before)


def test_a_snapshot_into_a_missing_folder_raises(tmp_path):
    net = write(tmp_path, learning_net())
    solver = pc.get_solver(write(tmp_path, f'net: "{net}" base_lr: 1 lr_policy: "fixed" '
                                           f'snapshot_prefix: "{tmp_path}/no/s"', "s.prototxt"))
    with pytest.raises(pc.NetError, match="cannot write"):
        solver.snapshot()

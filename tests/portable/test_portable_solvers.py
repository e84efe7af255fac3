"""portable_caffe's solvers against real Caffe's: the same weights after 50 steps."""
import os

import numpy as np
import pytest

import portable_caffe as pc
from portable_caffe.judge import compare
from portable_caffe.proto import caffe_pb2

from portable_nets import learning_net, write

pytest.importorskip("caffe", reason="real Caffe, the judge, is not installed here")

SGD = dict(base_lr=0.1, lr_policy="fixed")
SOLVERS = {
    "plain": SGD,
    "momentum, decay": dict(SGD, momentum=0.9, weight_decay=0.01),
    "L1": dict(SGD, weight_decay=0.01, regularization_type="L1"),
    "clipping": dict(SGD, momentum=0.5, clip_gradients=0.2),
    "iter_size": dict(SGD, iter_size=3),
    "step": dict(base_lr=0.1, lr_policy="step", gamma=0.5, stepsize=10, momentum=0.9),
    "exp": dict(base_lr=0.1, lr_policy="exp", gamma=0.95),
    "inv": dict(base_lr=0.1, lr_policy="inv", gamma=0.1, power=0.75),
    "sigmoid": dict(base_lr=0.1, lr_policy="sigmoid", gamma=0.2, stepsize=10),
    "multistep": dict(base_lr=0.1, lr_policy="multistep", gamma=0.3, stepvalue=[10, 25]),
    "poly": dict(base_lr=0.1, lr_policy="poly", power=2),
    "Adam": dict(base_lr=0.02, lr_policy="fixed", type="Adam", momentum=0.9),
    "Adam, all": dict(base_lr=0.02, lr_policy="inv", gamma=0.1, power=0.5, type="Adam",
                      momentum=0.8, momentum2=0.99, delta=1e-6, weight_decay=0.01,
                      clip_gradients=0.3),
    "Nesterov": dict(SGD, type="Nesterov", momentum=0.9, weight_decay=0.01),
    "AdaGrad": dict(base_lr=0.05, lr_policy="fixed", type="AdaGrad", delta=1e-4),
    "RMSProp": dict(base_lr=0.01, lr_policy="step", gamma=0.5, stepsize=20, type="RMSProp",
                    rms_decay=0.9, delta=1e-4),
    "AdaDelta": dict(base_lr=1, lr_policy="fixed", type="AdaDelta", momentum=0.95, delta=1e-4,
                     weight_decay=0.001),
}
CLASSES = {f"{kind}Solver": SOLVERS.get(kind, SGD)
           for kind in ("SGD", "Nesterov", "AdaGrad", "RMSProp", "AdaDelta", "Adam")}


def solvers(folder, options, **more):
    """The solver of real Caffe and the one here, on one net with the same weights."""
    for name in ("real", "own"):
        os.makedirs(str(folder / name), exist_ok=True)
    pair = []
    for name, caffe in (("real", compare.real_caffe()), ("own", pc)):
        param = caffe_pb2.SolverParameter(
            net=write(folder, learning_net()), test_iter=[2], test_interval=7,
            snapshot_prefix=str(folder / name / "s"), **{"max_iter": 60, **options, **more})
        pair.append(caffe.get_solver(write(folder / name, param, "solver.prototxt")))
    copy_weights(pair[0].net, pair[1].net)
    return pair


def copy_weights(source, target):
    for name, blobs in source.params.items():
        for theirs, mine in zip(blobs, target.params[name]):
            mine.data[...] = theirs.data


def train(solver, steps, seed=0):
    """Steps with new random inputs before each; labels by a rule."""
    random, net = np.random.default_rng(seed), solver.net
    for _ in range(steps):
        x = random.standard_normal((8, 5))
        net.blobs["x"].data[...] = x
        net.blobs["label"].data[...] = np.argmax(x[:, :3], axis=1)
        solver.step(1)
    return {f"{name}[{i}]": blob.data.copy()
            for name, blobs in net.params.items() for i, blob in enumerate(blobs)}


def assert_close(theirs, mine, allowed=1e-4):
    for name in theirs:
        np.testing.assert_allclose(mine[name], theirs[name], atol=allowed, rtol=0, err_msg=name)


@pytest.mark.parametrize("options", SOLVERS.values(), ids=SOLVERS)
def test_weights_after_50_steps_are_those_of_real_caffe(tmp_path, options):
    real, own = solvers(tmp_path, options)
    before = real.net.params["a"][0].data.copy()
    theirs, mine = train(real, 50), train(own, 50)
    assert np.abs(theirs["a[0]"] - before).max() > 0.01  # it learnt something
    assert_close(theirs, mine)
    assert real.iter == own.iter == 50
    assert own.lr == pytest.approx(real.lr, rel=1e-5)


@pytest.mark.parametrize("kind", ["momentum, decay", "Nesterov", "RMSProp", "AdaDelta", "Adam"])
def test_each_side_goes_on_from_the_others_snapshot(tmp_path, kind):
    real, own = solvers(tmp_path, SOLVERS[kind])
    for solver in (real, own):
        train(solver, 10)
        solver.snapshot()
    stop = train(real, 5, seed=1)
    for caffe, file in ((pc, "real/s_iter_10.solverstate"),
                        (compare.real_caffe(), "own/s_iter_10.solverstate")):
        solver = caffe.get_solver(str(tmp_path / "own" / "solver.prototxt"))
        solver.restore(str(tmp_path / file))
        assert solver.iter == 10
        assert_close(stop, train(solver, 5, seed=1))


def test_test_nets_see_the_weights_that_learn(tmp_path):
    for solver in solvers(tmp_path, SGD):
        assert len(solver.test_nets) == 1 and "accuracy" in solver.test_nets[0].blobs
        assert "accuracy" not in solver.net.blobs
        train(solver, 1)
        np.testing.assert_array_equal(solver.test_nets[0].params["a"][0].data,
                                      solver.net.params["a"][0].data)


def test_solve_steps_to_max_iter_and_writes_the_files_real_caffe_writes(tmp_path):
    real, own = solvers(tmp_path, SGD, max_iter=12, snapshot=5)
    for solver in (real, own):
        solver.solve()
        assert solver.iter == 12
    names = [sorted(os.listdir(str(tmp_path / side))) for side in ("real", "own")]
    assert names[0] == names[1] and "s_iter_12.caffemodel" in names[0]


@pytest.mark.parametrize("name", CLASSES)
def test_solver_classes_take_a_file_as_real_caffes_do(name, tmp_path):
    solvers(tmp_path, CLASSES[name])
    pair = [getattr(caffe, name)(str(tmp_path / "own" / "solver.prototxt"))
            for caffe in (compare.real_caffe(), pc)]
    copy_weights(pair[0].net, pair[1].net)
    assert_close(train(pair[0], 3), train(pair[1], 3))


def test_callbacks_run_around_the_gradients_of_each_step(tmp_path):
    for solver in solvers(tmp_path, SGD):
        seen = []
        solver.add_callback(lambda: seen.append("start"), lambda: seen.append("gradients"))
        solver.step(2)
        assert seen == ["start", "gradients"] * 2

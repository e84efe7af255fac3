"""Notebook 06: its solutions are right, its stubs are missing, each mistake has its hint."""
import math

import pytest
from solved import answers

import portable_caffe
from lstm_lib import caffe, unroll, write_prototxt
from lstm_lib.exercises import forward_and_backward_on_the_gpu as check
from lstm_lib.exercises.verdict import MISSING

STEM = "06_forward_and_backward_on_the_gpu"
EXERCISES = [(check.operations, "my_operations"), (check.break_even, "break_even")]


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_solution_of_the_notebook_is_right(judge, name):
    verdict = judge(answers(STEM)[name])
    assert verdict, verdict


@pytest.mark.parametrize("judge, name", EXERCISES)
def test_the_stub_says_that_nothing_is_there_yet(judge, name):
    verdict = judge(answers(STEM, stubs=True)[name])
    assert not verdict and verdict.text == MISSING


@pytest.mark.parametrize("count, hint", [
    (15, "the number of layers"), (25, "is backward in it"), (28, "backward alone"),
    (51, "the Split layers"), (50, "the bias of the product with x"), (47, "two backward"),
    (48, "project='once'"), (42, "the fused cell"), (37, "the fused cell"),
    (60, "differ by up to 7"), ([53], "the shape (1,)"), ("many", "got str")])
def test_a_wrong_number_of_operations_gets_the_hint_that_fits(count, hint):
    verdict = check.operations(count)
    assert not verdict and hint in verdict.text


def batch(launches, work, cpu, gpu):
    return launches * (gpu[0] - cpu[0]) / (work / cpu[1] - work / gpu[1])


@pytest.mark.parametrize("answer, hint", [
    (lambda n, work, cpu, gpu: -batch(n, work, cpu, gpu), "no negative number"),
    (lambda n, work, cpu, gpu: batch(n, work, gpu, cpu) * -1, "no negative number"),
    (lambda n, work, cpu, gpu: math.ceil(batch(n, work, cpu, gpu)), "without rounding"),
    (lambda n, work, cpu, gpu: n * (gpu[0] - cpu[0]) * cpu[1] / work, "the GPU has to do"),
    (lambda n, work, cpu, gpu: n * gpu[0] / (work / cpu[1] - work / gpu[1]), "the CPU pays"),
    (lambda n, work, cpu, gpu: batch(1, work, cpu, gpu), "not one of them"),
    (lambda n, work, cpu, gpu: batch(n, work, cpu, gpu) * work, "that of one sequence"),
    (lambda n, work, cpu, gpu: n * (gpu[0] - cpu[0]) * (gpu[1] - cpu[1]) / work, "1 / speed"),
    (lambda n, work, cpu, gpu: 1 / batch(n, work, cpu, gpu), "one over the batch"),
    (lambda n, work, cpu, gpu: n, "differ by up to"),
    (lambda n, work, cpu, gpu: [n, work], "the shape (2,)")])
def test_a_wrong_batch_gets_the_hint_that_fits(answer, hint):
    verdict = check.break_even(answer)
    assert not verdict and hint in verdict.text


def test_at_the_batch_that_is_right_both_take_the_same_time_in_the_model():
    for given in ((740, 3e7, (2e-6, 5e10), (9e-6, 4e12)), (10, 1e6, (1e-6, 1e9), (5e-6, 1e11))):
        launches, work, cpu, gpu = given
        B = answers(STEM)["break_even"](*given)
        times = [launches * cost + B * work / speed for cost, speed in (cpu, gpu)]
        assert times[0] == pytest.approx(times[1])


@pytest.mark.parametrize("way, count", list(zip(check.WAYS, (53, 48, 42, 37))))
def test_the_table_gives_what_PyTorch_counts_for_a_step(way, count, tmp_path, monkeypatch):
    assert check.operations_of(check.layers_of_a_step(*way)) == count
    pytest.importorskip("torch")
    monkeypatch.setenv("LSTM_LIB_ARRAYS", "torch")
    monkeypatch.setattr(portable_caffe.arrays, "current", portable_caffe.arrays.cpu_arrays())
    of_3, of_4 = [operations_of_a_run(T, way, tmp_path / "step.prototxt") for T in (3, 4)]
    assert of_4 - of_3 == count


def operations_of_a_run(T, way, path):
    """What PyTorch is asked for by a forward and a backward, without what only looks."""
    from torch.utils._python_dispatch import TorchDispatchMode

    class Count(TorchDispatchMode):
        asked = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.asked += not func.is_view
            return func(*args, **(kwargs or {}))

    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[T, 2, 5])))
    unroll(ns, ns.x, T, 4, cell=way[0], project=way[1])
    net = portable_caffe.Net(write_prototxt(ns, path, force_backward=True), portable_caffe.TRAIN)
    with Count() as counter:
        net.clear_param_diffs()
        net.forward()
        net.backward()
    return counter.asked

"""TEACHING.md names sections that exist, by their titles, and its exam's answers are right."""
import re

import numpy as np
import pytest
from executed import FOLDER, PATHS, read

from lstm_lib import (caffe, get_gradients, get_weights, load_net, make_solver, prototxt, reference,
                      unroll)

L = caffe.layers
TEXT = (FOLDER.parent / "TEACHING.md").read_text(encoding="utf-8")


def sections():
    """{(notebook, section): title} of the series."""
    return {(path.stem[:2], number): title for path in PATHS for cell in read(path).cells
            if cell.cell_type == "markdown"
            for number, title in re.findall(r"^## (\d+)\. (.*)$", cell.source, re.MULTILINE)}


def test_each_section_that_is_named_exists():
    named = re.findall(r"\b([01]\d) §(\d+)", TEXT)
    assert len(named) >= 30
    assert [place for place in named if place not in sections()] == []


def test_each_title_that_is_named_is_that_of_its_section():
    titles = re.findall(r"\b([01]\d) §(\d+) \*([^*]+)\*", TEXT)
    assert len(titles) >= 20
    assert [(n, s, title) for n, s, title in titles if sections()[n, s] != title] == []


def test_each_lesson_fills_90_minutes_without_a_gap():
    for lesson in TEXT.split("\n## Lesson ")[1:]:
        table = lesson.split("\n**On the board")[0]
        times = [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+)-(\d+) \|", table, re.MULTILINE)]
        assert times[0][0] == 0 and times[-1][1] == 90
        assert all(end == start for (_, end), (start, _) in zip(times, times[1:]))


def test_eight_beliefs_have_a_cell_each_that_cures_them():
    table = TEXT.split("what cures it")[1].split("\n## ")[0]
    rows = [line for line in table.split("\n") if line.startswith("| ")][1:]
    assert len(rows) == 8 and all(re.search(r"0\d §\d+ \*", row) for row in rows)


def test_h0_has_a_gradient_and_no_solver_moves_it():
    ns = caffe.NetSpec()
    ns.x, ns.y = (L.Input(input_param=dict(shape=dict(dim=[3, 2, size]))) for size in (5, 4))
    unroll(ns, ns.x, 3, 4)
    ns.loss = L.EuclideanLoss(ns.H, ns.y, loss_weight=1)
    solver = make_solver("force_backward: true\n" + prototxt(ns), base_lr=0.1)
    net = solver.net
    net.blobs["x"].data[...] = net.blobs["h0"].data[...] = 1
    before = get_weights(net)
    solver.step()
    assert abs(net.blobs["h0"].diff).max() > 0 and (net.blobs["h0"].data == 1).all()
    assert all((old != new).any() for old, new in zip(before, get_weights(net)))


def test_each_question_of_the_exam_has_an_answer():
    exam = TEXT.split("## An exam")[1].split("\n## ")[0]
    questions, answers = exam.split("<details>")
    numbers = [re.findall(r"^(\d+)\. ", part, re.MULTILINE) for part in (questions, answers)]
    assert numbers[0] == numbers[1] == [str(n) for n in range(1, len(numbers[0]) + 1)]


def lstm(T, B, D, H):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[T, B, D])))
    unroll(ns, ns.x, T, H)
    return load_net(ns, force_backward=True)


@pytest.mark.parametrize("T", [3, 300])
def test_answer_1_the_number_of_weights(T):
    assert sum(blob.size for blob in get_weights(lstm(T, 2, 5, 4))) == 160


def test_answer_2_the_shapes():
    net = lstm(7, 3, 5, 4)
    assert [net.blobs[name].data.shape for name in ("H", "h_T", "h3")] == [
        (7, 3, 4), (1, 3, 4), (1, 3, 4)]
    assert [blob.shape for blob in get_weights(net)] == [(16, 5), (16,), (16, 4)]


def test_answer_3_one_step():
    c = 0.9 * 2 + 0.5 * -1
    assert c == pytest.approx(1.3) and 0.5 * np.tanh(c) == pytest.approx(0.43, abs=5e-3)


def test_answer_4_the_gradient_of_a_shared_weight():
    ns = caffe.NetSpec()
    ns.x = top = L.Input(input_param=dict(shape=dict(dim=[1, 2])))
    for name in ("h1", "h2"):
        ns[name] = top = L.InnerProduct(top, num_output=2, bias_term=False, param=dict(name="W"))
    net = load_net(ns, force_backward=True)
    W = net.params["h1"][0]
    W.data[...], net.blobs["x"].data[...] = [[0, 2], [1, 0]], [[1, 3]]
    net.forward()
    net.blobs["h2"].diff[...] = [[1, 0]]
    net.backward()
    assert net.blobs["h1"].data.tolist() == [[6, 1]]
    assert W.diff.tolist() == [[6, 1], [2, 6]]


def test_answer_6_what_is_left_after_20_steps():
    assert 0.5 ** 20 == pytest.approx(1e-6, rel=0.05)
    half = 0.5 ** (1 / 20)
    assert half == pytest.approx(0.966, abs=5e-4)
    assert reference.sigmoid(3.35) == pytest.approx(half, abs=5e-4)


def test_answer_10_a_clipped_gradient():
    clipped = np.array([3, 4]) / np.hypot(3, 4)
    assert clipped.tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize("force_backward", [False, True])
def test_answer_8_what_leaves_every_gradient_at_0(force_backward):
    ns = caffe.NetSpec()
    ns.x = L.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    unroll(ns, ns.x, 3, 4)
    net = load_net(ns, force_backward=force_backward)
    net.forward(x=np.ones((3, 2, 5)))
    net.backward()
    assert not any(gradient.any() for gradient in get_gradients(net))  # no loss, nothing written
    net.blobs["H"].diff[...] = 1
    net.backward()
    assert all(gradient.any() == force_backward for gradient in get_gradients(net)[:2])


def test_answer_11_in_the_wrong_order_o_and_g_change_places():
    rng = np.random.default_rng(0)
    x, h, c = [rng.standard_normal((2, size)) for size in (5, 4, 4)]
    W_xc, b_c, W_hc = [rng.standard_normal(shape) for shape in ((16, 5), 16, (16, 4))]
    got = reference.lstm_forward(x[None], h, c, W_xc, b_c, W_hc)
    i, f, g, o = np.split(x @ W_xc.T + b_c + h @ W_hc.T, 4, axis=1)  # PyTorch's order
    sigmoid = reference.sigmoid
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(o)
    assert np.allclose(got.c[0], c) and np.allclose(got.h[0], sigmoid(g) * np.tanh(c))


def rows_of_sheet_1():
    """The rows of W_xc, b_c, and the number of h0 that each adds half of."""
    rows = re.findall(r"^\| [ifog]\d \| ([-\d, ]+) \| (\d) \| h0 no\. (\d) \|", TEXT, re.MULTILINE)
    return [([int(number) for number in row.split(",")], int(b), int(place))
            for row, b, place in rows]


def test_sheet_1_leads_to_the_numbers_of_notebook_01():
    x, h0 = [1, 0, 2, -1, 1], [1, 0, 0, -1]
    z = [np.dot(row, x) + b + h0[place - 1] / 2 for row, b, place in rows_of_sheet_1()]
    assert str((1, 0, 2, -1, 1)) in TEXT and str((1, 0, 0, -1)) in TEXT
    printed = next(output.text for cell in read(PATHS[1]).cells if cell.cell_type == "code"
                   for output in cell.outputs if output.get("text", "").startswith("Mx "))
    assert z == [float(number) for number in printed.split("\nz")[1].split()]


def test_sheet_1_has_the_curves_at_the_raw_numbers_that_come_up():
    raw, sigma, tanh = [[float(number) for number in line.split(" | ")] for line in re.findall(
        r"^\| (?:raw|σ|tanh) \| (.*) \|$", TEXT, re.MULTILINE)]
    assert raw == np.arange(0, 3, 0.5).tolist()
    assert np.allclose(sigma, reference.sigmoid(np.array(raw)), atol=0.005)
    assert np.allclose(tanh, np.tanh(raw), atol=0.005)

"""Layers written in Python: where their class is found, what they are given, what they may do."""
import numpy as np
import pytest
from test_errors import X, layer
from test_kept_arrays import inputs

from lstm_lib import NetError, caffe, load_net, make_solver

FORCED = "force_backward: true "


def python(name, bottoms=("x",), tops=("y",), param_str="", more=""):
    return layer("Python", f'python_param {{ module: "{__name__}" layer: "{name}" '
                 f'param_str: "{param_str}" }} {more}', bottoms, tops)


class Plain(caffe.Layer):
    """Setup and shapes of most layers here."""

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].data.shape)


class Times(Plain):
    """y = param_str x + w"""

    def setup(self, bottom, top):
        self.factor = float(self.param_str)
        self.blobs.add_blob(2, 1)
        self.blobs[0].data[...] = 1

    def forward(self, bottom, top):
        top[0].data[...] = self.factor * bottom[0].data + self.blobs[0].data

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[...] += top[0].diff.sum(axis=1, keepdims=True)
        if propagate_down[0]:
            bottom[0].diff[...] = self.factor * top[0].diff


class Counts(caffe.Layer):
    """No bottoms; tops of 1, 2, 3, ... rows, one more at each run."""

    rows = 0

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(self.rows + 1, 2)

    def forward(self, bottom, top):
        self.rows += 1
        top[0].data[...] = self.rows


class Weight(caffe.Layer):
    """y = w, a weight on its own"""

    def setup(self, bottom, top):
        self.blobs.add_blob(1)
        self.blobs[0].data[0] = 0

    def reshape(self, bottom, top):
        top[0].reshape(1)

    def forward(self, bottom, top):
        top[0].data[0] = self.blobs[0].data[0]

    def backward(self, top, propagate_down, bottom):
        self.blobs[0].diff[0] = 1


class Phase(caffe.Layer):
    """y = 0 in TRAIN, 1 in TEST"""

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape()

    def forward(self, bottom, top):
        top[0].data[()] = self.phase


class Fails(Plain):
    """Raises in the method that param_str names."""

    def setup(self, bottom, top):
        self.fail("setup")

    def fail(self, method):
        if self.param_str == method:
            raise ValueError("not today")

    def reshape(self, bottom, top):
        super().reshape(bottom, top)
        self.fail("reshape")

    def forward(self, bottom, top):
        self.fail("forward")

    def backward(self, top, propagate_down, bottom):
        self.fail("backward")


class Needs(Plain):
    """Keeps what is wanted of it."""

    def forward(self, bottom, top):
        top[0].data[...] = 0

    def backward(self, top, propagate_down, bottom):
        self.wanted = [bool(want) for want in propagate_down]
        for blob in bottom:
            blob.diff[...] = 5


class SquaredLoss(caffe.Layer):
    """loss = sum x^2 / 2"""

    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(1)

    def forward(self, bottom, top):
        top[0].data[...] = (bottom[0].data ** 2).sum() / 2

    def backward(self, top, propagate_down, bottom):
        bottom[0].diff[...] = bottom[0].data * top[0].diff[0]


@pytest.mark.parametrize("module, name, said", [
    ("no_such_module", "X", "No module named"), ("os", "X", "no attribute 'X'"),
    ("os", "PathLike", "class of caffe.Layer"), ("", "", "module ''")])
def test_a_python_layer_that_is_not_there_says_why(module, name, said):
    with pytest.raises(NetError, match=f"'wrong' .*{said}"):
        load_net(X + layer("Python", f'python_param {{ module: "{module}" layer: "{name}" }}'))


@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_an_error_in_a_layer_written_in_python_names_the_layer(method):
    with pytest.raises(NetError, match=r"'wrong' \(Python\)(.|\n)*ValueError: not today"):
        net = load_net(FORCED + X + python("Fails", param_str=method))
        net.forward()
        net.backward()


def test_a_method_that_is_missing_raises():
    net = load_net(X + python("Plain"))
    with pytest.raises(NetError, match=r"'wrong' \(Python\)(.|\n)*forward"):
        net.forward()


def test_a_python_layer_computes_with_its_weights_and_its_gradients_reach_them():
    net = load_net(FORCED + inputs(x=(2, 3)) + python("Times", param_str="2.5"))
    net.blobs["x"].data[...] = [[1, 2, 3], [4, 5, 6]]
    assert np.allclose(net.forward()["y"], 2.5 * net.blobs["x"].data + 1)
    net.blobs["y"].diff[...] = 2
    for times in (1, 2):
        net.backward()
        assert (net.params["wrong"][0].diff == 6 * times).all()
    assert (net.blobs["x"].diff == 5).all()


def test_weights_of_a_python_layer_are_saved_shared_and_learnt(tmp_path):
    text = inputs(x=(2, 3)) + python("Times", param_str="1") + layer(
        "Python", f'python_param {{ module: "{__name__}" layer: "SquaredLoss" }} loss_weight: 1',
        ("y",), ("loss",), "loss")
    solver = make_solver(text, base_lr=0.1)
    solver.step(1)
    weight = solver.net.params["wrong"][0].data
    assert np.allclose(weight, 1 - 0.1 * 3)  # dw = 3 y, y = 0 + w
    solver.net.save(str(tmp_path / "w.caffemodel"))
    net, other = load_net(text), load_net(text)
    net.copy_from(str(tmp_path / "w.caffemodel"))
    other.share_with(net)
    assert np.allclose(other.params["wrong"][0].data, 0.7)


def test_a_python_layer_without_bottoms_gives_other_shapes_at_each_run():
    net = load_net(python("Counts", ()) + layer("TanH", "", ("y",), ("z",), "z"))
    first = net.forward()["z"].shape[0]  # a trial may have run it before
    assert [net.forward()["z"].shape for _ in range(3)] == [(first + n, 2) for n in (1, 2, 3)]
    assert np.allclose(net.forward()["z"], np.tanh(first + 4))


def test_behind_a_python_layer_that_grows_a_layer_that_needs_its_shape_raises_with_its_name():
    net = load_net(python("Counts", ()) + layer(
        "Reshape", "reshape_param { shape { dim: 1 dim: 2 } }", ("y",), ("z",), "fixed"))
    with pytest.raises(NetError, match=r"'fixed' \(Reshape\)"):
        for _ in range(3):
            net.forward()


def test_a_python_layer_without_bottoms_gives_its_weight_a_gradient(tmp_path):
    net = load_net(FORCED + python("Weight", ()))
    net.forward()
    net.backward()
    weight = net.layers[0].blobs[0]
    assert weight.data[0] == 0 and weight.diff[0] == 1
    weight.data[0] += weight.diff[0]
    net.save(str(tmp_path / "w.caffemodel"))
    weight.data[0] = -1
    net.copy_from(str(tmp_path / "w.caffemodel"))
    assert net.forward()["y"] == 1


@pytest.mark.parametrize("phase", [caffe.TRAIN, caffe.TEST])
def test_a_python_layer_knows_its_phase(phase):
    assert load_net(python("Phase", ()), phase=phase).forward()["y"] == phase


def test_the_layers_of_a_net_are_the_objects_that_the_user_s_class_made():
    net = load_net(inputs(x=(2, 3)) + python("Times", param_str="3"))
    made = net.layers[list(net._layer_names).index("wrong")]
    assert isinstance(made, Times) and made.factor == 3 and made.type == "Python"
    assert made.blobs[0].data.shape == (2, 1)
    made.factor = 5
    net.blobs["x"].data[...] = 1
    assert (net.forward()["y"] == 6).all()


def test_a_python_layer_is_told_which_gradients_are_needed():
    net = load_net(inputs(x=(2, 3)) + layer("Bias", "", ("x",), ("b",), "b") + python(
        "Needs", ("x", "b")) + layer("Reduction", "loss_weight: 1", ("y",), ("loss",), "sum"))
    net.forward()
    net.backward()
    assert net.layers[list(net._layer_names).index("wrong")].wanted == [False, True]
    assert (net.params["b"][0].diff == 10).all()


def test_inputs_that_were_reshaped_reach_a_python_layer():
    net = load_net(inputs(x=(2, 3)) + python("Needs") + python("Needs", ("y",), ("z",)).replace(
        '"wrong"', '"last"'))
    net.blobs["x"].reshape(5, 4, 1)
    assert net.forward()["z"].shape == (5, 4, 1)


def test_a_python_layer_works_in_place():
    net = load_net(FORCED + inputs(x=(2, 3)) + python("Times", ("x",), ("x",), "2") + layer("TanH"))
    net.blobs["x"].data[...] = 0.25
    assert np.allclose(net.forward()["y"], np.tanh(1.5))


def test_layers_of_python_alone_run_backward_without_a_forward():
    text = FORCED + inputs(x=(2, 3)) + python("Times", param_str="10") + python(
        "Times", ("y",), ("z",), "2").replace('"wrong"', '"last"')
    net = load_net(text)
    net.blobs["z"].diff[...] = 7
    net.backward()
    assert (net.blobs["x"].diff == 140).all()


@pytest.mark.skipif(caffe.engine == "real", reason="a child process tells no traceback")
@pytest.mark.parametrize("method", ["setup", "reshape", "forward", "backward"])
def test_an_error_of_a_user_s_layer_leads_back_to_its_line(method):
    with pytest.raises(NetError) as raised:
        net = load_net(FORCED + X + python("Fails", param_str=method))
        net.forward()
        net.backward()
    assert isinstance(raised.value.__cause__, ValueError)

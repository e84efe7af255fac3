"""What a callback of the user's own raises is what the user gets, whatever was tried before."""
import pytest
from conftest import on_real_caffe
from test_errors import X, layer
from test_kept_arrays import inputs

from lstm_lib import NetError, caffe, load_net, make_solver

MOMENTS = "before_forward", "after_forward", "before_backward", "after_backward"
TRAINED = inputs(x=(2, 3), y=(2, 1)) + layer(
    "InnerProduct", "inner_product_param { num_output: 1 }", ("x",), ("p",)) + layer(
    "EuclideanLoss", "", ("p", "y"), ("loss",), "loss")


class Own(Exception):
    """Of the user's own."""


def raising(*place):
    raise Own("what I say")


@on_real_caffe  # portable_caffe has no such callbacks of a net
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_exception_out_of_a_callback_of_a_net_is_the_users_each_time(moment):
    net = load_net(X + layer("TanH"), force_backward=True)
    if "backward" in moment:
        net.forward()
    getattr(net, moment)(raising)
    for _ in range(2):
        with pytest.raises(Own, match="^what I say$"):
            net.forward() if "forward" in moment else net.backward()


@on_real_caffe
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_exception_out_of_a_callback_of_the_net_that_learns_is_the_users(moment, tmp_path):
    (tmp_path / "net").write_text(TRAINED)
    (tmp_path / "solver").write_text(f'net: "{tmp_path}/net" base_lr: 0.1 lr_policy: "fixed"')
    solver = caffe.get_solver(str(tmp_path / "solver"))
    getattr(solver.net, moment)(raising)
    for _ in range(2):
        with pytest.raises(Own, match="^what I say$"):
            solver.step(1)


@pytest.mark.parametrize("callbacks", [(raising, lambda: None), (lambda: None, raising)])
def test_an_exception_out_of_a_callback_of_a_solver_is_the_users_each_time(callbacks):
    solver = make_solver(TRAINED, base_lr=0.1)
    solver.add_callback(*callbacks)
    for _ in range(2):
        with pytest.raises(Own, match="^what I say$"):
            solver.step(1)


@on_real_caffe
def test_layers_behind_a_callback_that_raises_are_tried_all_the_same():
    net = load_net(X + layer("ArgMax", tops=("y",)) + layer(
        "Reduction", "loss_weight: 1", ("y",), ("z",), "sum"), force_backward=True)
    net.forward()
    net.before_backward(raising)
    with pytest.raises(NetError, match="'wrong'"):
        net.backward()

"""What the judge tries of crops and windows, and of losses with labels. A case is as in `cases`."""
from ..net_spec import params as P


def _windows(**options):
    return dict(convolution_param=options)


SELECTION = [
    ("Crop", "", ["A B 5 6", "A B 3 2"], {}),
    ("Crop", "axis 1, offset", ["A 4 5", "B 2 3"], dict(axis=1, offset=1)),
    ("Crop", "axis -2, offset twice", ["A B 5 6", "A B 3 2"], dict(axis=-2, offset=[2, 3])),
    ("Crop", "axis 0, more axes", ["5 B", "2 B C"], dict(axis=0, offset=[3, 0])),
    ("SPP", "one level", ["A B 5 6"], dict(pyramid_height=1)),
    ("SPP", "MAX", ["A B 7 6"], dict(pyramid_height=3)),
    ("SPP", "AVE", ["A B 5 6"], dict(pyramid_height=2, pool=P.SPP.AVE)),
    ("Im2col", "", ["A B 5 6"], _windows(kernel_size=3)),
    ("Im2col", "kernel_h, pad, stride, dilation", ["A B 7 6"],
     _windows(kernel_h=2, kernel_w=3, stride=[2, 1], pad=1, dilation=2)),
    ("Im2col", "three axes", ["A B 5 3 4"], _windows(kernel_size=[2, 1, 3], stride=2, pad=[1, 0, 2])),
    ("Im2col", "axis 2, one axis", ["A B C 5"],
     _windows(kernel_size=2, axis=2, force_nd_im2col=True)),
    ("Im2col", "window larger than x", ["A B 2 5"], _windows(kernel_size=3, stride=2)),
    ("Parameter", "", [], dict(shape=dict(dim=[3, 2]))),
]

LABEL_LOSSES = [
    ("HingeLoss", "L1", ["A B C", "<4 A"], {}),
    ("HingeLoss", "L2", ["A 4", "<4 A"], dict(norm=P.HingeLoss.L2)),
    ("HingeLoss", "L2, loss_weight, more labels", ["A 4", "<4 A 3"],
     dict(norm=P.HingeLoss.L2, loss_weight=0.5)),
    ("MultinomialLogisticLoss", "numbers below 0", ["A 4", "<4 A 1 1"], {}),
    ("MultinomialLogisticLoss", "loss_weight", ["A 2 2", "<4 A"], dict(loss_weight=0.3)),
    ("ContrastiveLoss", "", ["A B", "A B", "<2 A"], {}),
    ("ContrastiveLoss", "margin", ["A B 1 1", "A B", "<3 A 1"], dict(margin=3)),
    ("ContrastiveLoss", "legacy_version, loss_weight", ["A B", "A B", "<2 A"],
     dict(margin=3, legacy_version=True, loss_weight=0.3)),
]

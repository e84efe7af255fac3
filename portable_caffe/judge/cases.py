"""What the judge tries: each layer type with each of its options.

A case is (type, what is special, bottoms, options, tops). A bottom is a shape: letters are
sizes drawn at random for each seed (2 to 5, the same letter the same size), numbers stand
for themselves, and a first word like <4 means whole numbers below 4 in place of random ones.
"""
from ..net_spec import params as P
from .selection_cases import LABEL_LOSSES, SELECTION

ACTIVATIONS = [
    ("Sigmoid", "", ["A B C"], {}),
    ("Sigmoid", "in place", ["A B"], dict(in_place=True)),
    ("TanH", "", ["A B C"], {}),
    ("TanH", "in place", ["A B"], dict(in_place=True)),
    ("ReLU", "", ["A B"], {}),
    ("ReLU", "negative_slope", ["A B C"], dict(negative_slope=0.1)),
    ("ReLU", "in place", ["A B"], dict(in_place=True, negative_slope=0.1)),
    ("ELU", "", ["A B"], {}),
    ("ELU", "alpha", ["A B C"], dict(alpha=0.3)),
    ("ELU", "in place", ["A B"], dict(in_place=True, alpha=0.5)),
    ("Power", "", ["A B"], {}),
    ("Power", "scale, shift", ["A B"], dict(scale=-2, shift=0.5)),
    ("Power", "scale 0", ["A B"], dict(scale=0, shift=3)),
    ("Power", "power 0", ["A B"], dict(power=0)),
    ("Power", "power 2", ["A B"], dict(power=2, scale=0.5, shift=1)),
    ("Power", "power 3, no shift", ["A B"], dict(power=3, scale=0.7)),
    ("Power", "power 3, shift", ["A B"], dict(power=3, scale=0.1, shift=2)),
    ("Dropout", "TEST", ["A B"], dict(dropout_ratio=0.3)),
    ("AbsVal", "", ["A B C"], {}),
    ("Exp", "", ["A B C"], {}),
    ("Exp", "base, scale, shift, in place", ["A B"],
     dict(base=2, scale=-0.5, shift=0.3, in_place=True)),
    ("Log", "base, scale, shift", ["<9 A B C"], dict(base=10, scale=2, shift=0.5)),
    ("BNLL", "", ["A B C"], {}),
    ("Swish", "", ["A B C"], {}),
    ("Swish", "beta, in place", ["A B"], dict(swish_param=dict(beta=-1.5), in_place=True)),
    ("Threshold", "", ["A B C"], {}),
    ("Threshold", "threshold, in place", ["<3 A B"], dict(threshold=1, in_place=True)),
    ("PReLU", "", ["A B"], {}),
    ("PReLU", "more axes, filler", ["A B C D"], dict(filler=dict(type="gaussian"))),
    ("PReLU", "channel_shared, ties", ["<2 A B C"], dict(channel_shared=True)),
    ("PReLU", "in place", ["A B C"], dict(in_place=True)),
]

ELTWISE = [
    ("Eltwise", "SUM", ["A B", "A B"], {}),
    ("Eltwise", "SUM of 3, coeff", ["A B"] * 3, dict(coeff=[1, -0.5, 2])),
    ("Eltwise", "PROD", ["A B C"] * 2, dict(operation=P.Eltwise.PROD)),
    ("Eltwise", "PROD of 3", ["A B"] * 3, dict(operation=P.Eltwise.PROD)),
    ("Eltwise", "PROD, not stable", ["A B"] * 3,
     dict(operation=P.Eltwise.PROD, stable_prod_grad=False)),
    ("Eltwise", "SUM, coeff 0", ["A B"] * 2, dict(coeff=[0, 2])),
    ("Eltwise", "MAX", ["A B"] * 2, dict(operation=P.Eltwise.MAX)),
    ("Eltwise", "MAX of 3, ties", ["<3 A B"] * 3, dict(operation=P.Eltwise.MAX)),
]


def _deconvolution(num_output, **more):
    return dict(convolution_param=dict(num_output=num_output, **more))


WINDOWS = [
    ("Convolution", "", ["A B 5 6"], dict(num_output=3, kernel_size=3)),
    ("Convolution", "kernel_h, kernel_w", ["A B 5 6"], dict(num_output=2, kernel_h=2, kernel_w=4)),
    ("Convolution", "pad, stride, no bias", ["A B 6 5"],
     dict(num_output=3, kernel_size=3, pad=1, stride=2, bias_term=False)),
    ("Convolution", "group, dilation", ["A 4 7 6"],
     dict(num_output=6, kernel_size=2, group=2, dilation=2)),
    ("Convolution", "kernel_size twice, stride_w", ["A B 5 7"],
     dict(num_output=2, kernel_size=[2, 3], stride_h=1, stride_w=2, pad=[0, 1])),
    ("Deconvolution", "", ["A B 3 4"], _deconvolution(3, kernel_size=3)),
    ("Deconvolution", "pad, stride, no bias", ["A B 4 3"],
     _deconvolution(2, kernel_size=4, pad=1, stride=2, bias_term=False)),
    ("Deconvolution", "group, dilation", ["A 4 3 4"],
     _deconvolution(6, kernel_size=2, group=2, dilation=2)),
    ("Deconvolution", "stride past the window, pad_w", ["A B 3 4"],
     _deconvolution(2, kernel_h=1, kernel_w=3, stride_h=2, stride_w=4, pad_h=0, pad_w=1)),
    ("Pooling", "MAX", ["A B 5 6"], dict(kernel_size=2, stride=2)),
    ("Pooling", "MAX, pad, ties", ["<3 A B 5 5"], dict(kernel_size=3, stride=2, pad=1)),
    ("Pooling", "MAX, places, pad", ["A B 6 5"], dict(kernel_size=3, stride=2, pad=1), 2),
    ("Pooling", "AVE, pad", ["A B 6 5"],
     dict(kernel_size=3, stride=2, pad=1, pool=P.Pooling.AVE)),
    ("Pooling", "AVE, global", ["A B 3 4"], dict(global_pooling=True, pool=P.Pooling.AVE)),
]

NORMALISE = [
    ("LRN", "", ["A 7 B C"], {}),
    ("LRN", "local_size, alpha, beta, k", ["A B C D"],
     dict(local_size=3, alpha=2, beta=1.5, k=2)),
    ("LRN", "WITHIN_CHANNEL", ["A B C D"], dict(norm_region=P.LRN.WITHIN_CHANNEL)),
    ("LRN", "WITHIN_CHANNEL, local_size, alpha, beta, k", ["A B 6 7"],
     dict(norm_region=P.LRN.WITHIN_CHANNEL, local_size=3, alpha=2, beta=1.5, k=2)),
    ("LRN", "local_size 1", ["A B C D"], dict(local_size=1, k=0.5)),
    ("BatchNorm", "TEST", ["A B C"], {}),
    ("BatchNorm", "use_global_stats, eps", ["A B C D"],
     dict(use_global_stats=True, eps=0.1)),
    ("BatchNorm", "use_global_stats, in place", ["A B"],
     dict(use_global_stats=True, in_place=True)),
    ("MVN", "", ["A B C D"], {}),
    ("MVN", "across_channels, eps", ["A B C"], dict(across_channels=True, eps=0.1)),
    ("MVN", "normalize_variance: false", ["A B C D"], dict(normalize_variance=False)),
    ("MVN", "two axes, across_channels", ["A B"], dict(across_channels=True)),
]

SHAPES = [
    ("Slice", "equal parts", ["A 6 B"], {}, 3),
    ("Slice", "slice_point, axis 2", ["A B 7"], dict(axis=2, slice_point=[1, 4]), 3),
    ("Slice", "axis -1", ["A 4"], dict(axis=-1), 2),
    ("Slice", "axis 0, one top", ["A B"], dict(axis=0), 1),
    ("Slice", "slice_dim", ["A 4 B"], dict(slice_dim=1), 2),
    ("Concat", "", ["A B C", "A D C", "A B C"], {}),
    ("Concat", "axis 0", ["A B", "C B"], dict(axis=0)),
    ("Concat", "axis -1, one bottom", ["A B"], dict(axis=-1)),
    ("Concat", "concat_dim", ["A B", "A C"], dict(concat_dim=1)),
    ("Split", "", ["A B"], {}, 3),
    ("Reshape", "0 and -1", ["A B C"], dict(reshape_param=dict(shape=dict(dim=[0, -1])))),
    ("Reshape", "axis, num_axes", ["A 6 C"],
     dict(reshape_param=dict(shape=dict(dim=[2, 3]), axis=1, num_axes=1))),
    ("Reshape", "axis -1, new axis", ["A B"],
     dict(reshape_param=dict(shape=dict(dim=[1]), axis=-1, num_axes=0))),
    ("Flatten", "", ["A B C"], {}),
    ("Flatten", "axis 0, end_axis 1", ["A B C"], dict(axis=0, end_axis=1)),
    ("Tile", "", ["A B C"], dict(tiles=3)),
    ("Tile", "axis -1", ["A B"], dict(tiles=2, axis=-1)),
    *[("Reduction", f"{name}, axis {axis}", ["A B C"],
       dict(operation=getattr(P.Reduction, name), axis=axis, coeff=0.7))
      for name in ("SUM", "ASUM", "SUMSQ", "MEAN") for axis in (0, 1, -1)],
    ("Silence", "", ["A B"], {}, 0),
]

WEIGHTS = [
    ("InnerProduct", "", ["A B C"], dict(num_output=3)),
    ("InnerProduct", "axis 2, no bias", ["A B C"], dict(num_output=3, axis=2, bias_term=False)),
    ("InnerProduct", "axis -1", ["A B C"], dict(num_output=2, axis=-1)),
    ("InnerProduct", "axis 0", ["A B"], dict(num_output=2, axis=0)),
    ("InnerProduct", "transpose", ["A B C"], dict(num_output=3, transpose=True)),
    ("InnerProduct", "transpose, axis 2, no bias", ["A B C"],
     dict(num_output=3, transpose=True, axis=2, bias_term=False)),
    ("Embed", "", ["<6 A B"], dict(num_output=3, input_dim=6)),
    ("Embed", "no bias", ["<6 A"], dict(num_output=3, input_dim=6, bias_term=False)),
    ("Scale", "", ["A B C"], {}),
    ("Scale", "bias_term", ["A B C"], dict(bias_term=True)),
    ("Scale", "axis 0, num_axes 2", ["A B C"], dict(axis=0, num_axes=2)),
    ("Scale", "num_axes -1, bias_term", ["A B C"], dict(num_axes=-1, bias_term=True)),
    ("Scale", "num_axes 0", ["A B"], dict(num_axes=0)),
    ("Scale", "in place, bias_term", ["A B C"], dict(bias_term=True, in_place=True)),
    ("Scale", "two bottoms, axis 0", ["A B C", "A B"], dict(axis=0)),
    ("Scale", "two bottoms, axis -1", ["A B C", "C"], dict(axis=-1)),
    ("Bias", "", ["A B C"], {}),
    ("Bias", "axis -1", ["A B"], dict(axis=-1)),
    ("Bias", "in place", ["A B C"], dict(in_place=True)),
    ("Bias", "two bottoms, axis 0", ["A B C", "A B"], dict(axis=0)),
]


def _loss_options(type_name, bottoms):
    """A loss with each normalization mode, with and without a label to ignore."""
    modes = ("FULL", "VALID", "BATCH_SIZE", "NONE")
    for mode in modes:
        loss = dict(normalization=modes.index(mode))
        yield type_name, mode, bottoms, dict(loss_param=loss)
        yield (type_name, f"{mode}, ignore_label", bottoms,
               dict(loss_param=dict(loss, ignore_label=1)))
    for choice in (True, False):
        yield (type_name, f"normalize {choice}, ignore_label", bottoms,
               dict(loss_param=dict(normalize=choice, ignore_label=1)))
    yield type_name, "loss_weight", bottoms, dict(loss_weight=0.3)


LOSSES = [
    ("Softmax", "", ["A B C"], {}),
    ("Softmax", "axis 2", ["A B C"], dict(axis=2)),
    ("Softmax", "axis -1", ["A B C D"], dict(axis=-1)),
    ("Softmax", "axis 0", ["A B"], dict(axis=0)),
    ("Softmax", "in place", ["A B C"], dict(in_place=True)),
    ("SoftmaxWithLoss", "", ["A 4", "<4 A"], {}),
    ("SoftmaxWithLoss", "axis 2", ["A B 4", "<4 A B"], dict(softmax_param=dict(axis=2))),
    ("SoftmaxWithLoss", "inner axes", ["A 4 B", "<4 A B"], {}),
    *_loss_options("SoftmaxWithLoss", ["A 4 B", "<4 A B"]),
    ("SigmoidCrossEntropyLoss", "", ["A B", "<2 A B"], {}),
    *_loss_options("SigmoidCrossEntropyLoss", ["A B", "<2 A B"]),
    ("SoftmaxWithLoss", "all labels ignored", ["A 4", "<1 A"],
     dict(loss_param=dict(ignore_label=0))),
    ("EuclideanLoss", "", ["A B C", "A B C"], {}),
    ("EuclideanLoss", "loss_weight", ["A B", "A B"], dict(loss_weight=3)),
    ("Accuracy", "", ["A 4", "<4 A"], {}),
    ("Accuracy", "top_k, axis 2", ["A B 5", "<5 A B"], dict(top_k=2, axis=2)),
    ("Accuracy", "inner axes, ignore_label", ["A 4 B", "<4 A B"], dict(ignore_label=1)),
    ("Accuracy", "top_k, ignore_label", ["A 5", "<5 A"], dict(top_k=3, ignore_label=0)),
    ("Accuracy", "ties", ["<3 A 4", "<4 A"], {}),
    ("Accuracy", "per class", ["A 4", "<4 A"], {}, 2),
    ("ArgMax", "", ["A B C"], {}),
    ("ArgMax", "top_k, out_max_val", ["A 4 B"], dict(top_k=3, out_max_val=True)),
    ("ArgMax", "axis", ["A 4 B"], dict(axis=1, top_k=2)),
    ("ArgMax", "axis, out_max_val, ties", ["<3 A 4"], dict(axis=-1, top_k=2, out_max_val=True)),
    ("ArgMax", "four axes, ties", ["<3 A B C 2"], dict(top_k=2)),
]


def _recurrent(num_output, **more):
    return dict(recurrent_param=dict(num_output=num_output, **more))


RECURRENT = [
    ("LSTMUnit", "", ["1 B C", "1 B 4C", "<2 1 B"], {}, 2),
    ("LSTM", "", ["A B C", "<2 A B"], _recurrent(3)),
    ("LSTM", "more axes", ["A B C D", "<2 A B"], _recurrent(3)),
    ("LSTM", "x_static", ["A B C", "<2 A B", "B D"], _recurrent(3)),
    ("LSTM", "expose_hidden", ["A B C", "<2 A B", "1 B 3", "1 B 3"],
     _recurrent(3, expose_hidden=True), 3),
    ("LSTM", "x_static, expose_hidden", ["A B C", "<2 A B", "B D", "1 B 3", "1 B 3"],
     _recurrent(3, expose_hidden=True), 3),
    ("RNN", "", ["A B C", "<2 A B"], _recurrent(3)),
    ("RNN", "x_static", ["A B C", "<2 A B", "B D"], _recurrent(3)),
    ("RNN", "x_static, expose_hidden", ["A B C", "<2 A B", "B D", "1 B 3"],
     _recurrent(3, expose_hidden=True), 2),
    ("RNN", "expose_hidden", ["A B C", "<2 A B", "1 B 3"], _recurrent(3, expose_hidden=True), 2),
]

CASES = [(*case, 1)[:5] for case in (*ACTIVATIONS, *ELTWISE, *WINDOWS, *NORMALISE, *SHAPES,
                                     *WEIGHTS, *LOSSES, *RECURRENT, *SELECTION, *LABEL_LOSSES)]

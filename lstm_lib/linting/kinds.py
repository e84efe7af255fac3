"""What lint knows of layer types: their weights and fillers, which are losses, who gives data."""
import re

from ..safe_caffe.engine import caffe

ParamSpec = caffe.proto.caffe_pb2.ParamSpec
FillerParameter = caffe.proto.caffe_pb2.FillerParameter

OPTIONS = {"InnerProduct": "inner_product_param", "Convolution": "convolution_param",
           "Deconvolution": "convolution_param", "Embed": "embed_param", "Scale": "scale_param",
           "Bias": "bias_param", "LSTM": "recurrent_param", "RNN": "recurrent_param"}
RECURRENT = {"LSTM": 2, "RNN": 1}  # how many states they hand on, with expose_hidden
FIXED = {"BatchNorm": 3, "PReLU": 1, "Parameter": 1}  # so many weights, whatever the options
# bottoms that are answers, not values: nothing is to be learnt through them
LABELS = {"SoftmaxWithLoss": 1, "SigmoidCrossEntropyLoss": 1, "HingeLoss": 1, "InfogainLoss": 1,
          "MultinomialLogisticLoss": 1, "ContrastiveLoss": 2}
GIVE_DATA = {"Data", "HDF5Data", "ImageData", "MemoryData", "WindowData"}
SOURCES = GIVE_DATA | {"Input", "DummyData"}
LOSS = re.compile(r"loss|ctc(?!.*decod)", re.I)


def options(layer):
    """The options of a layer that learns, or None."""
    field = OPTIONS.get(layer.type)
    return getattr(layer.spec, field) if field else None


def count_weights(layer):
    """How many weights a layer has."""
    asked, kind = options(layer), layer.type
    if kind in FIXED:
        return FIXED[kind]
    if kind in RECURRENT:
        return (3 if kind == "LSTM" else 5) + (static_input(layer) is not None)
    if kind in ("Scale", "Bias"):
        own = len(layer.spec.bottom) == 1
        return own + (kind == "Scale" and asked.bias_term)
    return 1 + asked.bias_term if asked is not None else len(layer.spec.param)


def static_input(layer):
    """The place of the bottom x_static of an LSTM or RNN layer, or None."""
    return 2 if len(layer.spec.bottom) - states_given(layer) == 3 else None


def states_given(layer):
    """How many initial states an LSTM or RNN layer is given: the last of its bottoms."""
    return RECURRENT[layer.type] * layer.spec.recurrent_param.expose_hidden


def params(layer):
    """A ParamSpec for each weight of a layer, those that it does not name too."""
    given, count = list(layer.spec.param), count_weights(layer)
    return (given + [ParamSpec()] * count)[:count]


def filler_fields(layer):
    """For each weight of a layer the option that says how it starts, or None."""
    asked, count = options(layer), count_weights(layer)
    if asked is None or layer.type in ("Scale", "Bias"):
        return [None] * count
    if layer.type in RECURRENT:  # W_xc, b_c, ..: each product has its bias, but those of states
        biases = {1} if layer.type == "LSTM" else {1, count - 1}
        return ["bias_filler" if place in biases else "weight_filler" for place in range(count)]
    return ["weight_filler", "bias_filler"][:count]


def fillers(layer):
    """For each weight of a layer its FillerParameter; one that is left out is constant 0."""
    return [field and getattr(options(layer), field) for field in filler_fields(layer)]


def has_filler(layer, place):
    """Whether the net says how this weight starts."""
    field = filler_fields(layer)[place]
    return field is not None and options(layer).HasField(field)


def is_zero(filler):
    """Whether what it fills starts as zeros."""
    return filler is not None and filler.type == "constant" and filler.value == 0


def learns(layer):
    """Whether a layer has a weight that learns."""
    if layer.type == "BatchNorm":
        return False  # its weights are statistics
    return any(param.lr_mult for param in params(layer))


def is_loss(layer):
    """Whether its type is that of a loss, in Caffe or in some fork."""
    return bool(LOSS.search(layer.type[:100]))


def loss_weight(layer):
    """How much the first top of a layer counts in the loss; a loss layer counts by itself."""
    given = [weight for weight in layer.spec.loss_weight]
    if given:
        return max(given, key=abs)
    return 1 if is_loss(layer) else 0

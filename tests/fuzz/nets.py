"""Small random nets of all layer types, most of them good, some broken on purpose.

A net is a list of layers, each a dict of name, type, bottom, top, and `more`, prototxt text.
`blobs` holds the shape that each blob should have. All is decided by a `random.Random`.
"""
import math

WEIGHTS = 'weight_filler { type: "xavier" }'


class Maker:
    """Adds layers to a net, each fed by blobs whose shapes fit."""

    def __init__(self, random):
        self.random, self.layers, self.blobs, self.count = random, [], {}, 0

    def add(self, kind, bottoms, shapes, more=""):
        """A layer with a top for each of the shapes."""
        self.count += 1
        tops = [f"b{self.count}{'xyzw'[number]}" for number in range(len(shapes))]
        self.layers.append(dict(name=f"n{self.count}", type=kind, bottom=list(bottoms),
                                top=list(tops), more=more))
        self.blobs.update(zip(tops, map(tuple, shapes)))
        return tops

    def input(self, *shape):
        """An Input layer; its blob."""
        dims = " ".join(f"dim: {dim}" for dim in shape)
        return self.add("Input", [], [shape], f"input_param {{ shape {{ {dims} }} }}")[0]

    def labels(self, *shape):
        """A blob of labels, made as an input so that the steps write good numbers into it."""
        blob = self.input(*shape)
        self.layers[-1]["labels"] = True
        return blob

    def some(self, least=1, most=5):
        """A blob with so many axes, an old one where there is one."""
        found = [blob for blob, shape in self.blobs.items() if least <= len(shape) <= most
                 and not any(layer.get("labels") and blob in layer["top"]
                             for layer in self.layers)]
        if found and self.random.random() < 0.8:
            return self.random.choice(found)
        return self.input(*self.shape(self.random.randint(least, min(most, 4))))

    def shape(self, axes):
        """So many small sizes."""
        return [self.random.randint(1, 4) for _ in range(axes)]

    def like(self, blob):
        """Another blob of this shape."""
        found = [other for other, shape in self.blobs.items()
                 if shape == self.blobs[blob] and other != blob]
        return self.random.choice(found) if found else self.input(*self.blobs[blob])


def _same(kind, *options):
    """Layers that work number by number, in place now and then."""
    def add(make):
        x = make.some()
        make.add(kind, [x], [make.blobs[x]], make.random.choice(options) if options else "")
        if make.random.random() < 0.3:
            make.layers[-1]["top"] = [x]
            del make.blobs[list(make.blobs)[-1]]
    return add


def _eltwise(make):
    x = make.some()
    operation = make.random.choice(["SUM", "PROD", "MAX"])
    make.add("Eltwise", [x, make.like(x)], [make.blobs[x]],
             f"eltwise_param {{ operation: {operation} }}")


def _inner_product(make):
    x = make.some(2)
    axis = make.random.randint(1, len(make.blobs[x]) - 1)
    out = make.random.randint(1, 4)
    make.add("InnerProduct", [x], [make.blobs[x][:axis] + (out,)],
             f"inner_product_param {{ num_output: {out} axis: {axis} {WEIGHTS} }}")


def _image(make, least=3):
    found = [blob for blob, shape in make.blobs.items() if len(shape) == 4
             and min(shape[2:]) >= least]
    return make.random.choice(found) if found else make.input(
        *make.shape(2), make.random.randint(least, 5), make.random.randint(least, 5))


def _convolution(kind):
    def add(make):
        x, out, kernel = _image(make), make.random.randint(1, 3), make.random.randint(1, 3)
        n, _, h, w = make.blobs[x]
        change = 1 - kernel if kind == "Convolution" else kernel - 1
        make.add(kind, [x], [(n, out, h + change, w + change)],
                 f"convolution_param {{ num_output: {out} kernel_size: {kernel} {WEIGHTS} }}")
    return add


def _pooling(make):
    x, kernel = _image(make), make.random.randint(1, 3)
    n, c, h, w = make.blobs[x]
    stride, kind = make.random.randint(1, kernel), make.random.choice(["MAX", "AVE"])
    size = [math.ceil((side - kernel) / stride) + 1 for side in (h, w)]
    tops = [(n, c, *size)] * (2 if kind == "MAX" and make.random.random() < 0.2 else 1)
    make.add("Pooling", [x], tops,
             f"pooling_param {{ pool: {kind} kernel_size: {kernel} stride: {stride} }}")


def _of_image(kind, *options):
    def add(make):
        x = _image(make)
        make.add(kind, [x], [make.blobs[x]], make.random.choice(options) if options else "")
    return add


def _im2col(make):
    x, kernel = _image(make), make.random.randint(1, 3)
    n, c, h, w = make.blobs[x]
    make.add("Im2col", [x], [(n, c * kernel * kernel, h + 1 - kernel, w + 1 - kernel)],
             f"convolution_param {{ kernel_size: {kernel} }}")


def _spp(make):
    x, height = _image(make, 4), make.random.randint(1, 2)
    n, c = make.blobs[x][:2]
    make.add("SPP", [x], [(n, c * sum(4 ** level for level in range(height)))],
             f"spp_param {{ pyramid_height: {height} pool: {make.random.choice(['MAX', 'AVE'])} }}")


def _crop(make):
    x = _image(make)
    n, c, h, w = make.blobs[x]
    make.add("Crop", [x, make.input(n, c, h - 1, w - 1)], [(n, c, h - 1, w - 1)],
             "crop_param { axis: 2 offset: 1 }")


def _concat(make):
    x = make.some()
    axis = make.random.randrange(len(make.blobs[x]))
    shape = list(make.blobs[x])
    others = [make.like(x) for _ in range(make.random.randint(0, 2))]
    shape[axis] *= 1 + len(others)
    make.add("Concat", [x, *others], [shape], f"concat_param {{ axis: {axis} }}")


def _slice(make):
    x = make.some()
    shape, axis = list(make.blobs[x]), make.random.randrange(len(make.blobs[x]))
    parts = make.random.choice([n for n in range(1, 5) if shape[axis] % n == 0])
    shape[axis] //= parts
    make.add("Slice", [x], [shape] * parts, f"slice_param {{ axis: {axis} }}")


def _split(make):
    x = make.some()
    make.add("Split", [x], [make.blobs[x]] * make.random.randint(1, 3))


def _reshape(make):
    x = make.some()
    shape = make.blobs[x]
    make.add("Reshape", [x], [(shape[0], math.prod(shape[1:]))],
             "reshape_param { shape { dim: 0 dim: -1 } }")


def _flatten(make):
    x = make.some(2)
    shape = make.blobs[x]
    make.add("Flatten", [x], [(shape[0], math.prod(shape[1:]))])


def _tile(make):
    x, tiles = make.some(), make.random.randint(1, 3)
    shape, axis = list(make.blobs[x]), make.random.randrange(len(make.blobs[x]))
    shape[axis] *= tiles
    make.add("Tile", [x], [shape], f"tile_param {{ axis: {axis} tiles: {tiles} }}")


def _reduction(make):
    x = make.some()
    axis, kind = make.random.randrange(len(make.blobs[x])), make.random.choice(
        ["SUM", "ASUM", "SUMSQ", "MEAN"])
    weight = "loss_weight: 1 " if not axis and make.random.random() < 0.5 else ""
    make.add("Reduction", [x], [make.blobs[x][:axis]],
             f"{weight}reduction_param {{ operation: {kind} axis: {axis} }}")


def _permute(make):
    x = make.some(2, 4)
    order = list(range(len(make.blobs[x])))
    make.random.shuffle(order)
    make.add("Permute", [x], [[make.blobs[x][axis] for axis in order]],
             "permute_param { " + " ".join(f"order: {axis}" for axis in order) + " }")


def _scale(kind, option):
    def add(make):
        x = make.some(2)
        two = make.random.random() < 0.3
        bottoms = [x, make.input(*make.blobs[x][1:2])] if two else [x]
        make.add(kind, bottoms, [make.blobs[x]], f"{option} {{ axis: 1 }}")
    return add


def _embed(make):
    x, out = make.labels(make.random.randint(1, 4)), make.random.randint(1, 4)
    make.add("Embed", [x], [(*make.blobs[x], out)],
             f"embed_param {{ num_output: {out} input_dim: 3 {WEIGHTS} }}")


def _batch_reindex(make):
    x = make.some(2)
    index = make.labels(make.random.randint(1, 4))
    make.add("BatchReindex", [x, index], [(*make.blobs[index], *make.blobs[x][1:])])


def _filter(make):
    x = make.some(2)
    make.add("Filter", [x, make.labels(make.blobs[x][0])], [make.blobs[x]])


def _loss(kind, *options):
    """A loss of scores (N, 3) and labels (N,)."""
    def add(make):
        batch = make.random.randint(1, 4)
        x = make.add("InnerProduct", [make.input(batch, 2)], [(batch, 3)],
                     f"inner_product_param {{ num_output: 3 {WEIGHTS} }}")[0]
        tops = [()] * (2 if kind == "SoftmaxWithLoss" and make.random.random() < 0.1 else 1)
        make.add(kind, [x, make.labels(batch)], tops,
                 make.random.choice(options) if options else "")
    return add


def _infogain(make):
    batch, axis = make.random.randint(1, 4), make.random.randint(1, 2)
    shape = [batch, 3, 2] if axis == 1 else [batch, 2, 3]
    x = make.add("Power", [make.input(*shape)], [shape])[0]
    make.add("InfogainLoss", [x, make.labels(batch, 2), make.input(3, 3)], [()],
             f"infogain_loss_param {{ axis: {axis} }} " + make.random.choice(
                 ["", "loss_param { ignore_label: 1 }", "loss_param { normalization: FULL }"]))


def _difference(kind):
    def add(make):
        x = make.some(2)
        make.add(kind, [x, make.like(x)], [()])
    return add


def _contrastive(make):
    shape = make.shape(2)
    make.add("ContrastiveLoss", [make.input(*shape), make.input(*shape),
                                 make.labels(shape[0])], [()], make.random.choice(
                                     ["", "contrastive_loss_param { legacy_version: true }"]))


def _recurrent(kind):
    def add(make):
        steps, batch, size, units = (make.random.randint(1, 3) for _ in range(4))
        bottoms, tops = [make.input(steps, batch, size), make.labels(steps, batch)], 1
        exposes = make.random.random() < 0.4
        if exposes:
            tops = 3 if kind == "LSTM" else 2
            bottoms += [make.input(1, batch, units) for _ in range(tops - 1)]
        make.add(kind, bottoms, [(steps, batch, units)] + [(1, batch, units)] * (tops - 1),
                 f"recurrent_param {{ num_output: {units} {WEIGHTS} "
                 f"expose_hidden: {str(exposes).lower()} }}")
    return add


def _lstm_unit(make):
    batch, units = make.random.randint(1, 3), make.random.randint(1, 3)
    make.add("LSTMUnit", [make.input(1, batch, units), make.input(1, batch, 4 * units),
                          make.labels(1, batch)], [(1, batch, units)] * 2)


def _source(kind, option):
    def add(make):
        shape = make.shape(make.random.randint(1, 4))
        dims = " ".join(f"dim: {dim}" for dim in shape)
        make.add(kind, [], [shape], f"{option} {{ shape {{ {dims} }} }}")
    return add


def _memory_data(make):
    make.add("MemoryData", [], [(2, 1, 2, 2), (2,)],
             "memory_data_param { batch_size: 2 channels: 1 height: 2 width: 2 }")


def _continuation(make):
    make.add("ContinuationIndicator", [], [(2, 3)],
             "continuation_indicator_param { time_step: 2 batch_size: 3 }")


def _python(make):
    x = make.some()
    if make.random.random() < 0.7:
        make.add("Python", [x], [make.blobs[x]],
                 'python_param { module: "python_layer" layer: "Doubles" }')
    else:  # another number of rows for other numbers
        make.add("Python", [x], [(1, 2)],
                 'python_param { module: "python_layer" layer: "Rows" }')


def _silence(make):
    make.add("Silence", [make.some()], [])


def _arg_max(make):
    x = make.some(2, 4)
    make.add("ArgMax", [x], [(make.blobs[x][0], 1, 1)])


def _sequence(kind, option):
    def add(make):
        make.add(kind, [make.input(4, 2, 3), make.labels(2, 2)], [()],
                 f"{option} {{ time_step: 2 blank_label: 0 }}")
    return add


ALL = {
    **{kind: _same(kind) for kind in ("AbsVal", "BNLL", "Dropout", "Exp", "Log", "Power",
                                      "Sigmoid", "Softmax", "TanH", "Reverse")},
    "PReLU": _same("PReLU", "", "prelu_param { channel_shared: true }"),
    "Swish": _same("Swish", "", "swish_param { beta: -2 }"),
    "Threshold": _same("Threshold", "", "threshold_param { threshold: 0.5 }"),
    "BatchNorm": _same("BatchNorm", "", *["batch_norm_param { use_global_stats: true }"] * 3),
    "ReLU": _same("ReLU", "", "relu_param { negative_slope: 0.1 }"),
    "ELU": _same("ELU", "", "elu_param { alpha: 0.5 }"),
    "Eltwise": _eltwise, "InnerProduct": _inner_product, "Concat": _concat, "Slice": _slice,
    "Split": _split, "Reshape": _reshape, "Flatten": _flatten, "Tile": _tile,
    "Reduction": _reduction, "Permute": _permute, "Pooling": _pooling, "Im2col": _im2col,
    "Convolution": _convolution("Convolution"), "Deconvolution": _convolution("Deconvolution"),
    "LRN": _of_image("LRN", "", "lrn_param { local_size: 3 norm_region: WITHIN_CHANNEL }"),
    "MVN": _same("MVN", "", "mvn_param { across_channels: true }",
                 "mvn_param { normalize_variance: false }"), "SPP": _spp,
    "Crop": _crop, "Scale": _scale("Scale", "scale_param"), "Bias": _scale("Bias", "bias_param"),
    "Embed": _embed, "BatchReindex": _batch_reindex, "Filter": _filter, "Silence": _silence,
    **{kind: _loss(kind, "", "loss_param { ignore_label: 1 }", "loss_weight: 0.5")
       for kind in ("SoftmaxWithLoss", "MultinomialLogisticLoss")},
    "HingeLoss": _loss("HingeLoss", "", "hinge_loss_param { norm: L2 }", "loss_weight: 0.5"),
    "Accuracy": _loss("Accuracy"), "InfogainLoss": _infogain,
    "EuclideanLoss": _difference("EuclideanLoss"),
    "SigmoidCrossEntropyLoss": _difference("SigmoidCrossEntropyLoss"),
    "ContrastiveLoss": _contrastive, "LSTM": _recurrent("LSTM"), "RNN": _recurrent("RNN"),
    "LSTMUnit": _lstm_unit, "DummyData": _source("DummyData", "dummy_data_param"),
    "Parameter": _source("Parameter", "parameter_param"), "MemoryData": _memory_data,
    "ContinuationIndicator": _continuation, "Python": _python, "ArgMax": _arg_max,
    "CtcLoss": _sequence("CtcLoss", "ctc_loss_param"),
    "LabelsequenceAccuracy": _sequence("LabelsequenceAccuracy", "labelsequence_accuracy_param"),
}


def make(random, kinds):
    """A `Maker` with one to six layers of these types beside the inputs they need."""
    maker = Maker(random)
    for _ in range(random.randint(1, 6)):
        ALL[random.choice(kinds)](maker)
    return maker

"""What is broken in a net on purpose: each takes a random and the layers, and changes them."""
import re

NUMBERS = ["0", "-1", "1", "2", "7", "33", "2147483647", "2147483648", "-2147483649", "1e20",
           "4294967297", "18446744073709551617", "nan", "true", "BANANA"]


def option(random, layers):
    """Another number in an option."""
    layer = random.choice(layers)
    places = list(re.finditer(r"(?<=: )[-\w.]+", layer["more"]))
    if places:
        place = random.choice(places)
        layer["more"] = (layer["more"][:place.start()] + random.choice(NUMBERS)
                         + layer["more"][place.end():])


def bottom(random, layers):
    """Another blob, or none, or one that is not there."""
    layer = random.choice(layers)
    others = [top for other in layers for top in other["top"]] + ["nowhere"]
    change = random.choice(["swap", "drop", "more"])
    if change == "more" or not layer["bottom"]:
        layer["bottom"].append(random.choice(others))
    elif change == "drop":
        layer["bottom"].pop()
    else:
        layer["bottom"][random.randrange(len(layer["bottom"]))] = random.choice(others)


def in_place(random, layers):
    """A top that is one of the bottoms."""
    layer = random.choice(layers)
    if layer["bottom"] and layer["top"]:
        layer["top"][0] = random.choice(layer["bottom"])


def tops(random, layers):
    """A top more, a top less, or the top of another layer."""
    layer = random.choice(layers)
    change = random.choice(["more", "drop", "same"])
    if change == "more":
        layer["top"].append("further")
    elif change == "drop" and layer["top"]:
        layer["top"].pop()
    elif layer["top"]:
        layer["top"][-1] = random.choice([top for other in layers for top in other["top"]] or ["x"])


def name(random, layers):
    """Two layers of one name, or a name of odd characters."""
    layer = random.choice(layers)
    layer["name"] = random.choice([random.choice(layers)["name"], "", "a/b", "\\303\\274", "x y"])


def order(random, layers):
    """Layers in another order, or one left out."""
    if random.random() < 0.5:
        random.shuffle(layers)
    elif len(layers) > 1:
        layers.pop(random.randrange(len(layers)))


def more(random, layers):
    """Fields that every layer may have."""
    random.choice(layers)["more"] += " " + random.choice([
        "include { phase: TEST }", "include { phase: TRAIN }", "exclude { phase: TRAIN }",
        "include { stage: \"s\" }", "include { min_level: 1 }", "phase: TEST",
        "loss_weight: 1", "loss_weight: 0.5 loss_weight: 2", "loss_weight: nan",
        "propagate_down: true", "propagate_down: false", "param { lr_mult: 0 }",
        'param { name: "shared" }', 'param { name: "shared" share_mode: PERMISSIVE }',
        'param { name: "w" } param { name: "w" }', "blobs { shape { dim: 2 } data: 1 data: 2 }",
        "loss_param { normalization: NONE }", "loss_param { ignore_label: 300 }",
        "transform_param { scale: 2 }", 'type: "Nothing"', "banana: 1", "include { banana: 1 }"])


def shared(random, layers):
    """Weights of several layers under one name."""
    for layer in layers:
        if layer["type"] in ("InnerProduct", "Convolution", "Scale", "Parameter", "LSTM", "Embed"):
            layer["more"] += ' param { name: "shared" }'


def kind(random, layers):
    """A layer of another type with the same bottoms and options."""
    random.choice(layers)["type"] = random.choice([random.choice(layers)["type"], "Softmax",
                                                   "Pooling", "LSTM", "Silence", "tanh", ""])


ALL = [option, option, option, bottom, bottom, in_place, tops, name, order, more, more, shared,
       kind]


def text_of(random, layers):
    """The net as prototxt, with something broken in the text itself now and then."""
    text = "".join(_layer(layer) for layer in layers)
    if random.random() < 0.3:
        text = "force_backward: true " + text
    if random.random() < 0.03:
        text = 'input: "old" input_dim: 1 input_dim: 2 input_dim: 1 input_dim: 1 ' + text
    if random.random() < 0.02:
        text = text.replace("layer {", "layers {")
    if random.random() < 0.03:
        place = random.randrange(len(text))
        text = text[:place] + random.choice(["", "}", "{", "\"", "#", "\\", "\0", "é", ": "]) + (
            text[place + random.choice([0, 1, 5, 10 ** 6]):])
    return text


def _layer(layer):
    ends = "".join(f'{end}: "{blob}" ' for end in ("bottom", "top") for blob in layer[end])
    return f'layer {{ name: "{layer["name"]}" type: "{layer["type"]}" {ends}{layer["more"]} }}\n'

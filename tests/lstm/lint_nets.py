"""Nets for lint: for each trap one that falls into it, and one that nearly does."""
import re

UNIFORM = 'weight_filler { type: "uniform" min: -0.5 max: 0.5 }'
GIVEN = dict(x=(4, 3), y=(4, 3), label=(4,), s=(3, 2, 4), cont=(3, 2), h0=(1, 2, 5), c0=(1, 2, 5))


def layer(name, type, bottoms="", more="", tops=None):
    """A layer's text; its top has its name unless others are given, as words."""
    ends = [f'bottom: "{bottom}"' for bottom in bottoms.split()]
    ends += [f'top: "{top}"' for top in (name if tops is None else tops).split()]
    return f'layer {{ name: "{name}" type: "{type}" {" ".join(ends)} {more} }}\n'


def inputs(*names):
    """Input layers of the shapes in GIVEN."""
    return "".join(layer(name, "Input", more=f"input_param {{ shape {{ {dims(GIVEN[name])} }} }}")
                   for name in names)


def dims(shape):
    return " ".join(f"dim: {length}" for length in shape)


def dummy(name, shape, filler=""):
    """DummyData; a filler is text like `value: 1`."""
    filler = f"data_filler {{ {filler} }}" if filler else ""
    return layer(name, "DummyData",
                 more=f"dummy_data_param {{ shape {{ {dims(shape)} }} {filler} }}")


def product(name, bottom, param="", H=3, filler=UNIFORM, axis=1):
    """InnerProduct without a bias; `param` is the text inside param { }."""
    options = f"num_output: {H} bias_term: false axis: {axis} {filler}"
    return layer(name, "InnerProduct", bottom, (f"param {{ {param} }} " if param else "")
                 + f"inner_product_param {{ {options} }}")


def lstm(bottoms="s cont", more="", filler=UNIFORM, tops="r", type="LSTM"):
    return layer("r", type, bottoms, f"recurrent_param {{ num_output: 5 {more} {filler} }}", tops)


def loss(bottom, target="y"):
    return layer("loss", "EuclideanLoss", f"{bottom} {target}")


def softmax(bottom, label="label", more=""):
    return layer("loss", "SoftmaxWithLoss", f"{bottom} {label}", more)


def summed(bottom, more=""):
    """A loss of any blob: its sum."""
    return layer("loss", "Reduction", bottom, f"loss_weight: 1 {more}")


def in_place(type, blob, name="q", more=""):
    return layer(name, type, blob, more, tops=blob)


def cell_state(last):
    """c = f * c0 + i * g of inputs, then `last`."""
    return (inputs("x", "y") + layer("f", "Sigmoid", "x") + layer("i", "Sigmoid", "y")
            + layer("c_f", "Eltwise", "f x", "eltwise_param { operation: PROD }")
            + layer("c_i", "Eltwise", "i y", "eltwise_param { operation: PROD }")
            + layer("c", "Eltwise", "c_f c_i") + last)


ONE_STEP = inputs("s", "cont").replace("dim: 3 dim: 2", "dim: 1 dim: 2")
UNIT = (inputs("c0") + dummy("k", (1, 2), "value: 1")
        + product("z", "c0", H=20, axis=2) + layer("u", "LSTMUnit", "c0 z k", tops="c h"))


def steps(*names, prefix="t{}/", more=""):
    """A product in each step; `names` are those of its weight."""
    text, below = inputs("x"), "x"
    for t, name in enumerate(names, 1):
        text += product(prefix.format(t) + "Mh", below, f'name: "{name}"' if name else "")
        below = prefix.format(t) + "Mh"
    return text + more


FLAT = "flatten_param { axis: 0 end_axis: 1 }"
EXPOSED = "expose_hidden: true"
TRAPS = {  # trap -> (the layer, words of what happens, falls into it, nearly does)
    "no step shares": ("t1/Mh, t2/Mh, t3/Mh", "to itself",
                       steps("", "", ""), steps("w", "w", "w")),
    "a misspelt name": ("t2/Mh", "has 'v'", steps("w", "v", "w"), steps("w", "w")),
    "a misspelt name, steps at the end": (
        "ip_2Mh", "has 'v'", steps("w", "v", "w", prefix="ip_{}"),
        steps("a", "b", "c", prefix="ip_{}")),
    "a name forgotten": ("t3/Mh", "no name", steps("w", "w", ""), steps("w", "w", "w")),
    "lr_mult of a later step": (
        "b", "lr_mult: 0", inputs("x") + product("a", "x", 'name: "w"')
        + product("b", "a", 'name: "w" lr_mult: 0'),
        inputs("x") + product("a", "x", 'name: "w" lr_mult: 0') + product("b", "a", 'name: "w"')),
    "unequal decay_mult": (
        "a, b", "does not build", inputs("x") + product("a", "x", 'name: "w" decay_mult: 1')
        + product("b", "a", 'name: "w" decay_mult: 0'),
        inputs("x") + product("a", "x", 'name: "w" decay_mult: 0')
        + product("b", "a", 'name: "w" decay_mult: 0')),
    "the filler of a later step": (
        "b", "does not count", inputs("x") + product("a", "x", 'name: "w"', filler="")
        + product("b", "a", 'name: "w"'),
        inputs("x") + product("a", "x", 'name: "w"') + product("b", "a", 'name: "w"', filler="")),
    "two layers of one name": (
        "a", "2 layers", inputs("x") + product("a", "x")
        + product("a", "x").replace('top: "a"', 'top: "b"'),
        inputs("x") + product("a", "x", 'name: "w"')
        + product("a", "x", 'name: "w"').replace('top: "a"', 'top: "b"')),
    "act_c in place": ("act_c", "tanh(c)", cell_state(in_place("TanH", "c", "act_c")),
                       cell_state(layer("act_c", "TanH", "c"))),
    "another name for the same memory": (
        "q", "'a' too", inputs("x") + product("a", "x") + layer("b", "Flatten", "a")
        + in_place("ReLU", "b") + layer("late", "Power", "a"),
        inputs("x") + product("a", "x") + layer("b", "Flatten", "a") + in_place("ReLU", "b")
        + layer("late", "Power", "b")),
    "gradient of a TanH that Dropout overwrites": (
        "q", "'b' (TanH)", inputs("x") + product("a", "x") + layer("b", "TanH", "a")
        + in_place("Dropout", "b") + summed("b"),
        inputs("x") + product("a", "x") + layer("b", "TanH", "a") + in_place("ReLU", "b")
        + summed("b")),
    "gradient of a product whose input is overwritten": (
        "q", "'w' (InnerProduct)", inputs("x") + product("a", "x")
        + layer("s", "Split", "a", tops="b c") + product("w", "b") + in_place("Sigmoid", "c")
        + layer("sum", "Eltwise", "w c") + summed("sum"),
        inputs("x") + product("a", "x") + layer("s", "Split", "a", tops="b c") + product("w", "b")
        + layer("q", "Sigmoid", "c") + layer("sum", "Eltwise", "w q") + summed("sum")),
    "ReLU, then Scale, all in place": (
        "n", "'q' (ReLU)", inputs("x", "y") + product("a", "x") + in_place("ReLU", "a")
        + in_place("Scale", "a", "n") + loss("a"), inputs("x", "y") + product("a", "x")
        + in_place("Scale", "a", "n") + in_place("ReLU", "a") + loss("a")),
    "c of an LSTM layer overwritten": (
        "q", "'r' (LSTM)", inputs("s", "cont", "h0", "c0")
        + lstm("s cont h0 c0", EXPOSED, tops="r h c") + in_place("Sigmoid", "c") + summed("r"),
        inputs("s", "cont", "h0", "c0") + lstm("s cont h0 c0", EXPOSED, tops="r h c")
        + in_place("Sigmoid", "h") + summed("r")),
    "c of an LSTMUnit overwritten": (
        "q", "'u' (LSTMUnit)", UNIT + in_place("Sigmoid", "c") + summed("h"),
        UNIT + in_place("Sigmoid", "h") + summed("h")),
    "the output of one step overwritten": (
        "q", "memory of its state", ONE_STEP + lstm() + in_place("ReLU", "r"),
        inputs("s", "cont") + lstm() + in_place("ReLU", "r")),
    "an input overwritten": ("q", "the input 'x'", inputs("x") + in_place("Sigmoid", "x"),
                             inputs("x") + in_place("ReLU", "x")),
    "weights without a filler": (
        "a, b", "no weight_filler", inputs("x", "y") + product("a", "x", filler="")
        + layer("t", "TanH", "a") + product("b", "t", filler="") + loss("b"),
        inputs("x", "y") + product("a", "x") + layer("t", "TanH", "a")
        + product("b", "t", filler="") + loss("b")),
    "a ReLU that begins dead": (
        "a", "no weight_filler", inputs("x", "y") + product("a", "x", filler="")
        + in_place("ReLU", "a") + product("b", "a") + loss("b"),
        inputs("x", "y") + product("a", "x", filler="") + in_place("TanH", "a")
        + product("b", "a") + loss("b")),
    "an RNN layer without a filler": (
        "r", "no weight_filler", inputs("s", "cont") + lstm(type="RNN", filler="") + summed("r"),
        inputs("s", "cont") + lstm(type="RNN") + summed("r")),
    "data of zeros": (
        "x", "zeros", dummy("x", (4, 3)) + product("a", "x") + summed("a"),
        dummy("x", (4, 3)) + inputs("y") + layer("z", "Eltwise", "x y") + product("a", "z")
        + summed("a")),
    "data drawn anew": ("x", "drawn anew", dummy("x", (4, 3), 'type: "gaussian" std: 1')
                        + product("a", "x"), dummy("x", (4, 3), 'type: "constant" value: 2')
                        + product("a", "x")),
    "states nobody can set": (
        "h0", "'h0'", inputs("s", "cont", "c0") + dummy("h0", (1, 2, 5))
        + lstm("s cont h0 c0", EXPOSED, tops="r h c"),
        inputs("s", "cont") + dummy("zero", (1, 2, 5))
        + lstm("s cont zero zero", EXPOSED, tops="r h c")),
    "cont always 1": (
        "r", "never is 0", inputs("s") + dummy("k", (3, 2), "value: 1") + lstm("s k"),
        inputs("s") + dummy("k0", (1, 2)) + dummy("k1", (2, 2), "value: 1")
        + layer("k", "Concat", "k0 k1", "concat_param { axis: 0 }") + lstm("s k")),
    "cont always 0": (
        "r", "always 0", inputs("s", "h0", "c0") + dummy("k", (3, 2))
        + lstm("s k h0 c0", EXPOSED, tops="r h c"),
        inputs("s", "h0", "c0") + dummy("k", (3, 2), "value: 1")
        + lstm("s k h0 c0", EXPOSED, tops="r h c")),
    "no loss": ("label", "'label'", inputs("x", "label") + product("a", "x")
                + layer("n", "Silence", "label", tops=""),
                inputs("x", "label") + product("a", "x") + softmax("a")),
    "the loss of the other phase": (
        "loss", "left out", inputs("x", "y") + product("a", "x")
        + layer("loss", "EuclideanLoss", "a y", "include { phase: TEST }")
        + layer("n", "Silence", "y", tops=""),
        inputs("x", "y") + product("a", "x")
        + layer("loss", "EuclideanLoss", "a y", "include { phase: TRAIN }")),
    "a loss that does not count": (
        "loss", "loss_weight is 0", inputs("x", "y") + product("a", "x")
        + layer("loss", "EuclideanLoss", "a y", "loss_weight: 0"),
        inputs("x", "y") + product("a", "x")
        + layer("loss", "EuclideanLoss", "a y", "loss_weight: 0.1")),
    "every lr_mult 0": (
        "a", "lr_mult: 0", inputs("x", "y") + product("a", "x", "lr_mult: 0") + loss("a"),
        inputs("x", "y") + product("a", "x", "lr_mult: 0") + product("b", "a") + loss("b")),
    "propagate_down: false everywhere": (
        "p", "propagate_down", inputs("x", "y") + product("a", "x")
        + layer("p", "TanH", "a", "propagate_down: false") + loss("p"),
        inputs("x", "y") + product("a", "x") + layer("p", "TanH", "a", "propagate_down: false")
        + product("b", "p") + loss("b")),
    "a loss of an ArgMax": (
        "m", "ArgMax", inputs("x", "label") + product("a", "x")
        + layer("m", "ArgMax", "a", "argmax_param { axis: 1 }") + summed("m")
        + layer("n", "Silence", "label", tops=""),
        inputs("x", "label") + product("a", "x")
        + layer("m", "ArgMax", "a", "argmax_param { axis: 1 }") + softmax("a")),
    "Flatten on an LSTM": (
        "f", "Flatten loses", inputs("s", "cont") + lstm() + layer("f", "Flatten", "r", FLAT)
        + summed("f"), inputs("s", "cont") + lstm() + layer("p", "Power", "r")
        + layer("f", "Flatten", "p", FLAT) + summed("f")),
    "Flatten on a Reshape": (
        "f", "Reshape", inputs("x") + product("a", "x")
        + layer("g", "Reshape", "a", "reshape_param { shape { dim: 0 dim: 3 dim: 1 } }")
        + layer("f", "Flatten", "g") + summed("f"),
        inputs("x") + product("a", "x") + layer("f", "Flatten", "a")
        + layer("g", "Reshape", "f", "reshape_param { shape { dim: 0 dim: 3 dim: 1 } }")
        + summed("g")),
    "initial states that learn": (
        "r", "initial states", inputs("s", "cont", "c0")
        + product("h1", "c0", H=5, axis=2) + lstm("s cont h1 c0", EXPOSED, tops="r h c")
        + summed("r"), inputs("s", "cont", "h0", "c0") + product("z", "s", H=5, axis=2)
        + lstm("z cont h0 c0", EXPOSED, tops="r h c") + summed("r")),
    "a loss on the last state": (
        "r", "ignores the gradient", inputs("s", "cont", "h0", "c0")
        + lstm("s cont h0 c0", EXPOSED, tops="r h c") + summed("h"),
        inputs("s", "cont", "h0", "c0") + lstm("s cont h0 c0", EXPOSED, tops="r h c")
        + layer("cut", "Slice", "r", "slice_param { axis: 0 slice_point: 2 }", "before last")
        + summed("last")),
    "a part of the gradient lost in a Flatten": (
        "f", "comes this way", inputs("x") + product("w", "x") + product("v", "w", H=6)
        + layer("g", "Reshape", "v", "reshape_param { shape { dim: 0 dim: 3 dim: 2 } }")
        + layer("f", "Flatten", "g") + product("u", "w", H=6) + layer("sum", "Eltwise", "f u")
        + summed("sum"), inputs("x") + product("w", "x") + product("v", "w", H=6)
        + layer("f", "Flatten", "v") + product("u", "w", H=6) + layer("sum", "Eltwise", "f u")
        + summed("sum")),
    "weights beside the loss": (
        "b", "no loss lies above", inputs("x", "y") + product("a", "x") + product("b", "a")
        + loss("a"), inputs("x", "y") + product("a", "x") + product("b", "a") + loss("b")),
    "a label that learns": (
        "loss", "the label", inputs("x") + product("a", "x") + product("b", "x")
        + layer("soft", "Sigmoid", "b") + layer("loss", "SigmoidCrossEntropyLoss", "a soft"),
        inputs("x") + product("a", "x") + product("b", "x") + layer("soft", "Sigmoid", "b")
        + layer("loss", "SigmoidCrossEntropyLoss", "a soft",
                "propagate_down: true propagate_down: false")),
    "a misspelt bottom": ("y", "no layer reads 'y'", inputs("x", "y") + product("a", "x"),
                          inputs("x", "y") + product("a", "x")
                          + layer("n", "Silence", "y", tops="")),
    "a step left out": (
        "H", "not of step 2", steps(*"wwww") + layer("H", "Concat", "t1/Mh t3/Mh t4/Mh"),
        steps(*"wwww") + layer("H", "Concat", "t2/Mh t3/Mh t4/Mh")),
    "an input that NetSpec named": (
        "Input1", "NetSpec gave", layer("Input1", "Input") + layer("y", "TanH", "Input1"),
        layer("input1", "Input") + layer("y", "TanH", "input1")),
    "a gate forgotten": (
        "cut", "no layer reads 'c3'", inputs("x")
        + layer("cut", "Slice", "x", "slice_param { axis: 1 }", "c1 c2 c3")
        + layer("sum", "Eltwise", "c1 c2"), inputs("x")
        + layer("cut", "Slice", "x", "slice_param { axis: 1 }", "c1 c2 c3")
        + layer("last", "Power", "c3")),
    "one step of many sequences": (
        "r", "T = 1 step of B = 3", re.sub("dim: 3 dim: 2", "dim: 1 dim: 3", inputs("s", "cont"))
        + lstm() + summed("r"), inputs("s", "cont") + lstm() + summed("r")),
    "sequences mixed up": (
        "score", "(3, 2, 5)", inputs("s", "cont") + lstm() + product("score", "r"),
        inputs("s", "cont") + lstm() + product("score", "r", axis=2)),
}

"""Unrolled nets in the manner of public forks: the number of a step stands at a name's end."""


def layer(name, kind, bottoms=(), tops=None, more=""):
    """The prototxt of a layer."""
    blobs = [f'bottom: "{blob}"' for blob in bottoms]
    blobs += [f'top: "{blob}"' for blob in tops or [name]]
    return f'layer {{ name: "{name}" type: "{kind}" {" ".join(blobs)} {more} }}\n'


def source(name, *shape):
    """An Input."""
    dims = " ".join(f"dim: {length}" for length in shape)
    return layer(name, "Input", more=f"input_param {{ shape {{ {dims} }} }}")


def product(name, bottoms, weight, top=None):
    """An InnerProduct with a named weight."""
    return layer(name, "InnerProduct", bottoms, top and [top], f'param {{ name: "{weight}" }}'
                 "inner_product_param { num_output: 4 bias_term: false }")


def two_cells(T=3, join_number=0, first="a_init"):
    """Two cells per step and an attention; `join_a` carries the step plus `join_number`.

    a_t = Wa [w_t, ctx, a_{t-1}, b_{t-1}], b_t = Wb (a_t * feat), and all b_t are joined.
    """
    text = "".join(source(name, 2, 4) for name in ("ctx", "feat", "a_init", "b_init"))
    text += "".join(source(f"w_{t}", 2, 4) for t in range(1, T + 1))
    if first == "tanh":  # the first state is computed like the later ones
        text += product("start", ["a_init"], "Wstart") + layer("a_0", "TanH", ["start"])
        first = "a_0"
    a, b = first, "b_init"
    for t in range(1, T + 1):
        join = f"join_a_{t + join_number}"
        text += layer(join, "Concat", [f"w_{t}", "ctx", a, b])
        text += product(f"fc_a_{t}", [join], "Wa")
        text += layer(f"a_{t}", "TanH", [f"fc_a_{t}"])
        text += layer(f"att_{t}", "Eltwise", [f"a_{t}", "feat"],
                      more="eltwise_param { operation: PROD }")
        text += product(f"fc_b_{t}", [f"att_{t}"], "Wb", f"b_{t}")
        a, b = f"a_{t}", f"b_{t}"
    return text + layer("all_b", "Concat", [f"b_{t}" for t in range(1, T + 1)])


def encoder_decoder(encoded=3, decoded=4):
    """The decoder begins with the encoder's last state and reads all of its outputs."""
    text, h = source("src", 2, 4 * encoded) + source("h_0", 2, 4), "h_0"
    words = [f"w_{t}" for t in range(1, encoded + 1)]
    text += layer("cut", "Slice", ["src"], words, "slice_param { axis: 1 }")
    for t, word in enumerate(words, 1):
        text += product(f"enc_x_{t}", [word], "Wx") + product(f"enc_m_{t}", [h], "Wh")
        text += layer(f"enc_z_{t}", "Eltwise", [f"enc_x_{t}", f"enc_m_{t}"])
        text += layer(f"enc_h_{t}", "TanH", [f"enc_z_{t}"])
        h = f"enc_h_{t}"
    text += layer("memory", "Concat", [f"enc_h_{t}" for t in range(1, encoded + 1)])
    for t in range(1, decoded + 1):
        text += layer(f"dec_join_{t}", "Concat", [h, "memory"])
        text += product(f"dec_m_{t}", [f"dec_join_{t}"], "Wd")
        text += layer(f"dec_h_{t}", "TanH", [f"dec_m_{t}"])
        h = f"dec_h_{t}"
    return text + layer("all", "Concat", [f"dec_h_{t}" for t in range(1, decoded + 1)])

"""Other ways to count what `lstm_lib.explain` counts."""
import numpy as np

LENET = """name: "LeNet"
layer { name: "data" type: "Input" top: "data" input_param { shape { dim: 64 dim: 1 dim: 28 dim: 28 } } }
layer { name: "conv1" type: "Convolution" bottom: "data" top: "conv1"
  convolution_param { num_output: 20 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "pool1" type: "Pooling" bottom: "conv1" top: "pool1"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "conv2" type: "Convolution" bottom: "pool1" top: "conv2"
  convolution_param { num_output: 50 kernel_size: 5 weight_filler { type: "xavier" } } }
layer { name: "pool2" type: "Pooling" bottom: "conv2" top: "pool2"
  pooling_param { pool: MAX kernel_size: 2 stride: 2 } }
layer { name: "ip1" type: "InnerProduct" bottom: "pool2" top: "ip1"
  inner_product_param { num_output: 500 weight_filler { type: "xavier" } } }
layer { name: "relu1" type: "ReLU" bottom: "ip1" top: "ip1" }
layer { name: "ip2" type: "InnerProduct" bottom: "ip1" top: "ip2"
  inner_product_param { num_output: 10 weight_filler { type: "xavier" } } }
layer { name: "prob" type: "Softmax" bottom: "ip2" top: "prob" }
"""


class Counted(np.ndarray):
    """An array that counts how often two of its numbers are multiplied."""

    products = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        plain = [np.asarray(one) if isinstance(one, np.ndarray) else one for one in inputs]
        result = getattr(ufunc, method)(*plain, **options)
        if ufunc is np.matmul:
            Counted.products += result.size * plain[0].shape[-1]
        elif ufunc is np.multiply:
            Counted.products += result.size
        return np.asarray(result).view(Counted)


def products_of_an_lstm(T, B, D, H):
    """The multiplications of LSTM equations that NumPy runs; those of sigmoid, tanh left out.

    Source: Hochreiter and Schmidhuber 1997 with Gers' forget gate, as in lstm_layer.cpp.
    """
    rng = np.random.default_rng(0)
    x, W, U, b = (rng.standard_normal(shape).view(Counted)
                  for shape in ((T, B, D), (D, 4 * H), (H, 4 * H), (4 * H,)))
    h, c = (np.zeros((B, H)).view(Counted) for _ in "hc")
    Counted.products = 0
    for x_t in x:
        i, f, o, g = np.split(np.tanh(x_t @ W + b + h @ U), 4, axis=1)
        c = f * c + i * g
        h = o * np.tanh(c)
    return Counted.products

"""GoogLeNet as a prototxt: the size of net that the page explains, besides time steps."""
from lstm_lib import caffe, prototxt

# the table of C. Szegedy et al., arXiv:1409.4842: 1x1; 3x3 reduce, 3x3; 5x5 reduce, 5x5; pool
INCEPTIONS = {"3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
              "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64),
              "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
              "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128),
              "5b": (384, 192, 384, 48, 128, 128)}
POOL_BEFORE = {"4a", "5a"}


def text():
    """The net for one image of 224 x 224."""
    L, ns = caffe.layers, caffe.NetSpec()
    ns.data = L.Input(input_param=dict(shape=dict(dim=[1, 3, 224, 224])))

    def conv(name, bottom, channels, kernel, stride=1):
        ns[name] = L.Convolution(bottom, num_output=channels, kernel_size=kernel, stride=stride,
                                 pad=kernel // 2)
        ns[name + "_relu"] = L.ReLU(ns[name], in_place=True)
        return ns[name]

    def pool(name, bottom, stride=2, pad=0):
        ns[name] = L.Pooling(bottom, pool=caffe.params.Pooling.MAX, kernel_size=3, stride=stride,
                             pad=pad)
        return ns[name]

    top = pool("pool1", conv("conv1", ns.data, 64, 7, stride=2))
    ns.norm1 = L.LRN(top, local_size=5)
    top = conv("conv2", conv("conv2_reduce", ns.norm1, 64, 1), 192, 3)
    ns.norm2 = L.LRN(top, local_size=5)
    top = pool("pool2", ns.norm2)
    for name, (one, reduce3, three, reduce5, five, after_pool) in INCEPTIONS.items():
        if name in POOL_BEFORE:
            top = pool(f"pool_{name}", top)
        ns[name] = L.Concat(
            conv(f"{name}_1x1", top, one, 1),
            conv(f"{name}_3x3", conv(f"{name}_3x3_reduce", top, reduce3, 1), three, 3),
            conv(f"{name}_5x5", conv(f"{name}_5x5_reduce", top, reduce5, 1), five, 5),
            conv(f"{name}_pool_1x1", pool(f"{name}_pool", top, stride=1, pad=1), after_pool, 1))
        top = ns[name]
    ns.average = L.Pooling(top, pool=caffe.params.Pooling.AVE, global_pooling=True)
    ns.scores = L.InnerProduct(L.Dropout(ns.average, dropout_ratio=0.4), num_output=1000)
    ns.probabilities = L.Softmax(ns.scores)
    return prototxt(ns)

"""Texts that people paste into explain.html, good and bad."""

X = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }\n'
IP = ('layer { name: "y" type: "InnerProduct" bottom: "x" top: "y"\n'
      '  inner_product_param { num_output: 4 } }\n')
GOOD = X + IP
MISTAKE = GOOD.replace("num_output", "num_outputs")
CODE = X + ('layer { name: "p" type: "Python" bottom: "x" top: "y" '
            'python_param { module: "os" layer: "L" } }')
FILE = 'layer { name: "d" type: "HDF5Data" top: "x" hdf5_data_param { source: "/etc/passwd" } }'
MARKS = ["</script><script>window.hurt = 1</script>", "<img src=x onerror=window.hurt=1>",
         "<svg onload=window.hurt=1>", "'><iframe srcdoc='<script>top.hurt=1</script>'>",
         "javascript:window.hurt=1", "]]>--><style>*{display:none}</style>",
         "\\\"><b id=hurt>", "${window.hurt=1}`", "\u202egnp.exe\u2066"]


def named(mark):
    """A small net of which everything that has a name is called like this."""
    return ('name: "@"\nlayer { name: "@" type: "Input" top: "@" input_param { shape '
            '{ dim: 2 dim: 3 } } }\nlayer { name: "@ip" type: "InnerProduct" bottom: "@" '
            'top: "@y" param { name: "@w" } inner_product_param { num_output: 4 } }\n'
            ).replace("@", mark)


def long_net(layers):
    """A chain of layers: Python works on it for a while."""
    chain = "".join(f'layer {{ name: "l{n}" type: "TanH" bottom: "b{n}" top: "b{n + 1}" }}\n'
                    for n in range(layers))
    return X.replace('top: "x"', 'top: "b0"') + chain

"""The page that explains a prototxt in the browser: explain.html, for the site.

`add_explain` puts it into the site. What it shows is computed there, by `lstm_lib.explain`
in Pyodide; nothing that is pasted leaves the page, which its policy sees to.
"""
import base64
import hashlib
import html
import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import shell
from pyodide_files import PLACE, add_pyodide

ROOT = Path(shell.ROOT)
SOURCES = ROOT / "tools" / "site"
LOOKS = [ROOT / "lstm_lib" / "explain" / "page.css", SOURCES / "explain.css"]
PROGRAMS = ["explain.js", "explain_show.js", "explain_link.js", "explain_worker.js"]
FOLDER = "explain"
SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def add_explain(folder, offline):
    """Put explain.html and what it needs into the site in `folder`; offline, Pyodide as well."""
    folder, pyodide = Path(folder), add_pyodide(folder, offline)
    place = folder / FOLDER
    place.mkdir()
    for name in PROGRAMS:
        shutil.copy(SOURCES / name, place)
    (place / "explain.css").write_text("\n".join(
        path.read_text(encoding="utf-8") for path in LOOKS), encoding="utf-8")
    (place / "examples.json").write_text(json.dumps(examples()), encoding="utf-8")
    page = (SOURCES / "explain.html").read_text(encoding="utf-8")
    settings = json.dumps(pyodide._asdict()).replace("<", "\\u003c")
    page = page.replace("@POLICY@", html.escape(policy(pyodide))).replace("@SETTINGS@", settings)
    (folder / "explain.html").write_text(page, encoding="utf-8")


def policy(pyodide):
    """What the page may load and ask: itself, Pyodide, and the programs of the picture."""
    parts = urlsplit(pyodide.index)
    host = "" if pyodide.index == PLACE else f" {parts.scheme}://{parts.netloc}"
    return "; ".join([
        "default-src 'none'", f"connect-src 'self'{host}",
        f"script-src 'self'{host} 'wasm-unsafe-eval' {' '.join(hashes())}",
        f"worker-src 'self' blob:{host}", "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:", "base-uri 'none'", "form-action 'none'"])


def hashes():
    """Of the programs in a picture's page, which obeys the policy of the page around it."""
    from lstm_lib.explain import explain

    inner = explain(lstm(3, 2, [5], 4)).picture.page()
    return [f"'sha256-{base64.b64encode(hashlib.sha256(program.encode()).digest()).decode()}'"
            for program in SCRIPT.findall(inner)]


# --- examples ---------------------------------------------------------------------------


def examples():
    """[{name, text}] to choose from."""
    made = {"Three steps of an LSTM": lstm(3, 10, [128, 10, 10], 500),
            "An LSTM, 20 steps": lstm(20, 10, 128, 50),
            "Two layers, 8 steps": two_layers(), "LeNet": lenet(),
            "A net with a mistake": lenet().replace("num_output: 10", "num_outputs: 10")}
    return [{"name": name, "text": text} for name, text in made.items()]


def input_layer(*shape):
    from lstm_lib import caffe

    return caffe.layers.Input(input_param=dict(shape=dict(dim=list(shape))))


def lstm(T, B, D, H):
    """The unrolled LSTM that the series begins with."""
    from lstm_lib import caffe, prototxt, unroll

    ns = caffe.NetSpec()
    ns.x = input_layer(T, B, *(D if isinstance(D, list) else [D]))
    unroll(ns, ns.x, T, H)
    return prototxt(ns, name=f"LSTM, {T} steps")


def two_layers():
    """An LSTM on an LSTM."""
    from lstm_lib import caffe, prototxt, stack

    ns = caffe.NetSpec()
    ns.x = input_layer(8, 4, 16)
    stack(ns, ns.x, 8, [32, 32])
    return prototxt(ns, name="Two layers, 8 steps")


def lenet():
    """LeCun's net for digits, 1998, with ReLU as in Caffe's example."""
    from lstm_lib import caffe, prototxt

    L, ns = caffe.layers, caffe.NetSpec()
    xavier = dict(weight_filler=dict(type="xavier"))
    ns.data, ns.label = input_layer(64, 1, 28, 28), input_layer(64)
    ns.conv1 = L.Convolution(ns.data, num_output=20, kernel_size=5, **xavier)
    ns.pool1 = L.Pooling(ns.conv1, kernel_size=2, stride=2)
    ns.conv2 = L.Convolution(ns.pool1, num_output=50, kernel_size=5, **xavier)
    ns.pool2 = L.Pooling(ns.conv2, kernel_size=2, stride=2)
    ns.ip1 = L.InnerProduct(ns.pool2, num_output=500, **xavier)
    ns.relu1 = L.ReLU(ns.ip1, in_place=True)
    ns.ip2 = L.InnerProduct(ns.relu1, num_output=10, **xavier)
    ns.loss = L.SoftmaxWithLoss(ns.ip2, ns.label)
    return prototxt(ns, name="LeNet")

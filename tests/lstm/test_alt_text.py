"""Those who cannot see a picture are told what it shows, wherever a notebook is read."""
import os
import re
import subprocess
import sys
import time
from html.parser import HTMLParser

import chromium
import matplotlib
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import running_lab
from conftest import run, unrolled_net

from lstm_lib import views, xavier_start
from lstm_lib.alt_text import figure_words, image_html

matplotlib.use("Agg")
CELLS = [
    "import lstm_lib\nfrom lstm_lib import caffe, draw, unroll, views\n"
    "ns = caffe.NetSpec()\n"
    "ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[2, 1, 3])))\n"
    "unroll(ns, ns.x, 2, 4)\ndraw(ns)",
    "draw(ns, interactive=True)",
    "views.lines({'with': [3, 1], 'without': [3, 3]}, 'iteration', 'loss');",
    "import matplotlib.pyplot as plt\nplt.bar([1, 2], [3, 4]);\nplt.title('A < \"B\"');"]
WORDS = ["unrolled LSTM, 2 steps", "unrolled LSTM, 2 steps",
         "lines of loss over iteration: with, without", 'A < "B": bars']


class Images(HTMLParser):
    """The `alt` of each image, None where it has none."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.found.append(dict(attributes).get("alt"))


@pytest.fixture(scope="module")
def notebook(tmp_path_factory):
    """A notebook that shows pictures of both kinds, run by a kernel as a reader runs it."""
    from nbclient import NotebookClient

    folder = tmp_path_factory.mktemp("notebook")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    with pytest.MonkeyPatch.context() as patch:  # this Python's kernel, nobody's start-up files
        patch.setenv("JUPYTER_PATH", os.path.join(sys.prefix, "share", "jupyter"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        NotebookClient(made, kernel_name="python3", timeout=running_lab.PATIENCE,
                       startup_timeout=running_lab.PATIENCE,
                       resources=dict(metadata=dict(path=str(folder)))).execute()
    nbformat.write(made, folder / "pictures.ipynb")
    return folder / "pictures.ipynb"


def starts(found):
    return [words is not None and words.startswith(wanted)
            for words, wanted in zip(found, WORDS)]


def test_each_picture_of_a_notebook_has_an_alt_text_beside_its_image(notebook):
    for cell, wanted in zip(nbformat.read(notebook, 4).cells, WORDS):
        data = cell.outputs[-1].data
        assert {"image/svg+xml", "image/png"} & set(data)
        assert Images(data["text/html"]).found[0].startswith(wanted)


def test_nbconvert_keeps_the_alt_texts(notebook):
    from nbconvert import HTMLExporter

    html = HTMLExporter().from_filename(str(notebook))[0]
    assert starts(Images(html).found) == [True] * len(WORDS)


def test_jupyterlab_shows_each_picture_of_an_untrusted_notebook_with_its_alt_text(
        notebook, tmp_path):
    command = [sys.executable, "-m", "jupyterlab", "--allow-root",
               f"--ServerApp.root_dir={notebook.parent}", "--LabApp.extension_manager=readonly"]
    script = """return [...document.querySelectorAll('.jp-OutputArea-output img')].map(
        i => [i.alt, i.naturalWidth])"""
    driver = chromium.start(tmp_path / "profile", 1300, 4000)
    try:
        with running_lab.started(command, tmp_path) as lab:
            driver.get(lab("/lab/tree/pictures.ipynb"))
            end = time.monotonic() + running_lab.PATIENCE
            while (len(driver.execute_script(script)) < len(WORDS)
                   and time.monotonic() < end):
                time.sleep(0.2)
            shown = driver.execute_script(script)
    finally:
        driver.quit()
    assert starts([words for words, _ in shown]) == [True] * len(WORDS), shown
    assert all(wide > 100 for _, wide in shown)


def test_a_line_is_told_with_its_ends_and_panels_that_are_alike_together():
    figure, axes = plt.subplots(1, 3)
    for title, ax in zip("abc", axes):
        ax.imshow(np.eye(2))
        ax.set_title(title)
    assert figure_words(figure) == "a, b, c: 3 panels with an image"
    ax = plt.subplots()[1]
    ax.plot([5, 4, 2.5])
    ax.set(xlabel="year", ylabel="°C")
    assert figure_words(ax.figure) == "lines of °C over year: from 5 to 2.5"


def test_an_axis_without_a_label_is_told_by_the_words_at_its_ticks():
    ax = plt.subplots()[1]
    ax.bar([1, 2], [3, 4])
    ax.set(xticks=[1, 2], xticklabels=["Caffe", "Keras"])
    assert figure_words(ax.figure) == "bars over Caffe, Keras"


def test_points_bars_and_own_words():
    ax = plt.subplots()[1]
    ax.plot([1, 2, 3], "o", label="f")
    ax.legend()
    assert figure_words(ax.figure) == "points: f"
    ax.figure.suptitle("gates")
    assert figure_words(ax.figure) == "gates; points: f"
    ax.figure.set_label("the forget gate opens")
    assert figure_words(ax.figure) == "the forget gate opens"
    ax = plt.subplots()[1]
    ax.bar([1], [2])
    assert figure_words(ax.figure) == "bars"


def test_the_library_s_own_figures_say_what_they_show(weights, data):
    net = unrolled_net(weights)
    run(net, data)
    words = figure_words(views.gates_over_time(net)[0].figure)
    assert words.startswith("maps of x, i, f, o, g, c, h over 4 time steps")
    h = np.mean([abs(net.blobs[f"h{t}"].data[0, 0]).mean() for t in range(1, 5)])
    assert f"mean |h| {h:.2g}" in words
    start = xavier_start(3, 2, np.random.default_rng(0))
    assert "W_xc and W_hc" in figure_words(views.weights_by_gate(start)[0].figure)


def test_words_of_any_kind_are_safe_in_html():
    html = image_html("image/png", "AAAA", 'x < y & "z"')
    assert Images(html).found == ['x < y & "z"'] and not re.search('alt="[^"]*<', html)


def test_outside_ipython_nothing_is_registered_and_matplotlib_is_not_imported():
    done = subprocess.run([sys.executable, "-c", "import sys, lstm_lib\n"
                           "print('IPython' in sys.modules, 'matplotlib' in sys.modules)"],
                          text=True, capture_output=True)
    assert done.stdout.split()[-2:] == ["False", "False"], done.stderr

"""`explain`: one value that holds what is to be said of a prototxt."""
import re
from functools import cached_property

from ..drawing import draw
from ..errors import NetError
from ..files import write_whole
from ..linting import lint
from ..nets import text_of
from ..safe_caffe.engine import caffe
from .building import not_trusted, read, shaped_net
from .counts import Counts
from .layers import rows_of
from .running import states_over_time

LINE = re.compile(r"\bline (\d+)\b")


class Problem:
    """What is wrong in a prototxt: `text` says it all, `line` where, or None."""

    def __init__(self, error):
        self.text = str(error)
        found = LINE.search(self.text.split("\n")[0])
        self.line = int(found[1]) if found else None


class Explanation:
    """What is to be said of a net; what is not there is None, and `problem` or `note` says why.

    problem : why Caffe would not read or build it. note : why it was not built all the same.
    net : the built net, with all shapes and without start values. picture : a `Picture`.
    layers : the rows of the table. counts : `Counts`, or None without shapes.
    findings : what `lint` says, or None where the text cannot be read.
    states : the picture's page with states over time, and how the net ran.
    """

    def __init__(self, source, phase, stages):
        self.problem = self.note = self.net = self._spec = None
        self._source, self._shown = source, dict(phase=phase, stages=stages)
        self.phase = phase
        try:
            self._spec = read(source, phase, stages)
            self.note = not_trusted(self._spec, text_of(source)[1]) or None
            if not self.note:
                self.net = shaped_net(self._spec)
        except NetError as error:
            self.problem = Problem(error)

    @cached_property
    def picture(self):
        """The time-step picture, with shapes where they are known; of no net at all None."""
        try:
            if self.net is None:
                return draw(self._source, **self._shown)
            picture = draw(self.net, shapes=True)
            picture.graph.numbers = False  # nobody has computed any
            return picture
        except NetError as error:
            self.problem = self.problem or Problem(error)
            return None

    @cached_property
    def states(self):
        """(page, words): the picture's page with states over time, or "" and why not.

        The net runs for it, with random numbers, forward and backward.
        """
        if not self.counts:
            return "", ""
        shown, words = states_over_time(self.net, self.picture.graph, self.counts)
        return draw(self.net, shapes=True, **shown).page() if shown else "", words

    @cached_property
    def layers(self):
        """The rows of the table."""
        return rows_of(self.picture.graph) if self.picture else []

    @cached_property
    def counts(self):
        """How large the net is, or None where the shapes are not known."""
        known = self.net is not None and self.picture
        return Counts(self.net, self.picture.graph.weights) if known else None

    @cached_property
    def findings(self):
        """What will go wrong in silence, of a net that Caffe would build."""
        if self._spec is None or self.problem:
            return None
        return lint(self._spec, self.phase, shapes=_shapes(self.net))

    def page(self):
        """All of it as the text of one HTML file that needs nothing else."""
        from .page import page

        return page(self, text_of(self._source)[0])

    def save(self, path):
        """Write `page` into a file, the whole file or nothing, and return the path."""
        html = self.page()

        def write(beside):
            with open(beside, "w", encoding="utf-8") as file:
                file.write(html)

        write_whole(path, write)
        return path


def _shapes(net):
    return {name: tuple(blob.shape) for name, blob in net.blobs.items()} if net else {}


def explain(source, phase=caffe.TRAIN, stages=()):
    """Explain a prototxt, given as text or as the path of a file.

    Nothing that the text names is run or opened: such a net is drawn and not built. A text
    that is wrong is no error here but what is to be explained.

    Parameters
    ----------
    phase, stages : which layers are explained.

    Returns
    -------
    `Explanation`: problem, note, net, picture, layers, counts, findings.

    Raises
    ------
    NetError : it is neither text nor a file that can be read.

    Examples
    --------
    >>> from lstm_lib.explain import explain
    >>> text = '''layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
    ... layer { name: "y" type: "InnerProduct" bottom: "x" top: "y"
    ...         inner_product_param { num_outputs: 4 } }'''
    >>> explain(text).problem.line
    3
    >>> found = explain(text.replace("outputs", "output"))
    >>> found.counts.parameters, [row.tops for row in found.layers]
    (16, [['x 2×3'], ['y 2×4']])
    """
    if text_of(source) is None:
        raise NetError(f"expected prototxt text or a path, got {type(source).__name__}.")
    if phase not in (caffe.TRAIN, caffe.TEST):
        raise NetError(f"phase is caffe.TRAIN or caffe.TEST, got {phase!r}.")
    return Explanation(source, phase, tuple(stages))

"""An explanation in pieces, as JSON, for the web page: what is seen first comes first."""
import json

from ..drawing.svg import printable
from ..safe_caffe.engine import caffe
from .explanation import explain
from .report import head, sections


class Stages:
    """What the web page asks of one text, which is text and never the path of a file.

    Each answer is a string of JSON.

    >>> import json
    >>> asked = Stages('layer { name: "x" type: "Input" top: "x" }', "TEST")
    >>> sorted(json.loads(asked.picture()))
    ['head', 'page', 'svg']
    >>> sorted(json.loads(asked.rest()))
    ['sections']
    """

    def __init__(self, text, phase):
        text = text.lstrip("\ufeff") + "\n"  # Notepad begins with a mark
        self._found = explain(text, getattr(caffe, phase))

    def picture(self):
        """What stands above the picture, and the picture: as SVG, and as a page of its own."""
        picture = self._found.picture
        return json.dumps({"head": head(self._found), "svg": picture.svg if picture else "",
                           "page": picture.page() if picture else ""})

    def rest(self):
        """The tables below the picture."""
        return json.dumps({"sections": sections(self._found)})

    def states(self):
        """The picture's page again, with states over time below, and how the net ran."""
        page, words = self._found.states
        return json.dumps({"page": page, "words": printable(words)})

    def file(self):
        """All of it as one HTML file."""
        return json.dumps({"file": self._found.page()})

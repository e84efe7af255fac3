"""Options that this Caffe does not know: nets of its forks are drawn without them."""
import re

from portable_caffe.upgrade_2013 import is_type_of_2013

from .limits import short
from ...errors import did_you_mean

TOKEN = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}<>\[\]:;,]"""
                   r"""|[^\s{}<>\[\]:;,#"']+""")
OPEN = {"{": "}", "<": ">"}
RULES = "Phase",  # an enum that no fork makes larger: there a wrong word is a mistake


class Unknown:
    """One option: the number of its layer among the net's, or None, and its name and value.

    `holder` is the type of message that it stands in.
    """

    def __init__(self, layer, name, value, holder=None):
        self.layer, self.name, self.value, self.holder = layer, name, value, holder

    def __str__(self):
        return short(f"{self.name} {self.value}".strip())

    __repr__ = __str__


def without_unknown(text, message):
    """(The text with unknown options made blank, the list of them).

    ValueError or RecursionError: this is no prototxt.

    >>> from lstm_lib.nets import NetParameter
    >>> text, found = without_unknown(
    ...     'layer { type: "ROI" roi_param { size: 7 } top: "y" }', NetParameter.DESCRIPTOR)
    >>> text.split(), found
    (['layer', '{', 'type:', '"ROI"', 'top:', '"y"', '}'], [roi_param])
    """
    reader = _Reader(text)
    reader.fields(message, None)
    pieces, end = [], 0
    for start, stop in reader.blanks:
        blank = re.sub(r"[^\n]", " ", text[start:stop])  # so that lines keep their numbers
        pieces += [text[end:start], blank]
        end = stop
    return "".join([*pieces, text[end:]]), reader.found


class _Reader:
    """Goes through the words of a prototxt beside the messages they should fill."""

    def __init__(self, text):
        self.words = [word for word in TOKEN.finditer(text) if word[0][0] != "#"]
        self.place, self.blanks, self.found = 0, [], []
        self.layers = {"layer": 0, "layers": 0}  # how many of each format

    def _now(self):
        return self.words[self.place][0] if self.place < len(self.words) else ""

    def fields(self, message, layer):
        """Until the message ends; `message` is None inside of what is unknown."""
        while self._now() not in ("", "}", ">"):
            self._field(message, layer)

    def _field(self, message, layer):
        start, name = self.place, self._now()
        if not re.fullmatch(r"[\w.]+", name):
            raise ValueError(f"{name} is no name of an option")
        self.place += 1
        field = message.fields_by_name.get(name) if message else None
        if message and message.name == "NetParameter" and name in self.layers:
            layer = self.layers[name]
            self.layers[name] += 1
        if self._now() == ":":
            self.place += 1
        first = self.place
        self._value(field.message_type if field else None, layer)
        value = " ".join(word[0] for word in self.words[first:self.place])
        while self._now() in (",", ";"):
            self.place += 1
        if message and (field is None or _no_value_of(field, value)):
            if not (message.name == "NetParameter" and did_you_mean(name, ["layer"])):
                self.blanks.append((self.words[start].start(), self._end()))
                self.found.append(Unknown(layer, name, value if value[:1] not in OPEN else "",
                                          message.name))

    def _end(self):
        return self.words[min(self.place, len(self.words)) - 1].end()

    def _value(self, message, layer):
        word = self._now()
        self.place += 1
        if word in OPEN or word == "[":
            while self._now() not in ("", "]", *OPEN.values()):
                if word in OPEN:
                    self.fields(message, layer)
                else:
                    self._value(message, layer)
            self.place += 1
        while word[:1] in "\"'" and self._now()[:1] in ("'", '"'):  # several strings are one
            self.place += 1


def _no_value_of(field, value):
    """Whether this option exists and one of the words is no value of it."""
    if field.containing_type.name == "V0LayerParameter" and field.name == "type":
        return not is_type_of_2013(value.strip("'\""))
    enum = field.enum_type
    if enum is None or enum.name in RULES:
        return False
    return any(word not in enum.values_by_name and not (word.isdigit() and
                                                        int(word) in enum.values_by_number)
               for word in re.findall(r"\w+", value))

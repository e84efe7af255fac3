"""Which layers of a net run code that is not here, or open files that the net names?

A prototxt is data until somebody says otherwise: to build such a layer is to run or to read
what the net's author chose.
"""
import re

RUN_CODE = {"python"}
OPEN_FILES = {"data", "imagedata", "hdf5data", "hdf5output", "windowdata"}
# Text options that name a module or a file, in whichever layer they are set.
NAMES_SOMETHING = re.compile(r".*(module|source|file|file_name|folder|directory|path|weights)")


def reaching_out(net):
    """(name, type, what it would do) of each such layer, in all phases.

    >>> from lstm_lib import to_net_parameter
    >>> net = to_net_parameter('layer { name: "x" type: "Input" top: "x" }'
    ...                        'layer { name: "p" type: "Python" python_param { module: "m" } }')
    >>> reaching_out(net)
    [('p', 'Python', "would run code: module 'm'")]
    """
    found = [(layer.name, layer.type, _what_it_does(layer.type, layer)) for layer in net.layer]
    return [layer for layer in found if layer[2]]


def _what_it_does(kind, layer):
    plain = kind.replace("_", "").lower()
    named = [f"{option} {value[:100]!r}" for option, value in _named(layer)]
    runs = plain in RUN_CODE
    if not (runs or named or plain in OPEN_FILES):
        return ""
    return ": ".join(["would run code" if runs else "would open files", *named[:1]])


def _named(message):
    """(option, value) of each text option, also deep inside, that names a module or a file."""
    for field, value in message.ListFields():
        for part in value if hasattr(value, "extend") else [value]:
            if hasattr(part, "ListFields"):
                yield from _named(part)
            elif isinstance(part, str) and part and NAMES_SOMETHING.fullmatch(field.name):
                yield field.name, part

"""Prototxt text as a message of Caffe's, or the line and the word that is wrong."""
import re

from google.protobuf import text_format

from .errors import NetError, did_you_mean
from .upgrade import upgrade

WRONG_WORD = re.compile(r'type "\w+\.([\w.]+)" has no (?:field|value) named "?(\w+)')


def parse(text, message, what):
    """Fill a message from prototxt text, older formats brought to today's.

    NetError with line, word and what is allowed there.
    """
    if not text.strip():
        raise NetError(f"{what} is empty; expected prototxt text"
                       + (', like: layer { name: "x" type: "Input" top: "x" }'
                          if message.DESCRIPTOR.name == "NetParameter" else "."))
    try:
        return upgrade(text_format.Parse(text, message))
    except text_format.ParseError as error:
        number = error.GetLine() or 1
        line = "".join(text.split("\n")[number - 1:number]).strip()[:200]  # none at the end
        raise NetError(f"{what}, line {number}: {error}\n    {line}"
                       + _what_is_allowed(str(error), message.DESCRIPTOR.file)) from None


def _what_is_allowed(said, file):
    """What the parser's words leave out: the names that exist there, or how text looks."""
    found = WRONG_WORD.search(said)
    if found:
        known = _known(file, found[1].split("."))
        return f"\nKnown here: {', '.join(known)}.{did_you_mean(found[2], known)}"
    if "Expected string" in said:
        return '\nText stands in quotes, like name: "x".'
    return "\nExpected prototxt text: names, colons, values and { } blocks."


def _known(file, path):
    """The fields of a message, or the values of an enum, that stands in the file or in a message."""
    holder = file
    for name in path[:-1]:
        holder = _messages(holder)[name]
    if path[-1] in holder.enum_types_by_name:
        return list(holder.enum_types_by_name[path[-1]].values_by_name)
    return list(_messages(holder)[path[-1]].fields_by_name)


def _messages(holder):
    """The messages that a file or a message holds."""
    return getattr(holder, "message_types_by_name", None) or holder.nested_types_by_name

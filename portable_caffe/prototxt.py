"""Prototxt text as a message of Caffe's, or the line and the word that is wrong."""
import re

from google.protobuf import text_format

from .errors import NetError, did_you_mean
from .upgrade import upgrade

# Words that begin a line of a solver and of no net, and the line that names its net.
OF_A_SOLVER = re.compile(
    r"^\s*(?:(?:train_)?net(?:_param)?|base_lr|lr_policy|max_iter)\s*[:{]", re.M)
ITS_NET = re.compile(r"""^\s*(?:train_)?net\s*:\s*(["'])(.*?)\1""", re.M)
NUMBERS = {"parse float": "a number", "parse integer": "a whole number",
           "parse boolean": "true or false"}  # in the parser's words: what it wanted
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
        _check_kind(text, message.DESCRIPTOR, str(error), what)
        number = error.GetLine() or 1
        line = "".join(text.split("\n")[number - 1:number]).strip()[:200]  # none at the end
        raise NetError(f"{what}, line {number}: {error}\n    {line}"
                       + _what_is_allowed(str(error), message.DESCRIPTOR.file)
                       + _wanted(text, error)) from None


def _check_kind(text, kind, said, what):
    """Raise where a solver is given for a net, or a net for a solver."""
    found = WRONG_WORD.search(said)
    kinds = kind.file.message_types_by_name
    if not found or found[1] != kind.name or "SolverParameter" not in kinds:
        return
    if kind.name == "NetParameter" and OF_A_SOLVER.search(text):
        net = ITS_NET.search(text)
        raise NetError(f"{what} is a solver, not a net; its net is "
                       + (f"{net[2]!r}: give that" if net else "inside it")
                       + ", or make the solver of it: caffe.get_solver(path).")
    if kind.name == "SolverParameter" and found[2] in kinds["NetParameter"].fields_by_name:
        raise NetError(f"{what} is a net, not a solver; a solver's file names its net, like "
                       'net: "net.prototxt", and says how it learns, like base_lr: 0.1 and '
                       'lr_policy: "fixed".')


def _wanted(text, error):
    """Which field has a value of another kind than it takes, as a sentence."""
    for words, wanted in NUMBERS.items():
        if words in str(error):
            lines = text.split("\n")[:error.GetLine()]
            before = "\n".join([*lines[:-1], lines[-1][:error.GetColumn() - 1]])
            field = re.search(r"(\w+)\s*:[^:]*$", before)
            return f"\n{field[1]} takes {wanted}." if field else ""
    return ""


def _what_is_allowed(said, file):
    """What the parser's words leave out: the names that exist there, or how text looks."""
    found = WRONG_WORD.search(said)
    if found:
        known = _known(file, found[1].split("."))
        return f"\nKnown here: {', '.join(known)}.{did_you_mean(found[2], known)}"
    if "Expected string" in said:
        return '\nText stands in quotes, like name: "x".'
    if any(words in said for words in NUMBERS):
        return ""
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

"""Our docstrings as reStructuredText: sections, entries, and equations as formulas."""
import re

RULE = re.compile(r"-{3,}$")
ENTRY = re.compile(r"(?=\S)((?:(?!(?<!\.)\. |\.$).){1,50}?) : (.*)")
CODE = re.compile(r"(`[^`]*`)")
PART = re.compile(r"(?P<name>\d*[A-Za-z]+)(?P<index>(?:[_^](?:\{[^}]*\}|[A-Za-z0-9]+))*)"
                  r"|<-|->|\+\+|\.{2,3}|.")
SIGNS = {"*": r" \odot ", "<-": r" \leftarrow ", "->": r" \rightarrow ", "...": r"\dots ",
         "..": r" \dots ", "++": r" \mathbin{+\!\!+} ", "`": "", "&": r"\&", "%": r"\%",
         "{": r"\{", "}": r"\}"}
FUNCTIONS = ("tanh", "exp", "log")
TIGHT = set("=+-*<>, ")  # a formula sets the space around these by itself


def as_rest(lines):
    """The lines of a docstring, for Sphinx."""
    made, rest = [], [line.rstrip() for line in lines]
    while rest:
        if len(rest) > 1 and RULE.match(rest[1]):
            made += ["", f".. rubric:: {rest[0]}", ""]
            rest = rest[2:]
            while rest and not (len(rest) > 1 and RULE.match(rest[1])):
                made += take_entry(rest) if ENTRY.match(rest[0]) else take_prose(rest)
        else:
            made += take_prose(rest)
    return made


def take_prose(rest):
    """Take a block of lines from the rest: an example, an equation, or one line of text."""
    if rest[0].startswith(">>>"):
        return ["", *take(rest, bool), ""]
    if rest[0].startswith("    "):
        return formula(take(rest, lambda line: line.startswith("    ")))
    return [as_text(rest.pop(0))]


def take_entry(rest):
    """Take an entry, `name : words`, with the lines that go on with it."""
    name, words = ENTRY.match(rest.pop(0)).groups()
    more = take(rest, lambda line: line and not ENTRY.match(line))
    return [as_text(name), "    " + as_text(words),
            *("    " + as_text(line.strip()) for line in more)]


def take(rest, wanted):
    """Take lines from the rest as long as they are wanted."""
    taken = []
    while rest and wanted(rest[0]):
        taken.append(rest.pop(0))
    return taken


def as_text(line):
    """A line in which nothing but `code` is markup."""
    return "".join(part if part.startswith("`") and part.endswith("`") and len(part) > 1
                   else re.sub(r"([*|\\]|_(?!\w))", r"\\\1", part) for part in CODE.split(line))


# --- equations --------------------------------------------------------------------------


def formula(lines):
    """Lines of an equation as a formula; what stands apart in a line is a word about it."""
    rows = [r" & \quad ".join(in_tex(part) for part in re.split(r"\s{2,}", line.strip()))
            for line in lines]
    return ["", ".. math::", "", r"    \begin{array}{ll}",
            *(f"    {row} " + r"\\" for row in rows), r"    \end{array}", ""]


def in_tex(words):
    """W_xc x_t + b -> W_{xc}\\ x_t + b; words without a sign are text."""
    if not re.search(r"=|<-", words):
        return r"\small\text{%s}" % words.replace("`", "").replace("_", r"\_")
    made = []
    for part in PART.finditer(words):
        text, before, after = part.group(), words[:part.start()], words[part.end():]
        if text == " ":
            made.append(" " if {before[-1:], after[:1]} & TIGHT else r"\ ")
        else:
            made.append(symbol(part) if part["name"] else SIGNS.get(text, text))
    return "".join(made)


def symbol(part):
    """A name with what stands below and above it."""
    name, index = part["name"], part["index"]
    marks = re.findall(r"([_^])(\{[^}]*\}|[A-Za-z0-9]+)", index)
    if name in FUNCTIONS:
        return "\\" + name + " " + index
    if len(name) > 1 and any(sign == "_" and re.fullmatch(r"[A-Za-z]\w+", below)
                             for sign, below in marks):
        return r"\mathrm{%s}" % part.group().replace("_", r"\_")
    base = r"\mathrm{%s}" % name if len(name) > 1 and name.isalpha() else name
    return base + "".join(sign + (mark if mark.startswith("{") else "{%s}" % mark)
                          for sign, mark in marks)

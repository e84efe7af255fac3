"""What a trap says: which layer, what happens, the cure, and the notebook that shows it."""
import re
import textwrap

NOTEBOOKS = {
    1: "notebooks/01_gate_slicing.ipynb", 2: "notebooks/02_weight_sharing.ipynb",
    3: "notebooks/03_unrolling.ipynb", 4: "notebooks/04_prototxt_and_drawing.ipynb",
    5: "notebooks/05_forward_and_backward.ipynb", 7: "notebooks/07_training.ipynb",
    8: "notebooks/08_lengths_and_states.ipynb", 9: "notebooks/09_weights_in_and_out.ipynb"}
NUMBER = re.compile(r"\d+")
LONG = re.compile(r"(\S{200})\S+")  # of a name that no person gave
WIDTH = 90  # characters of a line
SHOWN = 4  # so many names of a longer list


class Finding:
    """One thing that would go wrong in silence.

    layer : the name of the layer, or of several. what : what happens. cure : what to write
    instead. link : the notebook that shows it.

    >>> print(Finding("t2/lstm/Mh", "it has a weight of its own.", "give it the same name.", 2))
    t2/lstm/Mh: it has a weight of its own. Cure: give it the same name. See
      notebooks/02_weight_sharing.ipynb.
    """

    def __init__(self, layers, what, cure, notebook):
        self.layer = layers if isinstance(layers, str) else _some(layers)
        self.what, self.cure = what, cure
        self.link = NOTEBOOKS[notebook]

    def __str__(self):
        text = f"{self.layer}: {self.what} Cure: {self.cure} See {self.link}."
        text = LONG.sub(r"\1…", text)
        return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_long_words=False,
                             break_on_hyphens=False)

    __repr__ = __str__


def together(findings):
    """One for all of those that differ in a number, like that of the step.

    >>> together([Finding(f"t{t}/q", f"over c{t}.", "no.", 1) for t in range(1, 4)])
    [t1/q, t2/q, t3/q: over c1. The other 2 likewise. Cure: no. See
      notebooks/01_gate_slicing.ipynb.]
    """
    alike = {}
    for found in findings:
        key = tuple(NUMBER.sub("#", text) for text in (found.layer, found.what, found.cure))
        alike.setdefault(key, []).append(found)
    for group in alike.values():
        if len(group) > 1:
            group[0].layer = _some([found.layer for found in group])
            group[0].what += f" The other {len(group) - 1 if len(group) > 2 else 'one'} likewise."
    return [group[0] for group in alike.values()]


class Findings(list):
    """All findings of a net, one paragraph each where it is printed or shown."""

    def __str__(self):
        return "\n\n".join(map(str, self)) or "lint: nothing found."

    __repr__ = __str__


def listed(names):
    """The first few of some names, quoted, and how many there are besides.

    >>> listed(["a", "b"]), listed("abcdefg")
    ("'a', 'b'", "'a', 'b', 'c', 'd' and 3 more")
    """
    return _some([repr(str(name)[:100]) for name in names])


def _some(names):
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more

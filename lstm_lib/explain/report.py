"""An explanation as plain data, which the HTML file and the web page both show as it is.

A section is a title with paragraphs, or with a table: columns and rows of text.
"""
from portable_caffe.free_memory import LARGER, MORE, MOST

from ..drawing.svg import printable
from .layers import steps_in_words

IN_FULL = 10 ** 15  # above it nobody reads the digits
UNITS = [*LARGER, (10 ** 6, "MB"), (10 ** 3, "kB")]
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
BROWSER = 2 ** 32  # bytes: a pointer of WebAssembly has 32 bits
TOO_LARGE = "It does not run in a browser, where Python has 4 GB at most: it needs {}."
NOT_COUNTED = ("Counted are products with weights and products of two blobs; not what is inside of "
               "exp and tanh, nor the averages of pooling and normalisation.")


def head(found):
    """What stands above the picture: title, words, problem, its line, note.

    >>> from lstm_lib.explain import explain
    >>> head(explain("layer { nam: 'x' }"))["line"]
    1
    """
    picture, problem = found.picture, found.problem
    words = [printable(picture.alt[:1].upper() + picture.alt[1:]) + "."] if picture else []
    if picture and picture.graph.stacks:
        words.append(printable("; ".join(steps_in_words(picture.graph))) + ".")
    return {"title": printable(picture and picture.graph.name or "A net"), "words": words,
            "problem": printable(problem.text) if problem else "",
            "line": problem.line if problem else None, "note": printable(found.note or "")}


def sections(found):
    """The sections below the picture: how large it is, what lint says, the layers.

    >>> from lstm_lib.explain import explain
    >>> net = 'layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 2 } } }'
    >>> [section["title"] for section in sections(explain(net))]
    ['How large is it?', 'What will go wrong in silence?', 'The layers']
    """
    made = [_size(found.counts)] if found.counts else []
    if found.findings is not None:
        made.append(_findings(found.findings))
    if found.layers:
        made.append(_layers(found.layers))
    return made


def _size(counts):
    products = counts.multiplications
    rows = [["numbers to learn", _many(counts.parameters - counts.fixed),
             f"without sharing {_many(counts.unshared)}" if counts.unshared > counts.parameters else
             "each weight once"]]
    if counts.fixed:
        rows.append(["fixed numbers", _many(counts.fixed), "lr_mult: 0, or statistics"])
    rows += [["memory of weights", _bytes(8 * counts.parameters), "numbers and gradients"],
             ["memory of blobs", _bytes(counts.data + counts.diff),
              f"numbers {_bytes(counts.data)}, gradients {_bytes(counts.diff)}"],
             ["multiplications, forward", _many(sum(products.values())), "all layers"]]
    rows += [[f"… of {kind}", _many(number), f"{number / sum(products.values()):.1%}"]
             for kind, number in products.most_common()]
    needed = 8 * counts.parameters + counts.data + counts.diff
    return {"title": "How large is it?", "columns": ["what", "how much", "of which"],
            "rows": _printable(rows),
            "words": [TOO_LARGE.format(_bytes(needed))] * (needed > BROWSER) + [NOT_COUNTED]}


def _findings(findings):
    return {"title": "What will go wrong in silence?", "columns": ["layer", "what", "cure"],
            "rows": _printable([[one.layer, one.what, one.cure] for one in findings]),
            "words": [] if findings else ["No known trap was found."]}


def _layers(rows):
    several = any(row.times > 1 for row in rows)
    cells = [[row.name if row.times == 1 else f"{row.name} … {row.last}",
              f"× {row.times:,}" if row.times > 1 else "", row.type, ", ".join(row.bottoms),
              ", ".join(row.tops) + " (in place)" * row.in_place,
              ", ".join(f"{name}, used {uses:,} times" if uses > 1 else name
                        for name, uses in row.weights)] for row in rows]
    columns = ["layer", "steps", "type", "reads", "makes", "parameters"]
    if not several:
        columns, cells = columns[:1] + columns[2:], [row[:1] + row[2:] for row in cells]
    words = ["Layers that are the same in each time step share a row, which shows the blobs of "
             "the first."] if several else []
    return {"title": "The layers", "columns": columns, "rows": _printable(cells), "words": words}


def _printable(rows):
    return [[printable(cell) for cell in row] for row in rows]


def _many(number):
    """A number in full, and what it is about; a huge one is said so only.

    >>> _many(1582671872), _many(6 * 10 ** 22)
    ('1,582,671,872 (1.58 · 10⁹)', '60 · 10²¹')
    """
    if number < 10 ** 6:
        return f"{number:,}"
    power = 3 * ((len(str(number)) - 1) // 3)
    power += 3 * (number / 10 ** power >= 999.5)  # three digits would round it to 1000
    unit = "million" if power == 6 else f"· 10{str(power).translate(RAISED)}"
    about = f"{number / 10 ** power:.3g} {unit}"
    return f"{number:,} ({about})" if number < IN_FULL else about


def _bytes(number):
    """
    >>> _bytes(512), _bytes(2400000), _bytes(8 * 10 ** 18), _bytes(10 ** 30)
    ('512 bytes', '2.4 MB', '8 EB', 'more than 1000 EB')
    """
    if number >= MOST:
        return MORE
    for size, name in UNITS:
        if number >= size:
            return f"{number / size:.3g} {name}"
    return f"{number} bytes"

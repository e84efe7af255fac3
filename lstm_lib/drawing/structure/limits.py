"""How large may a net be that is shown? More than any net has that a person looks at."""
import re
from itertools import chain

from ...errors import NetError
from ...nets import NetParameter

MOST_CHARACTERS = 1_000_000  # in the text of one layer; a Slice into 10,000 steps has 400,000
MOST_LAYERS = 100_000        # an LSTM of 7,000 steps has as many, layer by layer
LONGEST_NAME = 1_000
SMALLER = ("Show the same net with fewer time steps or slices, which look alike; load_net(...) "
           "takes nets of any size.")
LAYER = re.compile(r"\blayers?\s*:?\s*\{")


def check_text(text, what):
    """Raise where the text of one layer is too long to be shown."""
    starts = [0, *(found.start() for found in LAYER.finditer(text)), len(text)]
    size, start = max((end - start, start) for start, end in zip(starts, starts[1:]))
    if size > MOST_CHARACTERS:
        line = text.count("\n", 0, start) + 1
        raise NetError(f"{what}, line {line}: this layer's text has {size:,} characters; "
                       f"up to {MOST_CHARACTERS:,} are shown. " + SMALLER)


def few_enough(spec):
    """The net; NetError if it has more layers than can be shown."""
    if len(spec.layer) > MOST_LAYERS:
        raise NetError(f"this net has {len(spec.layer):,} layers; up to {MOST_LAYERS:,} are "
                       "shown. " + SMALLER)
    return spec


def with_short_names(spec):
    """The net, its names at most `LONGEST_NAME` long: what is cut out of one is said in it.

    >>> from lstm_lib.nets import to_net_parameter
    >>> net = to_net_parameter('layer { name: "' + 3000 * "x" + '" type: "Input" top: "x" }')
    >>> with_short_names(net).layer[0].name[395:445]
    'xxxxx… (long name 1 has 3,000 characters) …xxxxxxx'
    """
    names = (name for layer in spec.layer for name in _names(layer))
    long = dict.fromkeys(name for name in chain([spec.name, *spec.input], names)
                         if len(name) > LONGEST_NAME)
    if not long:
        return spec
    short = {name: f"{name[:400]}… (long name {number} has {len(name):,} characters) …"
             f"{name[-400:]}" for number, name in enumerate(long, 1)}
    shown = NetParameter()
    shown.CopyFrom(spec)
    shown.name = short.get(shown.name, shown.name)
    shown.input[:] = [short.get(name, name) for name in shown.input]
    for layer in shown.layer:
        layer.name, layer.type = (short.get(name, name) for name in (layer.name, layer.type))
        for names in (layer.bottom, layer.top):
            names[:] = [short.get(name, name) for name in names]
        for param in layer.param:
            param.name = short.get(param.name, param.name)
    return shown


def short(word, most=80):
    """A word for a list of words: of a very long one the ends.

    >>> short("LocallyConnectedConvolution", 20)
    'LocallyCo…nvolution'
    """
    ends = most // 2 - 1
    return word if len(word) < most else f"{word[:ends]}…{word[-ends:]}"


def _names(layer):
    return [layer.name, layer.type, *layer.bottom, *layer.top,
            *(param.name for param in layer.param)]

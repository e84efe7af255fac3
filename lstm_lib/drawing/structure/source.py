"""What is to be shown of a net: the layers of one phase, and what this Caffe does not know."""
from google.protobuf import text_format

from portable_caffe.prepare import in_state, is_in, left_out
from portable_caffe.prototxt import parse
from portable_caffe.upgrade_2013 import is_padding

from ...errors import NetError
from ...nets import NetParameter, text_of, to_net_parameter
from ...safe_caffe.engine import caffe
from ...safe_caffe.layer_options import known_types
from .limits import few_enough, check_text
from .unknown import Unknown, without_unknown

RULE = {"TRAIN": caffe.TRAIN, "TEST": caffe.TEST}


class Source:
    """`spec` is the net's part in `state`; `left_out` its other layers; `net` the loaded net.

    `unknown` are options and types that this Caffe does not know, each with the number of its
    layer in `spec`.
    """

    def __init__(self, spec, state, net=None, unknown=()):
        self.net, self.state, self.left_out = net, state, left_out(spec, state)
        self.spec = in_state(spec, state)
        places = [number for number, layer in enumerate(spec.layer) if is_in(layer, state)]
        places = {number: place for place, number in enumerate(places)}
        self.unknown = [Unknown(places.get(one.layer), one.name, one.value)
                        for one in unknown if one.layer is None or one.layer in places]
        self.unknown += _unknown_types(self.spec)


def read_source(source, phase=None, stages=()):
    """The `Source` of a NetSpec, prototxt text, path, NetParameter or loaded net.

    Of a loaded net that is what was built; of all else the layers of `phase`, TRAIN if neither
    that nor the net's own `state { }` says which.

    Raises
    ------
    NetError : it is no net, or too large to be shown, or a phase is asked of a loaded net.
    """
    if isinstance(source, caffe.Net):
        if phase is not None or stages:
            raise NetError("a loaded net shows the layers it was built with; for another phase or "
                           "stage draw the prototxt.")
        return Source(few_enough(source.spec), source.state, source)
    spec, unknown = _read(source)
    return Source(spec, _state(spec, phase, stages), unknown=unknown)


def phase_name(state):
    """TRAIN or TEST."""
    return "TRAIN" if state.phase == caffe.TRAIN else "TEST"


def _unknown_types(spec):
    known = known_types(caffe)
    return [Unknown(number, "type", f'"{layer.type}"') for number, layer in enumerate(spec.layer)
            if layer.type and layer.type not in known]


def _state(spec, phase, stages):
    if phase not in (None, caffe.TRAIN, caffe.TEST):
        raise NetError(f"phase is caffe.TRAIN or caffe.TEST, got {phase!r}.")
    if isinstance(stages, str):
        raise NetError(f"stages are a list of names, like [{stages!r}], got {stages!r}.")
    state = type(spec.state)()
    state.CopyFrom(spec.state)
    if phase is not None or not state.HasField("phase"):
        state.phase = phase or caffe.TRAIN
    state.stage.extend(stages)
    return state


def strictly_read(source):
    """The NetParameter of whatever holds one, which may be shown; NetError with what is wrong."""
    written = text_of(source)
    if written:
        check_text(*written)
    return few_enough(to_net_parameter(source))


def _read(source):
    """The NetParameter, and what had to be left out of its text to read it."""
    try:
        return strictly_read(source), []
    except NetError as error:
        written = text_of(source)
        if written is None:
            raise
        return _read_without_unknown(*written, error)


def _read_without_unknown(text, what, error):
    try:
        known, unknown = without_unknown(text, NetParameter.DESCRIPTOR)
    except (RecursionError, ValueError):
        raise error from None
    if not unknown or not known.strip():
        raise error
    spec = few_enough(parse(known, NetParameter(), what))
    places = _places(text_format.Parse(known, NetParameter()), spec)
    if not places:
        raise error
    for one in unknown:
        one.layer = places.get(one.layer)
        if one.layer is not None:
            _obey(one, spec.layer[one.layer])
    return spec, [one for one in unknown if one.name != "type"]


def _places(written, spec):
    """Number of a layer as written -> its number in the net that was read from that.

    Read, it begins with an Input layer for the fields `input:`; layers that only pad are gone.
    """
    numbers = [number for number, old in enumerate(written.layers or written.layer)
               if not (written.layers and is_padding(old))]
    added = len(spec.layer) - len(numbers)
    return {number: place for place, number in enumerate(numbers, added)}


def _obey(unknown, layer):
    """What a picture can do with an option that this Caffe does not know."""
    if unknown.name == "type":  # a word where Caffe has an enum: the formats of 2013 and 2014
        layer.type = unknown.value.strip("'\"")
    if (unknown.name, unknown.holder) == ("phase", "V1LayerParameter"):  # of early 2014
        layer.include.add(phase=RULE.get(unknown.value))

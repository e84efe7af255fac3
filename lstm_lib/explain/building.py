"""The net of a prototxt, of which only the shapes are wanted."""
from portable_caffe.prepare import in_state

from ..drawing.structure.source import phase_name, strictly_read
from ..errors import NetError
from ..safe_caffe.engine import caffe
from ..safe_caffe.net_checks import check_spec
from ..trust import reaching_out

NO_SHAPES = {"constant", "uniform", "gaussian", "xavier", "msra"}  # fill a weight of any shape


def read(source, phase, stages=()):
    """The NetParameter of text or of a file, to be built in this phase and these stages.

    Raises
    ------
    NetError : it is no net, or has no layer in this phase.
    """
    spec = strictly_read(source)
    spec.state.phase = phase
    spec.state.stage.extend(stages)
    if spec.layer and not in_state(spec, spec.state).layer:
        raise NetError(f"the net holds no layer in the phase {phase_name(spec.state)}: all "
                       f"{len(spec.layer)} stand in another phase or stage; ask for that one.")
    return spec


def not_trusted(spec, what):
    """Why a net is not built, for it would run code or open files; "" if it does not.

    It is checked as far as that can be done without it.
    """
    part = in_state(spec, spec.state)
    layers = reaching_out(part)
    if not layers:
        return ""
    check_spec(caffe, part, what, trusted=False)
    name, kind, does = layers[0]
    more = f", and {len(layers) - 1} more" if len(layers) > 1 else ""
    return (f"not built, so no shapes: layer {name[:100]!r} of type {kind[:100]!r} {does}{more}.")


def shaped_net(spec):
    """The net with all shapes, and weights of which nobody has drawn a number yet.

    Raises
    ------
    NetError : Caffe would not build it.
    """
    bare = type(spec)()
    bare.CopyFrom(spec)
    if not any(layer.type.endswith("Loss") for layer in spec.layer):
        bare.force_backward = True  # Caffe computes no gradient below a net without a loss
    _without_fillers(bare)
    try:
        return caffe.net_of(bare, int(spec.state.phase))
    except MemoryError as error:
        raise NetError(f"the net is too large for this machine: {error}") from None


def _without_fillers(message):
    """Leave out what only says which numbers a weight starts with: to draw them takes long."""
    for field, value in message.ListFields():
        several = hasattr(value, "extend")
        if not field.message_type or field.name == "state":
            continue
        if field.message_type.name == "FillerParameter":
            if not several and value.type in NO_SHAPES:
                message.ClearField(field.name)
            continue
        for part in value if several else [value]:
            _without_fillers(part)

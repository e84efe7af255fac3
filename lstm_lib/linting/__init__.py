"""What in this net will go wrong in silence?"""
from ..errors import NetError
from ..nets import to_net_parameter
from ..safe_caffe.engine import caffe
from . import in_place, learning, numbers, sharing, wiring
from .findings import Finding, Findings, together
from .reading import Reading

TRAPS = [  # each a function of a Reading; its docstring says what it looks for
    sharing.steps_that_do_not_share, sharing.one_weight_said_differently,
    sharing.two_layers_of_one_name,
    in_place.state_squashed, in_place.read_after_it_was_overwritten,
    in_place.gradient_of_what_was_overwritten, in_place.state_of_one_step_overwritten,
    in_place.input_overwritten,
    numbers.weights_that_stay_zero, numbers.data_that_is_zero, numbers.data_drawn_anew,
    numbers.states_that_cannot_be_set, numbers.cont_that_is_constant,
    learning.no_loss, learning.nothing_is_learnt, learning.gradient_of_last_states,
    learning.a_label_that_learns, learning.batch_norm_of_this_build,
    wiring.inputs_nobody_reads, wiring.pieces_nobody_reads, wiring.one_step_left_out,
    wiring.inputs_without_a_name, wiring.one_step_of_many_sequences, wiring.sequences_mixed_up]


def lint(source, phase=caffe.TRAIN, shapes=None):
    """What will go wrong in silence: a list of findings, empty for a net without a known trap.

    Nothing is refused here: Caffe builds and runs such nets, with other numbers than one
    thinks. Of a loaded net the numbers are looked at too, so that a weight that was set is no
    weight of zeros.

    Parameters
    ----------
    source : a loaded net, a NetSpec, a NetParameter, prototxt text, or the path of a file. The
        modules and files that it names are neither imported nor opened.
    phase : of which phase the layers are judged; of a loaded net, its own.
    shapes : blob -> shape, from who has built the net already; {} where they cannot be known.

    Returns
    -------
    list of `Finding`, each with `.layer`, `.what`, `.cure` and `.link` (a notebook). Printed, it
    is a paragraph for each.

    Raises
    ------
    NetError : the source is no net.

    Examples
    --------
    >>> from lstm_lib import caffe, lint, unroll
    >>> ns = caffe.NetSpec()
    >>> ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=[3, 2, 5])))
    >>> made = unroll(ns, ns.x, 3, 4)
    >>> lint(ns)
    lint: nothing found.
    >>> text = str(ns.to_proto()).replace("w_Mhw", "w_Mhv", 1)
    >>> for found in lint(text):
    ...     print(found.layer, "|", found.cure)
    t1/lstm/Mh | if it is the same weight, call it 'w_Mhw' here too.
    """
    if phase not in (caffe.TRAIN, caffe.TEST):
        raise NetError(f"phase is caffe.TRAIN or caffe.TEST, got {phase!r}.")
    loaded = source if isinstance(source, caffe.Net) else None
    net = Reading(to_net_parameter(source), phase if loaded is None else loaded.phase, loaded, shapes)
    return Findings(finding for trap in TRAPS for finding in together(trap(net)))

"""And from the shell? `python -m lstm_lib doctor | unroll | check | explain | draw`."""
import argparse
import os
import sys

from .errors import DotMissing, NetError, NoGPU


def main(arguments=None):
    """Run one command; a mistake is one message on stderr and exit status 1."""
    asked = command_line().parse_args(arguments)
    try:
        status = asked.run(asked)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader, like `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (DotMissing, ImportError, NetError, NoGPU, OSError, ValueError) as error:
        print(f"lstm_lib {asked.command}: {error}", file=sys.stderr)
        return 1


def command_line():
    """All commands. What they need of Caffe is imported when they run: doctor needs none."""
    parser = argparse.ArgumentParser(prog="python -m lstm_lib", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_doctor_command(commands)
    add_unroll_command(commands)
    add_check_command(commands)
    add_explain_command(commands)
    add_draw_command(commands)
    return parser


def add_doctor_command(commands):
    command = commands.add_parser("doctor", help="say what is missing here, and the cure")
    command.set_defaults(run=doctor)


def doctor(_):
    from .doctor import diagnose

    return 0 if diagnose() else 1


def add_unroll_command(commands):
    command = commands.add_parser("unroll", help="write the prototxt of an unrolled LSTM",
                                  formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    command.add_argument("--steps", type=int, default=3, metavar="T", help="time steps")
    command.add_argument("--batch", type=int, default=10, metavar="B", help="sequences at once")
    command.add_argument("--input", type=int, nargs="+", default=[128, 10, 10], metavar="D",
                         help="shape of the input of one step")
    command.add_argument("--hidden", type=int, default=500, metavar="H", help="units")
    command.add_argument("-o", "--output", default="lstm_demo.prototxt", metavar="FILE",
                         help="where to write")
    command.set_defaults(run=write_unrolled)


def write_unrolled(asked):
    from . import caffe, unroll, write_prototxt

    sizes = [asked.steps, asked.batch, *asked.input]
    if min(sizes) < 1:
        raise ValueError(f"sizes must be 1 or more, got x {tuple(sizes)}.")
    ns = caffe.NetSpec()
    ns.x = caffe.layers.Input(input_param=dict(shape=dict(dim=sizes)))
    unroll(ns, ns.x, asked.steps, asked.hidden)
    write_prototxt(ns, asked.output, name="LSTM using NetSpec example")
    print(f"{asked.output}: x {tuple(sizes)} -> "
          f"H {(asked.steps, asked.batch, asked.hidden)}, {asked.steps} steps")
    return 0


def add_check_command(commands):
    command = commands.add_parser("check", help="load a prototxt, print what is in it, and "
                                                "what would go wrong in silence")
    command.add_argument("file", help="a prototxt")
    add_phase(command)
    add_trust(command)
    command.set_defaults(run=check)


def add_phase(command):
    command.add_argument("--phase", choices=("TRAIN", "TEST"), default="TRAIN",
                         help="the layers of which phase")
    command.add_argument("--stage", action="append", default=[], metavar="NAME",
                         help="and of this stage; may be given several times")


def add_trust(command):
    command.add_argument("--trust", action="store_true",
                         help="build the net also where that runs code of a module, or opens "
                              "files, that the prototxt names; otherwise such a net is not "
                              "built, and a line says so")


def check(asked):
    from . import caffe, lint, summary

    net = built(asked)
    print(summary(net), lint(net, getattr(caffe, asked.phase)), sep="\n\n")
    return 0


def built(asked):
    """The loaded net of a prototxt; its text alone, if to build it means to trust its author."""
    from . import caffe, load_net
    from .explain.building import not_trusted, read
    from .files import readable

    phase = getattr(caffe, asked.phase)
    spec = read(readable(asked.file), phase, asked.stage)
    reason = "" if asked.trust else not_trusted(spec, asked.file)
    if not reason:
        return load_net(spec, phase=phase)
    print(f"lstm_lib {asked.command}: {reason} If you trust this file, add --trust.",
          file=sys.stderr)
    return spec


def add_explain_command(commands):
    command = commands.add_parser("explain", help="explain a prototxt on one page: picture, "
                                                  "layers, counts, what would go wrong")
    command.add_argument("file", metavar="FILE", help="a prototxt file")
    command.add_argument("-o", "--output", metavar="PAGE", help="FILE.html if left out")
    add_phase(command)
    command.set_defaults(run=write_explanation)


def write_explanation(asked):
    from . import caffe
    from .explain import explain
    from .files import readable

    path = asked.output or os.path.splitext(asked.file)[0] + ".html"
    _check_other(path, asked.file)
    found = explain(readable(asked.file), getattr(caffe, asked.phase), asked.stage)
    found.save(path)
    print(f"{path}: {found.picture.alt if found.picture else 'no net'}")
    for said in (found.problem and found.problem.text, found.note):
        if said:
            print(f"lstm_lib explain: {said}", file=sys.stderr)
    return 1 if found.problem else 0


def _check_other(path, file):
    if os.path.realpath(path) == os.path.realpath(file):
        raise NetError(f"{path!r} is the prototxt itself; give -o another file.")


def add_draw_command(commands):
    command = commands.add_parser("draw", help="draw a prototxt as a picture or a page")
    command.add_argument("file", metavar="FILE", help="a prototxt file")
    command.add_argument("-o", "--output", help="FILE.svg if left out; also .png .pdf .dot .html")
    command.add_argument("--style", choices=("time", "caffe", "graphviz"), default="time")
    command.add_argument("--steps", choices=("auto", "fold", "all", "rolled"), default="auto",
                         help="show all time steps, or fold those in the middle")
    command.add_argument("--shapes", action="store_true",
                         help="write the shapes of the blobs; this builds the net")
    command.add_argument("--all-layers", action="store_true",
                         help="draw all that Caffe runs; this builds the net")
    add_phase(command)
    add_trust(command)
    command.add_argument("--html", action="store_true", help="write the interactive page")
    command.set_defaults(run=write_picture)


def write_picture(asked):
    from . import caffe, draw

    ending = ".html" if asked.html else ".svg"
    path = asked.output or os.path.splitext(asked.file)[0] + ending
    if asked.html and not path.endswith(".html"):
        path = os.path.splitext(path)[0] + ".html"
    _check_other(path, asked.file)
    if asked.shapes or asked.all_layers:
        source, shown = built(asked), {}
    else:
        source, shown = asked.file, dict(phase=getattr(caffe, asked.phase), stages=asked.stage)
    loaded = isinstance(source, caffe.Net)
    picture = draw(source, style=asked.style, steps=asked.steps, path=path,
                   shapes=asked.shapes and loaded, all_layers=asked.all_layers and loaded,
                   **shown)
    print(f"{path}: {picture.alt}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""And from the shell? `python -m lstm_lib doctor | unroll | check | draw`."""
import argparse
import os
import sys

from .draw_command import add_draw_command
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
    """All commands; a module with a command of its own adds it here."""
    parser = argparse.ArgumentParser(prog="python -m lstm_lib", description=__doc__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    add_doctor_command(commands)
    add_unroll_command(commands)
    add_check_command(commands)
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
    from lstm_lib import caffe, unroll, write_prototxt

    sizes = [asked.steps, asked.batch, *asked.input]
    if min(sizes) < 1:
        raise ValueError(f"sizes must be 1 or more, got X {tuple(sizes)}.")
    ns = caffe.NetSpec()
    ns.X = caffe.layers.Input(input_param=dict(shape=dict(dim=sizes)))
    unroll(ns, ns.X, asked.steps, asked.hidden)
    write_prototxt(ns, asked.output, name="LSTM using NetSpec example")
    print(f"{asked.output}: X {tuple(sizes)} -> "
          f"H {(asked.steps, asked.batch, asked.hidden)}, {asked.steps} steps")
    return 0


def add_check_command(commands):
    command = commands.add_parser("check", help="load a prototxt and print what is in it")
    command.add_argument("file", help="a prototxt")
    command.set_defaults(run=check)


def check(asked):
    from lstm_lib import load_net
    from lstm_lib.nets import to_net_parameter
    from lstm_lib.files import readable

    from .draw import summary

    print(summary(load_net(to_net_parameter(readable(asked.file)))))
    return 0


if __name__ == "__main__":
    sys.exit(main())

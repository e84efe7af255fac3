"""`python -m lstm_lib draw FILE -o out.svg`: a picture of a prototxt from the shell."""
import os

from .errors import NetError


def add_draw_command(subparsers):
    """Add `draw` to the parser of `python -m lstm_lib`; its `run(args)` is the exit status."""
    parser = subparsers.add_parser("draw", help="draw a prototxt as a picture or a page")
    parser.add_argument("file", metavar="FILE", help="a prototxt file")
    parser.add_argument("-o", "--output", help="FILE.svg if left out; also .png .pdf .dot .html")
    parser.add_argument("--style", choices=("time", "caffe", "graphviz"), default="time")
    parser.add_argument("--steps", choices=("auto", "fold", "all", "rolled"), default="auto",
                        help="show all time steps, or fold those in the middle")
    parser.add_argument("--shapes", action="store_true",
                        help="write the shapes of the blobs; this builds the net")
    parser.add_argument("--all-layers", action="store_true",
                        help="draw all that Caffe runs; this builds the net")
    parser.add_argument("--html", action="store_true", help="write the interactive page")
    parser.set_defaults(run=run)


def run(args):
    """Draw, say where, and return 0."""
    from .draw import draw  # only now, for other commands work without a Caffe
    from .nets import load_net

    ending = ".html" if args.html else ".svg"
    path = args.output or os.path.splitext(args.file)[0] + ending
    if args.html and not path.endswith(".html"):
        path = os.path.splitext(path)[0] + ".html"
    if os.path.realpath(path) == os.path.realpath(args.file):
        raise NetError(f"{path!r} is the prototxt itself; give -o another file.")
    source = load_net(args.file) if args.shapes or args.all_layers else args.file
    picture = draw(source, style=args.style, steps=args.steps, shapes=args.shapes,
                   all_layers=args.all_layers, path=path)
    print(f"{path}: {picture.alt}")
    return 0

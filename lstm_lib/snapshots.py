"""Snapshots of a solver: both files whole, or those that were there before."""
import os

from .errors import NetError


def name_snapshots(options, stem):
    """Fill in the prefix as Caffe does: `stem` without one, in a folder the last part of it.

    Source: upgrade_proto.cpp, UpgradeSnapshotPrefixProperty
    """
    if not options.HasField("snapshot_prefix"):
        options.snapshot_prefix = stem
    elif os.path.isdir(options.snapshot_prefix):
        options.snapshot_prefix = os.path.join(options.snapshot_prefix, os.path.basename(stem))


def check_folder(prefix):
    """Raise unless files that begin with `prefix` can be written."""
    folder = os.path.dirname(prefix) or "."
    if not os.access(folder, os.W_OK) or prefix.endswith("/"):
        raise NetError(f"cannot write a snapshot: there is no folder {folder!r} one may write to; "
                       "give snapshot_prefix='folder/name'.")


def write_snapshot(stem, ending, write):
    """Let `write()` make `stem`.caffemodel and .solverstate, each with an ending of its own."""
    check_folder(stem)
    paths = [os.path.realpath(f"{stem}.{kind}{ending}") for kind in ("caffemodel", "solverstate")]
    kept = {path: path + ".before" for path in paths if os.path.isfile(path)}
    for path, before in kept.items():
        os.replace(path, before)
    try:
        write()
    except BaseException as error:
        for path in paths:
            if os.path.isfile(path):
                os.remove(path)
        for path, before in kept.items():
            os.replace(before, path)
        if isinstance(error, NetError):
            raise NetError(f"cannot write a snapshot: {error}") from None
        raise
    for before in kept.values():
        os.remove(before)

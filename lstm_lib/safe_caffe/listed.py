"""Files that the source of a layer lists: whether they are there."""
import os

from .windows import Windows
from ..errors import NetError


def _images(layer):
    """Line by line, as Caffe reads them: all before the last space."""
    lines = _text(layer.image_data_param.source).split("\n")
    if not lines[-1]:
        del lines[-1]
    return [line.rpartition(" ")[0] if " " in line else line for line in lines]


def _text(source):
    with open(source, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


# layer type -> its options, and the paths that its source lists
LISTS = {"ImageData": ("image_data_param", _images),
         "HDF5Data": ("hdf5_data_param", lambda layer: _text(layer.hdf5_data_param.source).split()),
         "WindowData": ("window_data_param", lambda layer: Windows(layer).pictures)}


def check_listed_files(net):
    """Raise where a layer of the net lists a file that is not there."""
    for layer in net.layer:
        if layer.type in LISTS:
            listed_files(layer)


def listed_files(layer):
    """The files that a layer's source lists; raise where one is not there.

    Caffe opens them one by one while the net runs, and dies of a missing one.
    """
    field, listed = LISTS[layer.type]
    options = getattr(layer, field)
    paths = [getattr(options, "root_folder", "") + path for path in listed(layer)]
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise NetError(f"layer {layer.name!r} ({layer.type}): {options.source!r} lists "
                       f"{missing[0]!r}, which is no file; {len(missing)} of {len(paths)} are "
                       "missing. Paths count from the folder Python works in.")
    return paths
